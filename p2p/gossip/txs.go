package gossip

import (
	"errors"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/judge"
	"grapevine/p2p/gossip/orphans"
	"grapevine/p2p/gossip/relay"
	"grapevine/p2p/gossip/track"
)

// txDesk is where transactions wait: announced, for judgement, for parents. An
// orphan is not judged, and what is judged is no orphan.
type txDesk struct {
	track     *track.Tracker
	orphans   *orphans.House
	judge     *judge.Txs
	rejected  relay.Set // wtxids that would be rejected again at this tip
	confirmed relay.Set // names of those that the last blocks took from the pool
	lowFee    relay.Set // wtxids refused for their fee alone: asked for again only as a parent
}

func newTxDesk() txDesk {
	return txDesk{
		track:     track.New(),
		orphans:   orphans.New(),
		judge:     judge.NewTxs(),
		rejected:  relay.NewSet(maxRejected),
		lowFee:    relay.NewSet(maxRejected),
		confirmed: relay.NewSet(maxConfirmed),
	}
}

// Refusals that a child can make good, in Bitcoin Core's words.
const (
	feeTooLow    chain.Policy = "min relay fee not met"
	feeBelowPool chain.Policy = "mempool min fee not met"
)

// onTx takes a transaction from a peer, asked for or not. While we are syncing
// it could not be judged.
func (s *State) onTx(p *peer, tx *chain.Tx) {
	p.outbox.Knows(p.outbox.Name(tx))
	if s.txs.judge.Indebted(p.id, s.now) {
		s.txs.track.Fail(p.offers, tx.WID)
		s.txs.track.Fail(p.offers, tx.ID)
		return
	}
	s.settle(tx)
	poor := s.txs.lowFee.Has(tx.WID) && len(s.txs.orphans.Waiting(tx.ID)) == 0
	if s.syncing() || s.haveTx(tx.WID) || poor {
		return
	}
	if tx.Weight > maxTxWeight {
		s.txs.rejected.Add(tx.WID)
		return
	}
	if s.txs.judge.Room(p.id, tx.Size) {
		s.txs.judge.Add(&judge.Tx{Tx: tx, From: p.id})
	}
}

// pumpTxs gives to the pool what the credits allow, our own first.
func (s *State) pumpTxs() {
	for j := s.txs.judge.Next(); j != nil; j = s.txs.judge.Next() {
		s.do(p2p.ValidateTx{Peer: j.From, Tx: j.Tx})
	}
}

// onTxVerdict ends a judgement. A refused transaction is nobody's offence: what
// we refuse others may take, by another tip or another policy. But what refusing it
// took is on the account of who sent it.
func (s *State) onTxVerdict(v TxVerdict) {
	j := s.txs.judge.Done(v.Tx.WID)
	if j == nil {
		return
	}
	for _, t := range j.Tickets {
		s.answer(t, v.Err)
	}
	p := s.byID[j.From]
	var missing *chain.MissingError
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
	case errors.Is(v.Err, feeTooLow), errors.Is(v.Err, feeBelowPool):
		s.txs.lowFee.Add(v.Tx.WID)
		s.parentCame(v.Tx.ID, true) // the pool takes a poor parent with a child that pays for it
	default:
		s.txs.rejected.Add(v.Tx.WID)
		s.cfg.Log.Debug("transaction refused", "peer", j.From, "txid", v.Tx.ID, "err", v.Err)
	}
}

// charge notes what a refused transaction of a peer has cost. If the peer owes too
// much by now, nothing of its is judged for a while: what it was asked for is asked
// of others, and what waited of its is asked of who has announced it too.
func (s *State) charge(p *peer, cost time.Duration) {
	indebted, back := s.txs.judge.Charge(p.id, cost, s.now)
	if !indebted {
		return
	}
	s.cfg.Log.Info("peer's refused transactions cost too much, its next ones are ignored for a while", "peer", p.id)
	s.txs.track.Leave(p.offers)
	p.offers = s.txs.track.Join(!p.Inbound())
	for _, tx := range back {
		for _, q := range s.peers {
			if q != p && q.outbox.Known(tx) {
				s.txs.track.Offer(q.offers, track.Ask{Hash: q.outbox.Name(tx), ByWTxID: q.WTxIDRelay})
			}
		}
	}
}

// haveTx says whether a transaction need not be asked for.
func (s *State) haveTx(h chain.Hash) bool {
	return s.pool.ByWID(h) != nil || s.pool.ByTxID(h) != nil || s.txs.judge.Find(h) != nil ||
		s.txs.orphans.Has(h) || s.txs.rejected.Has(h) || s.txs.confirmed.Has(h)
}

// settle ends the wants of a transaction that we have, by both its names.
func (s *State) settle(tx *chain.Tx) {
	s.txs.track.Settle(tx.WID)
	s.txs.track.Settle(tx.ID)
}

// keepOrphan lets a transaction wait and asks who sent it for its parents.
func (s *State) keepOrphan(p *peer, tx *chain.Tx, parents []chain.Hash) {
	if !s.txs.orphans.Room(p.id, len(parents)) {
		return
	}
	for _, h := range parents {
		if s.txs.rejected.Has(h) {
			s.txs.rejected.Add(tx.WID)
			return
		}
		if s.pool.ByTxID(h) != nil { // it came while this one was judged
			s.txs.judge.Add(&judge.Tx{Tx: tx, From: p.id})
			return
		}
	}
	s.txs.orphans.Add(&orphans.Orphan{Tx: tx, From: p.id, Parents: parents, Expires: s.now.Add(orphans.Expiry)})
	s.askParents(p, parents)
}

func (s *State) askParents(p *peer, parents []chain.Hash) {
	for _, h := range parents {
		if !s.haveTx(h) {
			s.txs.track.Offer(p.offers, track.Ask{Hash: h})
		}
	}
}

// inheritOrphans: what waited for a peer that left is now for those who had
// announced it as well.
func (s *State) inheritOrphans(id p2p.PeerID) {
	for _, x := range s.txs.orphans.Forget(id) {
		if p := s.byID[x.From]; p != nil {
			s.askParents(p, x.Parents)
		}
	}
}

// parentCame judges the orphans again that waited for this one parent only. What
// an orphan costs us is paid for by its own bytes, so nothing short may make us
// look at it again and again: all its parents are here, or it stays as it is; and
// if one that is poor does not help it, it goes.
func (s *State) parentCame(txid chain.Hash, poor bool) {
	for _, x := range s.txs.orphans.Waiting(txid) {
		if slices.ContainsFunc(x.Parents, func(h chain.Hash) bool { return h != txid && s.pool.ByTxID(h) == nil }) {
			continue
		}
		s.rejudge(x, poor)
	}
}

// rejudge judges an orphan again, for the last time if last.
func (s *State) rejudge(x *orphans.Orphan, last bool) {
	if s.txs.orphans.Remove(x.Tx.WID) != nil {
		s.txs.judge.Add(&judge.Tx{Tx: x.Tx, From: x.From, Last: last})
	}
}
