package mempool

import (
	"slices"

	"grapevine/chain"
	"grapevine/chain/mempool/graph"
	"grapevine/chain/policy"
)

// chainLimits bound what a transaction builds on and what builds on those.
type chainLimits struct{ ancestors, ancestorSize, descendants, descendantSize int }

// checkChain holds a transaction that is to enter to the limits on chains. Its
// ancestors come from e.parents. Entries of leaving go when it enters. Pool.mu
// is held.
func checkChain(e *graph.Entry, leaving []*graph.Entry) error {
	above := descents(graph.Ancestors(e), leaving)
	err := withinLimits(e, above, chainLimits{maxAncestors, maxAncestorSize, maxDescendants, maxDescendantSize})
	if err == nil || e.VSize > carveOutSize || e.Tx.Version == trucVersion {
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
	*graph.Entry
	after graph.Totals
}

func descents(above, leaving []*graph.Entry) []descent {
	list := make([]descent, len(above))
	for i, a := range above {
		list[i] = descent{a, a.Desc}
	}
	for i := range list {
		for _, a := range above {
			// One that is judged with e has not been counted in the pool yet.
			if !a.Entered() && slices.Contains(graph.Ancestors(a), list[i].Entry) {
				list[i].after.Add(a.Own())
			}
		}
		for _, gone := range leaving {
			if slices.Contains(graph.Ancestors(gone), list[i].Entry) {
				list[i].after.Sub(gone.Own())
			}
		}
	}
	return list
}

func withinLimits(e *graph.Entry, above []descent, l chainLimits) error {
	all := e.Own()
	for _, a := range above {
		all.Add(a.Own())
		if a.after.Size+e.VSize > l.descendantSize {
			return tooLong("exceeds descendant size limit for tx %s [limit: %d]", a.Tx.ID, l.descendantSize)
		}
		if a.after.Count+1 > l.descendants {
			return tooLong("too many descendants for tx %s [limit: %d]", a.Tx.ID, l.descendants)
		}
	}
	if all.Size > l.ancestorSize && len(above) > 0 {
		return tooLong("exceeds ancestor size limit [limit: %d]", l.ancestorSize)
	}
	if all.Count > l.ancestors {
		return tooLong("too many unconfirmed ancestors [limit: %d]", l.ancestors)
	}
	return nil
}

func tooLong(format string, args ...any) error {
	return chain.Refused(policy.ErrLongChain, format, args...)
}
