package jsonrpc

import (
	"sync"
	"time"
)

// slack is how much later than it was asked to a deadline may pass that lies farther ahead than this.
const slack = time.Second

// deadline is that of a connection's reads, or that of its writes. net/http moves it several times for
// each request, most often ahead by seconds and back to none, and telling the system costs more than what is
// asked: so it is told when somebody reads or writes, and only where what it knows is not good enough.
type deadline struct {
	tell func(time.Time) error // the system

	mu          sync.Mutex
	want, known time.Time // what was asked for, and what the system knows; zero: none
	inside      int       // reads, or writes, that it holds for now
}

// set changes the deadline, at once for who is inside.
func (d *deadline) set(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = t
	if d.inside == 0 {
		return nil
	}
	return d.apply()
}

// enter begins a read or a write, which leave ends.
func (d *deadline) enter() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.apply(); err != nil {
		return err
	}
	d.inside++
	return nil
}

func (d *deadline) leave() {
	d.mu.Lock()
	d.inside--
	d.mu.Unlock()
}

// apply tells the system what is wanted. A deadline far ahead is put a little later, so that those of the
// next requests need no telling; one that is near, or has passed, is exact. Under mu.
func (d *deadline) apply() error {
	t := d.want
	if !t.IsZero() && time.Until(t) > slack {
		if !d.known.Before(t) && d.known.Sub(t) <= slack {
			return nil
		}
		t = t.Add(slack)
	}
	if t.Equal(d.known) {
		return nil
	}
	d.known = t
	return d.tell(t)
}
