package gossip

import (
	"errors"

	"grapevine/chain"
	"grapevine/p2p"
)

// Our own wallet, miner and RPC enter by the same door as strangers, without
// limits, orphan waiting and offences. Each Submit gets exactly one Answer.

// errBusy: more Submits wait than any honest caller makes.
var errBusy = errors.New("too many submissions wait for judgement")

func (s *State) answer(t Ticket, err error) { s.do(Answer{Ticket: t, Err: err}) }

// onSubmitTx judges a transaction of our own. One that is in the pool already
// is announced again to those who do not have it, and accepted.
func (s *State) onSubmitTx(ev SubmitTx) {
	if in := s.pool.byWID[ev.Tx.WID]; in != nil {
		for _, p := range s.peers {
			s.queueInv(p, in)
		}
		s.answer(ev.Ticket, nil)
		return
	}
	if j := s.txs.judging[ev.Tx.WID]; j != nil {
		j.tickets = append(j.tickets, ev.Ticket)
		return
	}
	if len(s.txs.own) >= maxSubmitTxs {
		s.answer(ev.Ticket, errBusy)
		return
	}
	s.settle(ev.Tx)
	j := &txJudgement{tx: ev.Tx, from: p2p.Self, tickets: []Ticket{ev.Ticket}}
	if x := s.txs.orphans.remove(ev.Tx.WID); x != nil {
		j.from = x.from // it goes on waiting if it must: it is theirs as well
	}
	s.judgeTx(j)
}

// onSubmitBlock judges a block of our own.
func (s *State) onSubmitBlock(ev SubmitBlock) {
	e, err := s.ownHeader(ev.Block)
	switch {
	case err != nil:
		s.answer(ev.Ticket, err)
	case e.stored:
		s.answer(ev.Ticket, chain.ErrDuplicate)
	case e.judge != nil && e.judge.from == p2p.Self && e.judge.block == ev.Block:
		e.judge.tickets = append(e.judge.tickets, ev.Ticket)
	case s.bodies.selves >= maxSubmitBlocks || e.judge != nil && len(e.judge.joined) >= maxSubmitBlocks:
		s.answer(ev.Ticket, errBusy)
	case e.judge != nil:
		e.judge.joined = append(e.judge.joined, joinedBody{ev.Ticket, ev.Block})
	default:
		s.judgeBlock(&judgement{e: e, block: ev.Block, from: p2p.Self, tickets: []Ticket{ev.Ticket}})
	}
}

// ownHeader finds or makes the place of a submitted block in the tree.
func (s *State) ownHeader(b *chain.Block) (*entry, error) {
	if e := s.tree.find(b.Hash); e != nil {
		if e.bad != good {
			return nil, chain.Broken("duplicate-invalid", "block %s is known to be invalid", b.Hash)
		}
		return e, nil
	}
	parent := s.tree.find(b.Header.PrevBlock)
	if parent == nil {
		return nil, chain.ErrUnknownParent
	}
	if parent.bad != good {
		return nil, chain.Broken(chain.ErrBadParent, "block %s is invalid", parent.node.Hash)
	}
	if err := chain.CheckHeader(s.cfg.Params, parent.node, &b.Header, s.now); err != nil {
		return nil, err
	}
	e := s.addHeader(parent, &b.Header)
	s.storeHeaders([]*chain.HeaderNode{e.node})
	return e, nil
}
