package targets

import (
	"slices"
	"time"

	"grapevine/p2p"
)

// Pauses between two attempts at a target: doubled with each failure.
const (
	retryFirst = 5 * time.Second
	retryMost  = 2 * time.Minute

	localRetryFirst = 200 * time.Millisecond // a test network's nodes start together
	localRetryMost  = 5 * time.Second
)

// Target is an address that is kept connected.
type Target struct {
	Addr string
	Live p2p.PeerID // its connection or the attempt at one; p2p.Self: there is none

	next     time.Time
	failures int
}

// List is all targets.
type List struct {
	all         []*Target
	first, most time.Duration
}

// New makes an empty list; on a local network nobody is spared.
func New(local bool) *List {
	if local {
		return &List{first: localRetryFirst, most: localRetryMost}
	}
	return &List{first: retryFirst, most: retryMost}
}

// Len counts the targets.
func (l *List) Len() int { return len(l.all) }

// Addrs lists them in order of coming.
func (l *List) Addrs() (addrs []string) {
	for _, t := range l.all {
		addrs = append(addrs, t.Addr)
	}
	return addrs
}

func (l *List) find(addr string) int {
	return slices.IndexFunc(l.all, func(t *Target) bool { return t.Addr == addr })
}

// Add reports whether the address is new.
func (l *List) Add(addr string, now time.Time) bool {
	if l.find(addr) >= 0 {
		return false
	}
	l.all = append(l.all, &Target{Addr: addr, next: now})
	return true
}

// Remove reports whether the address was there.
func (l *List) Remove(addr string) bool {
	i := l.find(addr)
	if i < 0 {
		return false
	}
	l.all = slices.Delete(l.all, i, i+1)
	return true
}

// Due lists those that have no connection and whose time has come.
func (l *List) Due(now time.Time) (due []*Target) {
	for _, t := range l.all {
		if t.Live == p2p.Self && !now.Before(t.next) {
			due = append(due, t)
		}
	}
	return due
}

// Ended: a connection is over, which lasted so long after it had greeted (0: it
// had not). It is tried again later, and sooner if it had been a good one.
func (l *List) Ended(id p2p.PeerID, lasted time.Duration, now time.Time) {
	for _, t := range l.all {
		if t.Live != id {
			continue
		}
		if lasted > l.most {
			t.failures = 0
		}
		t.Live = p2p.Self
		t.next = now.Add(min(l.first<<min(t.failures, 16), l.most))
		t.failures++
	}
}
