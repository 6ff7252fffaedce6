package gossip

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// rig is one State with peers that exist only in the test's words.
type rig struct {
	*sim
	n    *simNode
	sent []p2p.Action // all actions so far
}

func newRig(t *testing.T, w *world) *rig {
	r := &rig{sim: newSim(t, w, 1, 5)}
	r.n = r.nodes[0]
	r.n.tap = func(a p2p.Action) { r.sent = append(r.sent, a) }
	return r
}

// joined is a peer that has greeted.
func joined(id p2p.PeerID, l p2p.Link) Joined {
	l.ID = id
	return Joined{Link: l}
}

// hello is what a node of today says.
func hello() p2p.Hello {
	return p2p.Hello{Services: wire.SFNodeNetwork | wire.SFNodeWitness, Relay: true, WTxIDRelay: true}
}

func (r *rig) joins(id p2p.PeerID, inbound bool) {
	link := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
	if inbound {
		link.Kind = p2p.Inbound
	}
	r.step(r.n, joined(id, link))
}

// says gives a message from a peer and returns what the State did for it.
func (r *rig) says(id p2p.PeerID, m wire.Message) []p2p.Action {
	before := len(r.sent)
	r.step(r.n, Message{id, m})
	return r.sent[before:]
}

func (r *rig) headers(names ...string) *wire.MsgHeaders {
	m := &wire.MsgHeaders{}
	for _, name := range names {
		m.Headers = append(m.Headers, &r.w.nodes[name].Header)
	}
	return m
}

// count counts the actions of one command sent to a peer (0: to anybody).
func count(acts []p2p.Action, id p2p.PeerID, command string) (n int) {
	for _, a := range acts {
		if s, ok := a.(p2p.Send); ok && s.Msg.Command() == command && (id == 0 || s.Peer == id) {
			n++
		}
	}
	return n
}

func dropped(acts []p2p.Action, id p2p.PeerID) (d p2p.Drop, ok bool) {
	for _, a := range acts {
		if d, ok := a.(p2p.Drop); ok && d.Peer == id {
			return d, true
		}
	}
	return p2p.Drop{}, false
}

func wantDropped(t *testing.T, acts []p2p.Action, id p2p.PeerID) {
	t.Helper()
	if d, ok := dropped(acts, id); !ok || d.Offence == "" {
		t.Errorf("peer %d was not dropped for an offence: %+v", id, d)
	}
}

func wantKept(t *testing.T, acts []p2p.Action, id p2p.PeerID) {
	t.Helper()
	if d, ok := dropped(acts, id); ok {
		t.Errorf("peer %d was dropped: %s", id, d.Reason)
	}
}

// randomHash is the i-th of an endless supply.
func randomHash(i int) (h chain.Hash) {
	binary.LittleEndian.PutUint64(h[:], uint64(i)*0x9e3779b97f4a7c15)
	return h
}

func invOf(n, from int, types ...wire.InvType) []*wire.InvVect {
	invs := make([]*wire.InvVect, n)
	for i := range invs {
		h := randomHash(from + i)
		invs[i] = wire.NewInvVect(types[i%len(types)], &h)
	}
	return invs
}

func TestT3_InvFlood(t *testing.T) {
	w := newWorld()
	r := newRig(t, w)
	r.check = false
	r.joins(1, true)
	r.joins(2, false)
	r.says(1, r.headers())
	rounds := 100
	if underRace {
		rounds = 10
	}
	for i := range rounds {
		acts := r.says(1, &wire.MsgInv{InvList: invOf(50_000, i*50_000, wire.InvTypeBlock, txs.InvTypeWTx)})
		if n := count(acts, 1, wire.CmdGetHeaders); n > 1 {
			t.Fatalf("%d getheaders for one inv", n)
		}
	}
	checkInvariants(t, r.n.s)
	if n := r.n.s.Sizes().Wants; n > txs.MaxOffers {
		t.Errorf("%d wants from one peer", n)
	}
	// An honest peer is served meanwhile.
	tx := w.tx("a")
	h := tx.WID
	acts := r.says(2, &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(txs.InvTypeWTx, &h)}})
	if count(acts, 2, wire.CmdGetData) != 1 {
		t.Error("the honest peer's transaction was not asked for")
	}
	wantDropped(t, r.says(1, &wire.MsgInv{InvList: invOf(50_001, 0, txs.InvTypeWTx)}), 1)
}

