package mempool

import (
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
)

// lack asks for the coins' fees at 10 sat/vB.
func lack(t *testing.T, w *world, coins ...chaintest.Coin) ([]btcutil.Amount, btcutil.Amount) {
	t.Helper()
	var ops []wire.OutPoint
	for _, c := range coins {
		ops = append(ops, c.Op)
	}
	each, together, ok := w.pool.BumpFees(ops, bumpRate)
	if !ok {
		t.Fatal("too many hang together")
	}
	return each, together
}

const bumpRate = policy.FeeRate(10_000)

func needed(fee btcutil.Amount, txs ...*chain.Tx) btcutil.Amount {
	size := 0
	for _, tx := range txs {
		size += (tx.Weight + 3) / 4
	}
	return bumpRate.Fee(size) - fee
}

// a (low) <- b (high enough for both)      c (low) <- d (low)
//
//	<- e (low)
func TestBumpFeesAreWhatAncestorsLack(t *testing.T) {
	w := newWorld(t, 4)
	a := w.accept(spend(300, 3, w.fund(1)))
	b := w.accept(spend(6000, 1, out(a, 0)))
	c := w.accept(spend(300, 2, w.fund(2)))
	d := w.accept(spend(400, 1, out(c, 0)))
	for _, x := range []struct {
		name     string
		coins    []chaintest.Coin
		each     []btcutil.Amount
		together btcutil.Amount
	}{
		{"in a block", []chaintest.Coin{w.fund(3)}, []btcutil.Amount{0}, 0},
		{"its child pays for it", []chaintest.Coin{out(a, 1), out(b, 0)}, []btcutil.Amount{0, 0}, 0},
		{"low", []chaintest.Coin{out(c, 1)}, []btcutil.Amount{needed(300, c)}, needed(300, c)},
		{"low on low", []chaintest.Coin{out(d, 0)}, []btcutil.Amount{needed(700, c, d)}, needed(700, c, d)},
		{"both", []chaintest.Coin{out(c, 1), out(d, 0)}, []btcutil.Amount{needed(300, c), needed(700, c, d)}, needed(700, c, d)},
		{"spent by what is replaced", []chaintest.Coin{out(c, 0)}, []btcutil.Amount{needed(300, c)}, needed(300, c)},
		{"its own is replaced", []chaintest.Coin{out(c, 0), out(d, 0)}, []btcutil.Amount{needed(300, c), 0}, needed(300, c)},
	} {
		each, together := lack(t, w, x.coins...)
		for i := range x.each {
			if each[i] != x.each[i] {
				t.Errorf("%s: coin %d lacks %d, want %d", x.name, i, each[i], x.each[i])
			}
		}
		if together != x.together {
			t.Errorf("%s: together %d, want %d", x.name, together, x.together)
		}
	}
	e := w.accept(spend(300, 1, out(a, 1)))
	if each, _ := lack(t, w, out(e, 0)); each[0] != needed(300, e) {
		t.Errorf("its parent is paid for by another child: %d, want %d", each[0], needed(300, e))
	}
}

func TestFamilyAndChainLimits(t *testing.T) {
	w := newWorld(t, 2)
	tip := w.accept(spend(2000, 1, w.fund(1)))
	for range 24 {
		tip = w.accept(spend(2000, 1, out(tip, 0)))
	}
	if up, down := w.pool.Family(tip.ID); up != 25 || down != 25 {
		t.Errorf("family of %d and %d", up, down)
	}
	if up, down := w.pool.Family(chain.Hash{}); up != 0 || down != 0 {
		t.Errorf("family of none: %d and %d", up, down)
	}
	if err := w.pool.CheckChain(spend(2000, 1, out(tip, 0))); err == nil {
		t.Error("the 26th is taken")
	}
	if err := w.pool.CheckChain(spend(2000, 1, w.fund(2))); err != nil {
		t.Error(err)
	}
}
