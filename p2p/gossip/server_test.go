package gossip

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// testServer is one whose verified chain has 15 blocks; 16 to 18 are stored above it,
// 19 and 20 are headers only.
func testServer(t *testing.T) (*server, []chaintest.Mined) {
	p := chain.RegTest()
	mined := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(20))
	nodes := []*chain.HeaderNode{mined[0].Node.Parent}
	for _, b := range mined {
		nodes = append(nodes, b.Node)
	}
	tr := headers.NewTree(nodes)
	tr.SetTip(tr.Find(mined[14].Block.Hash))
	for _, b := range mined[15:18] {
		tr.Find(b.Block.Hash).Stored = true
	}
	n := uint64(0)
	return &server{
		Tree: tr, Pool: txs.NewPool(), Recent: &blocks.Recent{}, Nonce: func() uint64 { n++; return n }, Local: true,
	}, mined
}

func getData(typ wire.InvType, hashes ...chain.Hash) *wire.MsgGetData {
	m := wire.NewMsgGetData()
	for _, h := range hashes {
		m.InvList = append(m.InvList, wire.NewInvVect(typ, &h))
	}
	return m
}

// asks is a peer that asks, perhaps one that speaks gvhave.
func asks(have bool) *peer { return &peer{Link: p2p.Link{Hello: p2p.Hello{Have: have}}} }

func dataOf(d *server, p *peer, m *wire.MsgGetData) []p2p.Action {
	acts, _ := d.data(p, m)
	return acts
}

func isWhole(a p2p.Action) bool { _, whole := a.(p2p.SendBlock); return whole }

// Everybody gets the verified chain; only have peers get what is above it.
func TestWhoGetsWhichBodies(t *testing.T) {
	d, b := testServer(t)
	for _, c := range []struct {
		have   bool
		height int
		served bool
	}{{false, 15, true}, {false, 16, false}, {true, 16, true}, {true, 18, true}, {true, 19, false}} {
		got := dataOf(d, asks(c.have), getData(wire.InvTypeWitnessBlock, b[c.height-1].Block.Hash))
		if served := len(got) == 1 && isWhole(got[0]); served != c.served {
			t.Errorf("block %d to a have peer %v: served %v", c.height, c.have, served)
		}
	}
	plain := dataOf(d, asks(false), getData(wire.InvTypeBlock, b[3].Block.Hash))
	if len(plain) != 1 || plain[0].(p2p.SendBlock).Witness {
		t.Error("a block asked without witnesses is served with them")
	}
}

// Who asks for a block that lost a race a month ago learns nothing of where we
// were then.
func TestT42_OldBlocksBesideTheChainAreNotSpokenOf(t *testing.T) {
	p := chain.RegTest()
	g := p.Genesis()
	begun := g.Header.Timestamp
	lost := chaintest.Mine(t, p, g, chaintest.At(begun.Add(time.Hour)), chaintest.Extra(1))
	won := chaintest.Mine(t, p, g, chaintest.At(begun.Add(time.Hour)), chaintest.Extra(2))
	for _, c := range []struct {
		days   time.Duration
		local  bool
		served bool
	}{{29, false, true}, {31, false, false}, {31, true, true}} {
		tip := chaintest.Mine(t, p, won.Node, chaintest.At(begun.Add(c.days*24*time.Hour)))
		tr := headers.NewTree([]*chain.HeaderNode{g, lost.Node, won.Node, tip.Node})
		tr.SetTip(tr.Find(lost.Block.Hash))
		tr.SetTip(tr.Find(tip.Block.Hash))
		d := &server{Tree: tr, Pool: txs.NewPool(), Recent: &blocks.Recent{}, Local: c.local}
		got := dataOf(d, asks(false), getData(wire.InvTypeWitnessBlock, lost.Block.Hash))
		if served := len(got) == 1 && isWhole(got[0]); served != c.served {
			t.Errorf("after %d days, local %v: served %v", c.days, c.local, served)
		}
		reply, _ := d.Headers(asks(false), &wire.MsgGetHeaders{HashStop: lost.Block.Hash})
		if told := reply != nil; told != c.served {
			t.Errorf("after %d days, local %v: header told %v", c.days, c.local, told)
		}
		if got := dataOf(d, asks(false), getData(wire.InvTypeWitnessBlock, won.Block.Hash)); len(got) != 1 || !isWhole(got[0]) {
			t.Error("a block of the chain was not served")
		}
	}
}

