package swarm

import (
	"slices"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/swarm/guard"
	"grapevine/p2p/swarm/targets"
)

// dialer is whom we connect to: targets asked for by people, and the rest by
// choice from the address book.
type dialer struct {
	targets *targets.List
	only    bool       // --connect: nobody but the targets
	next    time.Time  // of the next dial by choice
	feel    time.Time  // of the next feeler
	anchors []string   // block-relay-only peers of the last run, not dialled yet
	plain   *guard.Set // addresses where the encrypted transport is not known
	knocks  guard.Bucket
}

// maxPlain addresses without encryption are remembered; the oldest are tried again.
const maxPlain = 10_000

func (d *dialer) init(cfg *Config, now time.Time) {
	d.only = len(cfg.Connect) > 0
	d.plain = guard.NewSet(maxPlain)
	d.anchors = cfg.Book.Anchors()
	d.feel = now.Add(feelEvery)
	d.knocks = guard.NewBucket(knocksAtOnce, knocksASecond, now)
	d.targets = targets.New(cfg.local())
	for _, addr := range slices.Concat(cfg.Connect, cfg.AddNode) {
		d.targets.Add(cfg.withPort(addr), now)
	}
}

// dialAll starts what is due.
func (l *loop) dialAll() {
	if l.asleep {
		return
	}
	now := l.cfg.Now()
	for _, t := range l.dial.targets.Due(now) {
		if l.ownAddrs[t.Addr] {
			continue
		}
		r := l.reached(t.Addr)
		if r == nil {
			r = l.dialTo(t.Addr, p2p.Manual)
		}
		t.Live = r.id
	}
	if !l.dial.only {
		l.trim(now)
		l.askSeeds(now)
		l.dialChosen(now)
	}
}

// dialTo begins a connection.
func (l *loop) dialTo(addr string, kind p2p.Kind) *remote {
	r := &remote{Link: p2p.Link{Kind: kind}, addr: addr}
	l.start(r)
	return r
}

func (l *loop) start(r *remote) {
	l.cfg.Book.Attempt(r.addr)
	l.admit(r, nil)
}

// connectedTo finds the connection we dialled, or are dialling, to addr.
func (l *loop) connectedTo(addr string) *remote {
	return l.find(func(r *remote) bool { return !r.Inbound() && r.addr == addr })
}

// reached is connectedTo, or the connection that addr has dialled to us.
func (l *loop) reached(addr string) *remote {
	return l.find(func(r *remote) bool { return !r.Inbound() && r.addr == addr || r.listens == addr })
}

func (l *loop) find(match func(*remote) bool) *remote {
	for _, r := range l.order {
		if !r.dropped && match(r) {
			return r
		}
	}
	return nil
}
