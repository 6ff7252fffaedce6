package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/serve"
	"grapevine/p2p/msg"
)

// What others ask of us is answered by serve; here the answers are sent.

func (s *State) onGetHeaders(p *peer, m *wire.MsgGetHeaders) {
	if len(m.BlockLocatorHashes) > headers.MaxLocator {
		s.drop(p, "locator too long", "getheaders with too many hashes")
		return
	}
	reply, last := s.serve.Headers(&p.client, m)
	if last != nil {
		p.sent = last
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
		s.drop(p, "locator too long", "getblocks with too many hashes")
		return
	}
	if inv := s.serve.Blocks(&p.client, m); inv != nil {
		s.send(p, inv)
	}
}

func (s *State) onGetData(p *peer, m *wire.MsgGetData) {
	if len(m.InvList) > serve.MaxEntries {
		s.drop(p, "getdata too long", "getdata with too many entries")
		return
	}
	replies := s.serve.Data(&p.client, m)
	for _, r := range replies {
		if missing, ok := r.Msg.(*wire.MsgNotFound); ok {
			s.noteLacks(p, missing)
		}
	}
	s.reply(p, replies)
}

// noteLacks remembers which block a peer asked for in vain: it does not have it,
// whatever it or we have said before, and is told when we do.
func (s *State) noteLacks(p *peer, m *wire.MsgNotFound) {
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock, blocks.InvTypeCompact:
			if e := s.tree.Find(iv.Hash); e != nil {
				p.lacks = e
			}
		}
	}
}

func (s *State) onGetBlockTxn(p *peer, m *msg.GetBlockTxn) {
	replies, ok := s.serve.Parts(&p.client, m)
	if !ok {
		s.drop(p, "no such transaction in the block", "getblocktxn beyond the end")
		return
	}
	s.reply(p, replies)
}

func (s *State) reply(p *peer, replies []serve.Reply) {
	for _, r := range replies {
		if r.Msg != nil {
			s.send(p, r.Msg)
		} else {
			s.do(p2p.SendBlock{Peer: p.id, Hash: r.Block, Witness: r.Witness})
		}
	}
}

// onGetAddr answers once for each connection and, on public networks, only who
// came to us: others could take our fingerprint by asking.
func (s *State) onGetAddr(p *peer) {
	if p.toldAddrs || p.Silent() || !s.local && !p.Inbound() {
		return
	}
	p.toldAddrs = true
	s.do(p2p.TellAddrs{Peer: p.id})
}

// onAddrs passes heard addresses on to the address book, but none of a connection
// that is for blocks only.
func (s *State) onAddrs(p *peer, m wire.Message) {
	if !p.Silent() {
		s.do(p2p.LearnAddrs{From: p.id, Addrs: msg.Addrs(m)})
	}
}
