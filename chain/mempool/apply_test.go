package mempool

import (
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

func TestBlockTakesItsOwnAndWhatConflicts(t *testing.T) {
	w := newWorld(t, 3)
	mined := w.accept(spend(1000, 1, w.fund(1)))
	child := w.accept(spend(1000, 1, out(mined, 0)))
	loser := w.accept(spend(1000, 1, w.fund(2)))
	orphaned := w.accept(spend(1000, 1, out(loser, 0)))
	d := w.mine(mined, spend(9000, 1, w.fund(2)))
	want := []chain.PoolGone{
		{Tx: mined, Why: chain.GoneConfirmed, Sequence: 5}, {Tx: orphaned, Why: chain.GoneConflict, Sequence: 6}, {Tx: loser, Why: chain.GoneConflict, Sequence: 7}}
	if len(d.In) != 0 || len(d.Out) != len(want) {
		t.Fatalf("%+v", d)
	}
	for i := range want {
		if d.Out[i].Tx != want[i].Tx || d.Out[i].Why != want[i].Why || d.Out[i].Sequence != want[i].Sequence {
			t.Errorf("out %d: %+v", i, d.Out[i])
		}
	}
	w.holds(child)
	if e, _ := w.pool.Entry(child.ID); e.AncestorCount != 1 || len(e.Depends) != 0 {
		t.Fatalf("%+v", e)
	}
}

func TestDisconnectedComeBackUnderTheirChildren(t *testing.T) {
	w := newWorld(t, 2)
	first := spend(1000, 2, w.fund(1))
	second := spend(1000, 1, out(first, 0))
	w.mine(first)
	w.mine(second)
	child := w.accept(spend(1000, 1, out(second, 0), out(first, 1)))
	d := w.reorg(2, nil, nil, nil)
	if len(d.Out) != 0 || len(d.In) != 2 || d.In[0].Tx.ID != first.ID || d.In[1].Tx.ID != second.ID || d.In[0].Fee != 1000 {
		t.Fatalf("%+v", d)
	}
	w.holds(first, second, child)
	if s := w.pool.Snapshot(); s.Txs[0].Tx.ID != first.ID || s.Txs[1].Tx.ID != second.ID || s.Txs[2].Tx.ID != child.ID || s.Tip != w.tip {
		t.Fatal("not in order")
	}
}

func TestConfirmedAgainDoesNotComeBack(t *testing.T) {
	w := newWorld(t, 2)
	tx, other := spend(1000, 1, w.fund(1)), spend(1000, 1, w.fund(2))
	w.mine(tx, other)
	d := w.reorg(1, []*chain.Tx{tx}, nil)
	if len(d.Out) != 0 || len(d.In) != 1 || d.In[0].Tx.ID != other.ID {
		t.Fatalf("%+v", d)
	}
}

func TestDoubleSpendOnTheOtherBranchTakesTheFamily(t *testing.T) {
	w := newWorld(t, 1)
	tx := spend(1000, 1, w.fund(1))
	w.mine(tx)
	child := w.accept(spend(1000, 1, out(tx, 0)))
	d := w.reorg(1, []*chain.Tx{spend(5000, 1, w.fund(1))}, nil)
	if len(d.In) != 0 || len(d.Out) != 1 || d.Out[0].Tx != child || d.Out[0].Why != chain.GoneInvalid {
		t.Fatalf("%+v", d)
	}
	w.holds()
}

func TestSpendOfADisconnectedCoinbaseGoes(t *testing.T) {
	w := newWorld(t, 1)
	for range 100 {
		w.mine()
	}
	late := w.fund(len(w.blocks) - 99)
	tx := w.accept(spend(1000, 1, late))
	child := w.accept(spend(1000, 1, out(tx, 0)))
	keep := w.accept(spend(1000, 1, w.fund(1)))
	d := w.reorg(1)
	if len(d.Out) != 2 || d.Out[0].Tx != child || d.Out[1].Tx != tx || d.Out[1].Why != chain.GoneInvalid {
		t.Fatalf("%+v", d)
	}
	w.holds(keep)
}

func TestNoLongerFinalGoes(t *testing.T) {
	w := newWorld(t, 3)
	height := uint32(w.tip.Height)
	byHeight := w.accept(spendWith(1000, 1, locked(height), w.fund(1)))
	young := spend(1000, 1, w.fund(2))
	w.mine(young)
	w.mine()
	relative := w.accept(spendWith(1000, 1, sequence(2), out(young, 0)))
	w.reorg(1)
	w.holds(byHeight)
	if _, ok := w.pool.Entry(relative.ID); ok {
		t.Fatal("its relative lock holds again")
	}
	w.reorg(2)
	w.holds(young)
}

func TestLongChainOfABlockComesBackWithinLimits(t *testing.T) {
	w := newWorld(t, 1)
	txs := []*chain.Tx{spend(1000, 1, w.fund(1))}
	for range 30 {
		txs = append(txs, spend(1000, 1, out(txs[len(txs)-1], 0)))
	}
	w.mine(txs[:20]...)
	w.mine(txs[20:]...)
	w.accept(spend(1000, 1, out(txs[30], 0)))
	w.reorg(2, nil, nil, nil)
	w.holds(txs[:25]...)
}

func TestChainThatGrowsTooLongByItsReturnIsCut(t *testing.T) {
	w := newWorld(t, 1)
	txs := []*chain.Tx{spend(1000, 1, w.fund(1))}
	for range 29 {
		txs = append(txs, spend(1000, 1, out(txs[len(txs)-1], 0)))
	}
	w.mine(txs[:20]...)
	for _, tx := range txs[20:] {
		w.accept(tx)
	}
	d := w.reorg(1, nil, nil)
	if len(d.In) != 20 || len(d.Out) != 5 || d.Out[0].Tx != txs[29] || d.Out[0].Why != chain.GoneEvicted {
		t.Fatalf("%d in, %d out", len(d.In), len(d.Out))
	}
	w.holds(txs[:25]...)
}

func TestFreeTransactionsComeBackButNotIntoAFullPool(t *testing.T) {
	w := newWorld(t, 2)
	free := spend(0, 1, w.fund(1))
	w.mine(free)
	w.reorg(1)
	w.holds(free)
	w.mine(free)
	paid := w.accept(spend(1000, 1, w.fund(2)))
	w.pool.cfg.MaxBytes = w.pool.Stats().Usage
	d := w.reorg(1)
	if len(d.In) != 0 || len(d.Out) != 0 {
		t.Fatalf("what came and went is told: %+v", d)
	}
	w.holds(paid)
}

func TestPoolMayFollowLaterThanTheCoinSet(t *testing.T) {
	w := newWorld(t, 3)
	parent := w.accept(spend(1000, 1, w.fund(1)))
	rival := w.accept(spend(1000, 1, w.fund(2)))
	one := chain.Delta{Connected: []chain.Linked{w.connect(w.build(parent))}}
	one.Tip = w.tip
	two := chain.Delta{Connected: []chain.Linked{w.connect(w.build(spend(7000, 1, w.fund(2))))}}
	two.Tip = w.tip
	child := w.accept(spend(1000, 1, out(parent, 0))) // parent is in chain and pool
	w.accept(spend(1000, 1, out(rival, 0)))           // rival is gone, but the pool has not heard
	w.pool.Apply(one)
	w.check()
	w.pool.Apply(two)
	w.check()
	w.holds(child)
}

func TestEmptyPoolFollowsWithoutWork(t *testing.T) {
	w := newWorld(t, 1)
	d := w.mine(spend(1000, 1, w.fund(1)))
	if len(d.In)+len(d.Out) != 0 || w.pool.Snapshot().Tip != w.tip {
		t.Fatalf("%+v", d)
	}
}

// invalidateblock takes blocks off one by one: what a younger one held need not
// fit what comes from an older one. After a reorganisation proper it must.
func TestBlocksTakenBackByNameComeOffOneByOne(t *testing.T) {
	for _, branch := range []bool{false, true} {
		w := newWorld(t, 2)
		parent := w.accept(spendWith(1000, 1, func(tx *wire.MsgTx) { tx.Version = 3 }, w.fund(1)))
		w.mine(parent)
		child := w.accept(spend(1000, 1, out(parent, 0)))
		w.mine(child)
		at := w.tip.Height
		if branch {
			w.reorg(2, nil, nil, nil)
			w.holds(parent)
			continue
		}
		w.reorg(2)
		w.holds(parent, child)
		above, _ := w.pool.Entry(parent.ID)
		below, _ := w.pool.Entry(child.ID)
		if above.Height != at-2 || below.Height != at-1 || above.DescendantCount != 2 || below.AncestorCount != 2 {
			t.Errorf("%+v, %+v", above, below)
		}
	}
}

// What a reorganisation gives back is bounded in bytes
// [MAX_DISCONNECTED_TX_POOL_BYTES]: the oldest come back, what is beyond is
// forgotten, and what built on that goes with it.
func TestAReorganisationGivesBackSoManyBytes(t *testing.T) {
	for _, c := range []struct {
		over int // bytes beyond the bound with the second transaction
		back int
	}{{0, 2}, {1, 1}} {
		w := newWorld(t, 3)
		first, second := spend(1000, 1, w.fund(1)), spend(1000, 1, w.fund(2))
		w.mine(first)
		w.mine(second)
		child := w.accept(spend(1000, 1, out(second, 0)))
		// A coinbase of the first block stands for all that came back before.
		large := w.blocks[len(w.blocks)-2].Block.Txs[0]
		newest := w.blocks[len(w.blocks)-1].Block.Txs[0]
		large.Size = maxReturning + c.over - first.Size - newest.Size - second.Size
		d := w.reorg(2, nil, nil, nil)
		if len(d.In) != c.back || d.In[0].Tx.ID != first.ID {
			t.Errorf("%d bytes over the bound: %d come back, want %d", c.over, len(d.In), c.back)
		}
		if c.over == 0 {
			w.holds(first, second, child)
		} else {
			w.holds(first)
		}
	}
}

// What was accepted just before a snapshot took the place of the coins was judged on others, and
// would spoil the next block that is mined.
func TestOtherCoinsEmptyThePool(t *testing.T) {
	w := newWorld(t, 2)
	parent := w.accept(spend(1000, 1, w.fund(1)))
	w.accept(spend(1000, 1, out(parent, 0)))
	if gone := w.pool.Apply(chain.Delta{Tip: w.tip}); len(gone.Out) != 2 || w.pool.Stats().Size != 0 {
		t.Errorf("%d have left, and %d are left", len(gone.Out), w.pool.Stats().Size)
	}
	if _, err := w.pool.Add(parent); err != nil { // what the new coins admit comes again
		t.Error(err)
	}
}
