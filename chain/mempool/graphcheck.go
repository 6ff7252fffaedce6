package mempool

import (
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// Check proves what must always hold and names what does not:
//
//   - the indexes by txid, by wtxid, by spent outpoint, by script and by eviction order hold the same entries;
//   - no outpoint is spent twice, none is spent that its parent does not make;
//   - links between parents and children are mutual, unique, and exactly those that the inputs give;
//   - parents came before their children;
//   - totals of ancestors, of descendants and of the graph are what counting anew gives;
//   - the eviction order is a heap.
func (g *graph) Check() error {
	if n := len(g.byID); n != len(g.byWID) || n != len(g.heap) {
		return fmt.Errorf("indexes differ: %d by txid, %d by wtxid, %d in eviction order", n, len(g.byWID), len(g.heap))
	}
	var sum totals
	fees, usage, inputs, places := btcutil.Amount(0), int64(0), 0, 0
	for _, e := range g.byID {
		if err := g.checkEntry(e); err != nil {
			return fmt.Errorf("%s: %w", e.Tx.ID, err)
		}
		sum.Add(e.own())
		fees += e.Fee
		usage += e.Usage
		inputs += len(e.Tx.TxIn)
		places += len(e.Scripts)
	}
	for _, list := range g.scripts {
		places -= len(list)
	}
	if places != 0 {
		return fmt.Errorf("%d places too few in the index by script", places)
	}
	if sum != g.sum || fees != g.fees || usage != g.usage || inputs != len(g.spent) {
		return fmt.Errorf("sums %v %d %d, counted anew %v %d %d", g.sum, g.usage, len(g.spent), sum, usage, inputs)
	}
	return nil
}

func (g *graph) checkEntry(e *entry) error {
	if g.byID[e.Tx.ID] != e || g.byWID[e.Tx.WID] != e || g.heap[e.place] != e {
		return fmt.Errorf("not where the indexes say")
	}
	if e.place > 0 && worse(e, g.heap[(e.place-1)/2]) {
		return fmt.Errorf("eviction order is broken at %d", e.place)
	}
	if err := g.checkLinks(e); err != nil {
		return err
	}
	for _, s := range e.Scripts {
		if !slices.Contains(g.scripts[s], e) {
			return fmt.Errorf("it is not found by script %s", s)
		}
	}
	anc, desc := e.own(), e.own()
	for _, a := range ancestors(e) {
		anc.Add(a.own())
	}
	for _, d := range descendants(e) {
		desc.Add(d.own())
	}
	if anc != e.Anc || desc != e.Desc {
		return fmt.Errorf("totals %v %v, counted anew %v %v", e.Anc, e.Desc, anc, desc)
	}
	return nil
}

func (g *graph) checkLinks(e *entry) error {
	var parents []*entry
	for _, in := range e.Tx.TxIn {
		op := in.PreviousOutPoint
		if g.spent[op] != e {
			return fmt.Errorf("input %s is not marked as spent by it", op)
		}
		parent := g.byID[op.Hash]
		if parent == nil {
			continue
		}
		if _, ok := parent.Coin(op.Index, 0); !ok {
			return fmt.Errorf("input %s does not exist", op)
		}
		if !slices.Contains(parents, parent) {
			parents = append(parents, parent)
		}
	}
	if len(parents) != len(e.Parents) {
		return fmt.Errorf("has %d parents, its inputs name %d", len(e.Parents), len(parents))
	}
	for _, parent := range parents {
		if !slices.Contains(e.Parents, parent) || !slices.Contains(parent.Children, e) {
			return fmt.Errorf("is not linked with its parent %s", parent.Tx.ID)
		}
		if parent.Seq >= e.Seq {
			return fmt.Errorf("came before its parent %s", parent.Tx.ID)
		}
	}
	for _, child := range e.Children {
		if g.byID[child.Tx.ID] != child || !slices.Contains(child.Parents, e) {
			return fmt.Errorf("is not linked with its child %s", child.Tx.ID)
		}
	}
	if !slices.IsSortedFunc(e.Children, bySeq) {
		return fmt.Errorf("children are not in order")
	}
	return nil
}