func TestT4_GetDataFlood(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 3, 100)
	r := newRig(t, w)
	r.give(r.n, "a1", "a2", "a3")
	r.joins(1, true)
	acts := r.says(1, &wire.MsgGetData{InvList: invOf(50_000, 0, 77, wire.InvTypeWitnessBlock, txs.InvTypeWTx)})
	if len(acts) != 1 || count(acts, 1, wire.CmdNotFound) != 1 {
		t.Errorf("%d actions for what nobody has", len(acts))
	}
	var same []*wire.InvVect
	for range 1000 {
		same = append(same, wire.NewInvVect(wire.InvTypeWitnessBlock, &w.nodes["a2"].Hash))
	}
	if acts := r.says(1, &wire.MsgGetData{InvList: same}); len(acts) != 1 {
		t.Errorf("a block asked a thousand times was served %d times", len(acts))
	}
	wantDropped(t, r.says(1, &wire.MsgGetData{InvList: invOf(50_001, 0, 77)}), 1)
}

func TestT9_LowWorkHeadersUseNoMemory(t *testing.T) {
	const n = 40_000
	w := newWorld()
	w.params.MinimumChainWork = chain.Work{0, 0, 1, 0}
	w.grow("a", "g", n, 100)
	r := newRig(t, w)
	r.check = false
	r.joins(1, false)
	names := numbered("a", n)
	for i := 0; i < n; i += 2000 {
		acts := r.says(1, r.headers(names[i:i+2000]...))
		wantKept(t, acts, 1)
		if count(acts, 1, wire.CmdGetHeaders) != 1 {
			t.Fatalf("nothing was asked after %d headers", i+2000)
		}
		for _, a := range acts {
			if _, ok := a.(p2p.StoreHeaders); ok {
				t.Fatal("headers without work were stored")
			}
		}
	}
	p := r.n.s.byID[1]
	if held, bits := p.talk.Memory(); r.n.s.tree.Len() != 1 || bits > n/600+1 || held != 0 {
		t.Errorf("%d headers, %d bits, %d held", r.n.s.tree.Len(), bits, held)
	}
	if d, ok := dropped(r.says(1, &wire.MsgHeaders{}), 1); ok && d.Offence != "" {
		t.Error("to have no more is no offence")
	}
	r.joins(2, false)
	r.says(2, r.headers(names[:2000]...))
	if _, ok := dropped(r.says(2, r.headers(names[2000:2001]...)), 2); !ok {
		t.Error("a peer of our choice whose chain is worth nothing was kept")
	}
}

func TestPresyncTakesAChainThatHasWork(t *testing.T) {
	const n = 24_000
	w := newWorld()
	w.grow("a", "g", n, 100)
	w.params.MinimumChainWork = w.nodes["a23500"].Work
	r := newRig(t, w)
	r.check = false
	names := numbered("a", n)
	feed := func(id p2p.PeerID, from int) (next int, stored int) {
		end := min(from+2000, n)
		m := r.headers(names[from:end]...)
		asked := -1
		for _, a := range r.says(id, m) {
			switch a := a.(type) {
			case p2p.StoreHeaders:
				stored += len(a.Nodes)
			case p2p.Send:
				if g, ok := a.Msg.(*wire.MsgGetHeaders); ok {
					asked = int(w.nodes[w.names[*g.BlockLocatorHashes[0]]].Height)
				}
			}
		}
		return asked, stored
	}
	r.joins(1, true)
	at, stored, rounds := 0, 0, 0
	for ; at >= 0 && rounds < 40; rounds++ {
		var k int
		at, k = feed(1, at)
		stored += k
		if rounds < 12 && stored > 0 {
			t.Fatalf("%d headers stored before their work was known", stored)
		}
		checkInvariants(t, r.n.s)
	}
	if stored != n || r.n.s.tree.Best().Node.Height != n {
		t.Errorf("%d headers stored after %d messages, best is %d", stored, rounds, r.n.s.tree.Best().Node.Height)
	}
}

