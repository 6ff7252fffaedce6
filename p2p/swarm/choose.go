package swarm

import (
	"net/netip"
	"time"

	"grapevine/p2p"
)

// Dials by choice: at most so many at once, and so often (Core waits 500 ms).
const (
	maxDialling   = 8
	chosenEvery   = 500 * time.Millisecond
	maxBlocksOnly = 2                // as in Core [MAX_BLOCK_RELAY_ONLY_CONNECTIONS]
	feelEvery     = 2 * time.Minute  // as in Core [FEELER_INTERVAL]
	staleTip      = 30 * time.Minute // three block intervals without a new tip [STALE_CHECK_INTERVAL]
	trimAfter     = 30 * time.Second // Core's MINIMUM_CONNECT_TIME

	// Any address counts on a local network, so any peer could make us dial
	// every port of this machine: addresses where no node has greeted us yet we
	// dial at most 60 times in any minute.
	unknownAtOnce  = 30
	unknownASecond = 0.5

	// Where somebody who has dialled us says to listen, a connection of ours would most
	// likely be a second one to the same node. But anybody may say so (see twins.go), and
	// so each such address is dialled too, by and by: once in so many dials before all others,
	// of which a stranger may name as many as the book takes.
	claimedAtOnce  = 8
	claimedASecond = 0.5
	claimedFirst   = 8
)

// dialChosen fills our own outbound slots from the address book, each from
// another network group [CConnman::ThreadOpenConnections].
func (l *loop) dialChosen(now time.Time) {
	for !l.asleep {
		kind, ok := l.wanted(now)
		if !ok {
			return
		}
		at, ok := l.pick(kind, now)
		if !ok {
			return
		}
		l.dialTo(p2p.HostPortOf(at), kind, false)
		if !l.cfg.local() {
			l.dial.next = now.Add(chosenEvery)
		}
		if kind == p2p.Feeler {
			l.dial.feel = now.Add(feelEvery/2 + time.Duration(l.cfg.Rand.Int64N(int64(feelEvery))))
		}
	}
}

// wanted is the kind of connection that is missing most.
func (l *loop) wanted(now time.Time) (p2p.Kind, bool) {
	have, dialling := map[p2p.Kind]int{}, 0
	for _, r := range l.order {
		have[r.Kind]++
		if !r.Inbound() && r.peer == nil {
			dialling++
		}
	}
	public := !l.cfg.local()
	switch {
	case dialling >= maxDialling || now.Before(l.dial.next):
		return "", false
	case public && have[p2p.BlocksOnly] < maxBlocksOnly && len(l.dial.anchors) > 0:
		return p2p.BlocksOnly, true
	case have[p2p.FullRelay] < l.fullRelays():
		return p2p.FullRelay, true
	case public && have[p2p.BlocksOnly] < maxBlocksOnly:
		return p2p.BlocksOnly, true
	case public && have[p2p.Feeler] == 0 && !now.Before(l.dial.feel): // [MAX_FEELER_CONNECTIONS]
		return p2p.Feeler, true
	}
	return "", false
}

// pick chooses an address for a connection.
func (l *loop) pick(kind p2p.Kind, now time.Time) (at netip.AddrPort, ok bool) {
	for kind == p2p.BlocksOnly && len(l.dial.anchors) > 0 {
		at, l.dial.anchors = l.dial.anchors[0], l.dial.anchors[1:]
		if !l.unfit(p2p.Addr{At: at}) && !l.cfg.Book.Banned(at.Addr()) {
			return at, true
		}
	}
	var a p2p.Addr
	if kind == p2p.Feeler {
		a, ok = l.cfg.Book.PickFeeler(l.talksTo, l.barred)
	} else {
		a, ok = l.pickAny(now)
	}
	return a.At, ok
}

