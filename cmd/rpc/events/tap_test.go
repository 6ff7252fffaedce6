package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// tapped is a Tap with peer 1 connected, and its hub.
func tapped(h *Hub) *Tap {
	p := chain.RegTest()
	state := gossip.New(gossip.Config{Params: p, Rand: rand.New(rand.NewPCG(1, 1))})
	t := NewTap(h, state, p.Genesis())
	t.Peer(1, p2p.PeerInfo{Link: p2p.Link{Number: 4, Kind: p2p.Inbound}, Addr: "10.0.0.1:5", LocalAddr: "10.0.0.2:6"})
	return t
}

// said are the events of a step, in short.
func said(t *testing.T, ev gossip.Event, acts ...p2p.Action) (list []string) {
	t.Helper()
	h := small(1000, 1000)
	tap := tapped(h)
	l := h.Listen(Filter{}, 0)
	tap.Step(ev, acts)
	for _, e := range taken(t, l) {
		line := fmt.Sprint(e.Kind, " ", e.By)
		if e.Peer != nil {
			line += fmt.Sprint(" ", e.Peer.Number)
		}
		for _, n := range []int{e.Count, e.Bytes, int(e.Height)} {
			line += fmt.Sprint(" ", n)
		}
		list = append(list, line+" "+e.Verdict+" "+e.Reason)
	}
	return list
}

func inv(n int, typ wire.InvType) *wire.MsgInv {
	m := wire.NewMsgInv()
	for i := range n {
		m.InvList = append(m.InvList, wire.NewInvVect(typ, &chain.Hash{1, byte(i), byte(i >> 8)}))
	}
	return m
}