func TestT10_HeadersThatLeadNowhere(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 4005, 100)
	r := newRig(t, w)
	r.check = false
	r.joins(1, false)
	r.says(1, &wire.MsgHeaders{})
	asked := 0
	var acts []p2p.Action
	for range 10 {
		acts = r.says(1, r.headers("a9"))
		wantKept(t, acts, 1)
		asked += count(acts, 1, wire.CmdGetHeaders)
	}
	if asked != 1 {
		t.Errorf("%d getheaders in no time", asked)
	}
	wantDropped(t, r.says(1, r.headers("a9")), 1)

	// The same two thousand again and again are asked further only once.
	r.joins(2, false)
	asked = 0
	for range 20 {
		asked += count(r.says(2, r.headers(numbered("a", 2000)...)), 2, wire.CmdGetHeaders)
	}
	if asked != 1 {
		t.Errorf("%d getheaders for the same headers", asked)
	}
}

func TestT11_BadHeaders(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 20, 100)
	now := w.start
	solve := func(h wire.BlockHeader) *wire.MsgHeaders {
		for chain.CheckWork(w.params, &h) != nil {
			h.Nonce++
		}
		return &wire.MsgHeaders{Headers: []*wire.BlockHeader{&h}}
	}
	next := func() wire.BlockHeader {
		return wire.BlockHeader{
			Version: 4, PrevBlock: w.nodes["a20"].Hash, Bits: w.params.PowLimitBits,
			Timestamp: w.nodes["a20"].Header.Timestamp.Add(time.Minute),
		}
	}
	bits, old, version, future, work := next(), next(), next(), next(), next()
	bits.Bits--
	old.Timestamp = w.nodes["a14"].Header.Timestamp
	version.Version = 1
	future.Timestamp = now.Add(2*time.Hour + time.Minute)
	for chain.CheckWork(w.params, &work) == nil {
		work.Nonce++
	}
	for name, m := range map[string]*wire.MsgHeaders{
		"bits": solve(bits), "time not after the median": solve(old), "version": solve(version),
		"work": {Headers: []*wire.BlockHeader{&work}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, w)
			r.give(r.n, numbered("a", 20)...)
			r.joins(1, false)
			wantDropped(t, r.says(1, m), 1)
			if r.n.s.tree.Len() != 21 {
				t.Error("the header was kept")
			}
		})
	}
	t.Run("from the future", func(t *testing.T) {
		r := newRig(t, w)
		r.give(r.n, numbered("a", 20)...)
		r.joins(1, false)
		wantKept(t, r.says(1, solve(future)), 1)
		if r.n.s.tree.Len() != 21 {
			t.Error("a header from the future was kept")
		}
		r.run(2 * time.Minute)
		wantKept(t, r.says(1, solve(future)), 1)
		if r.n.s.tree.Len() != 22 {
			t.Error("two minutes later it is not from the future and must be taken")
		}
	})
}

func TestT12_TooManyHeadersAndLongLocators(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 3, 100)
	r := newRig(t, w)
	r.give(r.n, "a1", "a2", "a3")
	r.joins(1, true)
	r.joins(2, true)
	long := &wire.MsgHeaders{Headers: make([]*wire.BlockHeader, 2001)}
	wantDropped(t, r.says(1, long), 1)
	g := &wire.MsgGetHeaders{}
	for i := range 101 {
		h := randomHash(i)
		g.BlockLocatorHashes = append(g.BlockLocatorHashes, &h)
	}
	acts := r.says(2, g)
	if m := acts[0].(p2p.Send).Msg.(*wire.MsgHeaders); len(m.Headers) != 3 {
		t.Errorf("%d headers from genesis", len(m.Headers))
	}
	g.BlockLocatorHashes = append(g.BlockLocatorHashes, g.BlockLocatorHashes[0])
	if d, ok := dropped(r.says(2, g), 2); !ok || d.Offence != "" {
		t.Errorf("a locator of 102: %v %+v", ok, d) // no offence in Core either
	}
}

