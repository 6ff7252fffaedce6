package gossip

import (
	"errors"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// txDownload is where transactions wait: announced, for validation, for parents. An
// orphan is not validated, and what is validated is no orphan.
type txDownload struct {
	requests  *txs.Requests
	orphans   *txs.Orphanage
	queue     *txQueue
	rejected  txs.Set // wtxids that would be rejected again at this tip [m_lazy_recent_rejects]
	confirmed txs.Set // names of those that the last blocks took from the pool
	lowFee    txs.Set // wtxids refused for their fee alone: asked for again only as a parent
}

func newTxDownload(cfg Config) txDownload {
	return txDownload{
		requests:  txs.NewRequests(cfg.Manners.pace()),
		orphans:   txs.NewOrphanage(txs.OrphanLimits{Most: cfg.Manners.MaxOrphans, Rand: cfg.Rand}),
		queue:     newTxQueue(),
		rejected:  txs.NewSet(maxRejected),
		lowFee:    txs.NewSet(maxRejected),
		confirmed: txs.NewSet(maxConfirmed),
	}
}

// onTx takes a transaction from a peer, asked for or not. While we are syncing
// it could not be validated: what was asked for before is asked for again afterwards.
func (s *State) onTx(p *peer, tx *chain.Tx) {
	if s.refusesTxs(p) {
		s.violates(p, "transaction")
		return
	}
	p.outbox.Knows(p.outbox.Name(tx))
	if s.tx.queue.indebted(p.id, s.now) {
		s.tx.requests.Fail(p.offers, tx.WID)
		s.tx.requests.Fail(p.offers, tx.ID)
		return
	}
	if s.syncing() {
		s.tx.requests.Postpone(p.offers, tx.WID, s.now)
		s.tx.requests.Postpone(p.offers, tx.ID, s.now)
		return
	}
	s.tx.requests.Settle(tx.WID)
	if tx.HasWitness() {
		// Its txid does not commit to its witness: who else has it by that name may
		// have the good copy [ReceivedResponse].
		s.tx.requests.Fail(p.offers, tx.ID)
	}
	if j := s.tx.queue.find(tx.WID); j != nil {
		j.tasks = p.waitsFor(j.tasks)
	}
	childless := s.tx.lowFee.Has(tx.WID) && len(s.tx.orphans.Waiting(tx.ID)) == 0
	if s.haveTx(tx.WID) || childless {
		return
	}
	if tx.Weight > policy.MaxWeight {
		s.tx.rejected.Add(tx.WID)
		return
	}
	if s.tx.queue.takes(p.id, tx.Size) {
		s.tx.queue.Add(&queuedTx{Tx: tx, From: p.id, tasks: p.waitsFor(nil)})
	}
}

// pumpTxs gives to the pool what the credits allow, our own first.
func (s *State) pumpTxs() {
	for j := s.tx.queue.next(); j != nil; j = s.tx.queue.next() {
		s.do(p2p.ValidateTx{Peer: j.From, Tx: j.Tx})
	}
}

// onTxVerdict ends a validation. A refused transaction is nobody's offence: what
// we refuse others may take, by another tip or another policy. But what refusing it
// took is on the account of who sent it.
func (s *State) onTxVerdict(v TxVerdict) {
	j := s.tx.queue.Done(v.Tx.WID)
	if j == nil {
		return
	}
	defer s.finish(j.tasks...)
	for _, t := range j.Tickets {
		s.answer(t, v.Err)
	}
	p := s.byID[j.From]
	var missing *chain.MissingError
	var refused *chain.PolicyError
	if p != nil && v.Err != nil && v.Cost > 0 && !errors.As(v.Err, &missing) {
		s.charge(p, v.Cost)
	}
	switch {
	case v.Err == nil:
		if p != nil {
			p.stats.txsFrom++
			p.stats.lastTx = s.now
		}
	case errors.As(v.Err, &missing):
		if p != nil && !j.Last {
			s.keepOrphan(p, v.Tx, missing.Parents)
		}
	case policy.Reconsiderable(v.Tx, v.Err):
		s.tx.lowFee.Add(v.Tx.WID)   // [m_lazy_recent_rejects_reconsiderable]
		s.parentCame(v.Tx.ID, true) // the pool takes a low-fee parent with a child that pays for it [CPFP]
	case errors.As(v.Err, &refused) && refused.Stripped:
	default:
		s.tx.rejected.Add(v.Tx.WID)
		s.cfg.Log.Debug("transaction refused", "peer", j.From, "txid", v.Tx.ID, "err", v.Err)
	}
}

// charge notes what a refused transaction of a peer has cost. If the peer owes too
// much by now, nothing of its is validated for a while: what it was asked for is asked
// of others, and what waited of its is asked of who has announced it too.
func (s *State) charge(p *peer, cost time.Duration) {
	indebted, back := s.tx.queue.charge(p.id, cost, s.now)
	if !indebted {
		return
	}
	s.cfg.Log.Info("peer's refused transactions cost too much, its next ones are ignored for a while", "peer", p.id)
	s.tx.requests.Leave(p.offers)
	p.offers = s.tx.requests.Join(p.id, p.Link)
	for _, j := range back {
		s.finish(j.tasks...)
		for _, q := range s.peers {
			if q != p && q.outbox.Known(j.Tx) {
				s.tx.requests.Offer(q.offers, txs.Name{Hash: q.outbox.Name(j.Tx), ByWTxID: q.WTxIDRelay}, s.now)
			}
		}
	}
}

// haveTx says whether a transaction need not be asked for.
func (s *State) haveTx(h chain.Hash) bool {
	return s.pool.ByWID(h) != nil || s.pool.ByTxID(h) != nil || s.tx.queue.find(h) != nil ||
		s.tx.orphans.Has(h) || s.tx.rejected.Has(h) || s.tx.confirmed.Has(h)
}

// settle ends the wants of a transaction that we have, by both its names.
func (s *State) settle(tx *chain.Tx) {
	s.tx.requests.Settle(tx.WID)
	s.tx.requests.Settle(tx.ID)
}

// keepOrphan lets a transaction wait and asks who sent it for its parents.
func (s *State) keepOrphan(p *peer, tx *chain.Tx, parents []chain.Hash) {
	if !s.tx.orphans.Takes(p.id, len(parents)) {
		return
	}
	for _, h := range parents {
		if s.tx.rejected.Has(h) {
			s.tx.rejected.Add(tx.WID)
			return
		}
		if s.pool.ByTxID(h) != nil { // it came while this one was validated
			s.tx.queue.Add(&queuedTx{Tx: tx, From: p.id})
			return
		}
	}
	s.tx.orphans.Add(&txs.Orphan{Tx: tx, From: p.id, Parents: parents, Expires: s.now.Add(txs.OrphanExpiry)})
	s.askParents(p, parents)
}

func (s *State) askParents(p *peer, parents []chain.Hash) {
	for _, h := range parents {
		if !s.haveTx(h) {
			s.tx.requests.Offer(p.offers, txs.Name{Hash: h}, s.now)
		}
	}
}

// inheritOrphans: what waited for a peer that left is now for those who had
// announced it as well.
func (s *State) inheritOrphans(id p2p.PeerID) {
	for _, x := range s.tx.orphans.Forget(id) {
		if p := s.byID[x.From]; p != nil {
			s.askParents(p, x.Parents)
		}
	}
}

// parentCame validates the orphans again that waited for this one parent only. What
// an orphan costs us is paid for by its own bytes, so nothing short may make us
// look at it again and again: all its parents are here, or it stays as it is; and
// if one that pays too little does not help it, it goes.
func (s *State) parentCame(txid chain.Hash, lowFee bool) {
	for _, x := range s.tx.orphans.Waiting(txid) {
		if slices.ContainsFunc(x.Parents, func(h chain.Hash) bool { return h != txid && s.pool.ByTxID(h) == nil }) {
			continue
		}
		s.revalidate(x, lowFee)
	}
}

// revalidate validates an orphan again, for the last time if last.
func (s *State) revalidate(x *txs.Orphan, last bool) {
	if s.tx.orphans.Remove(x.Tx.WID) != nil {
		s.tx.queue.Add(&queuedTx{Tx: x.Tx, From: x.From, Last: last})
	}
}
