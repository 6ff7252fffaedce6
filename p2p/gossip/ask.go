package gossip

import (
	"math"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// What we ask of others is decided by gossip/blocks (bodies) and gossip/txs (transactions);
// here it becomes messages.

// askBodies sends what the fetcher wants asked now.
func (s *State) askBodies() {
	for _, p := range s.peers {
		s.resolveUnknown(p)
	}
	waiting, validated := s.queue.Bytes()
	s.perform(s.fetch.Plan(waiting + validated))
}

// tellHaves tells have peers what we hold and fetch, when there is news.
func (s *State) tellHaves() {
	if news := s.fetch.News(); news != nil {
		for _, p := range s.peers {
			s.tellHave(p, news)
		}
	}
}

// tellHave tells a peer what we hold, if it wants to know.
func (s *State) tellHave(p *peer, haves []*msg.Have) {
	if !p.Have {
		return
	}
	p.told = s.tree.Tip().Node.Height
	for _, m := range haves {
		s.send(p, m)
	}
}

// onHave takes a peer's word for what it holds. Of a chain that we do not know
// the headers are asked for first; its word is kept until they are here.
func (s *State) onHave(p *peer, m *msg.Have) {
	if !p.Have {
		return
	}
	p.said = m
	s.headers.Announced(p.talk, m.Last)
	s.perform(s.headers.Actions()) // what is to be fetched is thought over when it is taken
}

// onGiven hears what a seed has given to others rather than to us.
func (s *State) onGiven(p *peer, m *msg.Given) {
	if last := s.tree.Find(m.Last); p.Given && last != nil {
		s.fetch.OnGiven(p.src, last, m)
		if m.Count == 0 {
			return // it says that it knows nobody else, and refuses nothing
		}
		if alone := s.fetch.Alone(p.src); alone != nil {
			s.send(p, alone)
		}
	}
}

// askTxs asks for announced transactions, unless we are syncing and could not
// validate them; then they are only remembered.
func (s *State) askTxs() {
	if s.syncing() {
		return
	}
	room := maxWaitingTxs - s.tx.queue.waiting()
	if s.cfg.Manners.TxDelays && room > 0 {
		room = math.MaxInt // as Core; what then comes and finds no room is asked for again
	}
	s.perform(s.tx.requests.Fill(s.now, room))
}

// onInv takes announcements: one getheaders at most, and offers.
func (s *State) onInv(p *peer, m *wire.MsgInv) {
	if len(m.InvList) > maxEntries {
		s.drop(p, "inv too long", "inv with too many entries")
		return
	}
	var blocks []chain.Hash
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock:
			blocks = append(blocks, iv.Hash)
		case wire.InvTypeTx, wire.InvTypeWitnessTx, txs.InvTypeWTx:
			if s.refusesTxs(p) {
				s.violates(p, "announcement where none is wanted", "hash", iv.Hash)
				return
			}
			p.tx.Knows(iv.Hash)
			s.tx.orphans.Also(iv.Hash, p.ID)
			if s.cfg.Manners.Reserved && s.syncing() {
				continue // it could not be validated, and is not remembered either
			}
			if !s.tx.queue.indebted(p.ID, s.now) && !s.haveTx(iv.Hash) && !s.tx.lowFee.Has(iv.Hash) {
				s.tx.requests.Offer(p.tx, txs.Name{Hash: iv.Hash, ByWTxID: iv.Type == txs.InvTypeWTx}, s.now)
			}
		}
	}
	if len(blocks) > 0 {
		s.onBlockInv(p, blocks...)
	}
}

// onNotFound lets others be asked at once.
func (s *State) onNotFound(p *peer, m *wire.MsgNotFound) {
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock, blocks.InvTypeCompact:
			if e := s.tree.Find(iv.Hash); e != nil && s.fetch.NotFound(p.src, e) {
				s.drop(p, "false claims", "does not have the blocks it says it has")
				return
			}
		case wire.InvTypeTx, wire.InvTypeWitnessTx, txs.InvTypeWTx:
			s.tx.requests.Fail(p.tx, iv.Hash)
		}
	}
}
