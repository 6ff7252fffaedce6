package link

import (
	"os"
	"sync"
	"time"

	"grapevine/testnet"
)

const (
	// packet is the most that arrives at once; it keeps a slow link's bytes coming bit by
	// bit, as in testnet/simnet.
	packet = 16 << 10
	// window is how many bytes may be on their way or unread in one direction, as TCP's
	// window on a home connection.
	window = 256 << 10
)

// segment is bytes and when they arrive.
type segment struct {
	data []byte
	at   time.Time
}

// line is one direction of a connection.
type line struct {
	mu      sync.Mutex
	way     testnet.Way
	pumped  bool // a goroutine carries the bytes
	segs    []segment
	held    int       // bytes in segs
	free    time.Time // when the line has nothing left to send
	last    time.Time // when the newest byte arrives
	err     error     // after all that is on its way
	gone    bool      // err counts at once
	by      time.Time // deadline of whoever reads or writes here
	changed chan struct{}
}

func newLine() *line { return &line{changed: make(chan struct{})} }

// wake tells all who wait here; mu is held.
func (l *line) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// set changes how bytes go from now on.
func (l *line) set(w testnet.Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = w
	if w == (testnet.Way{}) { // what is on its way arrives
		l.free, l.last = time.Time{}, time.Time{}
		for i := range l.segs {
			l.segs[i].at = time.Time{}
		}
	}
	l.wake()
}

// straight tells whether bytes need not be carried. Loss alone slows nothing.
func (l *line) straight() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.way
	w.Loss = 0
	return !l.pumped && w == (testnet.Way{})
}

// begin says whether the caller is to carry the bytes from now on. The connection
// beneath has no deadline then: this line keeps it.
func (l *line) begin(deadline func(time.Time) error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pumped || l.gone {
		return false
	}
	l.pumped = true
	_ = deadline(time.Time{}) // it fails only when the connection has ended, as the next call on it will
	return true
}

// until sets a deadline, of this line or of the connection beneath.
func (l *line) until(t time.Time, beneath func(time.Time) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by = t
	l.wake()
	if l.pumped {
		return nil
	}
	return beneath(t)
}

// fail ends the line with err: whoever reads gets what is on its way first.
func (l *line) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	l.wake()
}

// end ends the line at once.
func (l *line) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.gone, l.segs, l.held = err, true, nil, 0
	l.wake()
}

// wait lets go of mu until something changes or the earliest of the given times; zero
// times do not count.
func (l *line) wait(until ...time.Time) {
	changed, first := l.changed, time.Time{}
	for _, t := range until {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	l.mu.Unlock()
	defer l.mu.Lock()
	if first.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(first))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

func past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

// write puts b on its way, as there is room.
func (l *line) write(b []byte) (done int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for done < len(b) {
		switch {
		case l.err != nil:
			return done, l.err
		case past(l.by):
			return done, os.ErrDeadlineExceeded
		case l.held >= window:
			l.wait(l.by)
			continue
		}
		n := min(len(b)-done, packet, window-l.held)
		l.add(append([]byte(nil), b[done:done+n]...))
		done += n
	}
	return done, nil
}

// room waits until more may be put; false: the line has ended.
func (l *line) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.held >= window && !l.gone {
		l.wait()
	}
	return !l.gone
}

// put is add for who has asked for room.
func (l *line) put(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone {
		l.add(data)
	}
}

// add puts data on its way; mu is held.
func (l *line) add(data []byte) {
	l.segs = append(l.segs, segment{data, l.arrival(len(data))})
	l.held += len(data)
	l.wake()
}

// arrival is when n bytes sent now are there, after all that was sent before.
func (l *line) arrival(n int) time.Time {
	now := time.Now()
	if l.free.Before(now) {
		l.free = now
	}
	if l.way.Rate > 0 {
		l.free = l.free.Add(time.Duration(float64(n) / float64(l.way.Rate) * float64(time.Second)))
	}
	if at := l.free.Add(delay(l.way)); at.After(l.last) {
		l.last = at
	}
	return l.last
}

// next waits for bytes to arrive and takes them; false: the line has ended.
func (l *line) next() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.err != nil:
			return nil, false
		case len(l.segs) == 0 || l.way.Cut:
			l.wait()
		case !time.Now().Before(l.segs[0].at):
			data := l.segs[0].data
			l.take(len(data))
			return data, true
		default:
			l.wait(l.segs[0].at)
		}
	}
}

// read gives what has arrived.
func (l *line) read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		var next time.Time
		switch {
		case l.gone:
			return 0, l.err
		case past(l.by):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case l.way.Cut:
			// Nothing arrives until it is healed.
		case len(l.segs) == 0 && l.err != nil:
			return 0, l.err
		case len(l.segs) == 0:
		case !time.Now().Before(l.segs[0].at):
			n := copy(b, l.segs[0].data)
			l.take(n)
			return n, nil
		default:
			next = l.segs[0].at
		}
		l.wait(next, l.by)
	}
}

// take removes the first n bytes of the first segment; mu is held.
func (l *line) take(n int) {
	if l.segs[0].data = l.segs[0].data[n:]; len(l.segs[0].data) == 0 {
		l.segs = l.segs[1:]
	}
	l.held -= n
	l.wake()
}