// What a message, an action and an event of the conversation become, at the limit of what is told one by one and beyond.
func TestStepsBecomeEvents(t *testing.T) {
	node := &chain.HeaderNode{Height: 7}
	from := func(m wire.Message) gossip.Event { return gossip.Message{Peer: 1, Msg: m} }
	to := func(m wire.Message) p2p.Action { return p2p.Send{Peer: 1, Msg: m} }
	headers := func(n int) *wire.MsgHeaders { return &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, n)} }
	full := func(m *wire.MsgHeaders) *wire.MsgHeaders {
		for i := range m.Headers {
			m.Headers[i] = &wire.BlockHeader{Nonce: uint32(i)}
		}
		return m
	}
	getdata := wire.NewMsgGetData()
	getdata.InvList = inv(1, wire.InvTypeWitnessBlock).InvList
	for name, c := range map[string]struct {
		ev    gossip.Event
		acts  []p2p.Action
		lines int
		last  string
	}{
		"nothing":                {gossip.Tick{}, nil, 0, ""},
		"of a stranger":          {gossip.Message{Peer: 9, Msg: inv(1, txs.InvTypeWTx)}, nil, 0, ""},
		"an inv of transactions": {from(inv(3, txs.InvTypeWTx)), nil, 3, "heard inv 4 0 0 0  "},
		"eight blocks":           {from(inv(8, wire.InvTypeBlock)), nil, 8, "heard inv 4 0 0 0  "},
		"nine blocks":            {from(inv(9, wire.InvTypeBlock)), nil, 9, "heard inv 4 1 0 0  "},
		"more than go at a time": {from(inv(600, wire.InvTypeTx)), nil, 600, "heard inv 4 0 0 0  "},
		"eight headers":          {from(full(headers(8))), nil, 8, "heard headers 4 0 0 0  "},
		"nine headers":           {from(full(headers(9))), nil, 1, "heard headers 4 9 0 0  "},
		"no headers":             {from(headers(0)), nil, 0, ""},
		"a compact block":        {from(&msg.CmpctBlock{}), nil, 1, "heard cmpctblock 4 0 0 0  "},
		"missing transactions":   {from(&msg.BlockTxn{Txs: []*chain.Tx{{Size: 10}, {Size: 20}}}), nil, 1, "heard blocktxn 4 2 30 0  "},
		"who asks":               {from(getdata), nil, 0, ""},
		"we ask":                 {gossip.Tick{}, []p2p.Action{to(getdata)}, 1, "asked getdata 4 0 0 0  "},
		"we ask for parts":       {gossip.Tick{}, []p2p.Action{to(&msg.GetBlockTxn{Indexes: []int{1, 5}})}, 1, "asked getblocktxn 4 2 0 0  "},
		"we announce":            {gossip.Tick{}, []p2p.Action{to(inv(1, txs.InvTypeWTx))}, 1, "relayed inv 4 0 0 0  "},
		"we give":                {gossip.Tick{}, []p2p.Action{to(&msg.Tx{Tx: &chain.Tx{ID: chain.Hash{1}, Size: 99}})}, 1, "relayed tx 4 0 99 0  "},
		"we give a block":        {gossip.Tick{}, []p2p.Action{p2p.SendBlock{Peer: 1}}, 1, "relayed block 4 0 0 0  "},
		"we give it short":       {gossip.Tick{}, []p2p.Action{p2p.SendBlock{Peer: 1, Short: true}}, 1, "relayed cmpctblock 4 0 0 0  "},
		"we give parts":          {gossip.Tick{}, []p2p.Action{p2p.SendParts{Peer: 1, Places: []int{1}}}, 1, "relayed blocktxn 4 1 0 0  "},
		"to a stranger":          {gossip.Tick{}, []p2p.Action{p2p.SendBlock{Peer: 8}, p2p.Drop{Peer: 8, Offence: "x"}}, 0, ""},
		"an offence":             {gossip.Tick{}, []p2p.Action{p2p.Drop{Peer: 1, Offence: "bad", Reason: "why"}}, 1, "peer  4 0 0 0  bad"},
		"a drop without fault":   {gossip.Tick{}, []p2p.Action{p2p.Drop{Peer: 1, Reason: "why"}}, 0, ""},
		"a good block":           {gossip.BlockVerdict{Node: node}, nil, 1, "judged  0 0 7 accepted "},
		"a bad block":            {gossip.BlockVerdict{Node: node, Err: chain.Broken(chain.ErrHighHash, "x")}, nil, 1, "judged  0 0 7 refused high-hash"},
		"a block beside":         {gossip.BlockVerdict{Node: node, Err: chain.ErrInconclusive}, nil, 1, "judged  0 0 7 inconclusive "},
		"a block again":          {gossip.BlockVerdict{Node: node, Err: chain.ErrDuplicate}, nil, 1, "judged  0 0 7 duplicate "},
		"a block of no parent":   {gossip.BlockVerdict{Node: node, Err: chain.ErrUnknownParent}, nil, 1, "judged  0 0 7 refused prev-blk-not-found"},
		"a poor transaction":     {gossip.TxVerdict{Tx: &chain.Tx{ID: chain.Hash{1}}, Err: chain.Refused("min relay fee not met", "1 < 2")}, nil, 1, "judged  0 0 0 refused min relay fee not met"},
		"an orphan":              {gossip.TxVerdict{Tx: &chain.Tx{ID: chain.Hash{1}}, Err: &chain.MissingError{}}, nil, 1, "judged  0 0 0 orphan bad-txns-inputs-missingorspent"},
		"a good transaction":     {gossip.TxVerdict{Tx: &chain.Tx{ID: chain.Hash{1}}}, nil, 0, ""}, // TxIn has told it
		"it enters":              {gossip.TxIn{PoolTx: chain.PoolTx{Tx: &chain.Tx{ID: chain.Hash{1}}}}, nil, 1, "judged  0 0 0 accepted "},
		"it leaves":              {gossip.TxOut{PoolGone: chain.PoolGone{Tx: &chain.Tx{ID: chain.Hash{1}}, Why: chain.GoneReplaced}}, nil, 1, "removed  0 0 0  replaced"},
		"of our own":             {gossip.SubmitTx{Tx: &chain.Tx{ID: chain.Hash{1}, Size: 5}}, nil, 1, "heard self 0 5 0  "},
		"a block of our own":     {gossip.SubmitBlock{Block: &chain.Block{Raw: make([]byte, 80)}}, nil, 1, "heard self 0 80 0  "},
	} {
		got := said(t, c.ev, c.acts...)
		if len(got) != c.lines || c.lines > 0 && got[len(got)-1] != c.last {
			t.Errorf("%s: %d events, %q, want %d and last %q", name, len(got), got, c.lines, c.last)
		}
	}
}

