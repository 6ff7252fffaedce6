package jsonrpc

import (
	"context"
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
	asked   bool          // net/http wants to know: all of the request has been read
	request uint64        // counts them
	seen    uint64        // the one that was at work when last looked at
	timer   *time.Timer   // looks again; nil before the first request
	armed   bool          // it will
	reading chan struct{} // closed when the read that watches has ended; nil: there is none
	over    bool          // that read is to end
	early   []byte        // what it found: the first byte of the next request
}

// begin says that a request is at work.
func (h *hangUp) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.atWork, h.asked = true, false
	h.request++
	switch {
	case h.armed:
		return
	case h.timer == nil:
		h.timer = time.AfterFunc(lookTime, h.look)
	default:
		h.timer.Reset(lookTime)
	}
	h.armed, h.seen = true, h.request
}

// end says that its answer is out. After it reads are the next request's.
func (h *hangUp) end() {
	h.mu.Lock()
	h.atWork = false
	reading := h.reading
	h.over = reading != nil
	h.mu.Unlock()
	if reading == nil {
		return
	}
	_ = h.limit(time.Unix(1, 0)) // a connection that has none is closed
	<-reading
	_ = h.limit(time.Time{})
	h.mu.Lock()
	h.reading, h.over = nil, false
	h.mu.Unlock()
}

// ask is net/http's read of one byte. False: no request is at work, and the read is one as any other.
func (h *hangUp) ask() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = h.asked || h.atWork
	return h.atWork
}

// look watches the client of a request that has been at work for a while. One timer serves all requests of
// a connection, and none while there are none.
func (h *hangUp) look() {
	h.mu.Lock()
	if !h.atWork {
		h.armed = false
		h.mu.Unlock()
		return
	}
	if h.seen != h.request || !h.asked {
		h.seen = h.request
		h.timer.Reset(lookTime)
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
	if err != nil && !h.over && h.gone != nil {
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

// close ends the context of the connection's requests; a read that watches ends by itself.
func (h *hangUp) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.atWork = false
	if h.timer != nil {
		h.timer.Stop()
	}
	if h.gone != nil {
		h.gone()
	}
}
