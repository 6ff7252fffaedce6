package mempool

import (
	"slices"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// chainLimits bound what a transaction builds on and what builds on those.
type chainLimits struct{ ancestors, ancestorSize, descendants, descendantSize int }

// checkChain holds a transaction that is to enter to the limits on chains. Its
// ancestors come from e.parents. Entries of leaving go when it enters. Pool.mu
// is held.
func checkChain(e *entry, leaving []*entry) error {
	above := descents(ancestors(e), leaving)
	err := withinLimits(e, above, chainLimits{maxAncestors, maxAncestorSize, maxDescendants, maxDescendantSize})
	if err == nil || e.vsize > carveOutSize || e.tx.Version == trucVersion {
		return err
	}
	carveOut := chainLimits{2, maxAncestorSize, maxDescendants + 1, maxDescendantSize + carveOutSize}
	if withinLimits(e, above, carveOut) == nil {
		return nil
	}
	return err
}

// descent is an ancestor and what will build on it when others have left.
type descent struct {
	*entry
	desc totals
}

func descents(above, leaving []*entry) []descent {
	list := make([]descent, len(above))
	for i, a := range above {
		list[i] = descent{a, a.desc}
	}
	for i := range list {
		for _, a := range above {
			// One that is judged with e has not been counted in the pool yet.
			if a.place < 0 && slices.Contains(ancestors(a), list[i].entry) {
				list[i].desc.add(a.own())
			}
		}
		for _, gone := range leaving {
			if slices.Contains(ancestors(gone), list[i].entry) {
				list[i].desc.sub(gone.own())
			}
		}
	}
	return list
}

func withinLimits(e *entry, above []descent, l chainLimits) error {
	all := e.own()
	for _, a := range above {
		all.add(a.own())
		if a.desc.size+e.vsize > l.descendantSize {
			return tooLong("exceeds descendant size limit for tx %s [limit: %d]", a.tx.ID, l.descendantSize)
		}
		if a.desc.count+1 > l.descendants {
			return tooLong("too many descendants for tx %s [limit: %d]", a.tx.ID, l.descendants)
		}
	}
	if all.size > l.ancestorSize && len(above) > 0 {
		return tooLong("exceeds ancestor size limit [limit: %d]", l.ancestorSize)
	}
	if all.count > l.ancestors {
		return tooLong("too many unconfirmed ancestors [limit: %d]", l.ancestors)
	}
	return nil
}

func tooLong(format string, args ...any) error {
	return chain.Refused(policy.ErrLongChain, format, args...)
}
