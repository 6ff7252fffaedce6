package serve

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/relay"
	"grapevine/p2p/msg"
)

const (
	// MaxEntries is how many entries inv, getdata and notfound have [MAX_INV_SZ].
	MaxEntries = 50_000

	maxHeaders    = 2000 // in one message [MAX_HEADERS_RESULTS]
	maxBlockInv   = 500  // hashes that answer getblocks, as everybody does
	maxPartsDepth = 10   // blocks below the tip of which getblocktxn is answered [MAX_BLOCKTXN_DEPTH]

	maxStaleAge = 30 * 24 * time.Hour // of a block beside the chain that is still served [STALE_RELAY_AGE_LIMIT]
)

// Desk is where the answers come from.
type Desk struct {
	Tree   *headers.Tree
	Pool   *relay.Pool
	Recent *blocks.Recent
	Nonce  func() uint64 // for short forms
	Local  bool          // no secrets between peers
}

// Client is who asks.
type Client struct {
	Have   bool // speaks gvhave
	Outbox *relay.Outbox

	Blocks, Txs int64      // served so far
	continued   chain.Hash // end of the inv that answered getblocks: asking for it asks for more
}

// Reply is a message, or a stored block that the peer's writer shall read.
type Reply struct {
	Msg     wire.Message // nil: the block
	Block   chain.Hash
	Witness bool
}

// Headers answers getheaders with what follows the locator on our verified
// chain, and says which header is the last.
func (d *Desk) Headers(c *Client, m *wire.MsgGetHeaders) (reply *wire.MsgHeaders, last *headers.Entry) {
	var run []*headers.Entry
	if len(m.BlockLocatorHashes) == 0 {
		if e := d.Tree.Find(m.HashStop); e != nil && e.Valid && d.tells(e) {
			run = []*headers.Entry{e}
		}
	} else {
		if c.Have {
			run = d.Tree.Follow(d.Tree.Best(), m.BlockLocatorHashes, m.HashStop, maxHeaders)
		}
		// Who knows our best header already still lacks our tip if that lies
		// elsewhere, because the bodies on the way to the best are withheld.
		if len(run) == 0 {
			run = d.Tree.Follow(d.Tree.Tip(), m.BlockLocatorHashes, m.HashStop, maxHeaders)
		}
	}
	reply = &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 0, len(run))}
	for _, e := range run {
		reply.Headers = append(reply.Headers, &e.Node.Header)
		last = e
	}
	return reply, last
}

// tells says whether we speak of a block to strangers: of an old one beside the
// chain we do not, for whom it reached long ago is known by it.
func (d *Desk) tells(e *headers.Entry) bool {
	best := d.Tree.Best()
	return d.Local || e.IsAncestorOf(best) || e.IsAncestorOf(d.Tree.Tip()) ||
		best.Node.Header.Timestamp.Sub(e.Node.Header.Timestamp) < maxStaleAge
}

// Blocks answers getblocks as nodes did before headers-first: an inv of what
// follows; asking for its end asks for more. nil: nothing follows.
func (d *Desk) Blocks(c *Client, m *wire.MsgGetBlocks) *wire.MsgInv {
	run := d.Tree.Follow(d.Tree.Tip(), m.BlockLocatorHashes, m.HashStop, maxBlockInv)
	if len(run) == 0 {
		return nil
	}
	inv := wire.NewMsgInvSizeHint(uint(len(run)))
	for _, e := range run {
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &e.Node.Hash))
	}
	if len(run) == maxBlockInv {
		c.continued = run[maxBlockInv-1].Node.Hash
	}
	return inv
}

// Data answers getdata; what we do not have is named in one notfound. A block
// asked twice in one message is served once.
func (d *Desk) Data(c *Client, m *wire.MsgGetData) (replies []Reply) {
	missing := &wire.MsgNotFound{} // NewMsgNotFound would make 8 KiB of room, for each request
	served := make(map[chain.Hash]struct{})
	for _, iv := range m.InvList {
		var more []Reply
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock, blocks.InvTypeCompact:
			if _, again := served[iv.Hash]; again {
				continue
			}
			served[iv.Hash] = struct{}{}
			more = d.block(c, iv)
		case wire.InvTypeTx, wire.InvTypeWitnessTx, relay.InvTypeWTx:
			more = d.tx(c, iv)
		}
		if replies = append(replies, more...); more == nil {
			missing.InvList = append(missing.InvList, iv)
		}
	}
	if len(missing.InvList) > 0 {
		replies = append(replies, Reply{Msg: missing})
	}
	return replies
}

func (d *Desk) block(c *Client, iv *wire.InvVect) []Reply {
	e := d.Tree.Find(iv.Hash)
	if e == nil || e.Bad == headertree.ByRule || !d.tells(e) {
		return nil
	}
	kept := d.Recent.Find(iv.Hash)
	switch {
	case iv.Type == blocks.InvTypeCompact && kept != nil && len(kept.Block.Txs) > 0:
		return []Reply{{Msg: kept.Short(d.Nonce())}}
	case kept != nil && e.Busy && iv.Type != wire.InvTypeBlock:
		c.Blocks++ // it was pushed in short form and is judged just now
		return []Reply{{Msg: &msg.Block{Block: kept.Block}}}
	case !e.Stored || !e.Valid && !c.Have:
		return nil
	}
	c.Blocks++
	replies := []Reply{{Block: iv.Hash, Witness: iv.Type != wire.InvTypeBlock}}
	if iv.Hash == c.continued {
		c.continued = chain.Hash{}
		inv := wire.NewMsgInvSizeHint(1)
		inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &d.Tree.Tip().Node.Hash))
		replies = append(replies, Reply{Msg: inv})
	}
	return replies
}

// tx serves from the pool; on public networks only what the peer was told of,
// so that nobody can ask when something came.
func (d *Desk) tx(c *Client, iv *wire.InvVect) []Reply {
	in := d.Pool.ByTxID(iv.Hash)
	if iv.Type == relay.InvTypeWTx {
		in = d.Pool.ByWID(iv.Hash)
	}
	if in == nil {
		c.Outbox.Lacks(iv.Hash)
		return nil
	}
	if !d.Local && !c.Outbox.Known(in.Tx) {
		return nil
	}
	c.Outbox.Knows(c.Outbox.Name(in.Tx))
	c.Txs++
	if iv.Type == wire.InvTypeTx {
		return []Reply{{Msg: &msg.BareTx{Tx: in.Tx}}}
	}
	return []Reply{{Msg: &msg.Tx{Tx: in.Tx}}}
}

// Parts answers getblocktxn, also of a block that is still being judged; of an
// older one the whole is sent, as Core does. ok is false when a place is beyond
// the block's end.
func (d *Desk) Parts(c *Client, m *msg.GetBlockTxn) (replies []Reply, ok bool) {
	if kept := d.Recent.Find(m.Block); kept != nil {
		parts := kept.Parts(m.Indexes)
		return []Reply{{Msg: &msg.BlockTxn{Block: m.Block, Txs: parts}}}, parts != nil
	}
	if e := d.Tree.Find(m.Block); e != nil && d.Tree.Tip().Node.Height-e.Node.Height <= maxPartsDepth {
		replies = d.block(c, wire.NewInvVect(wire.InvTypeWitnessBlock, &m.Block))
	}
	return replies, true
}
