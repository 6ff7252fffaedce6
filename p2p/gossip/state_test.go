package gossip

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// public is a rig on a network that keeps secrets, with a fresh tip.
func public(t *testing.T) *rig {
	w := newWorld()
	w.params.Net = wire.MainNet
	r := newRig(t, w)
	r.now = w.nodes["g"].Header.Timestamp.Add(time.Hour)
	return r
}

// On public networks announcements wait a random time, a peer that joins is not
// told the pool, and only what was announced is served.
func TestOnPublicNetworksAnnouncementsKeepSecrets(t *testing.T) {
	r := public(t)
	r.joins(1, false)
	r.step(r.n, SubmitTx{1, r.w.tx("a")})
	r.run(time.Microsecond * 150)
	if len(r.n.r.pool) != 1 || count(r.sent, 1, wire.CmdInv) != 0 {
		t.Fatalf("pool %d, announced %d at once", len(r.n.r.pool), count(r.sent, 1, wire.CmdInv))
	}
	ask := &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(5, &r.w.txs["a"].WID)}}
	if count(r.says(1, ask), 1, wire.CmdTx) != 0 {
		t.Error("served what was not announced yet")
	}
	r.run(time.Minute)
	if count(r.sent, 1, wire.CmdInv) != 1 {
		t.Fatalf("announced %d times within a minute", count(r.sent, 1, wire.CmdInv))
	}
	if count(r.says(1, ask), 1, wire.CmdTx) != 1 {
		t.Error("not served after it was announced")
	}
	r.joins(2, true)
	r.run(time.Minute)
	if count(r.sent, 2, wire.CmdInv) != 0 {
		t.Error("a newcomer was told our pool")
	}
}

// Who connects many times hears of a transaction at one time only; each peer of
// our own choice has its own.
func TestThoseWhoCameToUsAreToldTogether(t *testing.T) {
	for _, inbound := range []bool{true, false} {
		r := public(t)
		for id := range p2p.PeerID(20) {
			r.joins(id+1, inbound)
		}
		told := map[time.Time]int{}
		r.n.tap = func(a p2p.Action) {
			if s, ok := a.(p2p.Send); ok && s.Msg.Command() == wire.CmdInv {
				told[r.now]++
			}
		}
		for i := range 5 {
			r.step(r.n, SubmitTx{p2p.Ticket(i), r.w.tx(fmt.Sprint("t", i))})
			r.run(time.Hour)
		}
		if times := len(told); inbound && times != 5 || !inbound && times < 80 {
			t.Errorf("inbound %v: 20 peers were told of 5 transactions at %d times", inbound, times)
		}
	}
}

// Who stays behind our tip is asked after twenty minutes and has two more; who
// came to us, who was asked for by name and who once kept up may stay.
func TestPeersOfOurChoiceMustKeepUp(t *testing.T) {
	r := public(t)
	r.w.grow("a", "g", 3, 200)
	for id := range p2p.PeerID(8) {
		r.joins(id+1, id == 6)
	}
	manual := p2p.Link{Kind: p2p.Manual, Hello: hello()}
	r.step(r.n, joined(9, manual))
	r.give(r.n, "a1")
	for id := range p2p.PeerID(5) { // the first five keep up at first, and four are kept for it
		r.says(id+1, r.headers("a1"))
	}
	r.step(r.n, Tick{})
	r.give(r.n, "a2")
	begun := len(r.sent)
	r.run(19 * time.Minute)
	if n := count(r.sent[begun:], 0, wire.CmdGetHeaders); n != 0 {
		t.Errorf("%d peers were asked before their time", n)
	}
	r.run(2 * time.Minute)
	r.says(8, r.headers("a1", "a2")) // it was only silent
	r.run(5 * time.Minute)
	for id := range p2p.PeerID(9) {
		_, gone := dropped(r.sent, id+1)
		asked := count(r.sent[begun:], id+1, wire.CmdGetHeaders) == 1
		if want := id == 4 || id == 5; gone != want || asked != (want || id == 7) {
			t.Errorf("peer %d dropped %v, asked %v", id+1, gone, asked)
		}
	}
}

