package link

import (
	"os"
	"slices"
	"sync"
	"time"

	"grapevine/testnet"
)

// line is one direction of a connection.
type line struct {
	mu     sync.Mutex
	flight *testnet.Flight
	way    testnet.Way
	pumped bool      // a goroutine carries the bytes
	free   time.Time // when the line has nothing left to send
	last   time.Time // when the newest byte arrives
	err    error     // after all that is on its way
	gone   bool      // err counts at once
	by     time.Time // deadline of whoever reads or writes here
}

func newLine() *line {
	l := &line{}
	l.flight = testnet.NewFlight(&l.mu)
	return l
}

// set changes how bytes go from now on.
func (l *line) set(w testnet.Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.way = w
	if w == (testnet.Way{}) { // what is on its way arrives
		l.free, l.last = time.Time{}, time.Time{}
		l.flight.Land()
		return
	}
	l.flight.Wake()
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
	l.flight.Wake()
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
	l.flight.Wake()
}

// end ends the line at once.
func (l *line) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err, l.gone = err, true
	l.flight.Drop()
}

// write puts b on its way, as there is room.
func (l *line) write(b []byte) (done int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for done < len(b) {
		switch {
		case l.err != nil:
			return done, l.err
		case testnet.Past(l.by):
			return done, os.ErrDeadlineExceeded
		}
		n := l.flight.Free(len(b) - done)
		if n == 0 {
			l.flight.Wait(l.by)
			continue
		}
		l.flight.Put(slices.Clone(b[done:done+n]), l.arrival(n))
		done += n
	}
	return done, nil
}

// room waits until more may be put; false: the line has ended.
func (l *line) room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.flight.Free(1) == 0 && !l.gone {
		l.flight.Wait()
	}
	return !l.gone
}

// put sends data on its way, for who has asked for room.
func (l *line) put(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone {
		l.flight.Put(data, l.arrival(len(data)))
	}
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
		at, there := l.flight.First()
		switch {
		case l.err != nil:
			return nil, false
		case !there || l.way.Cut:
			l.flight.Wait()
		case !time.Now().Before(at):
			return l.flight.Pop(), true
		default:
			l.flight.Wait(at)
		}
	}
}

// read gives what has arrived.
func (l *line) read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		next, there := l.flight.First()
		switch {
		case l.gone:
			return 0, l.err
		case testnet.Past(l.by):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case l.way.Cut:
			next = time.Time{} // nothing arrives until it is healed
		case there && !time.Now().Before(next):
			return l.flight.Read(b), nil
		case !there && l.err != nil:
			return 0, l.err
		}
		l.flight.Wait(next, l.by)
	}
}
