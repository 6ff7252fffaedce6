package gossip

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// Bloom filters (BIP37), by which a light client names what it wants to hear of: of
// transactions, and of blocks as merkleblock. They are offered when people say so
// [NODE_BLOOM]. Who asks for them all the same is of no use, but commits no offence.

const (
	maxBloomBytes  = 36_000 // of a filter [MAX_BLOOM_FILTER_SIZE]
	maxBloomHashes = 50     // [MAX_HASH_FUNCS]
	maxBloomAdd    = 520    // bytes of an element [MAX_SCRIPT_ELEMENT_SIZE]
)

// offersBloom says whether bloom filters are offered to a peer.
func (s *State) offersBloom(p *peer) bool { return s.cfg.Manners.Bloom || p.May(p2p.MayBloom) }

// blooms says whether bloom filters are offered to a peer that asks for them; else it
// has gone.
func (s *State) blooms(p *peer, command string) bool {
	if s.offersBloom(p) {
		return true
	}
	s.drop(p, "", command+" though NODE_BLOOM is not offered")
	return false
}

// onFilterLoad takes the filter of a light client (BIP37) [CBloomFilter].
func (s *State) onFilterLoad(p *peer, m *msg.FilterLoad) {
	switch {
	case !s.blooms(p, m.Command()):
	case len(m.Filter) > maxBloomBytes || m.HashFuncs > maxBloomHashes:
		s.drop(p, "too-large bloom filter", "filterload with more bytes or hashes than a filter may have")
	case !p.Silent():
		p.setFilter(bloom.LoadFilter(&m.MsgFilterLoad))
	}
}

func (s *State) onFilterAdd(p *peer, m *msg.FilterAdd) {
	switch {
	case !s.blooms(p, m.Command()):
	case len(m.Data) > maxBloomAdd, p.filter == nil && !p.Silent():
		s.drop(p, "bad filteradd message", "filteradd without a filter, or of more bytes than an element has")
	case p.filter != nil:
		p.filter.Add(m.Data)
	}
}

func (s *State) onFilterClear(p *peer) {
	if s.blooms(p, wire.CmdFilterClear) && !p.Silent() {
		p.setFilter(nil)
	}
}

// setFilter takes a new filter, or none; who has said so wants transactions, whatever
// its version message has said.
func (p *peer) setFilter(f *bloom.Filter) {
	p.filter, p.tx.Filter, p.tx.Wants = f, nil, true
	p.Relay = true
	if f != nil {
		p.tx.Filter = func(tx *chain.Tx) bool { return f.MatchTxAndUpdate(btcutil.NewTx(tx.MsgTx)) }
	}
}

// onMemPool announces our whole pool, as far as the peer wants to hear of it (BIP35):
// to light clients, and to whom people let ask.
func (s *State) onMemPool(p *peer) {
	switch {
	case p.May(p2p.MayQueryPool):
	case p.May(p2p.MayStay) && !s.offersBloom(p), !s.blooms(p, wire.CmdMemPool):
		return
	}
	if p.asksPool = true; p.tx.Len() == 0 {
		p.tx.Due = s.invs.Next(s.now, p.Inbound())
	}
}

// filtered is a block as the peer's filter shows it; nothing without a filter.
func (p *peer) filtered(e *headers.Entry) []p2p.Action {
	if p.filter == nil {
		return []p2p.Action{}
	}
	return []p2p.Action{p2p.SendFiltered{Peer: p.ID, Hash: e.Node.Hash, Filter: p.filter}}
}
