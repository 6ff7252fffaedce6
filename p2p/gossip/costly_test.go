package gossip

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// A stranger's transactions take a quarter of a second each to refuse. It is
// charged: after the third nothing of its is validated, what others have too comes
// from them, and our own payment never waits behind more than has begun.
func TestT67_WhoSendsWhatIsSlowToRefuseIsIgnored(t *testing.T) {
	w := newWorld()
	s := newTestState(w, 1)
	now := w.start
	var validating []*chain.Tx
	step := func(ev Event) (acts []p2p.Action) {
		acts = s.Step(now, ev)
		checkInvariants(t, s)
		for _, a := range acts {
			if j, ok := a.(p2p.ValidateTx); ok {
				validating = append(validating, j.Tx)
			}
		}
		return acts
	}
	for id := p2p.PeerID(1); id <= 2; id++ {
		step(Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello()}})
	}
	shared := w.tx("shared")
	announce := Message{2, &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(txs.InvTypeWTx, &shared.WID)}}}
	for i := range 60 {
		step(Message{1, &msg.Tx{Tx: w.tx(fmt.Sprint("slow", i))}})
	}
	step(announce)
	step(Message{1, &msg.Tx{Tx: shared}})
	if len(validating) != 56 {
		t.Fatalf("%d are validated at once", len(validating))
	}
	step(SubmitTx{1, w.tx("own")})
	if len(validating) != 57 || validating[56] != w.tx("own") {
		t.Fatal("our own payment waits behind a stranger's")
	}
	step(TxVerdict{Tx: w.tx("own")})
	validating = validating[:56]
	refuse := func(n int) (acts []p2p.Action) {
		for range n {
			now = now.Add(250 * time.Millisecond)
			acts = step(TxVerdict{Tx: validating[0], Err: chain.Refused("mempool-script-verify-flag-failed", ""), Cost: 250 * time.Millisecond})
			validating = validating[1:]
		}
		return acts
	}
	refuse(2)
	acts := refuse(1)
	if len(validating) != 56-3+2 {
		t.Errorf("%d are still validated", len(validating))
	}
	if count(acts, 2, wire.CmdGetData) != 1 {
		t.Error("what another has too is not asked of it")
	}
	before := len(validating)
	step(Message{1, &msg.Tx{Tx: w.tx("more")}})
	slow := w.tx("slow59")
	step(Message{2, &msg.Tx{Tx: slow}})
	if len(validating) != before+1 || validating[before] != slow {
		t.Error("the stranger's next is validated, or an honest peer's is not")
	}
	refuse(54)
	now = now.Add(20 * time.Minute)
	step(Message{1, &msg.Tx{Tx: w.tx("soon")}})
	now = now.Add(10 * time.Minute)
	before = len(validating)
	step(Message{1, &msg.Tx{Tx: w.tx("later")}})
	if len(validating) != before+1 || validating[before] != w.tx("later") {
		t.Error("the debt is never forgotten")
	}
}

// T67: who comes back from where it was goes on owing, whatever it has left behind; others
// are validated as before.
func TestT67_WhoComesBackStillOwes(t *testing.T) {
	w := newWorld()
	s := newTestState(w, 1)
	now, id := w.start, p2p.PeerID(0)
	sends := func(origin, name string) (from p2p.PeerID, validated bool) {
		id++
		s.Step(now, Joined{Origin: origin, Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello()}})
		for _, a := range s.Step(now, Message{id, &msg.Tx{Tx: w.tx(name)}}) {
			if j, ok := a.(p2p.ValidateTx); ok && j.Tx == w.tx(name) {
				validated = true
			}
		}
		checkInvariants(t, s)
		return id, validated
	}
	refused := func(name string) {
		s.Step(now, TxVerdict{Tx: w.tx(name), Err: chain.Refused("mempool-script-verify-flag-failed", ""), Cost: 300 * time.Millisecond})
	}
	first, ok := sends("44.4", "t1")
	if refused("t1"); !ok {
		t.Fatal("its first is not validated")
	}
	s.Step(now, Left{first})
	second, ok := sends("44.4", "t2") // it owes 0.3 s
	s.Step(now, Left{second})
	if refused("t2"); !ok {
		t.Fatal("its second is not validated")
	}
	if _, ok := sends("44.4", "t3"); ok {
		t.Error("who came back owes nothing")
	}
	if _, ok := sends("55.5", "t4"); !ok {
		t.Error("another pays for it")
	}
	now = now.Add(10 * time.Second)
	if _, ok := sends("44.4", "t5"); !ok {
		t.Error("the debt is never paid")
	}
}

// Each look for a block's transactions walks through the whole pool, which takes
// 160 kB of pointers here: who sends one short form a thousand times causes one.
func TestT68_ShortFormsOfOneBlockWalkThePoolOnce(t *testing.T) {
	w := newWorld()
	s := newTestState(w, 1)
	for id := p2p.PeerID(1); id <= 2; id++ {
		s.Step(w.start, Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello()}})
		s.Step(w.start, Message{id, &msg.SendCmpct{Version: 2}})
	}
	for i := range 20_000 {
		s.Step(w.start, TxIn{chain.PoolTx{Tx: w.tx(fmt.Sprint("t", i)), Fee: 1000}})
	}
	w.block("b1", "g", 300, w.tx("missing"))
	w.block("c1", "g", 300, w.tx("missing"))
	taken := func(id p2p.PeerID, times int, names ...string) uint64 {
		var forms []wire.Message
		for i := range times {
			forms = append(forms, msg.Compact(w.blockNamed(names[i%len(names)]), uint64(i), []int{0}))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, m := range forms {
			s.Step(w.start, Message{id, m})
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const walk = 20_000 * 8
	if n := taken(1, 2, "b1", "c1"); n < 2*walk {
		t.Fatalf("the pool is not walked at all: %d bytes", n)
	}
	if n := taken(1, 1000, "b1", "c1"); n > 20*walk {
		t.Errorf("a thousand short forms of two blocks took %d bytes, as many as %d walks", n, n/walk)
	}
	if n := taken(2, 1, "b1"); n < walk {
		t.Error("another peer's short form is not looked at")
	}
}
