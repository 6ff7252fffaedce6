package mempool

import (
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

func TestBetterPayingConflictTakesThePlaceOfTheFamily(t *testing.T) {
	w := newWorld(t, 1)
	old := w.accept(spend(1000, 1, w.fund(1)))
	child := w.accept(spend(1000, 1, out(old, 0)))
	tx := spend(2096, 1, w.fund(1)) // both fees, and its 96 bytes
	d, err := w.pool.Add(tx)
	if err != nil || len(d.In) != 1 || d.In[0].Tx != tx || len(d.Out) != 2 || d.Out[0].Tx != child || d.Out[1].Tx != old || d.Out[1].Why != chain.GoneReplaced {
		t.Fatalf("%v %+v", err, d)
	}
	w.check()
	w.holds(tx)
}

func TestReplacementOfAParentAndItsChildAtOnce(t *testing.T) {
	w := newWorld(t, 2)
	parent := w.accept(spend(1000, 1, w.fund(1)))
	child := w.accept(spend(1000, 1, out(parent, 0), w.fund(2)))
	both := w.accept(spend(9000, 1, w.fund(1), w.fund(2)))
	w.holds(both)
	w.holdsNot(parent, child)
}

func TestReplacementRules(t *testing.T) {
	w := newWorld(t, 6)
	old := w.accept(spend(1000, 2, w.fund(1)))
	child := w.accept(spend(1000, 1, out(old, 0)))
	other := w.accept(spend(500, 1, w.fund(2)))
	for _, c := range []struct {
		name string
		tx   *chain.Tx
		want string
	}{
		{"pays a byte as much as the old one", spendWith(1000, 2, func(tx *wire.MsgTx) { tx.Version = 1 }, w.fund(1)), "new feerate 0.0000"},
		{"pays more a byte, less in all", spend(1999, 1, w.fund(1)), "less fees than conflicting txs; 0.00001999 < 0.00002"},
		{"does not pay for its own relay", spend(2095, 1, w.fund(1)), "not enough additional fees to relay; 0.00000095 < 0.00000096"},
		{"a new unconfirmed input", spend(9000, 1, w.fund(1), out(other, 0)), "replacement-adds-unconfirmed, replacement"},
		{"spends what it replaces", spend(9000, 1, w.fund(1), out(child, 0)), "bad-txns-spends-conflicting-tx: "},
	} {
		_, err := w.pool.Add(c.tx)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	w.holds(old, child, other)
	// An unconfirmed parent that one of the replaced had is not new.
	w.accept(spend(9000, 1, out(old, 0), w.fund(3)))
}

func TestTooManyPotentialReplacements(t *testing.T) {
	w := newWorld(t, 5)
	var roots []*chain.Tx
	for i := range 5 {
		root := w.accept(spend(10_000, 20, w.fund(i+1)))
		roots = append(roots, root)
		for n := range 20 {
			w.accept(spend(200, 1, out(root, n)))
		}
	}
	all := spend(1e6, 1, w.fund(1), w.fund(2), w.fund(3), w.fund(4), w.fund(5))
	w.refuse(all, policy.ErrTooManyRepl)
	w.accept(spend(1e6, 1, w.fund(1), w.fund(2), w.fund(3), w.fund(4)))
	w.holdsNot(roots[:4]...)
}

func TestLimitsCountWithoutWhatIsReplaced(t *testing.T) {
	w := newWorld(t, 1)
	root := w.accept(spend(20_000, 40, w.fund(1)))
	for n := range 23 {
		w.accept(spend(200, 1, out(root, n)))
	}
	big := func(fee btcutil.Amount, n int) *chain.Tx { // above the carve-out
		return spendWith(fee, 1, func(tx *wire.MsgTx) {
			tx.AddTxOut(wire.NewTxOut(0, append([]byte{0x6a, 0x4d, 0x40, 0x2f}, make([]byte, 0x2f40)...)))
		}, out(root, n))
	}
	w.accept(big(20_000, 23))
	w.refuse(big(20_000, 24), policy.ErrLongChain)
	w.accept(big(40_000, 23))
}

func TestListUnderTestReplacesNothing(t *testing.T) {
	w := newWorld(t, 2)
	w.accept(spend(1000, 1, w.fund(1)))
	better, plain := spend(9000, 1, w.fund(1)), spend(1000, 1, w.fund(2))
	if r := w.pool.Test([]*chain.Tx{better, plain}, 0); !errors.Is(r[0].Err, policy.ErrNoReplacement) {
		t.Fatalf("%+v", r[0])
	}
	if r := w.pool.Test([]*chain.Tx{better}, 0); r[0].Err != nil {
		t.Fatalf("%+v", r[0])
	}
}

func TestTRUCChildMayBeReplaced(t *testing.T) {
	w := newWorld(t, 1)
	v3 := func(tx *wire.MsgTx) { tx.Version = 3 }
	parent := w.accept(spendWith(1000, 1, v3, w.fund(1)))
	w.accept(spendWith(1000, 1, v3, out(parent, 0)))
	child := w.accept(spendWith(3000, 1, v3, out(parent, 0)))
	w.holds(parent, child)
}
