package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/tree"
)

// Headers are the business of package headers; what it wants done is done here.

func (s *State) onHeaders(p *peer, m *wire.MsgHeaders) {
	s.headers.OnHeaders(p.talk, m.Headers)
	s.actOnHeaders()
}

// onBlockInv notes what a peer has; the header of an unknown block is asked for.
func (s *State) onBlockInv(p *peer, hashes ...chain.Hash) {
	s.headers.Announced(p.talk, hashes...)
	s.actOnHeaders()
}

// headerOf finds or makes the place of a block that a peer sent by itself; nil:
// it is of no use.
func (s *State) headerOf(p *peer, h *wire.BlockHeader) *tree.Entry {
	e := s.headers.Header(p.talk, h)
	s.actOnHeaders()
	return e
}

// ownHeader finds or makes the place of a submitted block.
func (s *State) ownHeader(b *chain.Block) (*tree.Entry, error) {
	e, err := s.headers.Own(b)
	s.actOnHeaders()
	return e, err
}

func (s *State) actOnHeaders() {
	s.fetch.Changed()
	for _, a := range s.headers.Acts() {
		switch p := s.byID[a.Peer]; {
		case len(a.Store) > 0:
			s.do(p2p.StoreHeaders{Nodes: a.Store})
		case p == nil:
		case a.Drop:
			s.drop(p, a.Offence, a.Reason)
		default:
			m := &wire.MsgGetHeaders{ProtocolVersion: wire.AddrV2Version}
			for _, h := range a.Ask {
				m.BlockLocatorHashes = append(m.BlockLocatorHashes, &h)
			}
			s.send(p, m)
		}
	}
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

// watchLag asks peers of our own choice that stay behind our chain, and drops
// those that do not catch up.
func (s *State) watchLag() {
	for _, a := range s.lag.Look(s.now, s.tree.Tip()) {
		p := s.byID[a.Peer]
		if a.Ask == nil {
			s.drop(p, "", "its chain stays behind ours")
			continue
		}
		s.headers.Ask(p.talk, a.Ask)
		s.actOnHeaders()
	}
}
