package mempool

import (
	"bytes"
	"slices"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// chainLimits bound what a transaction builds on and what builds on those.
type chainLimits struct {
	policy.Chains
	confirmed map[*entry]bool // do not count
}

func (s *scene) usualLimits() chainLimits {
	return chainLimits{s.pool.cfg.Rules.Chains, s.confirmed}
}

// checkChain holds a transaction that is to enter to the limits on chains, and
// fills d.above [CalculateMemPoolAncestors, in PreChecks]. What it
// replaces is not taken off the counts of its ancestors, but one that replaces
// exactly one other, which had the same ancestors, may stand in its place.
// Pool.mu is held.
func (s *scene) checkChain(d *draft) (err error) {
	limits := s.usualLimits()
	if s.carveOut && len(d.conflicts) == 1 {
		limits.Descendants++
		limits.DescendantSize += d.conflicts[0].Desc.Size
	}
	own := d.entry.own()
	if d.above, err = limits.ancestorsOf(d.parents, own); err == nil {
		return nil
	}
	if !s.carveOut || d.vsize > policy.CarveOutSize || d.tx.Version == policy.TRUCVersion {
		return err
	}
	// CPFP carve-out: so two parties who share a transaction can each raise its fee.
	limits.Ancestors = 2
	limits.Descendants++
	limits.DescendantSize += policy.CarveOutSize
	above, second := limits.ancestorsOf(d.parents, own)
	if second != nil {
		return err
	}
	d.above = above
	return nil
}

// ancestorsOf is all that transactions of so much together, which spend those
// parents, would build on in the pool, in the order of txids. It looks at no
// more than the limits allow, so that nobody has us walk a large graph
// [CalculateAncestorsAndCheckLimits, for packages CheckPackageLimits].
func (l chainLimits) ancestorsOf(parents []*entry, own totals) ([]*entry, error) {
	var staged, above []*entry
	for _, parent := range parents {
		if !parent.entered() || l.confirmed[parent] { // of the same package, or as in a block
			continue
		}
		if staged = append(staged, parent); len(staged)+own.Count > l.Ancestors {
			return nil, tooLong("too many unconfirmed parents [limit: %d]", l.Ancestors)
		}
	}
	size := own.Size
	for len(staged) > 0 {
		next := slices.MinFunc(staged, byTxID)
		staged = slices.DeleteFunc(staged, func(e *entry) bool { return e == next })
		above = append(above, next)
		size += next.VSize
		switch {
		case next.Desc.Size+own.Size > l.DescendantSize:
			return nil, tooLong("exceeds descendant size limit for tx %s [limit: %d]", next.Tx.ID, l.DescendantSize)
		case next.Desc.Count+own.Count > l.Descendants:
			return nil, tooLong("too many descendants for tx %s [limit: %d]", next.Tx.ID, l.Descendants)
		case size > l.AncestorSize:
			return nil, tooLong("exceeds ancestor size limit [limit: %d]", l.AncestorSize)
		}
		for _, parent := range next.Parents {
			if l.confirmed[parent] {
				continue
			}
			if !slices.Contains(above, parent) && !slices.Contains(staged, parent) {
				staged = append(staged, parent)
			}
			if len(staged)+len(above)+own.Count > l.Ancestors {
				return nil, tooLong("too many unconfirmed ancestors [limit: %d]", l.Ancestors)
			}
		}
	}
	slices.SortFunc(above, byTxID)
	return above, nil
}

// byTxID is Core's order of entries where any would do.
func byTxID(a, b *entry) int { return bytes.Compare(a.Tx.ID[:], b.Tx.ID[:]) }

func tooLong(format string, args ...any) error {
	return chain.Refused(policy.ErrLongChain, format, args...)
}
