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
	Rank      uint64 // of the group, by a secret of ours: nobody can aim at it
	Began     time.Time
	MinPing   time.Duration // 0: not measured
	LastBlock time.Time     // when it last gave us a block that was new
	LastTx    time.Time
	Blocks    bool // wants no transactions
}

// How many are protected for each merit: Core's SelectNodeToEvict, without its
// classes of networks.
const (
	protectGroups = 4
	protectPing   = 8
	protectTxs    = 4
	protectSilent = 8 // who wants blocks only, and gave some
	protectBlocks = 4
)

// Evict chooses who makes room for a newcomer: not those of a few groups that
// nobody can guess, not those with the lowest ping, not the last to give us
// transactions or blocks, not the older half of the rest; then the youngest of
// the network group with the most connections. An attacker would have to be good
// to us, and everywhere, to keep its slots.
//
// On a local network there are no groups, and an attacker and the owner's own nodes
// share one address. There it is the oldest that goes: of a storm of newcomers each
// has the same time to show a merit.
func Evict(cs []Candidate, local bool) (p2p.PeerID, bool) {
	protect := func(n int, worth func(Candidate) bool, better func(a, b Candidate) int) {
		var first, rest []Candidate
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
	anybody := func(Candidate) bool { return true }
	gave := func(c Candidate) bool { return !c.LastBlock.IsZero() }
	lastBlock := func(a, b Candidate) int { return b.LastBlock.Compare(a.LastBlock) }

	protect(protectGroups, anybody, func(a, b Candidate) int { return cmp.Compare(a.Rank, b.Rank) })
	protect(protectPing, func(c Candidate) bool { return c.MinPing > 0 }, func(a, b Candidate) int {
		return cmp.Compare(a.MinPing, b.MinPing)
	})
	protect(protectTxs, func(c Candidate) bool { return !c.LastTx.IsZero() }, func(a, b Candidate) int {
		return b.LastTx.Compare(a.LastTx)
	})
	protect(protectSilent, func(c Candidate) bool { return c.Blocks && gave(c) }, lastBlock)
	protect(protectBlocks, gave, lastBlock)
	protect(len(cs)/2, anybody, func(a, b Candidate) int { return a.Began.Compare(b.Began) })
	if len(cs) == 0 {
		return 0, false
	}
	if local {
		return slices.MinFunc(cs, func(a, b Candidate) int { return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID)) }).ID, true
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
