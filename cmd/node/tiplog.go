package node

import (
	"log/slog"
	"sync"
	"time"

	"grapevine/chain"
)

const (
	// tipBurst blocks are told one by one; of more, what came in each tipEvery is
	// told together, so that a sync writes a line and not a thousand.
	tipBurst = 10
	tipEvery = 5 * time.Second
	// rateOver is what the speed of a sync is taken from.
	rateOver = time.Minute
)

// tipLog tells at info level of each new tip [Core's UpdateTip] and of each
// reorganisation. It decides nothing. It is safe for concurrent use.
type tipLog struct {
	log  *slog.Logger
	now  func() time.Time
	best func() int32            // height of the best header
	each bool                    // a line for every block, with all that Core says of it
	txs  func(chain.Hash) uint64 // of the chain up to a block

	mu     sync.Mutex
	burst  int       // lines that may be written at once
	filled time.Time // when burst was last filled up
	held   held      // what came since the last line
	timer  *time.Timer
	marks  []mark // of the last rateOver, oldest first
}

// held are blocks that no line has told of yet.
type held struct {
	tip    *chain.HeaderNode
	blocks int
	txs    int
}

// mark is the height at some time.
type mark struct {
	at     time.Time
	height int32
}

// moved tells of a move of the tip; back transactions came back to the pool, and soon
// says what people are warned of before long.
func (t *tipLog) moved(d chain.Delta, back int, soon string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if n := len(d.Disconnected); n > 0 {
		t.flush()
		left, fork := d.Disconnected[0].Node, d.Disconnected[n-1].Node.Parent
		t.log.Info("the chain is reorganised", "blocks_undone", n, "blocks_new", len(d.Connected), "fork_height", fork.Height,
			"left_tip", left.Hash, "left_height", left.Height, "txs_back_in_pool", back)
	}
	if t.each {
		t.tell(d, soon)
		return
	}
	for _, l := range d.Connected {
		t.held.blocks++
		t.held.txs += len(l.Block.Txs)
	}
	t.held.tip = d.Tip
	t.mark(mark{now, d.Tip.Height})
	if now.Sub(t.filled) >= tipEvery {
		t.burst, t.filled = tipBurst, now
	}
	switch {
	case t.burst > 0:
		t.burst--
		t.flush()
	case t.timer == nil:
		t.timer = time.AfterFunc(tipEvery, t.late)
	}
}

// tell writes a line for each block that was connected, or for the tip that is left.
func (t *tipLog) tell(d chain.Delta, soon string) {
	if len(d.Connected) == 0 {
		t.line(d.Tip, soon)
	}
	for _, l := range d.Connected {
		t.line(l.Node, soon)
	}
}

func (t *tipLog) line(n *chain.HeaderNode, soon string) {
	args := []any{"height", n.Height, "hash", n.Hash, "version", n.Header.Version, "work", n.Work.Log2(),
		"time", n.Header.Timestamp.UTC(), "txs", t.txs(n.Hash), "of", max(n.Height, t.best())}
	if soon != "" {
		args = append(args, "warning", soon)
	}
	t.log.Info("new tip", args...)
}

// late tells what came in a burst.
func (t *tipLog) late() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = nil
	t.flush()
}

// flush writes one line for all that is held.
func (t *tipLog) flush() {
	h := t.held
	if h.tip == nil {
		return
	}
	t.held = held{}
	args := []any{"height", h.tip.Height, "hash", h.tip.Hash, "txs", h.txs}
	if h.blocks != 1 {
		args = append(args, "blocks", h.blocks)
	}
	if left := t.best() - h.tip.Height; left > 0 {
		args = append(args, "of", t.best())
		if rate := t.rate(); rate > 0 {
			args = append(args, "blocks_per_second", int64(rate), "left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	t.log.Info("new tip", args...)
}

// mark remembers the speed of late.
func (t *tipLog) mark(m mark) {
	if n := len(t.marks); n > 1 && m.at.Sub(t.marks[n-2].at) < time.Second {
		t.marks[n-1] = m
	} else {
		t.marks = append(t.marks, m)
	}
	for len(t.marks) > 2 && m.at.Sub(t.marks[1].at) > rateOver {
		t.marks = t.marks[1:]
	}
}

// rate is blocks a second of late; 0 while it is not known.
func (t *tipLog) rate() float64 {
	first, last := t.marks[0], t.marks[len(t.marks)-1]
	if took := last.at.Sub(first.at); took > 0 && last.height > first.height {
		return float64(last.height-first.height) / took.Seconds()
	}
	return 0
}

// stop writes what is held; nothing is written later.
func (t *tipLog) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.flush()
}
