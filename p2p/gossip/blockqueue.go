package gossip

import (
	"fmt"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// queuedBlock is a body that waits or is validated.
type queuedBlock struct {
	Entry   *headers.Entry
	Block   *chain.Block
	From    p2p.PeerID
	Tickets []p2p.Ticket // Submits that this very body answers
	Joined  []joinedCopy // Submits of the same block while another copy was validated
	Asked   bool         // who sent it had been asked for it
	Compact bool         // put together from short ids: that it does not fit is nobody's offence
	tasks   []*task      // of the peers that have sent it
	sent    bool
}

// joinedCopy is our own copy of a block whose other copy is in validation: it has
// its turn should that one not match its header.
type joinedCopy struct {
	Ticket p2p.Ticket
	Block  *chain.Block
}

// blockQueue is the validation queue of blocks, as txQueue is that of transactions. It keeps Entry.Busy.
type blockQueue struct {
	byEntry    map[*headers.Entry]*queuedBlock
	queue      []*queuedBlock
	own        int // of the queue, with a ticket
	waiting    int // bytes in queue
	validating int // bytes in validation
}

// newBlockQueue makes an empty queue.
func newBlockQueue() *blockQueue { return &blockQueue{byEntry: make(map[*headers.Entry]*queuedBlock)} }

// takes says whether a body of so many bytes from a peer would be taken.
func (q *blockQueue) takes(size int) bool { return q.waiting+size <= maxBlockBytes }

// Add queues a body of a block that has none here.
func (q *blockQueue) Add(j *queuedBlock) {
	j.Entry.Busy = true
	q.byEntry[j.Entry] = j
	q.queue = append(q.queue, j)
	q.waiting += len(j.Block.Raw)
	if len(j.Tickets) > 0 {
		q.own++
	}
}

// find gives the copy of a block that is here, nil when there is none.
func (q *blockQueue) find(e *headers.Entry) *queuedBlock { return q.byEntry[e] }

// Join lets a Submit wait for the verdict of a copy that is here; there is none:
// joined is false. full: too many wait.
func (q *blockQueue) Join(e *headers.Entry, t p2p.Ticket, b *chain.Block) (joined, full bool) {
	j := q.byEntry[e]
	switch {
	case j == nil:
		return false, q.own >= maxOwnBlocks
	case len(j.Tickets)+len(j.Joined) >= maxOwnBlocks:
		return false, true
	case j.From == p2p.Self && j.Block == b:
		j.Tickets = append(j.Tickets, t)
	default:
		j.Joined = append(j.Joined, joinedCopy{t, b})
	}
	return true, false
}

// next takes credit for the next to be validated; nil: nothing waits, or not enough
// credit is left.
func (q *blockQueue) next() *queuedBlock {
	if len(q.queue) == 0 {
		q.queue = nil
		return nil
	}
	j := q.queue[0]
	size := len(j.Block.Raw)
	if q.validating > 0 && q.validating+size > maxBytesValidating {
		return nil
	}
	q.queue[0] = nil
	q.queue = q.queue[1:]
	q.waiting -= size
	q.validating += size
	if len(j.Tickets) > 0 {
		q.own--
	}
	j.sent = true
	return j
}

// Done gives the credit back and the body that was validated, nil when none was.
func (q *blockQueue) Done(e *headers.Entry) *queuedBlock {
	j := q.byEntry[e]
	if j == nil || !j.sent {
		return nil
	}
	delete(q.byEntry, e)
	e.Busy = false
	q.validating -= len(j.Block.Raw)
	return j
}

// again is the validation of the first joined copy after the one that was validated
// turned out not to match its header; nil: none had joined.
func (j *queuedBlock) again() *queuedBlock {
	if len(j.Joined) == 0 {
		return nil
	}
	return &queuedBlock{
		Entry: j.Entry, Block: j.Joined[0].Block, From: p2p.Self,
		Tickets: []p2p.Ticket{j.Joined[0].Ticket}, Joined: j.Joined[1:],
	}
}

// Bytes says how many wait and how many are validated; Len how many blocks wait.
func (q *blockQueue) Bytes() (waiting, validated int) { return q.waiting, q.validating }

// Len counts the blocks that wait.
func (q *blockQueue) Len() int { return len(q.queue) }

// Check proves that the counts are right and the credits kept.
func (q *blockQueue) Check() error {
	validated, waiting, largest, own := 0, 0, 0, 0
	for e, j := range q.byEntry {
		size := len(j.Block.Raw)
		switch {
		case j.Entry != e || !e.Busy:
			return fmt.Errorf("validation of another block at %s", e.Node.Hash)
		case j.sent:
			validated += size
			largest = max(largest, size)
		default:
			waiting += size
			if len(j.Tickets) > 0 {
				own++
			}
		}
	}
	if validated != q.validating || waiting != q.waiting || own > q.own+len(q.queue) || validated > maxBytesValidating && validated != largest {
		return fmt.Errorf("%d bytes validated, counted %d; %d wait, counted %d", validated, q.validating, waiting, q.waiting)
	}
	return nil
}