// Whoever we have dialled is looked at though no block comes: they may be silent
// so that none does.
func TestSilentPeersAreFoundWhereNoBlockComes(t *testing.T) {
	r := public(t)
	r.w.grow("a", "g", 1, 200)
	r.give(r.n, "a1")
	r.joins(1, false)
	r.joins(2, false)
	r.says(2, r.headers("a1"))
	r.run(30 * time.Minute)
	for id, want := range map[p2p.PeerID]bool{1: true, 2: false} {
		if _, gone := dropped(r.sent, id); gone != want {
			t.Errorf("peer %d dropped: %v", id, gone)
		}
	}
}

// With an old tip on a public network we are syncing: transactions are not asked
// for until a fresh block has come.
func TestAnOldTipIsSyncingOnPublicNetworks(t *testing.T) {
	r := public(t)
	r.joins(1, false)
	r.run(48 * time.Hour)
	inv := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(5, &r.w.tx("a").WID)}}
	if count(r.says(1, inv), 1, wire.CmdGetData) != 0 || !r.n.s.Status().Syncing {
		t.Error("a transaction was asked for while syncing")
	}
}

func TestStatusAndPeers(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 5, 1000)
	r := newRig(t, w)
	r.give(r.n, "a1", "a2")
	r.joins(7, false)
	r.step(r.n, Pong{7, 30 * time.Millisecond})
	r.step(r.n, Pong{7, 50 * time.Millisecond})
	if least := r.n.s.byID[7].src.RTT; least != 30*time.Millisecond {
		t.Errorf("of 30 and 50 ms %v is kept", least)
	}
	r.step(r.n, Pong{7, 20 * time.Millisecond})
	r.says(7, wire.NewMsgFeeFilter(2500))
	r.says(7, r.headers("a1", "a2", "a3", "a4", "a5"))
	var st, stranger p2p.PeerInfo
	r.n.s.Describe(7, &st)
	if st.Height != 2 || st.Headers != 5 || len(st.InFlight) != 2 || st.InFlight[0] != 3 ||
		r.n.s.byID[7].src.RTT != 20*time.Millisecond || st.FeeFilter != 2500 {
		t.Errorf("%+v", st)
	}
	if s := r.n.s.Status(); s.Tip.Height != 2 || s.Headers != 5 || s.Peers != 1 || s.Syncing {
		t.Errorf("%+v", s)
	}
	r.n.s.Describe(8, &stranger)
	if stranger.Height != -1 || stranger.Headers != -1 || stranger.FeeFilter != 0 {
		t.Errorf("a stranger: %+v", stranger)
	}
}

// A State that starts again knows its headers, bodies, tip and bad blocks.
func TestStartingFromWhatIsStored(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 6, 100)
	w.grow("b", "a4", 1, 100)
	var nodes []*chain.HeaderNode
	for _, name := range []string{"g", "a1", "a2", "a3", "a4", "a5", "a6"} {
		nodes = append(nodes, w.nodes[name])
	}
	s := New(Config{
		Params: w.params, Headers: nodes, Tip: w.nodes["a3"], Invalid: []HeaderInvalid{{Node: w.nodes["b1"], Err: chain.Broken(chain.ErrCoinbaseAmount, "")}},
		Stored: func(h chain.Hash) bool { return slices.Contains([]string{"g", "a1", "a3", "a5"}, w.names[h]) },
		Rand:   rand.New(rand.NewPCG(1, 0)),
	})
	checkInvariants(t, s)
	stored := map[string]bool{"a1": true, "a2": false, "a3": true, "a4": false, "a5": true, "a6": false}
	for name, want := range stored {
		if got := s.tree.Find(w.nodes[name].Hash).Stored; got != want {
			t.Errorf("%s stored: %v", name, got)
		}
	}
	if st := s.Status(); st.Tip != w.nodes["a3"] || st.Headers != 6 {
		t.Errorf("%+v", st)
	}
	s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.FullRelay, Hello: hello()}})
	acts := s.Step(w.start, Message{1, &wire.MsgHeaders{Headers: []*wire.BlockHeader{&w.nodes["a6"].Header}}})
	// a2, which is lost, and a4 on the way to the best header.
	if count(acts, 1, wire.CmdGetData) != 2 {
		t.Error("what is missing was not asked for")
	}
}

