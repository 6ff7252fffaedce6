package mempool

import (
	"grapevine/chain"
	"grapevine/chain/policy"
)

// chainLimits bound what a transaction builds on and what builds on those.
type chainLimits struct{ ancestors, ancestorSize, descendants, descendantSize int }

// checkChain holds a transaction that is to enter to the limits on chains. Its
// ancestors come from e.parents. Pool.mu is held.
func checkChain(e *entry) error {
	above := ancestors(e)
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

func withinLimits(e *entry, above []*entry, l chainLimits) error {
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
