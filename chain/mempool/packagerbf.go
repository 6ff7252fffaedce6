package mempool

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Package RBF: a parent and its child may take the place of others where the
// parent alone does not pay enough. Only what stands in clusters of two at most
// can be replaced so: for those it can be told which is better for a miner.

// checkPackageReplacement asks whether a package may take the place of what its
// members conflict with. Pool.mu is held.
func (s *scene) checkPackageReplacement(b *bundle) error {
	if len(b.drafts) != 2 || !spends(b.drafts[1].tx, b.drafts[0].tx.ID) {
		return rbfFailed("package must be 1-parent-1-child", "")
	}
	parent, child := b.drafts[0], b.drafts[1]
	if len(parent.above)+len(child.above) > 0 {
		return rbfFailed("new transaction cannot have mempool ancestors", "")
	}
	both := &draft{tx: child.tx, conflicts: b.conflicts()}
	leaving, err := both.allLeaving()
	if err != nil {
		return rbfFailed("too many potential replacements", err.(*chain.PolicyError).Detail)
	}
	if why := s.pool.paysForAll(child.tx.ID, b.sum.paid(), feesOf(leaving)); why != "" {
		return rbfFailed("insufficient anti-DoS fees", why)
	}
	// The child must lift its parent, and not pay for the replacement alone.
	whole, alone := policy.RateOf(b.sum.Fees, b.sum.Size), policy.RateOf(parent.modified, parent.vsize)
	if whole <= alone {
		return rbfFailed("package feerate is less than or equal to parent feerate",
			fmt.Sprintf("package feerate %s <= parent feerate is %s", whole, alone))
	}
	if why := checkClusters(both.conflicts); why != "" {
		return rbfFailed(why, "")
	}
	before, after := diagrams(both.conflicts, leaving, b.sum.paid())
	if !better(after, before) {
		return rbfFailed("insufficient feerate: does not improve feerate diagram", "")
	}
	return nil
}

// conflicts are those of all members, each once, in the order of txids.
func (b *bundle) conflicts() (all []*entry) {
	for _, d := range b.drafts {
		for _, c := range d.conflicts {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, byTxID)
	return all
}

func rbfFailed(why, detail string) error {
	return &chain.PolicyError{Policy: chain.Policy("package RBF failed: " + why), Detail: detail}
}

// checkClusters says which conflict is not alone and not in a pair; "": none
// [CheckConflictTopology].
func checkClusters(conflicts []*entry) string {
	for _, c := range conflicts {
		above, below := c.Anc.Count-1, c.Desc.Count-1
		switch {
		case above > 1:
			return fmt.Sprintf("%s has %d ancestors, max 1 allowed", c.Tx.ID, above)
		case below > 1:
			return fmt.Sprintf("%s has %d descendants, max 1 allowed", c.Tx.ID, below)
		case above > 0 && below > 0:
			return fmt.Sprintf("%s has both ancestor and descendant, exceeding cluster limit of 2", c.Tx.ID)
		case below > 0 && c.Children[0].Anc.Count > 2:
			return fmt.Sprintf("%s is not the only parent of child %s", c.Tx.ID, c.Children[0].Tx.ID)
		case above > 0 && c.Parents[0].Desc.Count > 2:
			return fmt.Sprintf("%s is not the only child of parent %s", c.Tx.ID, c.Parents[0].Tx.ID)
		}
	}
	return ""
}

// diagrams are what a miner can take before and after the replacement: pieces
// of so much fee for so much size, the best first [CalculateChunksForRBF, ImprovesFeerateDiagram].
func diagrams(conflicts, leaving []*entry, put policy.Paid) (before, after []policy.Paid) {
	for _, e := range leaving {
		own := e.own().paid()
		switch all := e.Anc.paid(); {
		case e.Desc.Count > 1: // counted with its child
		case e.Anc.Count == 1:
			before = append(before, own)
		case policy.CmpRate(own, all) > 0: // the child pays for its parent
			before = append(before, all)
		default:
			before = append(before, minus(all, own), own)
		}
	}
	for _, c := range conflicts {
		if len(c.Parents) > 0 && !slices.Contains(leaving, c.Parents[0]) {
			after = append(after, c.Parents[0].own().paid())
		}
	}
	after = append(after, put)
	for _, d := range [][]policy.Paid{before, after} {
		slices.SortFunc(d, func(a, b policy.Paid) int { return cmp.Or(policy.CmpRate(b, a), cmp.Compare(a.VSize, b.VSize)) })
	}
	return before, after
}

func minus(a, b policy.Paid) policy.Paid {
	return policy.Paid{Fee: a.Fee - b.Fee, VSize: a.VSize - b.VSize}
}

// better says whether diagram a is nowhere below b, and above it somewhere: at
// each size, the fees of the best that fits [CompareChunks]. Beyond its
// end a diagram is as high as there.
func better(a, b []policy.Paid) bool {
	above := false
	for _, d := range [][]policy.Paid{a, b} {
		size := 0
		for _, piece := range d { // between its corners a diagram is straight
			size += piece.VSize
			switch height(a, size).Cmp(height(b, size)) {
			case -1:
				return false
			case +1:
				above = true
			}
		}
	}
	return above
}

// height is the fees that fit into so many bytes.
func height(d []policy.Paid, size int) *big.Rat {
	sum := new(big.Rat)
	for _, piece := range d {
		fits := min(piece.VSize, size)
		size -= fits
		rate := big.NewRat(int64(piece.Fee), int64(piece.VSize))
		sum.Add(sum, rate.Mul(rate, big.NewRat(int64(fits), 1)))
	}
	return sum
}
