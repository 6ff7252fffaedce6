package mempool

import (
	"maps"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Kept is a transaction that is kept over a restart, and when it entered.
type Kept struct {
	Tx    *chain.Tx
	Since time.Time
	Delta btcutil.Amount // what Prioritise has added
	// Unbroadcast: ours, and no peer has asked for it yet.
	Unbroadcast bool
}

// Keep lists what is to be kept, parents before their children, and what
// Prioritise has added to transactions that are not in the pool.
func (p *Pool) Keep() (list []Kept, deltas map[chain.Hash]btcutil.Amount) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	deltas = maps.Clone(p.deltas)
	list = make([]Kept, 0, p.graph.Len())
	for _, e := range p.graph.ordered() {
		list = append(list, Kept{e.Tx, e.Time, deltas[e.Tx.ID], p.unbroadcast[e.Tx.ID]})
		delete(deltas, e.Tx.ID)
	}
	return list, deltas
}

// Restore is Add for what was kept. It has waited since it first entered, but
// not since a time to come; what has waited too long is refused. Its delta is the
// caller's to add before, by Prioritise.
//
// Only the writer may call it.
func (p *Pool) Restore(k Kept) (chain.PoolDelta, error) {
	now := p.cfg.Now()
	switch {
	case k.Since.After(now):
		k.Since = now
	case k.Since.Before(now.Add(-p.cfg.Expiry)):
		return chain.PoolDelta{}, refused(policy.ErrExpired)
	}
	delta, err := p.add(k.Tx, k.Since)
	switch {
	case err == nil || p.cfg.Rules.RestoreAlone:
	case policy.Reconsiderable(k.Tx, err):
		p.lowFee.keep(k.Tx)
	default:
		if parent := p.lowFee.find(loneParent(err)); parent != nil {
			delta, _, err = p.addPair(parent, k.Tx, k.Since)
		}
	}
	return delta, err
}
