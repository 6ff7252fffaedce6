package gossip

import (
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// onTxIn: the pool took a transaction; tell who does not have it.
func (s *State) onTxIn(ev TxIn) {
	in := s.pool.Add(ev.Tx, ev.Fee)
	if in == nil {
		return
	}
	if ev.Returned {
		in.Seen() // who asks for it has it from the block
	}
	s.settle(ev.Tx)
	s.tx.orphans.Remove(ev.Tx.WID)
	s.announceToAll(in)
	s.parentCame(ev.Tx.ID)
}

// onTxOut: slower peers announce what a block has just confirmed; it is not
// asked for again.
func (s *State) onTxOut(ev TxOut) {
	s.pool.Remove(ev.Tx.WID)
	if ev.Why == chain.GoneConfirmed {
		s.tx.confirmed.Add(ev.Tx.WID)
		s.tx.confirmed.Add(ev.Tx.ID)
	}
}

// prompt says whether announcements to a peer do not wait: on local networks, and for
// whom people trust.
func (s *State) prompt(p *peer) bool { return s.local || p.May(p2p.MayStay) }

// onTxsAgain: nobody has asked for these yet.
func (s *State) onTxsAgain(ev TxsAgain) {
	for _, wtxid := range ev.WTxIDs {
		if in := s.pool.ByWID(wtxid); in != nil {
			s.announceToAll(in)
		}
	}
}

// announceToAll announces a transaction of the pool to all who do not know it.
func (s *State) announceToAll(in *txs.Tx) {
	for _, p := range s.peers {
		s.announceTx(p, in)
	}
}

// announceTx puts a transaction into a peer's outbox. It is emptied at the end
// of the step where that is prompt, else after a random time [RelayTransaction].
func (s *State) announceTx(p *peer, in *txs.Tx) {
	if first := p.tx.Put(in); first && !s.prompt(p) {
		p.tx.Due = s.invs.Next(s.now, p.Inbound())
	}
}

// announcePool tells a peer that joins a local network what it missed. On
// public networks that would tell a stranger our whole pool.
func (s *State) announcePool(p *peer) {
	if !s.local {
		return
	}
	for _, in := range s.pool.Newest(joinAnnounce) {
		s.announceTx(p, in)
	}
}

// nextInv is when the peer's outbox is to be emptied; zero when it is empty.
func (p *peer) nextInv() time.Time {
	if p.tx.Len() == 0 && !p.asksPool {
		return time.Time{}
	}
	return p.tx.Due
}

// flushInvs empties the outboxes that are due: where that is prompt wholly, else
// one message at a time.
func (s *State) flushInvs() {
	for _, p := range s.peers {
		prompt := s.prompt(p)
		if p.asksPool && (prompt || s.up(p.tx.Due)) {
			p.asksPool = false
			for _, inv := range p.tx.Whole(s.pool.Newest(s.pool.Log())) {
				s.send(p, inv)
			}
		}
		if p.tx.Len() == 0 || !prompt && !s.up(p.tx.Due) {
			continue
		}
		if !s.local {
			p.tx.Sort()
		}
		for p.tx.Len() > 0 {
			if inv := p.tx.Take(prompt, s.pool.Seq()); inv != nil {
				s.send(p, inv)
			}
			if !prompt {
				p.tx.Due = s.invs.Next(s.now, p.Inbound())
				break
			}
		}
	}
}
