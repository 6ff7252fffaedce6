package swarm

import (
	"cmp"
	"slices"
	"time"
)

// merit is what an inbound peer is weighed by when somebody may have to make room.
type merit struct {
	group     string
	rank      uint64        // of the group, by a secret of ours: nobody can aim at it
	minPing   time.Duration // 0: not measured
	lastBlock time.Time     // when it last gave us a block that was new
	lastTx    time.Time
}

// How many are protected for each merit, without Core's classes of networks
// [SelectNodeToEvict, ProtectEvictionCandidatesByRatio].
const (
	protectGroups = 4 // [CompareNetGroupKeyed]
	protectPing   = 8 // [ReverseCompareNodeMinPingTime]
	protectTxs    = 4 // [CompareNodeTXTime]
	protectSilent = 8 // who wants blocks only, and gave some [CompareNodeBlockRelayOnlyTime]
	protectBlocks = 4 // [CompareNodeBlockTime]
)

// evict chooses who makes room for a newcomer, nil if nobody: not those of a few groups that
// nobody can guess, not those with the lowest ping, not the last to give us
// transactions or blocks, not the older half of the rest; then the youngest of
// the network group with the most connections. An attacker would have to be good
// to us, and everywhere, to keep its slots.
//
// On a local network there are no groups, and an attacker and the owner's own nodes
// share one address. There it is the oldest that goes: of a storm of newcomers each
// has the same time to show a merit.
func evict(cs []*remote, local bool) *remote {
	protect := func(n int, worth func(*remote) bool, better func(a, b *remote) int) {
		var first, rest []*remote
		for _, c := range cs {
			if worth(c) {
				first = append(first, c)
			} else {
				rest = append(rest, c)
			}
		}
		slices.SortStableFunc(first, better)
		cs = append(rest, first[min(n, len(first)):]...)
	}
	anybody := func(*remote) bool { return true }
	gave := func(c *remote) bool { return !c.lastBlock.IsZero() }
	lastBlock := func(a, b *remote) int { return b.lastBlock.Compare(a.lastBlock) }

	protect(protectGroups, anybody, func(a, b *remote) int { return cmp.Compare(a.rank, b.rank) })
	protect(protectPing, func(c *remote) bool { return c.minPing > 0 }, func(a, b *remote) int {
		return cmp.Compare(a.minPing, b.minPing)
	})
	protect(protectTxs, func(c *remote) bool { return !c.lastTx.IsZero() }, func(a, b *remote) int {
		return b.lastTx.Compare(a.lastTx)
	})
	protect(protectSilent, func(c *remote) bool { return !c.Relay && gave(c) }, lastBlock)
	protect(protectBlocks, gave, lastBlock)
	protect(len(cs)/2, anybody, func(a, b *remote) int { return a.began.Compare(b.began) })
	if len(cs) == 0 {
		return nil
	}
	if local {
		return slices.MinFunc(cs, func(a, b *remote) int { return cmp.Or(a.began.Compare(b.began), cmp.Compare(a.ID, b.ID)) })
	}
	count, youngest := map[string]int{}, map[string]time.Time{}
	for _, c := range cs {
		count[c.group]++
		if c.began.After(youngest[c.group]) {
			youngest[c.group] = c.began
		}
	}
	return slices.MaxFunc(cs, func(a, b *remote) int {
		return cmp.Or(
			cmp.Compare(count[a.group], count[b.group]),
			youngest[a.group].Compare(youngest[b.group]),
			cmp.Compare(a.group, b.group),
			a.began.Compare(b.began),
			cmp.Compare(a.ID, b.ID),
		)
	})
}
