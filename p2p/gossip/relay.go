package gossip

import (
	"math"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// poolTx is a transaction of the pool as relay sees it.
type poolTx struct {
	tx   *chain.Tx
	rate int64 // satoshis per 1000 vbytes
	out  bool  // has left the pool
}

// poolIndex is the pool by its hashes and in order of entry. The pool's own
// size limit bounds it.
type poolIndex struct {
	byWID  map[chain.Hash]*poolTx
	byTxID map[chain.Hash]*poolTx
	order  []*poolTx // oldest first; those that left are swept when they are the most
}

func newPoolIndex() poolIndex {
	return poolIndex{byWID: make(map[chain.Hash]*poolTx), byTxID: make(map[chain.Hash]*poolTx)}
}

func (x *poolIndex) add(in *poolTx) {
	x.byWID[in.tx.WID], x.byTxID[in.tx.ID] = in, in
	x.order = append(x.order, in)
}

func (x *poolIndex) remove(in *poolTx) {
	in.out = true
	delete(x.byWID, in.tx.WID)
	if x.byTxID[in.tx.ID] == in {
		delete(x.byTxID, in.tx.ID)
	}
	if len(x.order) < 2*len(x.byWID)+64 {
		return
	}
	kept := make([]*poolTx, 0, len(x.byWID))
	for _, in := range x.order {
		if !in.out {
			kept = append(kept, in)
		}
	}
	x.order = kept
}

// onTxIn: the pool took a transaction; tell who does not have it.
func (s *State) onTxIn(ev TxIn) {
	if s.pool.byWID[ev.Tx.WID] != nil {
		return
	}
	in := &poolTx{tx: ev.Tx, rate: int64(ev.Fee) * 1000 * 4 / int64(max(ev.Tx.Weight, 1))}
	s.pool.add(in)
	s.settle(ev.Tx)
	s.txs.orphans.remove(ev.Tx.WID)
	for _, p := range s.peers {
		s.queueInv(p, in)
	}
	s.wakeOrphans(ev.Tx.ID)
}

func (s *State) onTxOut(ev TxOut) {
	if in := s.pool.byWID[ev.Tx.WID]; in != nil {
		s.pool.remove(in)
	}
}

// txHash is the name by which a transaction is announced to the peer.
func (p *peer) txHash(tx *chain.Tx) chain.Hash {
	if p.info.WTxIDRelay {
		return tx.WID
	}
	return tx.ID
}

// queueInv will announce a transaction unless the peer has it or would not
// take it.
func (s *State) queueInv(p *peer, in *poolTx) {
	h := p.txHash(in.tx)
	if !p.info.Relay || in.rate < p.tx.feeFilter || p.tx.known.has(h) {
		return
	}
	if len(p.tx.outbox) >= maxToAnnounce {
		p.tx.outbox = p.tx.outbox[1:]
	}
	if len(p.tx.outbox) == 0 && !s.local {
		p.tx.invAt = s.now.Add(s.poisson(p))
	}
	p.tx.outbox = append(p.tx.outbox, in)
}

// announcePool tells a peer that joins a local network what it missed. On
// public networks that would tell a stranger our whole pool.
func (s *State) announcePool(p *peer) {
	if !s.local {
		return
	}
	order := s.pool.order
	for _, in := range order[max(len(order)-joinAnnounce, 0):] {
		if !in.out {
			s.queueInv(p, in)
		}
	}
}

// poisson is the random time to the next inv to the peer, so that nobody can
// tell from its timing where a transaction came from.
func (s *State) poisson(p *peer) time.Duration {
	mean := outboundInv
	if p.info.Inbound {
		mean = inboundInv
	}
	u := 1 - s.cfg.Rand.Float64() // (0, 1]
	return time.Duration(-math.Log(u) * float64(mean))
}

// nextInv is when the peer's outbox is to be emptied; zero when it is empty.
func (p *peer) nextInv(s *State) time.Time {
	if len(p.tx.outbox) == 0 {
		return time.Time{}
	}
	return p.tx.invAt
}

// flush sends what this step has gathered for each peer.
func (s *State) flush() {
	for _, p := range s.peers {
		if len(p.tx.asks) > 0 {
			s.send(p, &wire.MsgGetData{InvList: p.tx.asks})
			p.tx.asks = nil
		}
		if len(p.tx.outbox) > 0 && (s.local || s.up(p.tx.invAt)) {
			s.flushInvs(p)
		}
	}
}

func (s *State) flushInvs(p *peer) {
	typ := wire.InvTypeTx
	if p.info.WTxIDRelay {
		typ = invTypeWTx
	}
	inv := &wire.MsgInv{}
	for i, in := range p.tx.outbox {
		if len(inv.InvList) == maxTxInv {
			s.send(p, inv)
			inv = &wire.MsgInv{}
			if !s.local {
				p.tx.outbox = p.tx.outbox[i:]
				p.tx.invAt = s.now.Add(s.poisson(p))
				return
			}
		}
		h := p.txHash(in.tx)
		if in.out || p.tx.known.has(h) {
			continue
		}
		p.tx.known.add(h)
		inv.InvList = append(inv.InvList, wire.NewInvVect(typ, &h))
	}
	p.tx.outbox = nil
	if len(inv.InvList) > 0 {
		s.send(p, inv)
	}
}

// sendFeeFilter asks a peer not to announce what our pool would refuse (BIP133).
func (s *State) sendFeeFilter(p *peer) {
	if s.cfg.MinFee > 0 && p.info.Relay {
		s.send(p, wire.NewMsgFeeFilter(s.cfg.MinFee))
	}
}

func (s *State) onMinFee(rate int64) {
	if rate == s.cfg.MinFee {
		return
	}
	s.cfg.MinFee = rate
	for _, p := range s.peers {
		if p.info.Relay {
			s.send(p, wire.NewMsgFeeFilter(rate))
		}
	}
}
