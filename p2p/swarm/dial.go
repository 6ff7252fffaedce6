package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"grapevine/p2p"
)

// dialer is whom we connect to: targets asked for by people, and the rest by
// choice from the address book.
type dialer struct {
	targets *targets
	only    bool               // --connect: nobody but the targets
	next    time.Time          // of the next dial by choice
	began   time.Time          // when this node did
	synced  time.Time          // when it was still syncing; zero: never yet
	feel    time.Time          // of the next feeler
	anchors []netip.AddrPort   // block-relay-only peers of the last run, not dialled yet
	plain   *set[p2p.HostPort] // where the encrypted transport is not known [ShouldReconnectV1]
	unknown bucket             // dials at addresses where no node has greeted us yet
	claimed bucket             // dials at addresses that an inbound peer says are its own
}

// maxPlain addresses without encryption are remembered; the oldest are tried again.
const maxPlain = 10_000

func (d *dialer) init(cfg *Config, now time.Time) {
	d.only = len(cfg.Connect) > 0 || cfg.DialNobody
	d.plain = newSet[p2p.HostPort](maxPlain)
	d.anchors = cfg.Book.Anchors()
	d.feel = now.Add(feelEvery)
	d.unknown = newBucket(unknownAtOnce, unknownASecond, now)
	d.claimed = newBucket(claimedAtOnce, claimedASecond, now)
	d.targets = newTargets(cfg.local())
	d.began = now
	for i, to := range cfg.wanted {
		d.targets.add(target{to: to, next: now, spare: i > 0 && cfg.local()})
	}
}

// dialAll starts what is due.
func (l *loop) dialAll() {
	if l.asleep {
		l.holdSeeds()
		return
	}
	now := l.cfg.Now()
	l.dialTargets(now)
	if !l.dial.only {
		l.trim(now)
	}
	l.askSeeds(now)
	if !l.dial.only {
		l.plantFixed()
		l.dialChosen(now)
	}
}

// dialTo begins a connection [OpenNetworkConnection].
func (l *loop) dialTo(to p2p.HostPort, kind p2p.Kind, plain bool) *remote {
	r := &remote{Link: p2p.Link{Kind: kind}, to: to, plain: plain}
	l.start(r)
	return r
}

func (l *loop) start(r *remote) {
	if at, ok := l.cfg.addrOf(r.to); ok {
		r.at = at
		l.cfg.Book.Attempt(r.at)
	}
	l.admit(r, nil)
}

// connectedTo finds the connection we dialled, or are dialling, to this address or name.
func (l *loop) connectedTo(to p2p.HostPort) *remote {
	at, _ := l.cfg.addrOf(to)
	return l.find(func(r *remote) bool { return !r.Inbound() && (r.to == to || at.IsValid() && r.at == at) })
}

// reached finds the connection to an address, whoever has dialled it.
func (l *loop) reached(at netip.AddrPort) *remote {
	return l.find(func(r *remote) bool { return !r.Inbound() && r.at == at || r.listens == at })
}

// numbered finds the peer that people know by this number.
func (l *loop) numbered(n int64) *remote {
	return l.find(func(r *remote) bool { return r.Number == n && r.peer != nil })
}

func (l *loop) find(match func(*remote) bool) *remote {
	for _, r := range l.order {
		if !r.dropped && match(r) {
			return r
		}
	}
	return nil
}

// dialTime bounds the dialling alone; the handshake has its own time.
const dialTime = 10 * time.Second

// dial connects to where r is to go. A name is looked up here and nowhere else, and
// its addresses are tried in order; with a proxy it is looked up where that is, for who
// asks here tells whom it wants to reach [HaveNameProxy].
func (s *Swarm) dial(ctx context.Context, r *remote) (net.Conn, error) {
	if at, ok := r.to.AddrPort(); ok {
		return s.dialAt(ctx, at)
	}
	if s.cfg.Proxy.IsValid() {
		return s.dialThrough(ctx, s.cfg.Proxy, r.to)
	}
	ips, err := s.cfg.lookUp(ctx, r.to.Host)
	if err != nil {
		return nil, err
	}
	for _, ip := range ips {
		at := netip.AddrPortFrom(ip.Unmap(), r.to.Port)
		var another bool
		if err := s.do(ctx, func(l *loop) { another = l.leadsTo(r, at) }); err != nil {
			return nil, err
		}
		if another {
			return nil, errTwice
		}
		conn, failed := s.dialAt(ctx, at)
		if failed == nil {
			return conn, nil
		}
		err = errors.Join(err, failed)
	}
	return nil, fmt.Errorf("%v: %w", r.to, err)
}

// leadsTo notes where a name leads, and tells whether there is a connection already:
// one peer under two names gets one.
func (l *loop) leadsTo(r *remote, at netip.AddrPort) (another bool) {
	r.at, at = netip.AddrPort{}, l.cfg.Place(at)
	if o := l.reached(at); o != nil && o != r && !(r.once && o.Inbound()) {
		l.dial.targets.moved(r.ID, o.ID)
		return true
	}
	r.at = at
	l.cfg.Book.Attempt(at)
	return false
}
