package mempool

import (
	"time"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Kept is a transaction that is kept over a restart, and when it entered.
type Kept struct {
	Tx    *chain.Tx
	Since time.Time
	// Unbroadcast: ours, and no peer has asked for it yet.
	Unbroadcast bool
}

// Keep lists what is to be kept, parents before their children.
func (p *Pool) Keep() []Kept {
	p.mu.RLock()
	defer p.mu.RUnlock()
	list := make([]Kept, 0, p.graph.Len())
	for _, e := range p.graph.ordered() {
		list = append(list, Kept{e.Tx, e.Time, p.unbroadcast[e.Tx.ID]})
	}
	return list
}

// Restore is Add for what was kept. It has waited since it first entered, but
// not since a time to come; what has waited too long is refused.
//
// Only the writer may call it.
func (p *Pool) Restore(k Kept) (chain.PoolDelta, error) {
	now := p.cfg.Now()
	switch {
	case k.Since.After(now):
		k.Since = now
	case k.Since.Before(now.Add(-expiry)):
		return chain.PoolDelta{}, refused(policy.ErrExpired)
	}
	return p.add(k.Tx, k.Since)
}