// connection is what the JSON of an event says that the peer's connection is for.
func connection(t *testing.T, e Event) string {
	raw, err := json.Marshal(e)
	var said struct {
		Peer struct{ Connection string }
	}
	if err == nil {
		err = json.Unmarshal(raw, &said)
	}
	if err != nil {
		t.Fatal(err)
	}
	return said.Peer.Connection
}

func TestPeersComeLearnAndGo(t *testing.T) {
	h := small(10, 10)
	tap := tapped(h)
	info := p2p.PeerInfo{Link: p2p.Link{Number: 4, Kind: p2p.Inbound}, Addr: "10.0.0.1:5", LocalAddr: "10.0.0.2:6"}
	tap.Peer(1, info) // nothing new
	info.Listens = "10.0.0.1:18444"
	tap.Peer(1, info)
	tap.Left(1, errors.New("EOF"))
	tap.Left(1, nil)
	tap.Left(2, nil)
	onion, _ := p2p.OverlayAddr(p2p.Onion, make([]byte, 32))
	tap.Peer(3, p2p.PeerInfo{Link: p2p.Link{Number: 6}, Listens: p2p.HostOf(onion) + ":8333"})
	var got []string
	for _, e := range h.Kept(Filter{}) {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Peer.Number, " ", e.Peer.Listens, " ", e.Reason, " ", connection(t, e)))
	}
	want := []string{"connected 4   inbound", "peer 4 10.0.0.1:18444 listens ", "disconnected 4 10.0.0.1:18444 EOF ",
		"connected 6 " + p2p.HostOf(onion) + ":8333  "}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// During a sync, and when nobody listens, the events of a block cost no allocation.
func TestASyncCostsNoAllocation(t *testing.T) {
	h := small(64, 64)
	tap := tapped(h)
	block, node := &msg.Block{Block: &chain.Block{Raw: make([]byte, 300)}}, tap.tip
	getdata := wire.NewMsgGetData()
	getdata.InvList = inv(16, wire.InvTypeWitnessBlock).InvList
	steps := []struct {
		ev   gossip.Event
		acts []p2p.Action
	}{
		{gossip.Message{Peer: 1, Msg: block}, []p2p.Action{p2p.Send{Peer: 1, Msg: getdata}, p2p.ValidateBlock{Peer: 1, Node: node, Block: block.Block}}},
		{gossip.TipChanged{Tip: node}, nil},
		{gossip.BlockVerdict{Node: node}, []p2p.Action{p2p.SendBlock{Peer: 1}}},
		{gossip.Message{Peer: 1, Msg: inv(50, txs.InvTypeWTx)}, nil},
		{gossip.Tick{}, nil},
	}
	run := func() {
		for _, s := range steps {
			tap.Step(s.ev, s.acts)
		}
	}
	for range 100 {
		run()
	}
	if n := testing.AllocsPerRun(100, run); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkStep(b *testing.B) {
	tap := tapped(NewHub(Config{}))
	var ev gossip.Event = gossip.Message{Peer: 1, Msg: &msg.Block{Block: &chain.Block{Raw: make([]byte, 300)}}}
	b.ReportAllocs()
	for b.Loop() {
		tap.Step(ev, nil)
	}
}
