package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// T67: a peer whose refused transactions have cost more than half a second is not
// listened to until a hundred times as much time has passed as it owes beyond that.
func TestT67_WhoseRefusedTransactionsCostTooMuchOwes(t *testing.T) {
	d, now := newTxQueue(), time.Unix(1000, 0)
	add := func(from p2p.PeerID, n int) {
		for i := range n {
			d.Add(&queuedTx{Tx: &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{byte(from), byte(i)}, Size: 1000}, From: from})
		}
	}
	add(1, 20)
	add(2, 20)
	from := func(id p2p.PeerID) *queuedTx { return &queuedTx{From: id, Origin: "there"} }
	if owes, back := d.charge(from(1), 500*time.Millisecond, now, true); owes || back != nil || d.indebted(1, now) {
		t.Fatal("half a second is too much")
	}
	owes, back := d.charge(from(1), time.Millisecond, now, true)
	if !owes || len(back) != 20 || !d.indebted(1, now) || d.indebted(2, now) || d.waiting() != 20 {
		t.Fatalf("indebted %v, %d given back, %d wait", owes, len(back), d.waiting())
	}
	if err := d.Check(); err != nil {
		t.Fatal(err)
	}
	for after, owes := range map[time.Duration]bool{99 * time.Millisecond: true, 100 * time.Millisecond: false} {
		if d.indebted(1, now.Add(after)) != owes {
			t.Errorf("%v later: owes %v", after, !owes)
		}
	}
	if owes, _ := d.charge(from(1), time.Hour, now.Add(time.Hour), true); !owes || d.indebted(1, now.Add(200*time.Hour)) {
		t.Error("an hour's debt is not paid after 200 hours")
	}
	d.debts.leave(1, "there", now.Add(time.Hour))
	if d.indebted(1, now) || len(d.debts.here) > 0 {
		t.Error("who left still owes as who is here")
	}
}

// T67: leaving and coming back pays no debt, nor does leaving before the bill comes; but
// it is not kept for ever, nor for everybody.
func TestT67_DebtsAreKeptWhileTheirPeersAreAway(t *testing.T) {
	q, now := newTxQueue(), time.Unix(1000, 0)
	d := &q.debts
	owes := func(id p2p.PeerID, origin string, after time.Duration) bool {
		d.join(id, origin, now.Add(after))
		defer delete(d.here, id)
		return q.indebted(id, now.Add(after))
	}
	q.charge(&queuedTx{From: 1, Origin: "a"}, time.Second, now, true)
	d.leave(1, "a", now)
	q.charge(&queuedTx{From: 2, Origin: "b"}, time.Second, now, false) // it has left before
	q.charge(&queuedTx{From: 3}, time.Second, now, false)
	for _, origin := range []string{"a", "b"} {
		if !owes(7, origin, 49*time.Second) || owes(7, origin, 50*time.Second) {
			t.Errorf("from %s: half a second is to be paid in 50 seconds", origin)
		}
	}
	if owes(7, "c", 0) || owes(7, "", 0) {
		t.Error("others pay for it")
	}
	d.join(8, "a", now)
	d.join(9, "a", now)
	d.leave(8, "a", now)
	d.leave(9, "a", now)
	if got := d.left["a"].now(now); got != time.Second {
		t.Errorf("two who came back have made %v of a second", got)
	}
	q.charge(&queuedTx{From: 1, Origin: "a"}, 100*time.Hour, now, false)
	if !owes(7, "a", 49*time.Minute) || owes(7, "a", debtKept) {
		t.Error("not kept, or kept for too long")
	}
	for i := range maxDebtors + 10 {
		d.keep(fmt.Sprint(i), time.Second+time.Duration(i), now)
	}
	if len(d.left) != maxDebtors || !owes(7, "a", 0) || owes(7, "b", 0) || owes(7, "10", 0) || !owes(7, "11", 0) {
		t.Errorf("%d debts are kept, not the largest", len(d.left))
	}
	d.keep("new", time.Second, now.Add(debtKept))
	if len(d.left) != 1 {
		t.Errorf("%d debts are kept that are paid", len(d.left))
	}
}

// Strangers never hold the last places: our own go through at once.
func TestStrangersLeavePlacesForOurOwn(t *testing.T) {
	d := newTxQueue()
	for i := range 100 {
		d.Add(&queuedTx{Tx: &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{1, byte(i)}}, From: 1})
	}
	for i := range 56 {
		if d.next() == nil {
			t.Fatalf("only %d of a stranger's are validated at once", i)
		}
	}
	if d.next() != nil {
		t.Fatal("a stranger holds more than 56 places")
	}
	for i := range 8 {
		d.Add(&queuedTx{Tx: &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{2, byte(i)}}, From: p2p.Self, Tickets: []p2p.Ticket{1}})
		if j := d.next(); j == nil || j.From != p2p.Self {
			t.Fatalf("%d of our own have no place", i)
		}
	}
	if d.Credits() != 0 || d.Check() != nil {
		t.Error("more places than there are", d.Credits(), d.Check())
	}
}

