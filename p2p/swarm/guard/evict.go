package guard

import (
	"cmp"
	"slices"
	"time"

	"grapevine/p2p"
)

// Candidate is an inbound peer that may have to make room.
type Candidate struct {
	ID        p2p.PeerID
	Group     string
	Began     time.Time
	MinPing   time.Duration // 0: not measured
	LastBlock time.Time     // when it last gave us a block that was new
	LastTx    time.Time
}

// How many are protected for each merit: Core's SelectNodeToEvict, without its
// classes of networks.
const (
	protectPing   = 8
	protectTxs    = 4
	protectBlocks = 4
)

// Evict chooses who makes room for a newcomer: not those with the lowest ping,
// not the last to give us transactions or blocks, not the older half of the
// rest; then the youngest of the network group with the most connections. An
// attacker would have to be good to us to keep its slots.
func Evict(cs []Candidate) (p2p.PeerID, bool) {
	protect := func(n int, worth func(Candidate) bool, better func(a, b Candidate) int) {
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
	protect(protectPing, func(c Candidate) bool { return c.MinPing > 0 }, func(a, b Candidate) int {
		return cmp.Compare(pingRank(a), pingRank(b))
	})
	protect(protectTxs, func(c Candidate) bool { return !c.LastTx.IsZero() }, func(a, b Candidate) int {
		return b.LastTx.Compare(a.LastTx)
	})
	protect(protectBlocks, func(c Candidate) bool { return !c.LastBlock.IsZero() }, func(a, b Candidate) int {
		return b.LastBlock.Compare(a.LastBlock)
	})
	protect(len(cs)/2, func(Candidate) bool { return true }, func(a, b Candidate) int {
		return a.Began.Compare(b.Began)
	})
	if len(cs) == 0 {
		return 0, false
	}
	count, youngest := map[string]int{}, map[string]time.Time{}
	for _, c := range cs {
		count[c.Group]++
		if c.Began.After(youngest[c.Group]) {
			youngest[c.Group] = c.Began
		}
	}
	worst := slices.MaxFunc(cs, func(a, b Candidate) int {
		return cmp.Or(
			cmp.Compare(count[a.Group], count[b.Group]),
			youngest[a.Group].Compare(youngest[b.Group]),
			cmp.Compare(a.Group, b.Group),
			a.Began.Compare(b.Began),
			cmp.Compare(a.ID, b.ID),
		)
	})
	return worst.ID, true
}

func pingRank(c Candidate) time.Duration {
	if c.MinPing == 0 {
		return time.Hour
	}
	return c.MinPing
}
