package swarm

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// errHeld: somebody holds the network already.
var errHeld = errors.New("the node is held already")

// Hold keeps the loop from hearing anybody, peers and ourselves, until Release is
// called or so much time is over. So nothing goes from node to node while all nodes of
// a local network are copied.
func (s *Swarm) Hold(ctx context.Context, most time.Duration) error {
	if !s.held.CompareAndSwap(false, true) {
		return errHeld
	}
	entered := make(chan struct{})
	select {
	case s.calls <- func(l *loop) { close(entered); l.stand(most) }:
		<-entered
		return nil
	case <-s.done:
		s.letGo()
		return chain.ErrShutdown
	case <-ctx.Done():
		s.letGo()
		return ctx.Err()
	}
}

// Release ends a Hold; false: nobody held the network, or the time was over before.
func (s *Swarm) Release() bool {
	if !s.held.CompareAndSwap(true, false) {
		return false
	}
	s.freed <- struct{}{} // there is room for it: one hold, one release
	return true
}

// letGo ends a hold by itself; if somebody releases it at the same time it takes that.
func (s *Swarm) letGo() {
	if !s.held.CompareAndSwap(true, false) {
		<-s.freed
	}
}

// stand waits; it is the one call of the loop that does.
func (l *loop) stand(most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	select {
	case <-l.s.freed:
		return
	case <-l.ctx.Done():
	case <-over.C:
	}
	l.s.letGo()
}

// Retry forgets that these addresses could not be reached, and dials at once whom the
// node wants to be connected to.
func (s *Swarm) Retry(addrs []netip.AddrPort) error {
	for _, at := range addrs {
		s.cfg.Book.Forgive(at)
	}
	return s.ask(func(l *loop) {
		for _, t := range l.dial.targets.all {
			if at, known := l.cfg.addrOf(t.to); t.live == p2p.Self && (!known || slices.Contains(addrs, at)) {
				t.next, t.failures = l.cfg.Now(), 0
			}
		}
		l.dialAll()
	})
}
