package peer

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Budget is the memory that all connections may take together: large messages
// until they are decoded, and answers until they are sent. nil is no bound.
//
// Whoever sends fast is done with a message within a second. When the budget is
// spent, the inbound connection goes whose message has been under way the
// longest: an attacker who holds many half messages loses them one by one, and
// nobody else waits for it. Those we dialled ourselves are few and stay.
type Budget struct {
	decoding chan struct{} // a place for each large message in decoding
	queued   atomic.Int64  // bytes that wait to be sent
	// spare are buffers of blocks that were sent, each in the hands of one writer at a time. They are
	// no more than the writers that have sent at once, and what is not used goes with the garbage.
	spare  sync.Pool
	poison bool // what is given back is spoiled, so that a test sees who still reads it

	mu     sync.Mutex
	held   int
	claims map[*claim]struct{}
	queues map[*queue]struct{} // those that are not empty
}

// Bounds of a Budget.
const (
	maxAssembly = 48 << 20 // bytes of large messages under way: 30 usual blocks of the main network
	largeFrom   = 64 << 10 // bytes; smaller messages do not count
	maxDecoding = 4        // a decoded block takes several times its bytes
)

// errHoards: the budget was spent, and this one had had its part the longest.
var errHoards = errors.New("a message of its has been under way for too long while memory is short")

// claim is one large message under way.
type claim struct {
	bytes  int
	began  time.Time
	chosen bool // we have dialled the connection: it stays
	over   bool // it had to go; what it still takes until it notices is not counted
	kill   func(error)
}

// NewBudget makes the budget of a node.
func NewBudget() *Budget {
	return &Budget{decoding: make(chan struct{}, maxDecoding), claims: map[*claim]struct{}{}, queues: map[*queue]struct{}{}}
}

// enqueue counts n bytes more, or fewer, that wait in q.
func (b *Budget) enqueue(q *queue, n int) {
	if b == nil {
		return
	}
	b.queued.Add(int64(n))
	if size := q.size.Add(int64(n)); (size == 0) != (size == int64(n)) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if size == 0 {
			delete(b.queues, q)
		} else {
			b.queues[q] = struct{}{}
		}
	}
}

// crowded: who has answers waiting is not to ask for more [fPauseRecv].
func (b *Budget) crowded() bool { return b != nil && b.queued.Load() > maxQueued/2 }

// relieve ends the inbound connections with the longest queues until the rest
// fits. Who reads what it asks for has a short one.
func (b *Budget) relieve() {
	for b != nil && b.queued.Load() > maxQueued {
		b.mu.Lock()
		var worst *queue
		for q := range b.queues {
			if q.kill != nil && (worst == nil || q.size.Load() > worst.size.Load()) {
				worst = q
			}
		}
		b.mu.Unlock()
		if worst == nil {
			return
		}
		worst.kill(ErrSlow)
		worst.clear()
	}
}

// grow takes n bytes more for the claim.
func (b *Budget) grow(c *claim, n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	if c.over {
		b.mu.Unlock()
		return
	}
	b.claims[c] = struct{}{}
	c.bytes += n
	b.held += n
	var oldest *claim
	if b.held > maxAssembly {
		for o := range b.claims {
			if !o.chosen && (oldest == nil || o.began.Before(oldest.began)) {
				oldest = o
			}
		}
		if oldest != nil {
			b.drop(oldest)
		}
	}
	b.mu.Unlock()
	if oldest != nil {
		oldest.kill(errHoards)
	}
}

// release gives all of it back.
func (b *Budget) release(c *claim) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(c)
}

// drop forgets a claim for good: counted again, it would be given back twice.
func (b *Budget) drop(c *claim) {
	if _, ok := b.claims[c]; ok {
		delete(b.claims, c)
		b.held -= c.bytes
	}
	c.over = true
}

// take lends a buffer to a writer, empty or used before.
func (b *Budget) take() *[]byte {
	if b != nil {
		if buf, ok := b.spare.Get().(*[]byte); ok {
			return buf
		}
	}
	return new([]byte)
}

// giveBack ends a loan: nothing may refer to the buffer any more.
func (b *Budget) giveBack(buf *[]byte) {
	if b == nil {
		return
	}
	if b.poison {
		for i := range *buf {
			(*buf)[i] = 0xdb
		}
	}
	b.spare.Put(buf)
}

// decode runs f, which decodes n bytes, when there is a place for it. f only
// computes, so the wait is short.
func (b *Budget) decode(n int, f func()) {
	if b == nil || n < largeFrom {
		f()
		return
	}
	b.decoding <- struct{}{}
	defer func() { <-b.decoding }()
	f()
}
