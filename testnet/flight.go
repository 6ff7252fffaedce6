package testnet

import (
	"sync"
	"time"
)

const (
	// Packet is the most that arrives at once; it keeps a slow link's bytes coming bit by
	// bit.
	Packet = 16 << 10
	// Window is how many bytes may be on their way or unread in one direction, as TCP's
	// window on a home connection.
	Window = 256 << 10
)

// Flight is what is on its way in one direction of a connection, and those who wait for
// it, or for a free place. It decides nothing: its owner says when bytes arrive and how long
// anybody waits. It is guarded by the owner's lock, as a sync.Cond is by its L; all
// methods are called with that held.
type Flight struct {
	l       sync.Locker
	packets []packet
	held    int           // bytes in packets
	changed chan struct{} // closed and replaced at every change
}

// packet is bytes and when they arrive.
type packet struct {
	data []byte
	at   time.Time
}

// NewFlight has nothing on its way; l guards it.
func NewFlight(l sync.Locker) *Flight { return &Flight{l: l, changed: make(chan struct{})} }

// Wake tells all who wait here that something has changed.
func (f *Flight) Wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// Wait lets go of the lock until something changes or the earliest of the given times;
// zero times do not count.
func (f *Flight) Wait(until ...time.Time) {
	changed, first := f.changed, time.Time{}
	for _, t := range until {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	f.l.Unlock()
	defer f.l.Lock()
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

// Free is how many of n bytes may be put on their way at once.
func (f *Flight) Free(n int) int { return max(0, min(n, Packet, Window-f.held)) }

// Put sends data on its way; it arrives then.
func (f *Flight) Put(data []byte, at time.Time) {
	f.packets = append(f.packets, packet{data, at})
	f.held += len(data)
	f.Wake()
}

// First is when the oldest bytes arrive; false: nothing is on its way.
func (f *Flight) First() (at time.Time, there bool) {
	if len(f.packets) == 0 {
		return at, false
	}
	return f.packets[0].at, true
}

// Last is when the newest bytes arrive; zero when nothing is on its way.
func (f *Flight) Last() time.Time {
	if len(f.packets) == 0 {
		return time.Time{}
	}
	return f.packets[len(f.packets)-1].at
}

// Read takes what fits into b of the oldest packet, which is there.
func (f *Flight) Read(b []byte) int {
	n := copy(b, f.packets[0].data)
	f.take(n)
	return n
}

// Pop takes the oldest packet, which is there.
func (f *Flight) Pop() []byte {
	data := f.packets[0].data
	f.take(len(data))
	return data
}

func (f *Flight) take(n int) {
	if f.packets[0].data = f.packets[0].data[n:]; len(f.packets[0].data) == 0 {
		f.packets = f.packets[1:]
	}
	f.held -= n
	f.Wake()
}

// Land has all that is on its way arrive now.
func (f *Flight) Land() {
	for i := range f.packets {
		f.packets[i].at = time.Time{}
	}
	f.Wake()
}

// Drop loses what is on its way.
func (f *Flight) Drop() {
	f.packets, f.held = nil, 0
	f.Wake()
}

// Past is whether a time that counts has come: a zero one does not.
func Past(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }
