package swarm

import (
	"slices"
	"time"

	"grapevine/p2p/swarm/guard"
)

// dialer is whom we connect to: targets asked for by people, and the rest by
// choice from the address book.
type dialer struct {
	targets []*target
	only    bool          // --connect: nobody but the targets
	first   time.Duration // pause after a target's first failure
	most    time.Duration
	next    time.Time  // of the next dial by choice
	feel    time.Time  // of the next feeler
	anchors []string   // block-relay-only peers of the last run, not dialled yet
	plain   *guard.Set // addresses where the encrypted transport is not known
}

// target is an address that is kept connected.
type target struct {
	addr     string
	next     time.Time
	failures int
	live     *remote // nil: not connected and not being dialled
}

// maxPlain addresses without encryption are remembered; the oldest are tried again.
const maxPlain = 10_000

// Pauses between two attempts at a target: doubled with each failure.
const (
	retryFirst = 5 * time.Second
	retryMost  = 2 * time.Minute

	localRetryFirst = 200 * time.Millisecond // a test network's nodes start together
	localRetryMost  = 5 * time.Second
)

func (d *dialer) init(cfg *Config, now time.Time) {
	d.only = len(cfg.Connect) > 0
	d.plain = guard.NewSet(maxPlain)
	d.anchors = cfg.Book.Anchors()
	d.feel = now.Add(feelEvery)
	d.first, d.most = retryFirst, retryMost
	if cfg.local() {
		d.first, d.most = localRetryFirst, localRetryMost
	}
	for _, addr := range slices.Concat(cfg.Connect, cfg.AddNode) {
		d.add(cfg.withPort(addr), now)
	}
}

func (d *dialer) find(addr string) int {
	return slices.IndexFunc(d.targets, func(t *target) bool { return t.addr == addr })
}

func (d *dialer) add(addr string, now time.Time) bool {
	if d.find(addr) >= 0 {
		return false
	}
	d.targets = append(d.targets, &target{addr: addr, next: now})
	return true
}

// ended: try again later, and sooner if the connection had been a good one.
func (d *dialer) ended(r *remote, now time.Time) {
	for _, t := range d.targets {
		if t.live != r {
			continue
		}
		if r.peer != nil && now.Sub(r.began) > d.most {
			t.failures = 0
		}
		t.live = nil
		t.next = now.Add(min(d.first<<min(t.failures, 16), d.most))
		t.failures++
	}
}

// dialAll starts what is due.
func (l *loop) dialAll() {
	if l.asleep {
		return
	}
	now := l.cfg.Now()
	for _, t := range l.dial.targets {
		if t.live != nil || now.Before(t.next) || l.ownAddrs[t.addr] {
			continue
		}
		if t.live = l.reached(t.addr); t.live == nil {
			t.live = l.dialTo(t.addr, Manual)
		}
	}
	if !l.dial.only {
		l.trim(now)
		l.askSeeds(now)
		l.dialChosen(now)
	}
}

// dialTo begins a connection.
func (l *loop) dialTo(addr string, kind Kind) *remote {
	r := &remote{addr: addr, kind: kind}
	l.cfg.Book.Attempt(addr)
	l.admit(r, nil)
	return r
}

// connectedTo finds the connection we dialled, or are dialling, to addr.
func (l *loop) connectedTo(addr string) *remote {
	return l.find(func(r *remote) bool { return !r.inbound && r.addr == addr })
}

// reached is connectedTo, or the connection that addr has dialled to us.
func (l *loop) reached(addr string) *remote {
	return l.find(func(r *remote) bool { return !r.inbound && r.addr == addr || r.listens == addr })
}

func (l *loop) find(match func(*remote) bool) *remote {
	for _, r := range l.order {
		if !r.dropped && match(r) {
			return r
		}
	}
	return nil
}

func (d *dialer) remove(addr string) bool {
	i := d.find(addr)
	if i < 0 {
		return false
	}
	d.targets = slices.Delete(d.targets, i, i+1)
	return true
}
