package swarm

import (
	"cmp"
	"net"
	"slices"
	"time"

	"grapevine/p2p"
)

// candidate is an inbound peer that may have to make room.
type candidate struct {
	id        p2p.PeerID
	group     string
	began     time.Time
	minPing   time.Duration // 0: not measured
	lastBlock time.Time     // when it last gave us a block that was new
	lastTx    time.Time
}

// How many are protected for each merit: Core's SelectNodeToEvict, without its
// classes of networks.
const (
	protectPing   = 8
	protectTxs    = 4
	protectBlocks = 4
)

// evict chooses who makes room for a newcomer: not those with the lowest ping,
// not the last to give us transactions or blocks, not the older half of the
// rest; then the youngest of the network group with the most connections. An
// attacker would have to be good to us to keep its slots.
func evict(cs []candidate) (p2p.PeerID, bool) {
	protect := func(n int, worth func(candidate) bool, better func(a, b candidate) int) {
		slices.SortStableFunc(cs, better)
		n = min(n, len(cs))
		kept := slices.Clone(cs[n:])
		for _, c := range cs[:n] {
			if !worth(c) {
				kept = append(kept, c)
			}
		}
		cs = kept
	}
	protect(protectPing, func(c candidate) bool { return c.minPing > 0 }, func(a, b candidate) int {
		return cmp.Compare(pingRank(a), pingRank(b))
	})
	protect(protectTxs, func(c candidate) bool { return !c.lastTx.IsZero() }, func(a, b candidate) int {
		return b.lastTx.Compare(a.lastTx)
	})
	protect(protectBlocks, func(c candidate) bool { return !c.lastBlock.IsZero() }, func(a, b candidate) int {
		return b.lastBlock.Compare(a.lastBlock)
	})
	protect(len(cs)/2, func(candidate) bool { return true }, func(a, b candidate) int {
		return a.began.Compare(b.began)
	})
	if len(cs) == 0 {
		return 0, false
	}
	count, youngest := map[string]int{}, map[string]time.Time{}
	for _, c := range cs {
		count[c.group]++
		if c.began.After(youngest[c.group]) {
			youngest[c.group] = c.began
		}
	}
	worst := slices.MaxFunc(cs, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(count[a.group], count[b.group]),
			youngest[a.group].Compare(youngest[b.group]),
			cmp.Compare(a.group, b.group),
			a.began.Compare(b.began),
			cmp.Compare(a.id, b.id),
		)
	})
	return worst.id, true
}

func pingRank(c candidate) time.Duration {
	if c.minPing == 0 {
		return time.Hour
	}
	return c.minPing
}

// accept takes a connection if there is room, or makes room for it.
func (l *loop) accept(conn net.Conn) {
	r := &remote{addr: conn.RemoteAddr().String(), inbound: true, kind: Inbound}
	if l.asleep || l.shunned(hostOf(r.addr)) {
		conn.Close()
		return
	}
	var cs []candidate
	for _, o := range l.order {
		if o.inbound && !o.dropped {
			cs = append(cs, l.candidate(o))
		}
	}
	if len(cs) >= l.maxInbound() {
		id, ok := evict(cs)
		if !ok {
			conn.Close()
			return
		}
		l.dropFor(l.peers[id], "makes room for a newcomer", "")
	}
	l.admit(r, conn)
}

// maxInbound leaves room for those we dial ourselves.
func (l *loop) maxInbound() int {
	if l.dial.only {
		return max(l.cfg.MaxPeers-len(l.dial.targets), 0)
	}
	own := l.cfg.MaxOutbound
	if !l.cfg.local() {
		own += maxBlocksOnly + 1 // and a feeler
	}
	return max(l.cfg.MaxPeers-own, 0)
}

func (l *loop) candidate(r *remote) candidate {
	c := candidate{id: r.id, group: l.groupOf(r.addr), began: r.began}
	if r.peer != nil {
		c.minPing = r.peer.MinPing()
		st, _ := l.cfg.State.PeerStats(r.id)
		c.lastBlock, c.lastTx = st.LastBlock, st.LastTx
	}
	return c
}