func TestWhoGetsWhichHeaders(t *testing.T) {
	d, b := testServer(t)
	m := &wire.MsgGetHeaders{BlockLocatorHashes: []*chain.Hash{&b[9].Block.Hash}}
	if reply, last := d.Headers(asks(false), m); len(reply.Headers) != 5 || last != d.Tree.Tip() {
		t.Errorf("%d headers to a stock peer", len(reply.Headers))
	}
	if reply, last := d.Headers(asks(true), m); len(reply.Headers) != 10 || last != d.Tree.Best() {
		t.Errorf("%d headers to a have peer", len(reply.Headers))
	}
}

// Without a locator one header is asked for; of one that we do not know nothing is said.
func TestAHeaderByItsHash(t *testing.T) {
	d, b := testServer(t)
	if reply, last := d.Headers(asks(false), &wire.MsgGetHeaders{HashStop: b[9].Block.Hash}); reply == nil || len(reply.Headers) != 1 || last.Node.Height != 10 {
		t.Errorf("the header at 10: %v", reply)
	}
	for what, h := range map[string]chain.Hash{"unknown": {1}, "none": {}, "not verified": b[16].Block.Hash} {
		if reply, _ := d.Headers(asks(false), &wire.MsgGetHeaders{HashStop: h}); reply != nil {
			t.Errorf("%s: %d headers", what, len(reply.Headers))
		}
	}
}

// T22: parts are given of the last ten blocks, of older ones the whole; a place
// beyond the end is an offence, found here or by the peer's writer.
func TestT22_PartsOfBlocks(t *testing.T) {
	d, b := testServer(t)
	d.Recent.Add(b[14].Block, nil)
	c := asks(false)
	if got, ok := d.parts(c, &msg.GetBlockTxn{Block: b[14].Block.Hash, Indexes: []int{0}}); !ok || len(got) != 1 || len(got[0].(p2p.Send).Msg.(*msg.BlockTxn).Txs) != 1 {
		t.Errorf("parts of the tip: %v", got)
	}
	if _, ok := d.parts(c, &msg.GetBlockTxn{Block: b[14].Block.Hash, Indexes: []int{1}}); ok {
		t.Error("a place beyond the block's end was found")
	}
	for height, whole := range map[int]bool{14: false, 5: false, 4: true, 1: true} {
		h := b[height-1].Block.Hash
		got, ok := d.parts(c, &msg.GetBlockTxn{Block: h, Indexes: []int{9}})
		if !ok || len(got) != 1 || isWhole(got[0]) != whole {
			t.Errorf("of block %d, tip 15: %v", height, got)
		}
		if parts, ok := got[0].(p2p.SendParts); ok && (parts.Hash != h || len(parts.Places) != 1 || parts.Places[0] != 9) {
			t.Errorf("of block %d: %v", height, parts)
		}
	}
	for _, height := range []int{16, 19} { // stored and never on our chain, and not here
		if got, ok := d.parts(c, &msg.GetBlockTxn{Block: b[height-1].Block.Hash}); !ok || len(got) != 0 {
			t.Errorf("of block %d: %v", height, got)
		}
	}
	// The short form is given of the tip and five blocks below it, also of those that
	// came before a restart; of older ones the whole.
	got := dataOf(d, c, getData(blocks.InvTypeCompact, b[14].Block.Hash, b[9].Block.Hash, b[8].Block.Hash))
	if len(got) != 3 || got[1].(p2p.SendBlock).Hash != b[9].Block.Hash || !got[1].(p2p.SendBlock).Short ||
		got[2].(p2p.SendBlock).Hash != b[8].Block.Hash || got[2].(p2p.SendBlock).Short {
		t.Errorf("short form of the tip and of old blocks: %v", got)
	}
}
