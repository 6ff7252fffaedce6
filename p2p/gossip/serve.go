package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/relay"
	"grapevine/p2p/gossip/tree"
	"grapevine/p2p/msg"
)

// What others ask of us, also while we are syncing ourselves: everybody gets
// headers and bodies of our verified chain, have peers all good headers and all
// bodies that are stored.

// onGetHeaders answers with what follows the locator on our verified chain.
func (s *State) onGetHeaders(p *peer, m *wire.MsgGetHeaders) {
	if len(m.BlockLocatorHashes) > maxLocator {
		s.drop(p, "locator too long", "getheaders with too many hashes")
		return
	}
	var run []*tree.Entry
	if len(m.BlockLocatorHashes) == 0 {
		if e := s.tree.Find(m.HashStop); e != nil && e.Valid {
			run = []*tree.Entry{e}
		}
	} else {
		end := s.tree.Tip()
		if p.info.Have {
			end = s.tree.Best()
		}
		run = s.tree.Follow(end, m.BlockLocatorHashes, m.HashStop, maxHeaders)
	}
	reply := &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 0, len(run))}
	for _, e := range run {
		reply.Headers = append(reply.Headers, &e.Node.Header)
		p.sent = e
	}
	s.send(p, reply)
}

// onGetBlocks answers as nodes did before headers-first: an inv of what
// follows; asking for its end asks for more.
func (s *State) onGetBlocks(p *peer, m *wire.MsgGetBlocks) {
	if len(m.BlockLocatorHashes) > maxLocator {
		s.drop(p, "locator too long", "getblocks with too many hashes")
		return
	}
	run := s.tree.Follow(s.tree.Tip(), m.BlockLocatorHashes, m.HashStop, maxBlockInv)
	if len(run) == 0 {
		return
	}
	inv := wire.NewMsgInvSizeHint(uint(len(run)))
	for _, e := range run {
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &e.Node.Hash))
	}
	if len(run) == maxBlockInv {
		p.continued = run[maxBlockInv-1].Node.Hash
	}
	s.send(p, inv)
}

// onGetData serves blocks and transactions; what we do not have is named in one
// notfound. A block asked twice in one message is served once.
func (s *State) onGetData(p *peer, m *wire.MsgGetData) {
	if len(m.InvList) > maxGetData {
		s.drop(p, "getdata too long", "getdata with too many entries")
		return
	}
	missing := wire.NewMsgNotFound()
	served := make(map[chain.Hash]struct{})
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock:
			if _, again := served[iv.Hash]; again {
				continue
			}
			served[iv.Hash] = struct{}{}
			if s.serveBlock(p, iv) {
				continue
			}
		case invTypeCompact:
			if s.serveCompact(p, iv.Hash) {
				continue
			}
		case wire.InvTypeTx, wire.InvTypeWitnessTx, relay.InvTypeWTx:
			if s.serveTx(p, iv) {
				continue
			}
		}
		missing.InvList = append(missing.InvList, iv)
	}
	if len(missing.InvList) > 0 {
		s.send(p, missing)
	}
}

func (s *State) serveBlock(p *peer, iv *wire.InvVect) bool {
	e := s.tree.Find(iv.Hash)
	if e == nil || e.Bad == tree.ByRule {
		return false
	}
	if kept := s.recent.Find(iv.Hash); kept != nil && e.Busy && iv.Type == wire.InvTypeWitnessBlock {
		s.send(p, &msg.Block{Block: kept.Block}) // pushed to it in short form, and judged just now
		p.stats.blocksTo++
		return true
	}
	if !e.Stored || !e.Valid && !p.info.Have {
		return false
	}
	s.do(SendBlock{Peer: p.id, Hash: iv.Hash, Witness: iv.Type == wire.InvTypeWitnessBlock})
	p.stats.blocksTo++
	if iv.Hash == p.continued {
		p.continued = chain.Hash{}
		inv := wire.NewMsgInvSizeHint(1)
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &s.tree.Tip().Node.Hash))
		s.send(p, inv)
	}
	return true
}

// serveTx serves from the pool; on public networks only what the peer was told
// of, so that nobody can ask when something came.
func (s *State) serveTx(p *peer, iv *wire.InvVect) bool {
	in := s.pool.ByTxID(iv.Hash)
	if iv.Type == relay.InvTypeWTx {
		in = s.pool.ByWID(iv.Hash)
	}
	if in == nil || !s.local && !p.outbox.Known(in.Tx) {
		return false
	}
	p.outbox.Knows(p.outbox.Name(in.Tx))
	p.stats.txsTo++
	if iv.Type == wire.InvTypeTx {
		s.send(p, &msg.BareTx{Tx: in.Tx})
	} else {
		s.send(p, &msg.Tx{Tx: in.Tx})
	}
	return true
}

// onGetAddr answers once for each connection and, on public networks, only who
// came to us: others could take our fingerprint by asking.
func (s *State) onGetAddr(p *peer) {
	if p.toldAddrs || !s.local && !p.info.Inbound {
		return
	}
	p.toldAddrs = true
	s.do(TellAddrs{Peer: p.id})
}

// onAddr and onAddrV2 pass heard addresses on to the address book.
func (s *State) onAddr(p *peer, m *wire.MsgAddr) {
	addrs := make([]p2p.Addr, 0, len(m.AddrList))
	for _, a := range m.AddrList {
		addrs = append(addrs, p2p.Addr{
			Host: a.IP.String(), Port: a.Port, Services: uint64(a.Services), Seen: a.Timestamp.Unix(),
		})
	}
	s.do(LearnAddrs{From: p.id, Addrs: addrs})
}

func (s *State) onAddrV2(p *peer, m *wire.MsgAddrV2) {
	addrs := make([]p2p.Addr, 0, len(m.AddrList))
	for _, a := range m.AddrList {
		addrs = append(addrs, p2p.Addr{
			Host: a.Addr.String(), Port: a.Port, Services: uint64(a.Services), Seen: a.Timestamp.Unix(),
		})
	}
	s.do(LearnAddrs{From: p.id, Addrs: addrs})
}