// pickAny chooses from the whole book; on a local network mostly an address that nobody who
// has dialled us claims, if there is one. Targets are dialled as such.
func (l *loop) pickAny(now time.Time) (p2p.Addr, bool) {
	if !l.cfg.local() {
		return l.cfg.Book.Pick(l.unfit)
	}
	first := l.cfg.Rand.IntN(claimedFirst) == 0
	for _, claimed := range []bool{first, !first} {
		if claimed && !l.dial.claimed.ready(now) {
			continue
		}
		a, ok := l.pickLocally(now, func(a p2p.Addr) bool {
			return l.barred(a) || l.claimed(a.At) != claimed || l.dial.targets.find(p2p.HostPortOf(a.At)) >= 0
		})
		if ok {
			if claimed {
				l.dial.claimed.take(now)
			}
			return a, true
		}
	}
	return p2p.Addr{}, false
}

// pickLocally chooses from the whole book, or from the addresses that were good once
// when we have dialled unknown ones often enough. Locally each address is a group of its own.
func (l *loop) pickLocally(now time.Time, skip func(p2p.Addr) bool) (p2p.Addr, bool) {
	if !l.dial.unknown.ready(now) {
		return l.cfg.Book.PickTried(skip)
	}
	a, ok := l.cfg.Book.Pick(skip)
	if ok && !l.cfg.Book.Tried(a) {
		l.dial.unknown.take(now)
	}
	return a, ok
}

// fullRelays is one more (an extra peer) while the tip does not move: perhaps all
// our peers are stuck, or keep something from us [CheckForStaleTipAndEvictPeers].
func (l *loop) fullRelays() int {
	if l.stale() {
		return l.cfg.MaxOutbound + 1
	}
	return l.cfg.MaxOutbound
}

// stale says whether this is a stale tip, one that has not moved for long [TipMayBeStale].
func (l *loop) stale() bool {
	return !l.cfg.local() && l.now.Sub(l.tipAt) > staleTip
}

// trim ends the extra connection once the tip moves: the one that has given us
// no block for the longest time [EvictExtraOutboundPeers].
func (l *loop) trim(now time.Time) {
	if l.stale() {
		return
	}
	var worst *remote
	var given time.Time
	count := 0
	for _, r := range l.order {
		if r.Kind != p2p.FullRelay || r.peer == nil || r.dropped || now.Sub(r.began) < trimAfter {
			continue
		}
		count++
		if block, _ := l.cfg.State.LastGave(r.ID); worst == nil || !block.After(given) {
			worst, given = r, block
		}
	}
	if count > l.cfg.MaxOutbound {
		l.dropFor(worst, "one outbound peer too many", "")
	}
}

// barred: an address not to be dialled now. Like unfit and talksTo it must not
// call the book, which asks it.
func (l *loop) barred(a p2p.Addr) bool {
	return !l.reachable(a.At.Addr()) || l.ownAddrs[a.At] || l.discouraged.has(a.At.Addr(), l.cfg.Clock()) || l.talksTo(a)
}

// unfit: an address that we do not want to stay connected to. Those asked for by
// people take up their group too, as in Core: who has got them to ask for it has
// enough. Feelers, which stay nowhere, go to any group and take up none.
func (l *loop) unfit(a p2p.Addr) bool {
	if l.barred(a) {
		return true
	}
	group := l.groupOf(a.At)
	return l.find(func(r *remote) bool {
		return !r.Inbound() && r.Kind != p2p.Feeler && r.at.IsValid() && l.groupOf(r.at) == group
	}) != nil
}

// talksTo: we have a connection to the address, or dial it.
func (l *loop) talksTo(a p2p.Addr) bool {
	for _, r := range l.order {
		if r.at == a.At || r.listens == a.At {
			return true
		}
	}
	return false
}

// groupOf is an address's network group; locally each is its own.
func (l *loop) groupOf(at netip.AddrPort) string {
	if l.cfg.local() {
		return at.String()
	}
	return l.cfg.Book.Group(at.Addr())
}
