package mempool

import (
	"slices"

	"grapevine/chain"
)

// Our own transactions are unbroadcast until a peer has asked for one of them
// (getdata): until then nobody may know of it [m_unbroadcast_txids].

// MarkUnbroadcast notes that a transaction of the pool is our own and nobody
// has asked for it yet [AddUnbroadcastTx].
func (p *Pool) MarkUnbroadcast(txid chain.Hash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.graph.byTxID(txid) != nil {
		p.unbroadcast[txid] = true
	}
}

// Unbroadcast are the wtxids of those, parents first.
func (p *Pool) Unbroadcast() (wtxids []chain.Hash) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var waiting []*entry
	for txid := range p.unbroadcast {
		waiting = append(waiting, p.graph.byTxID(txid))
	}
	slices.SortFunc(waiting, bySeq)
	for _, e := range waiting {
		wtxids = append(wtxids, e.Tx.WID)
	}
	return wtxids
}

// Fetched notes that a peer was given the transaction.
func (p *Pool) Fetched(txid chain.Hash) {
	p.mu.RLock()
	waiting := p.unbroadcast[txid]
	p.mu.RUnlock()
	if !waiting { // nearly always: readers need not wait
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unbroadcast, txid)
	p.cfg.Log.Debug("own transaction was asked for", "txid", txid)
}
