package jsonrpc

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"
)

// lookTime is how long a request is at work before its client is watched; it may be twice that.
const lookTime = 100 * time.Millisecond

// hangUp finds out whether a client goes away while its request is at work, whose context then ends.
//
// net/http does so too: when a request is here it begins to read one byte of the next, in a goroutine that
// has to be stopped when the answer is there. Beside a request that is answered in some microseconds that is
// a third of all work. So that read is answered with nothing at once, and done here for requests that take longer.
type hangUp struct {
	read  func([]byte) (int, error) // of the connection
	limit func(time.Time) error     // sets the deadline of such reads

	mu      sync.Mutex
	gone    context.CancelFunc // ends the context of the connection's requests
	atWork  bool
	asked   bool           // net/http wants to know: all of the request has been read
	closed  bool           // the connection is
	request uint64         // counts them
	seen    uint64         // the one that was at work when last looked at
	timer   *time.Timer    // looks; nil before the first request
	armed   bool           // it will
	looks   sync.WaitGroup // those that are to come, and the one that reads
	reading chan struct{}  // closed when the read that watches has ended; nil: there is none
	early   []byte         // what it found: the first byte of the next request
}

// begin says that a request is at work.
func (h *hangUp) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.atWork, h.asked = !h.closed, false
	h.request++
}

// arm has the client looked at soon. Under mu, and only while a request is at work.
func (h *hangUp) arm() {
	h.armed, h.seen = true, h.request
	h.looks.Add(1)
	if h.timer == nil {
		h.timer = time.AfterFunc(lookTime, h.look)
		return
	}
	h.timer.Reset(lookTime)
}

// end says that its answer is out. After it reads are the next request's.
func (h *hangUp) end() {
	h.mu.Lock()
	h.atWork = false
	reading := h.reading
	h.mu.Unlock()
	if reading == nil {
		return
	}
	_ = h.limit(time.Unix(1, 0)) // a connection that has none is closed
	<-reading
	_ = h.limit(time.Time{})
	h.mu.Lock()
	h.reading = nil
	h.mu.Unlock()
}

// ask is net/http's read of one byte; more: there is one already, and so is the client. False: no request is at
// work, and the read is one as any other.
func (h *hangUp) ask(more bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.atWork && !h.asked && !more {
		h.asked = true
		if !h.armed {
			h.arm()
		}
	}
	return h.atWork
}

// look watches the client of a request that has been at work for a while. One timer serves all requests of
// a connection, and none while there are none that net/http has asked about.
func (h *hangUp) look() {
	defer h.looks.Done()
	h.mu.Lock()
	if !h.atWork || !h.asked || h.seen != h.request {
		h.armed = false
		if h.atWork && h.asked {
			h.arm()
		}
		h.mu.Unlock()
		return
	}
	h.armed = false
	done := make(chan struct{})
	h.reading = done
	h.mu.Unlock()
	defer close(done)
	next := make([]byte, 1)
	n, err := h.read(next)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.early = next[:n]
	// A deadline says nothing of the client: end has set it, or net/http, which stops its own look.
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && h.gone != nil {
		h.gone()
	}
}

// takeEarly gives what was read of the next request while the last one was at work.
func (h *hangUp) takeEarly(p []byte) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := copy(p, h.early)
	h.early = h.early[n:]
	return n
}

// close ends the context of the connection's requests, and looks at them no more.
func (h *hangUp) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed, h.atWork = true, false
	if h.timer != nil && h.timer.Stop() {
		h.looks.Done()
	}
	if h.gone != nil {
		h.gone()
	}
}

// wait returns when nobody reads any more: soon after the connection beneath is closed.
func (h *hangUp) wait() { h.looks.Wait() }
