package gossip

import (
	"errors"

	"grapevine/chain"
	"grapevine/p2p"
)

// Refusals that a child can make good, in Bitcoin Core's words.
const (
	feeTooLow    chain.Policy = "min relay fee not met"
	feeBelowPool chain.Policy = "mempool min fee not met"
)

// txJudgement is a transaction that waits for a credit or is being judged. Of
// each there is one, and none of an orphan.
type txJudgement struct {
	tx      *chain.Tx
	from    p2p.PeerID
	sent    bool
	tickets []Ticket
}

// onTx takes a transaction from a peer, asked for or not. While we are syncing
// it could not be judged.
func (s *State) onTx(p *peer, tx *chain.Tx) {
	p.tx.known.add(p.txHash(tx))
	s.settle(tx)
	defer s.fillTx(p)
	poor := s.txs.lowFee.has(tx.WID) && len(s.txs.orphans.byParent[tx.ID]) == 0
	if s.syncing() || s.haveTx(tx.WID) || poor {
		return
	}
	if tx.Weight > maxTxWeight {
		s.txs.rejected.add(tx.WID)
		return
	}
	d := &s.txs
	if len(d.queue) >= maxTxWaiting || d.bytes+tx.Size > maxTxWaitingBytes || p.tx.waiting >= maxTxWaitingPeer {
		return
	}
	s.judgeTx(&txJudgement{tx: tx, from: p.id})
}

func (s *State) judgeTx(j *txJudgement) {
	d := &s.txs
	d.judging[j.tx.WID] = j
	if len(j.tickets) > 0 {
		d.own = append(d.own, j)
		return
	}
	if p := s.byID[j.from]; p != nil {
		p.tx.waiting++
	}
	d.queue = append(d.queue, j)
	d.bytes += j.tx.Size
}

// pumpTxs gives to the pool what the credits allow, our own first.
func (s *State) pumpTxs() {
	d := &s.txs
	for d.credits > 0 && len(d.own)+len(d.queue) > 0 {
		var j *txJudgement
		if len(d.own) > 0 {
			j, d.own = d.own[0], d.own[1:]
		} else {
			j, d.queue = d.queue[0], d.queue[1:]
			d.bytes -= j.tx.Size
			if p := s.byID[j.from]; p != nil {
				p.tx.waiting--
			}
		}
		d.credits--
		j.sent = true
		s.do(JudgeTx{Peer: j.from, Tx: j.tx})
	}
	if len(d.own) == 0 {
		d.own = nil
	}
	if len(d.queue) == 0 {
		d.queue = nil
	}
	if d.paused && !s.syncing() && d.flights+len(d.queue) < maxTxWaiting/2 {
		d.paused = false
		for _, p := range s.peers {
			s.fillTx(p)
		}
	}
}

// onTxVerdict ends a judgement. A refused transaction is nobody's offence: what
// we refuse others may take, by another tip or another policy.
func (s *State) onTxVerdict(v TxVerdict) {
	j := s.txs.judging[v.Tx.WID]
	if j == nil || !j.sent {
		return
	}
	delete(s.txs.judging, v.Tx.WID)
	s.txs.credits++
	for _, t := range j.tickets {
		s.answer(t, v.Err)
	}
	p := s.byID[j.from]
	var missing *chain.MissingError
	switch {
	case v.Err == nil:
		if p != nil {
			p.stats.txsFrom++
			p.stats.lastTx = s.now
		}
	case errors.As(v.Err, &missing):
		if p != nil {
			s.keepOrphan(p, v.Tx, missing.Parents)
		}
	case errors.Is(v.Err, feeTooLow), errors.Is(v.Err, feeBelowPool):
		s.txs.lowFee.add(v.Tx.WID)
		s.wakeOrphans(v.Tx.ID) // the pool takes a poor parent with a child that pays for it
	default:
		s.txs.rejected.add(v.Tx.WID)
		s.cfg.Log.Debug("transaction refused", "peer", j.from, "txid", v.Tx.ID, "err", v.Err)
	}
}
