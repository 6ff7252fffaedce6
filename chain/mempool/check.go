package mempool

import (
	"fmt"
	"slices"

	"grapevine/chain"
)

// Check proves what must always hold and names what does not:
//
//   - the indexes by txid, by wtxid, by spent outpoint and by eviction order hold the same entries;
//   - no outpoint is spent twice, none is spent that its parent does not make;
//   - links between parents and children are mutual, unique, and exactly those that the inputs give;
//   - parents came before their children;
//   - totals of ancestors, of descendants and of the pool are what counting anew gives;
//   - the eviction order is a heap;
//   - memory is within its limit.
//
// With the coin set at the pool's own tip also: every input that the pool does
// not make is in the coin set.
func (p *Pool) Check() error {
	if err := p.checkGraph(); err != nil {
		return fmt.Errorf("mempool check: %w", err)
	}
	if err := p.checkCoins(); err != nil {
		return fmt.Errorf("mempool check: %w", err)
	}
	return nil
}

func (p *Pool) checkGraph() error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	g := &p.graph
	if n := len(g.byID); n != len(g.byWID) || n != len(g.heap) {
		return fmt.Errorf("indexes differ: %d by txid, %d by wtxid, %d in eviction order", n, len(g.byWID), len(g.heap))
	}
	if g.usage > p.cfg.MaxBytes {
		return fmt.Errorf("uses %d bytes of %d", g.usage, p.cfg.MaxBytes)
	}
	var sum totals
	usage, inputs := int64(0), 0
	for _, e := range g.byID {
		if err := g.checkEntry(e); err != nil {
			return fmt.Errorf("%s: %w", e.tx.ID, err)
		}
		sum.add(e.own())
		usage += e.usage
		inputs += len(e.tx.TxIn)
	}
	if sum != g.sum || usage != g.usage || inputs != len(g.spent) {
		return fmt.Errorf("sums %v %d %d, counted anew %v %d %d", g.sum, g.usage, len(g.spent), sum, usage, inputs)
	}
	return nil
}

func (g *graph) checkEntry(e *entry) error {
	if g.byID[e.tx.ID] != e || g.byWID[e.tx.WID] != e || g.heap[e.place] != e {
		return fmt.Errorf("not where the indexes say")
	}
	if e.place > 0 && worse(e, g.heap[(e.place-1)/2]) {
		return fmt.Errorf("eviction order is broken at %d", e.place)
	}
	if err := g.checkLinks(e); err != nil {
		return err
	}
	anc, desc := e.own(), e.own()
	for _, a := range ancestors(e) {
		anc.add(a.own())
	}
	for _, d := range descendants(e) {
		desc.add(d.own())
	}
	if anc != e.anc || desc != e.desc {
		return fmt.Errorf("totals %v %v, counted anew %v %v", e.anc, e.desc, anc, desc)
	}
	return nil
}

func (g *graph) checkLinks(e *entry) error {
	var parents []*entry
	for _, in := range e.tx.TxIn {
		op := in.PreviousOutPoint
		if g.spent[op] != e {
			return fmt.Errorf("input %s is not marked as spent by it", op)
		}
		parent := g.byID[op.Hash]
		if parent == nil {
			continue
		}
		if _, ok := parent.coin(op.Index); !ok {
			return fmt.Errorf("input %s does not exist", op)
		}
		if !slices.Contains(parents, parent) {
			parents = append(parents, parent)
		}
	}
	if len(parents) != len(e.parents) {
		return fmt.Errorf("has %d parents, its inputs name %d", len(e.parents), len(parents))
	}
	for _, parent := range parents {
		if !slices.Contains(e.parents, parent) || !slices.Contains(parent.children, e) {
			return fmt.Errorf("is not linked with its parent %s", parent.tx.ID)
		}
		if parent.seq >= e.seq {
			return fmt.Errorf("came before its parent %s", parent.tx.ID)
		}
	}
	for _, child := range e.children {
		if g.byID[child.tx.ID] != child || !slices.Contains(child.parents, e) {
			return fmt.Errorf("is not linked with its child %s", child.tx.ID)
		}
	}
	if !slices.IsSortedFunc(e.children, bySeq) {
		return fmt.Errorf("children are not in order")
	}
	return nil
}

// checkCoins is exact only while the writer rests.
func (p *Pool) checkCoins() error {
	view := p.cfg.View()
	p.mu.RLock()
	entries, tip := p.graph.ordered(), p.tip
	made := make(map[chain.Hash]bool, len(entries))
	for _, e := range entries {
		made[e.tx.ID] = true
	}
	p.mu.RUnlock()
	if view.Tip().Hash != tip.Hash {
		return nil
	}
	for _, e := range entries {
		for _, in := range e.tx.TxIn {
			if made[in.PreviousOutPoint.Hash] {
				continue
			}
			_, ok, err := view.Coin(in.PreviousOutPoint)
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("%s spends %s, which is in neither chain nor pool", e.tx.ID, in.PreviousOutPoint)
			}
		}
	}
	return nil
}