// A leader of the headers sync that falls silent gives way after twenty seconds.
func TestASilentHeadersLeaderGivesWay(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 4500, 100)
	r := newRig(t, w)
	r.check = false
	names := numbered("a", 4500)
	r.joins(1, false)
	r.joins(2, false)
	if count(r.says(1, r.headers(names[:2000]...)), 1, wire.CmdGetHeaders) != 1 {
		t.Fatal("the leader was not asked for more")
	}
	if count(r.says(2, r.headers(names[:2000]...)), 2, wire.CmdGetHeaders) != 0 {
		t.Error("two peers send the same headers")
	}
	before := len(r.sent)
	r.run(25 * time.Second)
	if count(r.sent[before:], 2, wire.CmdGetHeaders) != 1 {
		t.Error("nobody else was asked")
	}
	r.says(2, r.headers(names[2000:4000]...))
	r.says(2, r.headers(names[4000:]...))
	if h := r.n.s.Status().Headers; h != 4500 {
		t.Errorf("best header at %d", h)
	}
}

// Nothing is before genesis that a copy of it could be checked by: it is known, though
// its body is pruned.
func TestThePrunedGenesisIsADuplicate(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 2, 100)
	r := newRig(t, w)
	r.give(r.n, "a1", "a2")
	r.step(r.n, BodiesPruned{[]*chain.HeaderNode{w.nodes["g"], w.nodes["a1"]}})
	r.step(r.n, SubmitBlock{1, chain.NewBlock(w.params.GenesisBlock)})
	if err, ok := r.n.answers[1]; !ok || !errors.Is(err, chain.ErrDuplicate) {
		t.Errorf("%v %v", ok, err)
	}
}

func TestGetBlocksGoesOnWhereItsInvEnded(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 700, 100)
	r := newRig(t, w)
	r.check = false
	r.give(r.n, numbered("a", 700)...)
	r.joins(1, true)
	acts := r.says(1, &wire.MsgGetBlocks{BlockLocatorHashes: []*chain.Hash{&w.nodes["g"].Hash}})
	inv := acts[0].(p2p.Send).Msg.(*wire.MsgInv)
	if len(inv.InvList) != 500 {
		t.Fatalf("%d hashes", len(inv.InvList))
	}
	acts = r.says(1, &wire.MsgGetData{InvList: inv.InvList[499:]})
	if len(acts) != 2 || acts[1].(p2p.Send).Msg.(*wire.MsgInv).InvList[0].Hash != w.nodes["a700"].Hash {
		t.Errorf("asking for the end of the inv does not name the tip: %d actions", len(acts))
	}
}

func TestAddressesAndFeeFloorArePassedOn(t *testing.T) {
	w := newWorld()
	r := newRig(t, w)
	r.joins(1, true)
	na := wire.NewNetAddressTimestamp(time.Unix(1_600_000_000, 0), 9, []byte{10, 1, 2, 3}, 18444)
	for _, m := range []wire.Message{
		&wire.MsgAddr{AddrList: []*wire.NetAddress{na}},
		&msg.AddrV2{Addrs: []p2p.Addr{{At: netip.MustParseAddrPort("10.1.2.3:18444"), Services: 9, Seen: na.Timestamp.Unix()}}},
	} {
		acts := r.says(1, m)
		want := p2p.Addr{At: netip.MustParseAddrPort("10.1.2.3:18444"), Services: 9, Seen: 1_600_000_000}
		if l, ok := acts[0].(p2p.LearnAddrs); !ok || len(l.Addrs) != 1 || l.Addrs[0] != want {
			t.Errorf("%s: %+v", m.Command(), acts)
		}
	}
	before := len(r.sent)
	r.step(r.n, MinFeeChanged{1000}) // as it is
	r.step(r.n, MinFeeChanged{4000})
	r.run(2 * time.Second)
	if count(r.sent[before:], 1, wire.CmdFeeFilter) != 1 {
		t.Errorf("%d feefilters", count(r.sent[before:], 1, wire.CmdFeeFilter))
	}
}

