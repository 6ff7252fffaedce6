package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// server answers what others ask of us, also while we are syncing: everybody gets
// headers and bodies of our verified chain, have peers all good headers and all
// bodies that are stored, and transactions come from the pool. A body is named by
// its hash, for the peer's writer to find.
type server struct {
	Tree   *headers.Tree
	Pool   *txs.Pool
	Recent *blocks.Recent
	Nonce  func() uint64 // for short forms
	Local  bool          // no secrets between peers
	// Limited: only the last blocks are served, whether others happen to be here or not.
	Limited bool
}

func (p *peer) reply(m wire.Message) p2p.Action { return p2p.Send{Peer: p.ID, Msg: m} }

// Headers answers getheaders with what follows the locator on our verified
// chain, and says which header is the last. nil: without a locator one header is
// asked for, which we do not have or do not speak of.
func (s *server) Headers(p *peer, m *wire.MsgGetHeaders) (reply *wire.MsgHeaders, last *headers.Entry) {
	var run []*headers.Entry
	if len(m.BlockLocatorHashes) == 0 {
		e := s.Tree.Find(m.HashStop)
		if e == nil || !e.Valid || !s.tells(e) {
			return nil, nil
		}
		run = []*headers.Entry{e}
	} else {
		if p.Have {
			run = s.Tree.Follow(s.Tree.Best(), m.BlockLocatorHashes, m.HashStop, maxHeaders)
		}
		// Who knows our best header already still lacks our tip if that lies
		// elsewhere, because the bodies on the way to the best are withheld.
		if len(run) == 0 {
			run = s.Tree.Follow(s.Tree.Tip(), m.BlockLocatorHashes, m.HashStop, maxHeaders)
		}
	}
	reply = &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 0, len(run))}
	for _, e := range run {
		reply.Headers = append(reply.Headers, &e.Node.Header)
		last = e
	}
	return reply, last
}

// tells says whether we speak of a block to strangers [BlockRequestAllowed]: of an old one beside the
// chain we do not, for whom it reached long ago is known by it.
func (s *server) tells(e *headers.Entry) bool {
	best := s.Tree.Best()
	return s.Local || e.IsAncestorOf(best) || e.IsAncestorOf(s.Tree.Tip()) ||
		best.Node.Header.Timestamp.Sub(e.Node.Header.Timestamp) < maxStaleAge
}

// likelyKept blocks are still here when who is told of them asks: in an hour others come
// [nPrunedBlocksLikelyToHave].
const likelyKept = 288 - 6

// blocks answers getblocks as nodes did before headers-first: an inv of what
// follows; asking for its end asks for more. nil: nothing follows.
func (s *server) blocks(p *peer, m *wire.MsgGetBlocks) *wire.MsgInv {
	run := s.Tree.Follow(s.Tree.Tip(), m.BlockLocatorHashes, m.HashStop, maxBlockInv)
	if len(run) == 0 {
		return nil
	}
	inv := wire.NewMsgInvSizeHint(uint(len(run)))
	for i, e := range run {
		if s.Limited && (!e.Stored || s.Tree.Tip().Node.Height-e.Node.Height >= likelyKept) {
			run = run[:i]
			break
		}
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &e.Node.Hash))
	}
	if len(run) == maxBlockInv {
		p.continued = run[maxBlockInv-1].Node.Hash
	}
	return inv
}

// data answers getdata [ProcessGetData]; what we do not have is named in one notfound. A block
// asked twice in one message is served once.
func (s *server) data(p *peer, m *wire.MsgGetData) (acts []p2p.Action, missing []*wire.InvVect) {
	served := make(map[chain.Hash]struct{})
	for _, iv := range m.InvList {
		var more []p2p.Action
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock, blocks.InvTypeCompact:
			if _, again := served[iv.Hash]; again {
				continue
			}
			served[iv.Hash] = struct{}{}
			more = s.block(p, iv)
		case wire.InvTypeFilteredBlock:
			if e := s.Tree.Find(iv.Hash); s.speaksOf(e) && p.mayHave(e) {
				more = p.filtered(e)
			}
		case wire.InvTypeTx, wire.InvTypeWitnessTx, txs.InvTypeWTx:
			more = s.tx(p, iv)
		}
		if acts = append(acts, more...); more == nil {
			missing = append(missing, iv)
		}
	}
	if len(missing) > 0 {
		acts = append(acts, p.reply(&wire.MsgNotFound{InvList: missing}))
	}
	return acts, missing
}

