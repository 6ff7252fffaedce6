package gossip

//lint:file-ignore ST1005 some texts are Bitcoin Core's, which clients compare

import (
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// Our own wallet, miner and RPC enter as strangers do, without
// limits, orphan waiting and offences. Each Submit gets exactly one Answer.

// errBusy: more Submits wait than any honest caller makes.
var errBusy = errors.New("too many submissions wait for validation")

func (s *State) answer(t p2p.Ticket, err error) { s.do(p2p.Answer{Ticket: t, Err: err}) }

// onSubmitTx validates a transaction of our own. One that is in the pool already
// is announced again to those who do not have it, and accepted.
func (s *State) onSubmitTx(ev SubmitTx) {
	if in := s.pool.ByWID(ev.Tx.WID); in != nil {
		s.announceToAll(in)
		s.answer(ev.Ticket, nil)
		return
	}
	if j := s.tx.queue.find(ev.Tx.WID); j != nil {
		j.Tickets = append(j.Tickets, ev.Ticket)
		return
	}
	if !s.tx.queue.takes(p2p.Self, ev.Tx.Size) {
		s.answer(ev.Ticket, errBusy)
		return
	}
	s.settle(ev.Tx)
	j := &queuedTx{Tx: ev.Tx, From: p2p.Self, Tickets: []p2p.Ticket{ev.Ticket}}
	if x := s.tx.orphans.Remove(ev.Tx.WID); x != nil {
		j.From = x.From // it goes on waiting if it must: it is theirs as well
	}
	s.tx.queue.Add(j)
}

// onSubmitBlock validates a block of our own.
func (s *State) onSubmitBlock(ev SubmitBlock) {
	e, err := s.ownHeader(ev.Block)
	if err != nil {
		s.answer(ev.Ticket, err)
		return
	}
	switch joined, full := s.queue.Join(e, ev.Ticket, ev.Block); {
	case full:
		s.answer(ev.Ticket, errBusy)
	case !joined:
		s.queue.Add(&queuedBlock{Entry: e, Block: ev.Block, From: p2p.Self, Tickets: []p2p.Ticket{ev.Ticket}})
		s.passOn(e, ev.Block, nil)
	}
}

// onSubmitHeader takes a header without its body; nobody is told of it.
func (s *State) onSubmitHeader(ev SubmitHeader) {
	err := s.headers.OwnHeader(&ev.Header)
	s.actOnHeaders()
	s.answer(ev.Ticket, err)
}

// Why a peer cannot be asked for a block, in Core's words [FetchBlock].
var (
	errNoSuchPeer = errors.New("Peer does not exist")
	errNoWitness  = errors.New("Pre-SegWit peer")
)

// fetchBlock asks p, and forgets whom else it was asked from.
func (s *State) fetchBlock(p *peer, e *headers.Entry) error {
	switch {
	case p == nil || p.gone:
		return errNoSuchPeer
	case p.Services&wire.SFNodeWitness == 0:
		return errNoWitness
	}
	s.do(s.fetch.Ask(p.src, e))
	return nil
}
