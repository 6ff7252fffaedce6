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
	e := p.graph.byTxID(txid)
	if e == nil {
		return Entry{}, false
	}
	return p.public(e), true
}

// Entries are all transactions, parents before their children.
func (p *Pool) Entries() []Entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.publish(p.graph.ordered())
}

// TxIDs are all transactions, parents before their children.
func (p *Pool) TxIDs() []chain.Hash {
	p.mu.RLock()
	defer p.mu.RUnlock()
	ids := make([]chain.Hash, 0, p.graph.Len())
	for _, e := range p.graph.ordered() {
		ids = append(ids, e.Tx.ID)
	}
	return ids
}

// Ancestors are the pool transactions that txid builds on, without itself;
// parents first.
func (p *Pool) Ancestors(txid chain.Hash) ([]Entry, bool) { return p.relatives(txid, ancestors) }

// Descendants are the pool transactions that build on txid, without itself;
// parents first.
func (p *Pool) Descendants(txid chain.Hash) ([]Entry, bool) {
	return p.relatives(txid, descendants)
}

func (p *Pool) relatives(txid chain.Hash, of func(*entry) []*entry) ([]Entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e := p.graph.byTxID(txid)
	if e == nil {
		return nil, false
	}
	found := of(e)
	slices.SortFunc(found, bySeq)
	return p.publish(found), true
}

// Snapshot is what the miner chooses from.
func (p *Pool) Snapshot() Snapshot {
	p.mu.RLock()
	defer p.mu.RUnlock()
	s := Snapshot{Tip: p.tip, Txs: make([]Candidate, 0, p.graph.Len()), Updates: p.updates()}
	for _, e := range p.graph.ordered() {
		s.Txs = append(s.Txs, Candidate{Tx: e.Tx, Fee: e.Fee, Modified: e.Modified, VSize: e.VSize, SigOpCost: e.SigOpCost, Related: len(e.Parents)+len(e.Children) > 0})
	}
	return s
}

// Updates grows with whatever the miner would choose otherwise for, but for the tip: with what enters, what
// leaves, and what is prioritised [GetTransactionsUpdated].
func (p *Pool) Updates() uint64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.updates()
}

// updates is Updates under the lock [nTransactionsUpdated].
func (p *Pool) updates() uint64 { return p.changes + p.repriced }

// Stats are the pool's totals now.
func (p *Pool) Stats() Stats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return Stats{
		Size:     p.graph.Sum().Count,
		Bytes:    int64(p.graph.Sum().Size),
		Usage:    p.graph.Usage(),
		MaxUsage: p.cfg.MaxBytes,
		TotalFee: p.graph.fees,
		MinFee:   max(p.floor.at(p.cfg.Now(), p.full()), p.cfg.Rules.MinRelay),
		Waiting:  len(p.unbroadcast),
		Sequence: p.changes + 1,
	}
}

// Rules are the rules of relay.
func (p *Pool) Rules() policy.Rules { return p.cfg.Rules }

// MinFee is the fee rate below which nothing enters now.
func (p *Pool) MinFee() policy.FeeRate { return max(p.floorNow(), p.cfg.Rules.MinRelay) }

// Floor is the fee rate below which a full pool has lately let go of transactions; 0:
// it has not [GetMinFee].
func (p *Pool) Floor() policy.FeeRate { return p.floorNow() }

// SpentBy is the pool transaction that spends op.
func (p *Pool) SpentBy(op wire.OutPoint) (txid chain.Hash, ok bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e := p.graph.spender(op)
	if e == nil {
		return chain.Hash{}, false
	}
	return e.Tx.ID, true
}

// Coins is the coin set over chain and pool: a coin made by a pool transaction
// exists (its Height is poolHeight), one spent by a pool transaction does not.
func (p *Pool) Coins() chain.CoinView { return coins{pool: p, view: p.cfg.View()} }

type coins struct {
	pool *Pool
	view View
}

// Coin is as chain.CoinView says.
func (c coins) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	c.pool.mu.RLock()
	spender, parent := c.pool.graph.spender(op), c.pool.graph.byTxID(op.Hash)
	c.pool.mu.RUnlock()
	if spender != nil {
		return chain.Coin{}, false, nil
	}
	if parent != nil {
		coin, ok := parent.Coin(op.Index, poolHeight)
		return coin, ok, nil
	}
	return c.view.Coin(op)
}

func (p *Pool) publish(entries []*entry) []Entry {
	list := make([]Entry, 0, len(entries))
	for _, e := range entries {
		list = append(list, p.public(e))
	}
	return list
}

// public copies an entry for readers. Pool.mu is held.
func (p *Pool) public(e *entry) Entry {
	return Entry{
		Tx: e.Tx, Fee: e.Fee, Modified: e.Modified, VSize: e.VSize, SigOpCost: e.SigOpCost, Time: e.Time, Height: e.Height, Seq: e.Seq,
		Depends: txids(e.Parents), SpentBy: txids(e.Children),
		AncestorCount: e.Anc.Count, AncestorSize: e.Anc.Size, AncestorFees: e.Anc.Fees,
		DescendantCount: e.Desc.Count, DescendantSize: e.Desc.Size, DescendantFees: e.Desc.Fees,
		Replaceable: signals(e) || slices.ContainsFunc(ancestors(e), signals), // [IsRBFOptIn]
		Unbroadcast: p.unbroadcast[e.Tx.ID], Scripts: e.Scripts,
	}
}

// signals says whether a transaction allows its replacement by BIP125.
func signals(e *entry) bool { return policy.SignalsReplacement(e.Tx.MsgTx) }

func txids(entries []*entry) []chain.Hash {
	ids := make([]chain.Hash, len(entries))
	for i, e := range entries {
		ids[i] = e.Tx.ID
	}
	return ids
}
