package mempool

import (
	"cmp"
	"slices"

	"grapevine/chain"
)

// costScript is what a script that an entry pays or spends from takes in memory with its
// place in the index by script, in bytes.
const costScript = 160

// Touching are the transactions of the pool that pay a script or spend from it, by script hash,
// parents before their children; none unless Config.ByScript is set.
func (p *Pool) Touching(script chain.Hash) []Entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	entries := slices.Clone(p.graph.scripts[script])
	slices.SortFunc(entries, bySeq)
	return p.publish(entries)
}

// Recent are the last n transactions that entered, the newest first.
func (p *Pool) Recent(n int) []Entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var last []*entry
	for e := range p.graph.All() {
		at, _ := slices.BinarySearchFunc(last, e, func(a, b *entry) int { return cmp.Compare(b.Seq, a.Seq) })
		if at < n {
			last = slices.Insert(last, at, e)
			last = last[:min(n, len(last))]
		}
	}
	return p.publish(last)
}

// Spends are the coins that a transaction of the pool spends, by input; ok is false when it has
// left the pool, or one of its coins the chain.
func (p *Pool) Spends(txid chain.Hash) (spent []chain.Coin, ok bool, err error) {
	p.mu.RLock()
	e := p.graph.byTxID(txid)
	if e == nil {
		p.mu.RUnlock()
		return nil, false, nil
	}
	spent = make([]chain.Coin, len(e.Tx.TxIn))
	found := make([]bool, len(spent))
	for i, in := range e.Tx.TxIn {
		if parent := p.graph.byTxID(in.PreviousOutPoint.Hash); parent != nil {
			spent[i], found[i] = parent.Coin(in.PreviousOutPoint.Index, poolHeight)
		}
	}
	p.mu.RUnlock()
	view := p.cfg.View()
	for i, in := range e.Tx.TxIn {
		if found[i] {
			continue
		}
		if spent[i], ok, err = view.Coin(in.PreviousOutPoint); err != nil || !ok {
			return nil, false, err
		}
	}
	return spent, true, nil
}

// index and unindex keep who touches which script.
func (g *graph) index(e *entry) {
	for _, s := range e.Scripts {
		g.scripts[s] = append(g.scripts[s], e)
	}
}

func (g *graph) unindex(e *entry) {
	for _, s := range e.Scripts {
		left := without(g.scripts[s], e)
		if len(left) == 0 {
			delete(g.scripts, s)
			continue
		}
		g.scripts[s] = left
	}
}
