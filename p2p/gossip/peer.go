package gossip

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// peer is what we know of one connection [CNodeState].
type peer struct {
	p2p.Link        // the one that the parts below point to
	origin   string // where it comes from; "": it is not known again
	gone     bool   // dropped by us or left: nothing more is done with it

	talk         *headers.Talk
	sent         *headers.Entry // the last header that it has from us
	pushed       *headers.Entry // the last block that it had pushed by us
	lacks        *headers.Entry // the last block that it asked for and we did not have: to be told when we do
	said         *msg.Have      // not taken yet, for its header is not known
	told         int32          // height of our tip when it last heard what we hold
	wantsHeaders bool           // BIP130

	wantsPush bool           // wants new blocks pushed in short form
	parts     []fragment     // blocks that it was asked parts of
	src       *blocks.Source // of bodies
	invalid   int            // bodies that it was asked for and that broke a rule
	tx        *txs.Peer      // of transactions
	fee       peerFee        // what it was told of our floor
	asksPool  bool           // it is to be told our whole pool (BIP35)
	filter    *bloom.Filter  // what it wants to hear of; nil: all (BIP37)
	tasks     []*task        // what came from it and is being validated, and pings that wait
	toldAddrs bool           // getaddr is answered once for each connection
	continued chain.Hash     // end of the inv that answered getblocks: asking for it asks for more

	stats struct {
		lastBlock, lastTx   time.Time
		blocksFrom, txsFrom int64
		blocksTo, txsTo     int64 // served so far
	}
}

func (s *State) onJoined(ev Joined) {
	if ev.ID == p2p.Self || s.byID[ev.ID] != nil {
		return
	}
	p := &peer{Link: ev.Link, origin: ev.Origin}
	p.src, p.tx = s.fetch.Join(&p.Link), txs.NewPeer(&p.Link, s.pool.Seq())
	s.tx.requests.Join(p.tx)
	s.byID[p.ID] = p
	s.tx.queue.debts.join(p.ID, p.origin, s.now)
	s.peers = append(s.peers, p)
	s.send(p, &wire.MsgSendHeaders{})
	s.send(p, &msg.SendCmpct{Version: compactVersion})
	s.joinFeeFilter(p)
	p.talk = s.headers.Join(&p.Link, p.src)
	p.talk.Forgiven = s.forgiven(p)
	s.actOnHeaders()
	s.tellHave(p, s.fetch.Haves())
	s.announcePool(p)
}

// onLeft forgets a peer; what it was asked for is asked elsewhere at once [FinalizeNode].
func (s *State) onLeft(id p2p.PeerID) {
	p := s.byID[id]
	if p == nil {
		return
	}
	p.gone = true
	delete(s.byID, id)
	// A new slice: somebody may be walking over the old one.
	s.peers = slices.DeleteFunc(slices.Clone(s.peers), func(q *peer) bool { return q == p })
	s.pushers = slices.DeleteFunc(s.pushers, func(q *peer) bool { return q == p })
	s.fetch.Leave(p.src)
	s.tx.requests.Leave(p.tx)
	s.tx.queue.debts.leave(p.ID, p.origin, s.now)
	s.inheritOrphans(p.ID, p.Number)
	s.headers.Leave(p.talk)
	s.actOnHeaders()
}

// drop ends a connection and forgets the peer at once: the Left that follows
// finds nothing. An offence is Core's misbehaving: the peer is discouraged.
func (s *State) drop(p *peer, offence p2p.Offence, reason string) {
	switch {
	case p.gone:
		return
	case offence != "" && s.forgiven(p):
		s.cfg.Log.Info("peer is not punished", "peer", p.Number, "offence", offence, "why", reason, "manual", p.Kind == p2p.Manual)
		return
	}
	s.do(p2p.Drop{Peer: p.ID, Reason: reason, Offence: offence})
	s.onLeft(p.ID)
}

func (s *State) send(p *peer, m wire.Message) {
	if !p.gone {
		s.do(p2p.Send{Peer: p.ID, Msg: m})
	}
}