// Who syncs on a public network asks for no transactions, and for them when it
// has caught up.
func TestNoTransactionsAreWantedWhileSyncing(t *testing.T) {
	r := public(t)
	r.w.grow("a", "g", 1, 200)
	r.now = r.now.Add(48 * time.Hour) // no block for two days
	r.step(r.n, Tick{})
	r.joins(1, false)
	floors := func() (rates []int64) {
		for _, a := range r.sent {
			if s, ok := a.(p2p.Send); ok {
				if m, ok := s.Msg.(*wire.MsgFeeFilter); ok {
					rates = append(rates, m.MinFee)
				}
			}
		}
		return rates
	}
	if got := floors(); !slices.Equal(got, []int64{9170997}) {
		t.Errorf("told %v while syncing", got)
	}
	fresh := r.w.nodes["a1"].Header
	fresh.Timestamp = r.now
	r.step(r.n, TipChanged{chain.NewHeaderNode(r.w.nodes["g"], fresh)})
	if got := floors(); !slices.Equal(got, []int64{9170997, 1000}) {
		t.Errorf("told %v when it was done", got)
	}
}

// A transaction that was asked for before a sync began, and comes during it, is asked
// for again when that is over, also of the only peer that has it.
func TestWhatComesWhileSyncingIsAskedForAgain(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", syncGap+6, 100)
	r := newRig(t, w)
	r.joins(1, false)
	inv := wire.NewMsgInv()
	inv.InvList = []*wire.InvVect{wire.NewInvVect(txs.InvTypeWTx, &w.tx("t").WID)}
	r.says(1, inv)
	r.says(1, r.headers(numbered("a", syncGap+6)...))
	r.says(1, &msg.Tx{Tx: w.tx("t")})
	if len(r.n.r.pool) > 0 || !r.n.s.syncing() {
		t.Fatal("it was taken at once")
	}
	before := len(r.sent)
	for _, name := range numbered("a", syncGap+6) {
		r.says(1, &msg.Block{Block: w.blockNamed(name)})
	}
	r.run(time.Minute)
	asked := slices.ContainsFunc(r.sent[before:], func(a p2p.Action) bool {
		s, ok := a.(p2p.Send)
		if !ok || s.Msg.Command() != "getdata" {
			return false
		}
		iv := s.Msg.(*wire.MsgGetData).InvList[0]
		return iv.Hash == w.tx("t").WID && iv.Type == txs.InvTypeWTx
	})
	if !asked {
		t.Error("it is not asked for again")
	}
	r.says(1, &msg.Tx{Tx: w.tx("t")})
	r.run(time.Minute)
	if len(r.n.r.pool) != 1 {
		t.Error("it is not in the pool")
	}
}

// T45: floods of small messages neither grow anything nor are answered at length.
func TestT45_SmallMessagesCostNothing(t *testing.T) {
	r := newRig(t, newWorld())
	r.joins(1, true)
	before := r.n.s.Sizes()
	for i := range 5000 {
		for _, m := range []wire.Message{
			wire.NewMsgFeeFilter(int64(i) - 10), &wire.MsgSendHeaders{}, &wire.MsgGetAddr{}, &wire.MsgHeaders{},
		} {
			if acts := r.says(1, m); len(acts) > 1 {
				t.Fatalf("%s was answered by %d actions", m.Command(), len(acts))
			}
		}
	}
	if after := r.n.s.Sizes(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("grew from %+v to %+v", before, after)
	}
}

