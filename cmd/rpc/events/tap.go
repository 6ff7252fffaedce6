package events

import (
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

const (
	// named blocks of one message are told one by one, of more the last alone: what is news
	// comes in few [MAX_BLOCKS_TO_ANNOUNCE].
	named = 8
	// atATime is how many events of one step are published together: an inv has
	// up to 50,000 entries.
	atATime = 256
)

// Tap makes events of the conversation. The swarm's loop shows it each step; it is
// not safe for concurrent use by itself.
type Tap struct {
	hub   *Hub
	state *gossip.State
	tip   *chain.HeaderNode
	peers map[p2p.PeerID]*p2p.PeerInfo
	buf   []Event
}

// NewTap makes a Tap; tip is where the verified chain ends now.
func NewTap(hub *Hub, state *gossip.State, tip *chain.HeaderNode) *Tap {
	return &Tap{hub: hub, state: state, tip: tip, peers: map[p2p.PeerID]*p2p.PeerInfo{}}
}

// Peer says what is known of a connection that has greeted: first when it has, then when
// more is known.
func (t *Tap) Peer(id p2p.PeerID, info p2p.PeerInfo) {
	p := &p2p.PeerInfo{ // what an event says of it, no more: many are kept
		Link: p2p.Link{Number: info.Number, Kind: info.Kind, Hello: p2p.Hello{UserAgent: info.UserAgent}},
		Addr: info.Addr, LocalAddr: info.LocalAddr, Listens: info.Listens,
	}
	old := t.peers[id]
	t.peers[id] = p
	switch {
	case old == nil:
		t.hub.Publish(Event{Kind: Connected, Peer: p})
	case old.Addr != p.Addr || old.LocalAddr != p.LocalAddr || old.Listens != p.Listens:
		t.hub.Publish(Event{Kind: OfPeer, Peer: p, Reason: Listens})
	}
}

// Left: a connection that had greeted has ended.
func (t *Tap) Left(id p2p.PeerID, why error) {
	p := t.peers[id]
	if p == nil {
		return
	}
	delete(t.peers, id)
	e := Event{Kind: Disconnected, Peer: p}
	if why != nil {
		e.Reason = why.Error()
	}
	t.hub.Publish(e)
}

// Step shows what the conversation was told and what it did.
func (t *Tap) Step(ev gossip.Event, acts []p2p.Action) {
	t.told(ev)
	for _, a := range acts {
		t.did(a)
	}
	t.flush()
}

func (t *Tap) flush() {
	t.hub.Publish(t.buf...)
	t.buf = t.buf[:0]
}

func (t *Tap) add(e Event) {
	if len(t.buf) == atATime {
		t.flush()
	}
	t.buf = append(t.buf, e)
}

// told says what an event of the conversation is.
func (t *Tap) told(ev gossip.Event) {
	switch ev := ev.(type) {
	case gossip.Message:
		if p := t.peers[ev.Peer]; p != nil {
			t.message(Heard, p, ev.Msg)
		}
	case gossip.SubmitTx:
		t.add(Event{Kind: Heard, By: Self, TxID: ev.Tx.ID, WTxID: ev.Tx.WID, Bytes: ev.Tx.Size})
	case gossip.SubmitBlock:
		t.add(t.ofBlock(Event{Kind: Heard, By: Self, Bytes: len(ev.Block.Raw)}, ev.Block.Hash))
	case gossip.TxIn:
		e := Event{Kind: Judged, TxID: ev.Tx.ID, WTxID: ev.Tx.WID, Verdict: Accepted}
		if ev.Returned {
			e.Detail = "a reorganisation gave it back"
		}
		t.add(e)
	case gossip.TxOut:
		t.add(Event{Kind: Removed, TxID: ev.Tx.ID, WTxID: ev.Tx.WID, Reason: string(ev.Why)})
	case gossip.TxVerdict:
		if ev.Err != nil { // else TxIn has told it
			t.add(judged(Event{TxID: ev.Tx.ID, WTxID: ev.Tx.WID}, ev.Err))
		}
	case gossip.BlockVerdict:
		t.add(judged(Event{Block: ev.Node.Hash, Height: ev.Node.Height}, ev.Err))
	case gossip.TipChanged:
		t.moved(ev.Tip)
	}
}

// judged is the verdict on a transaction or block.
func judged(e Event, err error) Event {
	e.Kind, e.Verdict = Judged, Accepted
	if err == nil {
		return e
	}
	e.Verdict, e.Reason = Refused, err.Error()
	if broken, ok := errors.AsType[*chain.RuleError](err); ok {
		e.Reason, e.Detail = string(broken.Rule), broken.Detail
	} else if refused, ok := errors.AsType[*chain.PolicyError](err); ok {
		e.Reason, e.Detail = string(refused.Policy), refused.Detail
	}
	switch {
	case errors.Is(err, chain.ErrInconclusive):
		e.Verdict, e.Reason = Inconclusive, ""
	case errors.Is(err, chain.ErrDuplicate):
		e.Verdict, e.Reason = Duplicate, ""
	case errors.Is(err, chain.ErrMissingCoin):
		e.Verdict = Orphan
	}
	return e
}

// moved tells of a new tip, and first of what was undone for it.
func (t *Tap) moved(tip *chain.HeaderNode) {
	old := t.tip
	t.tip = tip
	if old != nil && !old.IsAncestorOf(tip) {
		fork := chain.Fork(old, tip)
		t.add(Event{Kind: Reorganisation, Block: tip.Hash, Height: tip.Height, Reorg: &Reorg{
			Fork: fork.Height, Left: old.Hash, Height: old.Height,
			Undone: int(old.Height - fork.Height), New: int(tip.Height - fork.Height),
		}})
	}
	t.add(Event{Kind: Tip, Block: tip.Hash, Height: tip.Height})
}

// did says what an action of the conversation is.
func (t *Tap) did(a p2p.Action) {
	switch a := a.(type) {
	case p2p.Send:
		if p := t.peers[a.Peer]; p != nil {
			t.message(Relayed, p, a.Msg)
		}
	case p2p.SendBlock:
		by := wire.CmdBlock
		if a.Short {
			by = msg.CmdCmpctBlock
		}
		t.gave(a.Peer, by, a.Hash, 0)
	case p2p.SendParts:
		t.gave(a.Peer, msg.CmdBlockTxn, a.Hash, len(a.Places))
	case p2p.SendFiltered:
		t.gave(a.Peer, wire.CmdMerkleBlock, a.Hash, 0)
	case p2p.Drop:
		if p := t.peers[a.Peer]; p != nil && a.Offence != "" {
			t.add(Event{Kind: OfPeer, Peer: p, Reason: string(a.Offence), Detail: a.Reason})
		}
	}
}

// gave tells of a block, or so many transactions of it, that a peer is given.
func (t *Tap) gave(id p2p.PeerID, by string, block chain.Hash, count int) {
	if p := t.peers[id]; p != nil {
		t.add(t.ofBlock(Event{Kind: Relayed, By: by, Peer: p, Count: count}, block))
	}
}

// message tells what a message says of transactions and blocks: one that was Heard from a
// peer, or is Relayed to it.
func (t *Tap) message(kind Kind, p *p2p.PeerInfo, m wire.Message) {
	e := Event{Kind: kind, Peer: p}
	switch m := m.(type) {
	case *wire.MsgInv:
		e.By = wire.CmdInv
		t.inventory(e, m.InvList)
	case *wire.MsgHeaders:
		e.By = wire.CmdHeaders
		t.headers(e, m.Headers)
	case *msg.Tx:
		t.tx(e, m.Tx)
	case *msg.BareTx:
		t.tx(e, m.Tx)
	case *msg.Block:
		e.By, e.Bytes = wire.CmdBlock, len(m.Raw)
		t.add(t.ofBlock(e, m.Hash))
	case *msg.CmpctBlock:
		e.By, e.Count = msg.CmdCmpctBlock, len(m.Prefilled)
		t.add(t.ofBlock(e, m.Header.BlockHash()))
	case *msg.BlockTxn:
		e.By, e.Count = msg.CmdBlockTxn, len(m.Txs)
		for _, tx := range m.Txs {
			e.Bytes += tx.Size
		}
		t.add(t.ofBlock(e, m.Block))
	case *wire.MsgGetData:
		if kind == Relayed { // what a peer asks for is told when it is given
			e.Kind, e.By = Asked, wire.CmdGetData
			t.inventory(e, m.InvList)
		}
	case *msg.GetBlockTxn:
		if kind == Relayed {
			e.Kind, e.By, e.Count = Asked, msg.CmdGetBlockTxn, len(m.Indexes)
			t.add(t.ofBlock(e, m.Block))
		}
	}
}

func (t *Tap) tx(e Event, tx *chain.Tx) {
	e.By, e.TxID, e.WTxID, e.Bytes = wire.CmdTx, tx.ID, tx.WID, tx.Size
	t.add(e)
}

// inventory tells what the entries of an inv or getdata name.
func (t *Tap) inventory(e Event, list []*wire.InvVect) {
	blocks := 0
	var last chain.Hash
	for _, inv := range list {
		switch inv.Type &^ wire.InvWitnessFlag {
		case wire.InvTypeTx, txs.InvTypeWTx:
			t.add(t.ofTx(e, inv))
		default:
			last = inv.Hash
			if blocks++; blocks <= named {
				t.add(t.ofBlock(e, inv.Hash))
			}
		}
	}
	if blocks > named {
		e.Count = blocks - named
		t.add(t.ofBlock(e, last))
	}
}

// headers tells of new blocks by their headers.
func (t *Tap) headers(e Event, list []*wire.BlockHeader) {
	if len(list) > named {
		e.Count = len(list)
		list = list[len(list)-1:]
	}
	for _, h := range list {
		t.add(t.ofBlock(e, h.BlockHash()))
	}
}

// ofTx names a transaction by what we know of it.
func (t *Tap) ofTx(e Event, inv *wire.InvVect) Event {
	switch tx := t.state.TxNamed(inv.Hash); {
	case tx != nil:
		e.TxID, e.WTxID = tx.ID, tx.WID
	case inv.Type == txs.InvTypeWTx:
		e.WTxID = inv.Hash
	default:
		e.TxID = inv.Hash
	}
	return e
}

// ofBlock names a block, with its height if its header is known.
func (t *Tap) ofBlock(e Event, hash chain.Hash) Event {
	e.Block = hash
	if n := t.state.HeaderOf(hash); n != nil {
		e.Height = n.Height
	}
	return e
}
