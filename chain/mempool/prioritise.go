package mempool

import (
	"math"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// Prioritise adds to what a transaction counts as paying, in the pool now or
// when it comes: for entry, replacement, eviction and mining. Nobody pays it.
// What is added is forgotten when a block confirms the transaction (Core:
// PrioritiseTransaction).
//
// Only the writer may call it.
func (p *Pool) Prioritise(txid chain.Hash, more btcutil.Amount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delta := addFees(p.deltas[txid], more)
	p.deltas[txid] = delta
	if delta == 0 {
		delete(p.deltas, txid)
	}
	e := p.graph.byTxID(txid)
	if e != nil {
		p.graph.reprice(e, addFees(e.Fee, delta))
		p.repriced++
	}
	p.cfg.Log.Info("transaction prioritised", "txid", txid, "pooled", e != nil, "more", chain.FormatMoney(more), "delta", chain.FormatMoney(delta))
}

// modified is a fee with what was added to it. Whoever tests a transaction asks [CTxMemPool::ApplyDelta].
func (p *Pool) modified(txid chain.Hash, fee btcutil.Amount) btcutil.Amount {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return addFees(fee, p.deltas[txid])
}

// maxDelta keeps sums of fees of a whole pool within 64 bits: far more than all money.
const maxDelta = math.MaxInt64 >> 21

// addFees adds within bounds.
func addFees(a, b btcutil.Amount) btcutil.Amount {
	b = min(max(b, -maxDelta), maxDelta)
	return min(max(a+b, -maxDelta), maxDelta)
}

// Delta is what Prioritise has added to one transaction.
type Delta struct {
	Added  btcutil.Amount
	Pooled bool
	Fee    btcutil.Amount // modified; only in the pool
}

// Prioritised are all that Prioritise has added to and no block has confirmed [GetPrioritisedTransactions].
func (p *Pool) Prioritised() map[chain.Hash]Delta {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make(map[chain.Hash]Delta, len(p.deltas))
	for txid, delta := range p.deltas {
		d := Delta{Added: delta}
		if e := p.graph.byTxID(txid); e != nil {
			d.Pooled, d.Fee = true, e.Modified
		}
		all[txid] = d
	}
	return all
}