// A header whose body nobody has does not count among the headers for ever: by it
// people see whether we are in sync.
func TestAHeaderThatNobodyHasDoesNotCountForEver(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 3, 300)
	for _, local := range []bool{true, false} {
		params := *w.params
		if !local {
			std := *params.Params
			std.GenerateSupported, std.Net = false, 0x0badcafe
			params.Params = &std
		}
		s := New(Config{Params: &params, Headers: []*chain.HeaderNode{w.nodes["g"], w.nodes["a1"], w.nodes["a2"], w.nodes["a3"]},
			Tip: w.nodes["a1"], Rand: rand.New(rand.NewPCG(1, 0))})
		now := w.start
		want := func(what string, heights ...int32) {
			t.Helper()
			for i, wait := range []time.Duration{syncPatience - 1, 1} {
				s.Step(now.Add(wait), Tick{})
				now = now.Add(wait)
				if got := s.Status().Headers; got != heights[i] {
					t.Errorf("%s, local %v: headers %d, want %d", what, local, got, heights[i])
				}
			}
		}
		if params.Local() != local {
			t.Fatal("not the network that was meant")
		}
		s.Step(now, Tick{})
		if alone := []int32{3, 1}; local {
			want("alone", alone...)
		} else {
			want("alone", 3, 3)
		}
		s.Step(now, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
		want("a peer that has nothing", 1, 1)
		s.Step(now, Message{1, &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeBlock, &w.nodes["a2"].Hash)}}})
		want("a peer that has one more", 2, 2)
		s.Step(now, Message{1, &wire.MsgHeaders{Headers: []*wire.BlockHeader{&w.nodes["a3"].Header}}})
		want("a peer that has all", 3, 3)
	}
}

// The txid does not commit to the witness. Who is asked for a transaction by it and
// gives a copy with another witness, or with none, hides it from nobody.
func TestACopyWithAnotherWitnessHidesNoTransaction(t *testing.T) {
	w := newWorld()
	for what, spoil := range map[string]func(*wire.MsgTx){
		"another witness": func(m *wire.MsgTx) { m.TxIn[0].Witness = wire.TxWitness{{1, 2, 3}} },
		"no witness":      func(m *wire.MsgTx) { m.TxIn[0].Witness = nil },
	} {
		s := newTestState(w, 1)
		step := func(ev Event) []p2p.Action {
			acts := s.Step(w.start, ev)
			checkInvariants(t, s)
			return acts
		}
		for id := p2p.PeerID(1); id <= 3; id++ {
			h := hello()
			h.WTxIDRelay = id == 3
			step(Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: h}})
		}
		tx := w.tx("a")
		byID := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeTx, &tx.ID)}}
		if count(step(Message{1, byID}), 1, wire.CmdGetData) != 1 {
			t.Fatal("not asked for")
		}
		m := tx.MsgTx.Copy()
		spoil(m)
		bad := chain.NewTx(m)
		step(Message{1, &msg.Tx{Tx: bad}})
		step(TxVerdict{Tx: bad, Err: &chain.PolicyError{Policy: "mempool-script-verify-flag-failed", Stripped: !bad.HasWitness()}})
		if count(step(Message{2, byID}), 2, wire.CmdGetData) != 1 {
			t.Errorf("%s: it is not asked of the next by its txid", what)
		}
		if len(step(Message{3, &msg.Tx{Tx: tx}})) == 0 {
			t.Errorf("%s: the good copy is not looked at", what)
		}
	}
}

// Copies of one transaction and pings without end, while it is being validated, are
// not remembered without end.
func TestT45_PingsAndCopiesThatWaitAreBounded(t *testing.T) {
	w := newWorld()
	s := newTestState(w, 1)
	s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
	tx := w.tx("a")
	for i := range 3 * maxTasks {
		s.Step(w.start, Message{1, &msg.Tx{Tx: tx}})
		s.Step(w.start, Message{1, wire.NewMsgPing(uint64(i))})
	}
	p := s.byID[1]
	if n, m := len(p.tasks), len(s.tx.queue.find(tx.WID).tasks); n > maxTasks+1 || m > maxTasks {
		t.Errorf("%d tasks of the peer, %d of the transaction", n, m)
	}
	acts := s.Step(w.start, TxVerdict{Tx: tx})
	last := acts[len(acts)-1].(p2p.Send).Msg.(*wire.MsgPong)
	if n := count(acts, 1, wire.CmdPong); n != maxTasks/2 || last.Nonce != 3*maxTasks-1 || len(p.tasks) != 0 {
		t.Errorf("%d pongs, the last is %d; %d tasks are left", n, last.Nonce, len(p.tasks))
	}
}
