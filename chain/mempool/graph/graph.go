package mempool

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// graph is the pool's transactions and who spends whom.
type graph struct {
	byID  map[chain.Hash]*entry
	byWID map[chain.Hash]*entry
	spent map[wire.OutPoint]*entry // every input of every entry
	heap  evictHeap                // every entry

	sum   totals
	usage int64 // bytes
}

func newGraph() graph {
	return graph{
		byID:  make(map[chain.Hash]*entry),
		byWID: make(map[chain.Hash]*entry),
		spent: make(map[wire.OutPoint]*entry),
	}
}

// insert adds an entry that knows its parents. Nothing in the graph spends it
// unless relink and recount follow.
func (g *graph) insert(e *entry) {
	g.byID[e.tx.ID] = e
	g.byWID[e.tx.WID] = e
	for _, in := range e.tx.TxIn {
		g.spent[in.PreviousOutPoint] = e
	}
	for _, parent := range e.parents {
		parent.children = append(parent.children, e)
	}
	g.sum.add(e.own())
	g.usage += e.usage
	e.anc, e.desc = e.own(), e.own()
	for _, a := range ancestors(e) {
		e.anc.add(a.own())
		a.desc.add(e.own())
		heap.Fix(&g.heap, a.place)
	}
	heap.Push(&g.heap, e)
}

// remove takes an entry out. Of its ancestors and its descendants one must be
// empty: a chain loses its links from an end, not in the middle.
func (g *graph) remove(e *entry) {
	for _, a := range ancestors(e) {
		a.desc.sub(e.own())
		heap.Fix(&g.heap, a.place)
	}
	for _, d := range descendants(e) {
		d.anc.sub(e.own())
	}
	for _, parent := range e.parents {
		parent.children = without(parent.children, e)
	}
	for _, child := range e.children {
		child.parents = without(child.parents, e)
	}
	for _, in := range e.tx.TxIn {
		delete(g.spent, in.PreviousOutPoint)
	}
	delete(g.byID, e.tx.ID)
	delete(g.byWID, e.tx.WID)
	heap.Remove(&g.heap, e.place)
	g.sum.sub(e.own())
	g.usage -= e.usage
}

// relink finds the children of an entry that came in after them, as a
// reorganisation does it. Totals are wrong until recount.
func (g *graph) relink(e *entry) {
	op := wire.OutPoint{Hash: e.tx.ID}
	for i := range e.tx.TxOut {
		op.Index = uint32(i)
		child, ok := g.spent[op]
		if ok && !slices.Contains(e.children, child) {
			e.children = append(e.children, child)
			child.parents = append(child.parents, e)
		}
	}
}

// recount makes all totals anew.
func (g *graph) recount() {
	for _, e := range g.byID {
		e.anc, e.desc = e.own(), e.own()
		slices.SortFunc(e.children, bySeq)
	}
	for _, e := range g.byID {
		for _, a := range ancestors(e) {
			e.anc.add(a.own())
			a.desc.add(e.own())
		}
	}
	heap.Init(&g.heap)
}

// ordered is every entry, parents before their children.
func (g *graph) ordered() []*entry {
	all := slices.Clone([]*entry(g.heap))
	slices.SortFunc(all, bySeq)
	return all
}

func bySeq(a, b *entry) int { return cmp.Compare(a.seq, b.seq) }

func ancestors(e *entry) []*entry {
	return reach(e, func(e *entry) []*entry { return e.parents })
}

func descendants(e *entry) []*entry {
	return reach(e, func(e *entry) []*entry { return e.children })
}

// small is up to how many entries a set is searched one by one: faster than a
// map, and more than the limits on chains of unconfirmed transactions allow.
const small = 32

// reach is everything that next leads to from e, without e, each once.
func reach(e *entry, next func(*entry) []*entry) []*entry {
	found := slices.Clone(next(e))
	var seen map[*entry]bool
	for i := 0; i < len(found); i++ {
		for _, n := range next(found[i]) {
			if len(found) <= small {
				if !slices.Contains(found, n) {
					found = append(found, n)
				}
				continue
			}
			if seen == nil {
				seen = setOf(found)
			}
			if !seen[n] {
				seen[n] = true
				found = append(found, n)
			}
		}
	}
	return found
}

func setOf(entries []*entry) map[*entry]bool {
	set := make(map[*entry]bool, 2*len(entries))
	for _, e := range entries {
		set[e] = true
	}
	return set
}

func without(list []*entry, e *entry) []*entry {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