// block answers for one block of a getdata: whole, or as a compact block [ProcessGetBlockData].
func (s *server) block(p *peer, iv *wire.InvVect) []p2p.Action {
	e := s.Tree.Find(iv.Hash)
	if !s.speaksOf(e) {
		return nil
	}
	kept := s.Recent.Find(iv.Hash)
	switch {
	case s.tooOld(e) && !p.May(p2p.MayStay):
		return []p2p.Action{p2p.Drop{Peer: p.ID, Reason: "a block was asked for that we do not offer"}}
	case iv.Type == blocks.InvTypeCompact && kept != nil && len(kept.Block.Txs) > 0:
		return []p2p.Action{p.reply(kept.Short(s.Nonce()))}
	case kept != nil && e.Busy && iv.Type != wire.InvTypeBlock:
		p.stats.blocksTo++ // it was pushed in short form and is validated just now
		return []p2p.Action{p.reply(&msg.Block{Block: kept.Block})}
	case !p.mayHave(e):
		return nil
	}
	p.stats.blocksTo++
	short := iv.Type == blocks.InvTypeCompact && e.Valid && s.Tree.Tip().Node.Height-e.Node.Height <= maxShortDepth
	old := s.Tree.Best().Node.Header.Timestamp.Sub(e.Node.Header.Timestamp) > historicAge
	acts := []p2p.Action{p2p.SendBlock{Peer: p.ID, Hash: iv.Hash, Witness: iv.Type != wire.InvTypeBlock, Short: short, Old: old}}
	if iv.Hash == p.continued {
		p.continued = chain.Hash{}
		inv := wire.NewMsgInvSizeHint(1)
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &s.Tree.Tip().Node.Hash))
		acts = append(acts, p.reply(inv))
	}
	return acts
}

// limitedBlocks below the tip are served by who prunes, and a few more, as tips differ
// [NODE_LIMITED_MIN_BLOCKS + 2].
const limitedBlocks = 288 + 2

// tooOld says whether a block is further down than a pruning node serves: how far it really
// goes back is nobody's concern.
func (s *server) tooOld(e *headers.Entry) bool {
	return s.Limited && s.Tree.Tip().Node.Height-e.Node.Height > limitedBlocks
}

func (s *server) speaksOf(e *headers.Entry) bool {
	return e != nil && e.Bad != headertree.ByRule && s.tells(e)
}

// mayHave says whether a body is here and for that peer: bodies that were never on
// our verified chain are for have peers only.
func (p *peer) mayHave(e *headers.Entry) bool { return e.Stored && (e.Valid || p.Have) }

// tx serves from the pool, on public networks only what the peer was told of or could
// have been, so that nobody can ask when something came [FindTxForGetData]; and what the newest block has just taken
// from there [m_most_recent_block_txs].
func (s *server) tx(p *peer, iv *wire.InvVect) []p2p.Action {
	in := s.Pool.ByTxID(iv.Hash)
	if iv.Type == txs.InvTypeWTx {
		in = s.Pool.ByWID(iv.Hash)
	}
	var tx *chain.Tx
	switch kept := s.Recent.Find(s.Tree.Tip().Node.Hash); {
	case in != nil && (s.Local || p.tx.Serves(in)):
		tx = in.Tx
	case in == nil && kept != nil:
		tx = kept.Tx(iv.Hash)
	}
	if tx == nil {
		if in == nil {
			p.tx.Lacks(iv.Hash)
		}
		return nil
	}
	if s.Local { // elsewhere what it asked for unannounced is announced when its time comes, as in Core
		p.tx.Knows(p.tx.Name(tx))
	}
	p.stats.txsTo++
	if iv.Type == wire.InvTypeTx {
		return []p2p.Action{p.reply(&msg.BareTx{Tx: tx})}
	}
	return []p2p.Action{p.reply(&msg.Tx{Tx: tx})}
}

// parts answers getblocktxn, also of a block that is still being validated; of one
// that is deeper than ten blocks the whole is sent, as Core does: who asks for much
// has to take as much. ok is false when a place is beyond the block's end.
func (s *server) parts(p *peer, m *msg.GetBlockTxn) (acts []p2p.Action, ok bool) {
	if kept := s.Recent.Find(m.Block); kept != nil {
		parts := kept.Parts(m.Indexes)
		return []p2p.Action{p.reply(&msg.BlockTxn{Block: m.Block, Txs: parts})}, parts != nil
	}
	e := s.Tree.Find(m.Block)
	switch {
	case !s.speaksOf(e) || !p.mayHave(e):
	case s.Tree.Tip().Node.Height-e.Node.Height <= maxPartsDepth:
		acts = append(acts, p2p.SendParts{Peer: p.ID, Hash: m.Block, Places: m.Indexes})
	default:
		acts = s.block(p, wire.NewInvVect(wire.InvTypeWitnessBlock, &m.Block))
	}
	return acts, true
}
