package model

import "time"

// kind says what an event is about.
type kind uint8

const (
	arrives     kind = iota // a message has reached the other end of a line
	taken                   // it has come through the receiver's own line
	ticks                   // a node's timer
	judgedTx                // the pool has made up its mind
	judgedBlock             // the ledger has
	does                    // something of the story: a block is found, a link breaks
)

// event is something that will happen.
type event struct {
	at   time.Duration // since the start
	seq  uint64        // among equals, the order of making
	kind kind
	size int32 // bytes, of a message
	node *node
	line *half // the sender's end
	what any   // wire.Message, gossip.JudgeTx, gossip.JudgeBlock, func()
}

func (a *event) before(b *event) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

// timeline is a heap of events by value, four children to a parent: half as
// deep as a binary one, and each level is one cache line or two.
type timeline struct {
	seq uint64
	row []event
}

func (t *timeline) push(e event) {
	t.seq++
	e.seq = t.seq
	t.row = append(t.row, e)
	i := len(t.row) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&t.row[up]) {
			break
		}
		t.row[i] = t.row[up]
		i = up
	}
	t.row[i] = e
}

// pop takes the earliest; there must be one.
func (t *timeline) pop() event {
	top := t.row[0]
	n := len(t.row) - 1
	last := t.row[n]
	t.row[n] = event{}
	t.row = t.row[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		child := first
		for c := first + 1; c < min(first+4, n); c++ {
			if t.row[c].before(&t.row[child]) {
				child = c
			}
		}
		if !t.row[child].before(&last) {
			break
		}
		t.row[i] = t.row[child]
		i = child
	}
	t.row[i] = last
	return top
}
