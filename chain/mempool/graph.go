package mempool

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// graph is the pool's transactions and who spends whom.
type graph struct {
	byID  map[chain.Hash]*entry
	byWID map[chain.Hash]*entry
	spent map[wire.OutPoint]*entry // every input of every entry
	heap  evictHeap                // every entry

	scripts map[chain.Hash][]*entry // by script hash; see index

	sum   totals
	fees  btcutil.Amount // of all, as they were paid
	usage int64          // bytes
}

// newGraph makes an empty graph.
func newGraph() *graph {
	return &graph{
		byID:  make(map[chain.Hash]*entry),
		byWID: make(map[chain.Hash]*entry),
		spent: make(map[wire.OutPoint]*entry),

		scripts: make(map[chain.Hash][]*entry),
	}
}

// byTxID is the entry with that txid; nil when there is none.
func (g *graph) byTxID(txid chain.Hash) *entry { return g.byID[txid] }

// byWTxID is the entry with that wtxid; nil when there is none.
func (g *graph) byWTxID(wtxid chain.Hash) *entry { return g.byWID[wtxid] }

// spender is the entry that spends op; nil when there is none.
func (g *graph) spender(op wire.OutPoint) *entry { return g.spent[op] }

// holds says whether this very entry is in the graph.
func (g *graph) holds(e *entry) bool { return g.byID[e.Tx.ID] == e }

// Len is how many entries there are.
func (g *graph) Len() int { return len(g.heap) }

// Sum is all entries together.
func (g *graph) Sum() totals { return g.sum }

// Usage is the memory of all entries, estimated, in bytes.
func (g *graph) Usage() int64 { return g.usage }

// worst is the entry that goes first when the pool is full; there must be one.
func (g *graph) worst() *entry { return g.heap[0] }

// All are the entries in no order that means anything.
func (g *graph) All() iter.Seq[*entry] { return slices.Values(g.heap) }

// ordered are the entries, parents before their children.
func (g *graph) ordered() []*entry {
	type numbered struct { // beside each other, so that sorting looks into no entry
		seq int64
		*entry
	}
	list := make([]numbered, len(g.heap))
	for i, e := range g.heap {
		list[i] = numbered{e.Seq, e}
	}
	slices.SortFunc(list, func(a, b numbered) int { return cmp.Compare(a.seq, b.seq) })
	all := make([]*entry, len(list))
	for i := range list {
		all[i] = list[i].entry
	}
	return all
}

// insert adds an entry that knows its parents. Nothing in the graph spends it
// unless Relink and Recount follow.
func (g *graph) insert(e *entry) {
	g.byID[e.Tx.ID] = e
	g.byWID[e.Tx.WID] = e
	for _, in := range e.Tx.TxIn {
		g.spent[in.PreviousOutPoint] = e
	}
	g.index(e)
	for _, parent := range e.Parents {
		parent.Children = append(parent.Children, e)
	}
	g.sum.Add(e.own())
	g.fees += e.Fee
	g.usage += e.Usage
	e.Anc, e.Desc = e.own(), e.own()
	for _, a := range ancestors(e) {
		e.Anc.Add(a.own())
		a.Desc.Add(e.own())
		heap.Fix(&g.heap, a.place)
	}
	heap.Push(&g.heap, e)
}

// Remove takes an entry out. Of its ancestors and its descendants one must be
// empty: a chain loses its links from an end, not in the middle [removeUnchecked, UpdateForRemoveFromMempool].
func (g *graph) Remove(e *entry) {
	for _, a := range ancestors(e) {
		a.Desc.Sub(e.own())
		heap.Fix(&g.heap, a.place)
	}
	for _, d := range descendants(e) {
		d.Anc.Sub(e.own())
	}
	for _, parent := range e.Parents {
		parent.Children = without(parent.Children, e)
	}
	for _, child := range e.Children {
		child.Parents = without(child.Parents, e)
	}
	for _, in := range e.Tx.TxIn {
		delete(g.spent, in.PreviousOutPoint)
	}
	g.unindex(e)
	delete(g.byID, e.Tx.ID)
	delete(g.byWID, e.Tx.WID)
	heap.Remove(&g.heap, e.place)
	g.sum.Sub(e.own())
	g.fees -= e.Fee
	g.usage -= e.Usage
}

// reprice changes what an entry counts as paying.
func (g *graph) reprice(e *entry, modified btcutil.Amount) {
	more := totals{Fees: modified - e.Modified}
	e.Modified = modified
	g.sum.Add(more)
	e.Anc.Add(more)
	e.Desc.Add(more)
	heap.Fix(&g.heap, e.place)
	for _, a := range ancestors(e) {
		a.Desc.Add(more)
		heap.Fix(&g.heap, a.place)
	}
	for _, d := range descendants(e) {
		d.Anc.Add(more)
	}
}

// relink finds the children of an entry that came in after them, as a
// reorganisation does it. totals are wrong until Recount.
func (g *graph) relink(e *entry) {
	op := wire.OutPoint{Hash: e.Tx.ID}
	for i := range e.Tx.TxOut {
		op.Index = uint32(i)
		child, ok := g.spent[op]
		if ok && !slices.Contains(e.Children, child) {
			e.Children = append(e.Children, child)
			child.Parents = append(child.Parents, e)
		}
	}
}

// recount makes all totals anew [UpdateForDescendants].
func (g *graph) recount() {
	for _, e := range g.byID {
		e.Anc, e.Desc = e.own(), e.own()
		slices.SortFunc(e.Children, bySeq)
	}
	for _, e := range g.byID {
		for _, a := range ancestors(e) {
			e.Anc.Add(a.own())
			a.Desc.Add(e.own())
		}
	}
	heap.Init(&g.heap)
}

// bySeq orders entries as they came, parents first.
func bySeq(a, b *entry) int { return cmp.Compare(a.Seq, b.Seq) }

// ancestors are what e builds on, without e, each once. e need not be in a graph.
func ancestors(e *entry) []*entry {
	return reach(e, func(e *entry) []*entry { return e.Parents })
}

// descendants are what builds on e, without e, each once [CalculateDescendants].
func descendants(e *entry) []*entry {
	return reach(e, func(e *entry) []*entry { return e.Children })
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
