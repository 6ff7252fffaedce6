package mempool

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Entry is the transaction with this txid.
func (p *Pool) Entry(txid chain.Hash) (Entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.graph.byID[txid]
	if !ok {
		return Entry{}, false
	}
	return e.public(), true
}

// ByWTxID is the transaction with this wtxid.
func (p *Pool) ByWTxID(wtxid chain.Hash) (*chain.Tx, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.graph.byWID[wtxid]
	if !ok {
		return nil, false
	}
	return e.tx, true
}

// Entries are all transactions, parents before their children.
func (p *Pool) Entries() []Entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return publish(p.graph.ordered())
}

// TxIDs are all transactions, parents before their children.
func (p *Pool) TxIDs() []chain.Hash {
	p.mu.RLock()
	defer p.mu.RUnlock()
	ids := make([]chain.Hash, 0, len(p.graph.byID))
	for _, e := range p.graph.ordered() {
		ids = append(ids, e.tx.ID)
	}
	return ids
}

// Ancestors are the pool transactions that txid builds on, without itself;
// parents first.
func (p *Pool) Ancestors(txid chain.Hash) ([]Entry, bool) { return p.relatives(txid, ancestors) }

// Descendants are the pool transactions that build on txid, without itself;
// parents first.
func (p *Pool) Descendants(txid chain.Hash) ([]Entry, bool) { return p.relatives(txid, descendants) }

func (p *Pool) relatives(txid chain.Hash, of func(*entry) []*entry) ([]Entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.graph.byID[txid]
	if !ok {
		return nil, false
	}
	found := of(e)
	slices.SortFunc(found, bySeq)
	return publish(found), true
}

// Snapshot is what the miner chooses from.
func (p *Pool) Snapshot() Snapshot {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := Snapshot{Tip: p.tip, Txs: make([]Candidate, 0, len(p.graph.byID))}
	for _, e := range p.graph.ordered() {
		s.Txs = append(s.Txs, Candidate{Tx: e.tx, Fee: e.fee, SigOpCost: e.sigOps})
	}
	return s
}

// Stats are the pool's totals now.
func (p *Pool) Stats() Stats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return Stats{
		Size:      p.graph.sum.count,
		Bytes:     int64(p.graph.sum.size),
		Usage:     p.graph.usage,
		MaxUsage:  p.cfg.MaxBytes,
		TotalFee:  p.graph.sum.fees,
		MinFee:    max(p.floor.at(p.cfg.Now(), p.full()), p.cfg.MinFeeRate),
		MinRelay:  p.cfg.MinFeeRate,
		Increment: policy.Increment,
		Sequence:  p.changes,
	}
}

// MinFee is the fee rate below which nothing enters now.
func (p *Pool) MinFee() policy.FeeRate { return max(p.floorNow(), p.cfg.MinFeeRate) }

// EstimateFee is the fee rate that is likely to let a transaction into a block
// within so many blocks; see estimate.Estimator.Rate. It is never below what
// the pool asks. blocks is the target that the answer is for.
func (p *Pool) EstimateFee(target int, conservative bool) (rate policy.FeeRate, blocks int, ok bool) {
	p.mu.RLock()
	rate, blocks, ok = p.fees.Rate(target, conservative)
	p.mu.RUnlock()
	return max(rate, p.MinFee()), blocks, ok
}

// SpentBy is the pool transaction that spends op.
func (p *Pool) SpentBy(op wire.OutPoint) (txid chain.Hash, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.graph.spent[op]
	if !ok {
		return chain.Hash{}, false
	}
	return e.tx.ID, true
}

// Coins is the coin set over chain and pool: a coin made by a pool transaction
// exists (its Height is PoolHeight), one spent by a pool transaction does not.
func (p *Pool) Coins() chain.CoinView { return coins{pool: p, view: p.cfg.View()} }

type coins struct {
	pool *Pool
	view View
}

// Coin is as chain.CoinView says.
func (c coins) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	c.pool.mu.RLock()
	spender, parent := c.pool.graph.spent[op], c.pool.graph.byID[op.Hash]
	c.pool.mu.RUnlock()
	if spender != nil {
		return chain.Coin{}, false, nil
	}
	if parent != nil {
		coin, ok := parent.coin(op.Index)
		return coin, ok, nil
	}
	return c.view.Coin(op)
}

func publish(entries []*entry) []Entry {
	list := make([]Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.public())
	}
	return list
}

// public copies an entry for readers. Pool.mu is held.
func (e *entry) public() Entry {
	return Entry{
		Tx: e.tx, Fee: e.fee, VSize: e.vsize, SigOpCost: e.sigOps, Time: e.time, Height: e.height, Seq: e.seq,
		Depends: txids(e.parents), SpentBy: txids(e.children),
		AncestorCount: e.anc.count, AncestorSize: e.anc.size, AncestorFees: e.anc.fees,
		DescendantCount: e.desc.count, DescendantSize: e.desc.size, DescendantFees: e.desc.fees,
		Replaceable: e.signals() || slices.ContainsFunc(ancestors(e), (*entry).signals),
	}
}

func txids(entries []*entry) []chain.Hash {
	ids := make([]chain.Hash, len(entries))
	for i, e := range entries {
		ids[i] = e.tx.ID
	}
	return ids
}