func TestT14_UnrequestedBlocks(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 400, 100)
	w.grow("b", "a3", 1, 100)
	r := newRig(t, w)
	r.check = false
	r.give(r.n, numbered("a", 10)...)
	r.joins(1, true)
	r.joins(2, true)
	r.says(2, r.headers(numbered("a", 400)...))
	r.n.r.validated = map[chain.Hash]int{}
	for _, name := range []string{"a400", "b1", "a5"} {
		r.says(1, &msg.Block{Block: w.blockNamed(name)})
		if e := r.n.s.tree.Find(w.nodes[name].Hash); e != nil && e.Busy {
			t.Errorf("%s was validated", name)
		}
	}
	r.run(time.Second)
	if len(r.n.r.validated) != 0 {
		t.Errorf("%d of them were validated", len(r.n.r.validated))
	}
}

func TestT15_TipAnnouncedAndWithheld(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 11, 1000)
	m := newSim(t, w, 3, 1)
	for _, n := range m.nodes {
		m.give(n, numbered("a", 10)...)
	}
	liar, honest, me := m.nodes[0], m.nodes[1], m.nodes[2]
	liar.mute = true
	m.connect(me, liar, time.Millisecond)
	m.connect(me, honest, 50*time.Millisecond)
	m.run(time.Second)
	m.mine(liar, "a11")
	m.mine(honest, "a11")
	took := m.runUntil(5*time.Second, m.reaches(me, "a11"))
	t.Logf("tip reached after %v", took)
}

func TestT28_OrphansAreBounded(t *testing.T) {
	w := newWorld()
	r := newRig(t, w)
	r.check = false
	r.joins(1, true)
	r.joins(2, true)
	for i := range 1000 {
		tx := w.tx(fmt.Sprint("o", i), "unknown parent")
		r.says(1, &msg.Tx{Tx: tx})
		r.run(time.Millisecond)
	}
	if n := r.n.s.tx.orphans.Len(); n != txs.MaxOrphansPerPeer {
		t.Errorf("%d orphans of one peer", n)
	}
	r.says(2, &msg.Tx{Tx: w.tx("honest", "its parent")})
	r.run(time.Millisecond)
	if !r.n.s.tx.orphans.Has(w.tx("honest").WID) {
		t.Error("an honest orphan has no place")
	}
	// The parent comes: no step validates more than the credits allow.
	before := len(r.sent)
	r.says(2, &msg.Tx{Tx: w.tx("unknown parent")})
	r.run(time.Millisecond)
	validated := 0
	for _, a := range r.sent[before:] {
		if _, ok := a.(p2p.ValidateTx); ok {
			validated++
		}
	}
	if validated > MaxTxsValidating+20 {
		t.Errorf("%d transactions validated within a millisecond", validated)
	}
	r.run(time.Second)
	if n := len(r.n.r.pool); n != txs.MaxOrphansPerPeer+1 {
		t.Errorf("%d transactions in the pool", n)
	}
	checkInvariants(t, r.n.s)
}

func TestT29_SilentAnnouncersDoNotHideATransaction(t *testing.T) {
	w := newWorld()
	m := newSim(t, w, 2, 1)
	me, honest := m.nodes[0], m.nodes[1]
	tx := w.tx("a")
	inv := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(txs.InvTypeWTx, &tx.WID)}}
	for id := p2p.PeerID(100); id < 150; id++ {
		m.step(me, Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: p2p.Hello{Relay: true, WTxIDRelay: true, Services: wire.SFNodeWitness}}})
		m.step(me, Message{id, inv})
	}
	m.connect(me, honest, time.Millisecond)
	m.step(honest, SubmitTx{1, tx})
	took := m.runUntil(time.Minute, func() bool { return me.r.pool[tx.ID] != nil })
	t.Logf("in the pool after %v", took)
}

func TestT47_LeftAndNotFoundReassignAtOnce(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 1, 100)
	r := newRig(t, w)
	for id := p2p.PeerID(1); id <= 3; id++ {
		r.joins(id, false)
		r.says(id, r.headers("a1"))
	}
	asked := func(acts []p2p.Action, id p2p.PeerID) {
		t.Helper()
		if count(acts, id, wire.CmdGetData) != 1 {
			t.Errorf("peer %d was not asked at once", id)
		}
	}
	before := len(r.sent)
	r.step(r.n, Left{1})
	asked(r.sent[before:], 2)
	nf := wire.NewMsgNotFound()
	nf.InvList = append(nf.InvList, wire.NewInvVect(wire.InvTypeWitnessBlock, &w.nodes["a1"].Hash))
	asked(r.says(2, nf), 3)
}
