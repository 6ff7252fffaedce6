package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/judge"
	"grapevine/p2p/gossip/relay"
	"grapevine/p2p/gossip/serve"
	"grapevine/p2p/gossip/track"
	"grapevine/p2p/msg"
)

// What we ask of others is decided by fetch (bodies) and track (transactions);
// here it becomes messages.

// askBodies sends what the fetcher wants asked now.
func (s *State) askBodies() {
	for _, p := range s.peers {
		s.resolveUnknown(p)
	}
	waiting, judged := s.blocks.Bytes()
	s.perform(s.fetch.Plan(waiting + judged))
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
	s.onBlockInv(p, m.Last)
}

// askTxs asks for announced transactions, unless we are syncing and could not
// judge them; then they are only remembered.
func (s *State) askTxs() {
	if s.syncing() {
		return
	}
	s.txs.track.Fill(s.now, judge.MaxWaitingTxs-s.txs.judge.Waiting())
	for _, p := range s.peers {
		asks := p.offers.Asks()
		if len(asks) == 0 {
			continue
		}
		m := wire.NewMsgGetDataSizeHint(uint(len(asks)))
		for _, a := range asks {
			m.InvList = append(m.InvList, wire.NewInvVect(txInvType(p, a), &a.Hash))
		}
		s.send(p, m)
	}
}

func txInvType(p *peer, a track.Ask) wire.InvType {
	switch {
	case a.ByWTxID:
		return relay.InvTypeWTx
	case p.Services&wire.SFNodeWitness != 0:
		return wire.InvTypeWitnessTx
	}
	return wire.InvTypeTx
}

// onInv takes announcements: one getheaders at most, and offers.
func (s *State) onInv(p *peer, m *wire.MsgInv) {
	if len(m.InvList) > serve.MaxEntries {
		s.drop(p, "inv too long", "inv with too many entries")
		return
	}
	var blocks []chain.Hash
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock:
			blocks = append(blocks, iv.Hash)
		case wire.InvTypeTx, wire.InvTypeWitnessTx, relay.InvTypeWTx:
			p.outbox.Knows(iv.Hash)
			s.txs.orphans.Also(iv.Hash, p.id)
			if !p.Silent() && !s.txs.judge.Indebted(p.id, s.now) && !s.haveTx(iv.Hash) && !s.txs.lowFee.Has(iv.Hash) {
				s.txs.track.Offer(p.offers, track.Ask{Hash: iv.Hash, ByWTxID: iv.Type == relay.InvTypeWTx})
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
		case wire.InvTypeTx, wire.InvTypeWitnessTx, relay.InvTypeWTx:
			s.txs.track.Fail(p.offers, iv.Hash)
		}
	}
}
