package gossip

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// What others ask of us is answered by the server; here the answers are sent.

func (s *State) onGetHeaders(p *peer, m *wire.MsgGetHeaders) {
	if len(m.BlockLocatorHashes) > headers.MaxLocator {
		s.drop(p, "", "getheaders with too many hashes")
		return
	}
	reply, last := s.server.Headers(p, m)
	if reply == nil {
		return
	}
	switch {
	case last != nil:
		p.sent = last
	case len(reply.Headers) == 0:
		p.sent = s.tree.Tip() // that is what it has, or it would have been told more
	}
	s.send(p, reply)
	if p.pushed != nil && p.pushed.IsAncestorOf(last) {
		// It has not taken what we pushed, so it has not seen that we hold it.
		p.pushed = nil
		s.tellHave(p, s.fetch.Haves())
	}
}

func (s *State) onGetBlocks(p *peer, m *wire.MsgGetBlocks) {
	if len(m.BlockLocatorHashes) > headers.MaxLocator {
		s.drop(p, "", "getblocks with too many hashes")
		return
	}
	if inv := s.server.blocks(p, m); inv != nil {
		s.send(p, inv)
	}
}

func (s *State) onGetData(p *peer, m *wire.MsgGetData) {
	if len(m.InvList) > maxEntries {
		s.drop(p, "getdata too long", "getdata with too many entries")
		return
	}
	if len(m.InvList) > 0 {
		s.cfg.Log.Debug("asked for data", "peer", p.Number, "count", len(m.InvList), "first", invText{m.InvList[0]})
	}
	acts, missing := s.server.data(p, s.withhold(p, m))
	p.noteLacks(s.tree, missing)
	s.perform(acts)
}

// withhold takes out of a newcomer's wishes the blocks that it will have from others, and
// tells it so.
func (s *State) withhold(p *peer, m *wire.MsgGetData) *wire.MsgGetData {
	var asked []*headers.Entry
	for _, iv := range m.InvList {
		if p.Given && isBody(iv) {
			asked = append(asked, s.tree.Find(iv.Hash))
		}
	}
	refused, told := s.fetch.Give(p.src, asked)
	if told == nil {
		return m
	}
	s.send(p, told)
	rest := *m
	rest.InvList = slices.DeleteFunc(slices.Clone(m.InvList), func(iv *wire.InvVect) bool {
		return isBody(iv) && refused[s.tree.Find(iv.Hash)]
	})
	return &rest
}

// isBody says whether a block is asked for as a grapevine node asks: whole, or in short form, of which a newcomer knows little.
func isBody(iv *wire.InvVect) bool {
	return iv.Type == wire.InvTypeWitnessBlock || iv.Type == blocks.InvTypeCompact
}

// noteLacks remembers which block a peer asked for in vain: it does not have it,
// whatever it or we have said before, and is told when we do.
func (p *peer) noteLacks(tree *headers.Tree, missing []*wire.InvVect) {
	for _, iv := range missing {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock, blocks.InvTypeCompact:
			if e := tree.Find(iv.Hash); e != nil {
				p.lacks = e
			}
		}
	}
}

// onGetBlockTxn answers with the transactions of a block that a peer asks for [SendBlockTransactions].
func (s *State) onGetBlockTxn(p *peer, m *msg.GetBlockTxn) {
	acts, ok := s.server.parts(p, m)
	if !ok {
		s.drop(p, "no such transaction in the block", "getblocktxn beyond the end")
		return
	}
	s.perform(acts)
}

// onGetAddr answers once for each connection and, on public networks, only who
// came to us: others could take our fingerprint by asking.
func (s *State) onGetAddr(p *peer) {
	switch {
	case p.Silent() || !s.local && !p.Inbound():
		s.cfg.Log.Debug("getaddr of whom we dialled", "peer", p.Number, "kind", p.Kind)
		return
	case p.toldAddrs:
		s.cfg.Log.Debug("getaddr repeated", "peer", p.Number)
		return
	}
	p.toldAddrs = true
	s.do(p2p.TellAddrs{Peer: p.ID})
}

// onAddrs passes heard addresses on to the address book, but none of a connection
// that is for blocks only.
func (s *State) onAddrs(p *peer, m wire.Message) {
	if !p.Silent() {
		s.do(p2p.LearnAddrs{From: p.ID, Addrs: msg.Addrs(m)})
	}
}
