package graph

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Graph is the pool's transactions and who spends whom.
type Graph struct {
	byID  map[chain.Hash]*Entry
	byWID map[chain.Hash]*Entry
	spent map[wire.OutPoint]*Entry // every input of every entry
	heap  evictHeap                // every entry

	sum   Totals
	usage int64 // bytes
}

// New makes an empty graph.
func New() *Graph {
	return &Graph{
		byID:  make(map[chain.Hash]*Entry),
		byWID: make(map[chain.Hash]*Entry),
		spent: make(map[wire.OutPoint]*Entry),
	}
}

// ByTxID is the entry with that txid; nil when there is none.
func (g *Graph) ByTxID(txid chain.Hash) *Entry { return g.byID[txid] }

// ByWTxID is the entry with that wtxid; nil when there is none.
func (g *Graph) ByWTxID(wtxid chain.Hash) *Entry { return g.byWID[wtxid] }

// Spender is the entry that spends op; nil when there is none.
func (g *Graph) Spender(op wire.OutPoint) *Entry { return g.spent[op] }

// Holds says whether this very entry is in the graph.
func (g *Graph) Holds(e *Entry) bool { return g.byID[e.Tx.ID] == e }

// Len is how many entries there are.
func (g *Graph) Len() int { return len(g.heap) }

// Sum is all entries together.
func (g *Graph) Sum() Totals { return g.sum }

// Usage is the memory of all entries, estimated, in bytes.
func (g *Graph) Usage() int64 { return g.usage }

// Worst is the entry that goes first when the pool is full; there must be one.
func (g *Graph) Worst() *Entry { return g.heap[0] }

// All are the entries in no order that means anything.
func (g *Graph) All() iter.Seq[*Entry] { return slices.Values(g.heap) }

// Ordered are the entries, parents before their children.
func (g *Graph) Ordered() []*Entry {
	all := slices.Clone([]*Entry(g.heap))
	slices.SortFunc(all, BySeq)
	return all
}

// Insert adds an entry that knows its parents. Nothing in the graph spends it
// unless Relink and Recount follow.
func (g *Graph) Insert(e *Entry) {
	g.byID[e.Tx.ID] = e
	g.byWID[e.Tx.WID] = e
	for _, in := range e.Tx.TxIn {
		g.spent[in.PreviousOutPoint] = e
	}
	for _, parent := range e.Parents {
		parent.Children = append(parent.Children, e)
	}
	g.sum.Add(e.Own())
	g.usage += e.Usage
	e.Anc, e.Desc = e.Own(), e.Own()
	for _, a := range Ancestors(e) {
		e.Anc.Add(a.Own())
		a.Desc.Add(e.Own())
		heap.Fix(&g.heap, a.place)
	}
	heap.Push(&g.heap, e)
}

// Remove takes an entry out. Of its ancestors and its descendants one must be
// empty: a chain loses its links from an end, not in the middle.
func (g *Graph) Remove(e *Entry) {
	for _, a := range Ancestors(e) {
		a.Desc.Sub(e.Own())
		heap.Fix(&g.heap, a.place)
	}
	for _, d := range Descendants(e) {
		d.Anc.Sub(e.Own())
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
	delete(g.byID, e.Tx.ID)
	delete(g.byWID, e.Tx.WID)
	heap.Remove(&g.heap, e.place)
	g.sum.Sub(e.Own())
	g.usage -= e.Usage
}

// Relink finds the children of an entry that came in after them, as a
// reorganisation does it. Totals are wrong until Recount.
func (g *Graph) Relink(e *Entry) {
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

// Recount makes all totals anew.
func (g *Graph) Recount() {
	for _, e := range g.byID {
		e.Anc, e.Desc = e.Own(), e.Own()
		slices.SortFunc(e.Children, BySeq)
	}
	for _, e := range g.byID {
		for _, a := range Ancestors(e) {
			e.Anc.Add(a.Own())
			a.Desc.Add(e.Own())
		}
	}
	heap.Init(&g.heap)
}

// BySeq orders entries as they came, parents first.
func BySeq(a, b *Entry) int { return cmp.Compare(a.Seq, b.Seq) }

// Ancestors are what e builds on, without e, each once. e need not be in a graph.
func Ancestors(e *Entry) []*Entry {
	return reach(e, func(e *Entry) []*Entry { return e.Parents })
}

// Descendants are what builds on e, without e, each once.
func Descendants(e *Entry) []*Entry {
	return reach(e, func(e *Entry) []*Entry { return e.Children })
}

// small is up to how many entries a set is searched one by one: faster than a
// map, and more than the limits on chains of unconfirmed transactions allow.
const small = 32

// reach is everything that next leads to from e, without e, each once.
func reach(e *Entry, next func(*Entry) []*Entry) []*Entry {
	found := slices.Clone(next(e))
	var seen map[*Entry]bool
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

func setOf(entries []*Entry) map[*Entry]bool {
	set := make(map[*Entry]bool, 2*len(entries))
	for _, e := range entries {
		set[e] = true
	}
	return set
}

func without(list []*Entry, e *Entry) []*Entry {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
