package hostile_test

import (
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
)

// wideInputs is near what a standard transaction of cheap coins can have.
const wideInputs = 2300

// wide spends so many outputs of one transaction, and besides these.
func wide(of chain.Hash, besides ...wire.OutPoint) *chain.Tx {
	tx := wire.NewMsgTx(2)
	for i := range wideInputs {
		besides = append(besides, wire.OutPoint{Hash: of, Index: uint32(i)})
	}
	for _, op := range besides {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: op, Witness: wire.TxWitness{{txscript.OP_TRUE}}, Sequence: math.MaxUint32})
	}
	tx.AddTxOut(chaintest.Pay(1000, anyone()))
	return chain.NewTx(tx)
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What an orphan costs is paid for by the bytes of the orphan: a short message
// does not make us look at all of them, again and again.
func TestT28_ShortParentsOfWideOrphans(t *testing.T) {
	many := 20
	if full() {
		many = 100 // fill the place of one peer
	}
	underAttack(t, func(t *testing.T, h *harness) {
		coins := h.cheap(60)
		p := h.attacker(1)
		say := func(tx *chain.Tx, wait time.Duration) {
			p.Say(&msg.Tx{Tx: tx})
			time.Sleep(wait)
		}
		free := pass(coins[0], 0) // pays nothing: a child may pay for it
		var parents []*chain.Tx   // of each orphan, besides one of its own that never comes
		var outputs []wire.OutPoint
		for _, c := range coins[1:51] {
			parents = append(parents, pass(c, 1000))
			outputs = append(outputs, wire.OutPoint{Hash: parents[len(parents)-1].ID})
		}
		begun := spent()
		for i := range many {
			say(wide(free.ID, append(outputs, wire.OutPoint{Hash: randomHash(i)})...), 10*time.Millisecond)
		}
		time.Sleep(time.Second)
		once := spent() - begun
		if n := h.target.Swarm.Status().Orphans; n < many/2 {
			t.Fatalf("%d orphans are kept: nothing is tried", n)
		}
		begun = spent()
		for _, tx := range parents {
			say(tx, 100*time.Millisecond)
		}
		good := spent() - begun
		begun = spent()
		for range 50 {
			say(free, 100*time.Millisecond)
		}
		unpaid := spent() - begun
		t.Logf("%v for the orphans, then %v for fifty parents that pay nothing, %v for fifty that pay", once, unpaid, good)
		if unpaid > once || good > once {
			t.Errorf("%v for the orphans, but %v for fifty short parents that pay nothing, %v for fifty that pay", once, unpaid, good)
		}
	})
}

// One that is too large for anybody's pool costs its bytes.
func TestT28_OrphansOfTwentyFourThousandInputs(t *testing.T) {
	n := 5
	if full() {
		n = 1000
	}
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1)
		tx := wire.NewMsgTx(2)
		for i := range 24_000 {
			tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: randomHash(1), Index: uint32(i)}})
		}
		tx.AddTxOut(chaintest.Pay(btcutil.Amount(1000), anyone()))
		for i := range n {
			tx.LockTime = uint32(i)
			p.Say(&msg.Tx{Tx: chain.NewTx(tx.Copy())})
			time.Sleep(50 * time.Millisecond)
		}
		if err := ping(p, 10*time.Second); err != nil {
			t.Error(err)
		}
		if n := h.target.Swarm.Status().Orphans; n != 0 {
			t.Errorf("%d of them are kept", n)
		}
	})
}
