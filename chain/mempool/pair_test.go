package mempool

import (
	"errors"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// withAnchor is a version 3 transaction with an anchor of no value.
func withAnchor(tx *wire.MsgTx) {
	tx.Version = 3
	tx.AddTxOut(wire.NewTxOut(0, []byte{0x51, 2, 0x4e, 0x73}))
}

func TestChildPaysForAParentThatWasRefused(t *testing.T) {
	w := newWorld(t, 2)
	parent := spendWith(0, 1, withAnchor, w.fund(1))
	anchor := out(parent, 1)
	child := spendWith(1000, 1, func(tx *wire.MsgTx) {
		tx.Version = 3
		tx.TxIn[0].Witness = nil // an anchor asks for nothing
	}, anchor, w.fund(2))
	w.refuse(child, chain.ErrMissingCoin)
	w.refuse(parent, policy.ErrMinRelayFee)
	d, err := w.relay(child)
	if err != nil || len(d.In) != 2 || d.In[0].Tx != parent || d.In[1].Tx != child {
		t.Fatalf("%v %+v", err, d)
	}
	w.check()
	w.holds(parent, child)
}

func TestPairMustPayForBoth(t *testing.T) {
	w := newWorld(t, 1)
	parent := spendWith(0, 2, func(tx *wire.MsgTx) { tx.Version = 3 }, w.fund(1))
	w.refuse(parent, policy.ErrMinRelayFee)
	least := parent.VSize() + spend(0, 1, out(parent, 0)).VSize()
	v3 := func(tx *wire.MsgTx) { tx.Version = 3 }
	w.refuse(spendWith(200, 1, v3, out(parent, 0)), policy.ErrMinRelayFee)
	w.holds()
	child := spendWith(0, 1, func(tx *wire.MsgTx) { v3(tx); tx.TxOut[0].Value -= int64(least) }, out(parent, 0))
	w.accept(child)
	w.holds(parent, child)
}

func TestOnlyVersionThreeMayRelyOnItsChildBelowTheLowestRate(t *testing.T) {
	w := newWorld(t, 1)
	parent := spend(0, 1, w.fund(1))
	w.refuse(parent, policy.ErrMinRelayFee)
	w.refuse(spend(5000, 1, out(parent, 0)), chain.ErrMissingCoin)
	w.holds()
}

func TestChildLiftsItsParentOverTheRisenFloor(t *testing.T) {
	w := newWorld(t, 1)
	w.pool.floor.raise(5000, w.now)
	parent := spend(100, 1, w.fund(1))
	w.refuse(parent, policy.ErrPoolMinFee)
	w.refuse(spend(700, 1, out(parent, 0)), policy.ErrPoolMinFee)
	child := w.accept(spend(900, 1, out(parent, 0)))
	w.holds(parent, child)
}

func TestDustOfAParentMustBeSpent(t *testing.T) {
	w := newWorld(t, 1)
	parent := spendWith(0, 1, withAnchor, w.fund(1))
	w.refuse(parent, policy.ErrMinRelayFee)
	w.refuse(spendWith(2000, 1, func(tx *wire.MsgTx) { tx.Version = 3 }, out(parent, 0)), policy.ErrDustLeft)
	w.holds()
}

func TestChildThatSpendsItsParentsOwnInputIsRefused(t *testing.T) {
	w := newWorld(t, 1)
	w.pool.floor.raise(5000, w.now)
	parent := spend(100, 1, w.fund(1))
	w.refuse(parent, policy.ErrPoolMinFee)
	w.refuse(spend(5000, 1, out(parent, 0), w.fund(1)), policy.ErrPackageConflict)
}

func TestWhatARestartRefusesForItsFeeIsKeptWithinBounds(t *testing.T) {
	w := newWorld(t, 1)
	root := w.accept(spend(20_000, 200, w.fund(1)))
	for i := range 200 {
		w.pool.Restore(Kept{Tx: spendWith(1, 1, func(tx *wire.MsgTx) { tx.Version = 3 }, out(root, i)), Since: w.now})
	}
	if n := len(w.pool.lowFee.list); n != maxLowFee {
		t.Fatalf("%d are kept", n)
	}
	var p lowFeeParents
	for i := range 9 {
		p.keep(&chain.Tx{ID: chain.Hash{byte(i)}, Size: 400_000})
	}
	if len(p.list) != 5 || p.bytes != maxLowFeeBytes || p.find(chain.Hash{8}) == nil || p.find(chain.Hash{3}) != nil {
		t.Fatalf("%d of %d bytes", len(p.list), p.bytes)
	}
	if loneParent(errors.New("other")) != (chain.Hash{}) || loneParent(&chain.MissingError{Parents: []chain.Hash{{8}, {7}}}) != (chain.Hash{}) {
		t.Fatal("not a lone parent")
	}
}

// A parent with a witness that does not fit is no fault of its child, which is told to
// wait for another of that txid.
func TestAParentThatIsWorthNothingIsNotItsChildsFault(t *testing.T) {
	w := newWorld(t, 1)
	w.pool.floor.raise(5000, w.now)
	parent := spend(100, 1, w.fund(1))
	forged := *parent.MsgTx
	in := *forged.TxIn[0]
	in.Witness = wire.TxWitness{{0x52}}
	forged.TxIn = []*wire.TxIn{&in}
	fake := chain.NewTx(&forged)
	child := spend(5000, 1, out(parent, 0))
	if _, err := w.pool.Add(fake); !policy.Reconsiderable(fake, err) {
		t.Fatal(err)
	}
	_, parentErr, err := w.pool.AddWithParent(child, fake)
	var missing *chain.MissingError
	if parentErr == nil || policy.Reconsiderable(fake, parentErr) || !errors.As(err, &missing) || missing.Parents[0] != parent.ID {
		t.Fatalf("parent: %v, child: %v", parentErr, err)
	}
	w.check()
	if _, parentErr, err = w.pool.AddWithParent(child, parent); parentErr != nil || err != nil {
		t.Fatalf("parent: %v, child: %v", parentErr, err)
	}
	w.holds(parent, child)
	d, parentErr, err := w.pool.AddWithParent(spend(9000, 1, out(child, 0)), parent)
	if parentErr != nil || err != nil || len(d.In) != 1 {
		t.Errorf("a parent that is nobody's: %v, %v, %+v", parentErr, err, d)
	}
}

// Since 30 the child's other parents may be in the pool; before, they belong to the package.
func TestAnotherParentMayBeInThePool(t *testing.T) {
	for _, rules := range []policy.Rules{policy.Core31(), policy.Core28()} {
		w := newWorld(t, 2, func(c *Config) { c.Rules = rules })
		w.pool.floor.raise(5000, w.now)
		other := w.accept(spend(5000, 1, w.fund(1)))
		parent := spend(200, 1, w.fund(2))
		_, parentErr, err := w.pool.AddWithParent(spend(9000, 1, out(other, 0), out(parent, 0)), parent)
		if want := error(policy.ErrPackageParents); parentErr != nil || rules.WholeFamilies != (err != nil) || err != nil && !errors.Is(err, want) {
			t.Errorf("%s: parent: %v, child: %v", rules.Name, parentErr, err)
		}
		w.check()
	}
}

// Where a pair is refused as such, what its parent's witness weighs may be why: the child
// is told to wait.
func TestAChildOutlivesAPairThatIsTooHeavy(t *testing.T) {
	w := newWorld(t, 1)
	w.pool.floor.raise(5000, w.now)
	parent := spend(100, 1, w.fund(1))
	child := spend(9000, 1, out(parent, 0))
	m := parent.MsgTx.Copy()
	m.TxIn[0].Witness = wire.TxWitness{make([]byte, 403_800), m.TxIn[0].Witness[0]}
	stuffed := chain.NewTx(m)
	_, parentErr, err := w.pool.addPair(stuffed, child, w.now)
	if parentErr != nil || !errors.Is(err, policy.ErrPackageWeight) || loneParent(err) != parent.ID {
		t.Errorf("parent: %v, child: %v", parentErr, err)
	}
	orphan := spend(100, 1, chaintest.Coin{Op: wire.OutPoint{Hash: chain.Hash{9}}, Value: 5000})
	_, parentErr, err = w.pool.AddWithParent(spend(900, 1, out(orphan, 0)), orphan)
	if parentErr != nil || loneParent(err) != orphan.ID {
		t.Errorf("a parent that lacks its own: %v, child: %v", parentErr, err)
	}
	w.check()
}
