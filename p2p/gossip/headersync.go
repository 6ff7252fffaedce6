package gossip

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// Headers are the business of package headers; what it wants done is done here.

// onHeaders looks at headers that a peer sent [ProcessHeadersMessage].
func (s *State) onHeaders(p *peer, m *wire.MsgHeaders) {
	s.headers.OnHeaders(p.talk, m.Headers)
	s.resolveBelow(p, m.Headers)
	s.fetch.Direct(p.src, m.Headers)
	s.actOnHeaders()
}

// onBlockInv notes what a peer has; the header of an unknown block is asked for
// [m_inv_triggered_getheaders_before_sync].
func (s *State) onBlockInv(p *peer, hashes ...chain.Hash) {
	s.headers.Announced(p.talk, hashes...)
	s.actOnHeaders()
}

// headerOf finds or makes the place of a block that a peer sent by itself; nil:
// it is of no use.
func (s *State) headerOf(p *peer, h *wire.BlockHeader) *headers.Entry {
	e := s.headers.Header(p.talk, h)
	s.actOnHeaders()
	return e
}

// ownHeader finds or makes the place of a submitted block.
func (s *State) ownHeader(b *chain.Block) (*headers.Entry, error) {
	e, err := s.headers.Own(b)
	s.actOnHeaders()
	return e, err
}

func (s *State) actOnHeaders() {
	s.fetch.Changed()
	s.perform(s.headers.Actions())
}

// resolveUnknown: what a peer spoke of may have got its header, from it or
// others.
func (s *State) resolveUnknown(p *peer) {
	if p.said != nil {
		if last := s.tree.Find(p.said.Last); last != nil {
			s.fetch.OnHave(p.src, last, p.said)
			p.said = nil
		}
	}
	if s.headers.Resolve(p.talk) {
		s.fetch.Changed()
	}
}

// resolveBelow takes what a peer said of a block whose header is not taken now, for it or
// one before it is from the future: who holds that block holds all before it. Its word
// is kept until the header is here.
func (s *State) resolveBelow(p *peer, run []*wire.BlockHeader) {
	if p.said == nil || s.tree.Find(p.said.Last) != nil {
		return
	}
	at := slices.IndexFunc(run, func(h *wire.BlockHeader) bool { return chain.HeaderHash(h) == p.said.Last })
	for ; at >= 0; at-- {
		if e := s.tree.Find(run[at].PrevBlock); e != nil {
			s.fetch.OnHave(p.src, e, msg.NewHave(e.Node.Hash, 0))
			return
		}
	}
}