// onMessage hands each message to the file of its subject [PeerManagerImpl::ProcessMessage].
func (s *State) onMessage(p *peer, m wire.Message) {
	switch m := m.(type) {
	case *wire.MsgHeaders:
		s.onHeaders(p, m)
	case *msg.Block:
		s.onBlock(p, m.Block)
	case *msg.Tx:
		s.onTx(p, m.Tx)
	case *wire.MsgInv:
		s.onInv(p, m)
	case *wire.MsgGetData:
		s.onGetData(p, m)
	case *wire.MsgNotFound:
		s.onNotFound(p, m)
	case *wire.MsgGetHeaders:
		s.onGetHeaders(p, m)
	case *wire.MsgGetBlocks:
		s.onGetBlocks(p, m)
	case *msg.Have:
		s.onHave(p, m)
	case *msg.Given:
		s.onGiven(p, m)
	case *msg.SendCmpct:
		s.onSendCmpct(p, m)
	case *msg.CmpctBlock:
		s.onCmpctBlock(p, m)
	case *msg.GetBlockTxn:
		s.onGetBlockTxn(p, m)
	case *msg.BlockTxn:
		s.onBlockTxn(p, m)
	case *wire.MsgSendHeaders:
		p.wantsHeaders = true
	case *wire.MsgFeeFilter:
		if m.MinFee >= 0 && m.MinFee <= maxFeeFilter {
			p.tx.FeeFilter = m.MinFee
		}
	case *wire.MsgPing:
		s.onPing(p, m)
	case *wire.MsgMemPool:
		s.onMemPool(p)
	case *msg.FilterLoad:
		s.onFilterLoad(p, m)
	case *msg.FilterAdd:
		s.onFilterAdd(p, m)
	case *wire.MsgFilterClear:
		s.onFilterClear(p)
	case *wire.MsgGetCFilters:
		s.onGetCFilters(p, m)
	case *wire.MsgGetCFHeaders:
		s.onGetCFHeaders(p, m)
	case *wire.MsgGetCFCheckpt:
		s.onGetCFCheckpt(p, m)
	case *wire.MsgGetAddr:
		s.onGetAddr(p)
	case *wire.MsgAddr, *msg.AddrV2:
		s.onAddrs(p, m)
	}
}

// knowsHeader says whether the peer is sure to have e's header [PeerHasHeader].
func (p *peer) knowsHeader(e *headers.Entry) bool {
	return e.Parent == nil || p.src.Top != nil && e.IsAncestorOf(p.src.Top) || p.sent != nil && e.IsAncestorOf(p.sent)
}

// holds notes that the peer has sent a block.
func (p *peer) holds(e *headers.Entry) {
	if p.lacks == e {
		p.lacks = nil
	}
}

// LastGave is when a peer last gave us a block and a transaction that were new; zero of
// one that is not here, or never did.
func (s *State) LastGave(id p2p.PeerID) (block, tx time.Time) {
	if p := s.byID[id]; p != nil {
		block, tx = p.stats.lastBlock, p.stats.lastTx
	}
	return block, tx
}

// Describe fills in what gossip knows of a peer now, nothing of one that is not here.
func (s *State) Describe(id p2p.PeerID, info *p2p.PeerInfo) {
	info.Height, info.Headers, info.Presynced = -1, -1, -1
	p := s.byID[id]
	if p == nil {
		return
	}
	info.Presynced = p.talk.Presynced()
	info.LastBlock, info.LastTx = p.stats.lastBlock, p.stats.lastTx
	info.BlocksFrom, info.TxsFrom = p.stats.blocksFrom, p.stats.txsFrom
	info.BlocksTo, info.TxsTo = p.stats.blocksTo, p.stats.txsTo
	info.Relay = p.tx.Wants
	info.InFlight, info.FeeFilter = p.src.InFlight(), p.tx.FeeFilter
	info.HBTo, info.HBFrom = slices.Contains(s.pushers, p), p.wantsPush
	if p.src.Top != nil {
		info.Headers = p.src.Top.Node.Height
		info.Height = s.tree.Fork(p.src.Top, s.tree.Tip()).Node.Height
	}
	if p.sent != nil && p.sent.Node.Height > info.Headers {
		info.Headers = p.sent.Node.Height
	}
}