func TestTransactionsAreValidatedOnceAndWithinCredits(t *testing.T) {
	for seed := range uint64(20) {
		r, d := rand.New(rand.NewPCG(seed, 0)), newTxQueue()
		var validated []*queuedTx
		for i := range 3000 {
			switch k := r.IntN(10); {
			case k < 6:
				j := &queuedTx{
					Tx:   &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{byte(i), byte(i >> 8)}, Size: r.IntN(40_000)},
					From: p2p.PeerID(r.IntN(20)),
				}
				if j.From == p2p.Self {
					j.Tickets = []p2p.Ticket{p2p.Ticket(i)}
				}
				if d.takes(j.From, j.Tx.Size) {
					d.Add(j)
				}
			case k < 8:
				for j := d.next(); j != nil; j = d.next() {
					validated = append(validated, j)
				}
			case len(validated) > 0:
				j := validated[0]
				validated = validated[1:]
				if d.Done(j.Tx.WID) != j || d.Done(j.Tx.WID) != nil {
					t.Fatal("a verdict counts once")
				}
			}
			if i%50 == 0 {
				if err := d.Check(); err != nil {
					t.Fatalf("seed %d, step %d: %v", seed, i, err)
				}
			}
			if len(validated) > 64 || d.waiting() > 1000 || d.bytes > 8<<20 {
				t.Fatalf("%d validated, %d wait, %d bytes", len(validated), d.waiting(), d.bytes)
			}
		}
	}
}

func TestOurOwnTransactionsGoFirst(t *testing.T) {
	d := newTxQueue()
	for i := range 5 {
		d.Add(&queuedTx{Tx: &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{byte(i)}}, From: 7})
	}
	own := &queuedTx{Tx: &chain.Tx{MsgTx: &wire.MsgTx{}, WID: chain.Hash{9}}, Tickets: []p2p.Ticket{1}}
	d.Add(own)
	if d.next() != own {
		t.Error("our own transaction waited behind others")
	}
}

func entries(n int) (es []*headers.Entry) {
	p := chain.RegTest()
	tr := headers.NewTree([]*chain.HeaderNode{p.Genesis()})
	e := tr.Genesis()
	for range n {
		h := wire.BlockHeader{PrevBlock: e.Node.Hash, Bits: p.PowLimitBits}
		e = tr.Insert(chain.NewHeaderNode(e.Node, h))
		es = append(es, e)
	}
	return es
}

func TestBlocksAreValidatedWithinTheirBytes(t *testing.T) {
	d := newBlockQueue()
	es := entries(40)
	for _, e := range es {
		if !d.takes(2 << 20) {
			break
		}
		d.Add(&queuedBlock{Entry: e, Block: &chain.Block{Raw: make([]byte, 2<<20)}, From: 1})
	}
	if d.Len() != 32 {
		t.Errorf("%d blocks of 2 MiB wait; 64 MiB are allowed", d.Len())
	}
	n := 0
	for j := d.next(); j != nil; j = d.next() {
		if n++; !j.Entry.Busy {
			t.Error("a validated block is not busy")
		}
	}
	if _, validated := d.Bytes(); n != 16 || validated != 32<<20 {
		t.Errorf("%d blocks, %d bytes validated at once", n, validated)
	}
	if d.Done(es[0]) == nil || es[0].Busy || d.next() == nil || d.next() != nil {
		t.Error("a verdict gives credit for one more")
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
	one := newBlockQueue()
	one.Add(&queuedBlock{Entry: es[1], Block: &chain.Block{Raw: make([]byte, 40<<20)}})
	if one.next() == nil {
		t.Error("one block may always be validated")
	}
}

// A Submit joins the validation of another copy; should that copy not match its
// header, ours is validated, and the others wait for it.
func TestJoinedCopiesHaveTheirTurn(t *testing.T) {
	d, e := newBlockQueue(), entries(1)[0]
	theirs, ours, third := &chain.Block{}, &chain.Block{}, &chain.Block{}
	if joined, full := d.Join(e, 1, ours); joined || full {
		t.Fatal("there is nothing to join")
	}
	d.Add(&queuedBlock{Entry: e, Block: theirs, From: 5})
	for i, b := range []*chain.Block{ours, third} {
		if joined, _ := d.Join(e, p2p.Ticket(i+1), b); !joined {
			t.Fatal("not joined")
		}
	}
	d.next()
	again := d.Done(e).again()
	if again == nil || again.Block != ours || again.Tickets[0] != 1 || len(again.Joined) != 1 || again.From != p2p.Self {
		t.Fatalf("validated next: %+v", again)
	}
	d.Add(again)
	if joined, _ := d.Join(e, 3, ours); !joined || len(again.Tickets) != 2 {
		t.Error("the same copy submitted again has the same answer")
	}
}
