package swarm

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

// On a local network everybody may be told to connect to everybody, and half of all handshakes are spared where
// whoever comes second knows that it does:
const (
	targetsAtOnce = 4           // are dialled, the others when these are connected, or
	targetsEach   = time.Second // old: in that time most have come to us, or they do not answer

	// enoughTargets are those connected, whoever has dialled, that a newcomer is content with while it syncs [MAX_ADDNODE_CONNECTIONS],
	// and then for restLater: others may still sync. Where 32 sync on one machine, what each connection costs is a tenth of it all.
	// It is a newcomer for newcomerFor alone, so that nobody keeps it from the others by what makes it sync without end.
	enoughTargets = 8
	restLater     = 10 * time.Second
	newcomerFor   = 5 * time.Minute

	// claimedLater is for how long a target is not dialled that somebody who has dialled us says to be. But anybody
	// may say that (twins.go).
	claimedLater = 30 * time.Second
)

// target is an address or a name that is kept connected (--connect, --addnode, RPC
// addnode).
type target struct {
	to    p2p.HostPort
	text  string     // as it was asked for; "": as to is written
	plain bool       // without encryption
	spare bool       // a newcomer with enough others does without: named at the start of a local network's node, and not first
	live  p2p.PeerID // its connection or the attempt at one; p2p.Self: there is none

	next     time.Time
	failures int
	claimed  time.Time // since when somebody who has dialled us says to be it; zero: nobody did
}

// targets are all of them, and when each is tried again [ThreadOpenAddedConnections].
type targets struct {
	all         []*target
	first, most time.Duration
}

// newTargets makes an empty list; on a local network nobody is spared.
func newTargets(local bool) *targets {
	if local {
		return &targets{first: localRetryFirst, most: localRetryMost}
	}
	return &targets{first: retryFirst, most: retryMost}
}

func (l *targets) find(to p2p.HostPort) int {
	return slices.IndexFunc(l.all, func(t *target) bool { return t.to == to })
}

// add reports whether the target is new. It is tried at its next.
func (l *targets) add(t target) bool {
	if l.find(t.to) >= 0 {
		return false
	}
	l.all = append(l.all, &t)
	return true
}

// remove reports whether the target was there.
func (l *targets) remove(to p2p.HostPort) bool {
	i := l.find(to)
	if i < 0 {
		return false
	}
	l.all = slices.Delete(l.all, i, i+1)
	return true
}

// due lists those that have no connection and whose time has come.
func (l *targets) due(now time.Time) (due []*target) {
	for _, t := range l.all {
		if t.live == p2p.Self && !now.Before(t.next) {
			due = append(due, t)
		}
	}
	return due
}

// wished lists those that are due in the order of dialling. Who is named first comes first, as people name what has the chain before
// those who want it too; those to spare come by chance: all may have been given the same list, and the first of it would be
// everybody's peers.
func (l *loop) wished(now time.Time) (first []*target) {
	var spare []*target
	for _, t := range l.dial.targets.due(now) {
		if t.spare {
			spare = append(spare, t)
		} else {
			first = append(first, t)
		}
	}
	l.cfg.Rand.Shuffle(len(spare), func(i, j int) { spare[i], spare[j] = spare[j], spare[i] })
	return append(first, spare...)
}

// dialTargets dials those that are due, but for those that a local network can wait for.
func (l *loop) dialTargets(now time.Time) {
	begun, linked, state := l.begun(now), l.linked(now), l.cfg.State.Status()
	content := l.dial.content(state.Syncing && state.BestHeader.Height > state.Tip.Height, now)
	for _, t := range l.wished(now) {
		at, known := l.cfg.addrOf(t.to)
		if known && l.ownAddrs[at] {
			continue
		}
		r := l.connectedTo(t.to)
		if r == nil && known {
			r = l.reached(at)
		}
		if r == nil {
			claimed := l.claimed(at)
			if l.cfg.local() && (t.later(claimed, now) || begun >= targetsAtOnce) || content && t.spare && !claimed && linked >= enoughTargets {
				continue
			}
			r = l.dialTo(t.to, p2p.Manual, t.plain)
			begun++
		}
		t.live = r.ID
		linked++
	}
}

// content says whether few targets are enough.
func (d *dialer) content(syncing bool, now time.Time) bool {
	if syncing {
		d.synced = now
	}
	return now.Sub(d.synced) < restLater && now.Sub(d.began) < newcomerFor
}

// begun is how many connections to targets were begun lately and are none yet.
func (l *loop) begun(now time.Time) (n int) {
	for _, r := range l.order {
		if r.Kind == p2p.Manual && r.begins(now) {
			n++
		}
	}
	return n
}

// begins says whether it was begun lately and is no connection yet.
func (r *remote) begins(now time.Time) bool { return r.peer == nil && now.Sub(r.began) < targetsEach }

// linked is how many targets are connected or begun, or have dialled us as far as we know. Anybody may say to be one: those who
// do count for half of enough at most.
func (l *loop) linked(now time.Time) int {
	sure, claims := 0, 0
	for _, t := range l.dial.targets.all {
		if r := l.peers[t.live]; r != nil && !r.dropped && (r.peer != nil || r.begins(now)) {
			sure++
		}
	}
	for _, r := range l.order {
		if r.claims.IsValid() && !r.listens.IsValid() && !r.dropped {
			claims++
		}
	}
	return sure + min(claims, enoughTargets/2)
}

// later says whether a target need not be dialled yet, given whether somebody says to be it.
func (t *target) later(claimed bool, now time.Time) bool {
	if !claimed {
		t.claimed = time.Time{}
		return false
	}
	if t.claimed.IsZero() {
		t.claimed = now
	}
	return t.waits(now)
}

// waits says whether who says to be the target has not been doubted yet.
func (t *target) waits(now time.Time) bool {
	return t.claimed.IsZero() || now.Sub(t.claimed) < claimedLater
}

// ended: a connection is over, which lasted so long after it had greeted (0: it
// had not). It is tried again later, and sooner if it had been a good one.
func (l *targets) ended(id p2p.PeerID, lasted time.Duration, now time.Time) {
	for _, t := range l.all {
		if t.live != id {
			continue
		}
		if lasted > l.most {
			t.failures = 0
		}
		t.live = p2p.Self
		t.next = now.Add(min(l.first<<min(t.failures, 16), l.most))
		t.failures++
	}
}

// moved: a connection of a target has turned out to be another one that stands.
func (l *targets) moved(from, to p2p.PeerID) {
	for _, t := range l.all {
		if t.live == from {
			t.live, t.failures = to, 0
		}
	}
}
