package explore_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/chain/ledger"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/poolapi"
)

// check holds every answer to the naive one.
func (w *world) check() {
	w.t.Helper()
	v, ctx := w.naive(), w.t.Context()
	for i := range scripts + 1 {
		hash := history.HashOf(scriptOf(i))
		list, err := w.History(ctx, hash)
		if err != nil || len(list) != len(v.histories[i]) {
			w.t.Fatalf("script %d: %d transactions, %v, want %d", i, len(list), err, len(v.histories[i]))
		}
		var sums explore.Sums
		for k, e := range v.histories[i] {
			if got := list[k]; got.TxID != e.tx.ID || got.Block.Hash != e.block.Hash || got.Place != e.place || got.Funds != nil || got.Spends != nil {
				w.t.Fatalf("script %d, entry %d: %+v", i, k, got)
			}
			sums.Txs++
			for _, f := range e.funds {
				sums.Funded, sums.FundedSum = sums.Funded+1, sums.FundedSum+f.Value
			}
			for _, s := range e.spends {
				sums.Spent, sums.SpentSum = sums.Spent+1, sums.SpentSum+s.Value
			}
		}
		if got, err := w.ChainSums(ctx, hash); err != nil || got != sums {
			w.t.Fatalf("script %d: sums %+v, %v, want %+v", i, got, err, sums)
		}
		if got, err := w.Status(ctx, hash); err != nil || got != v.status(i) {
			w.t.Fatalf("script %d: status %s, %v, want %s", i, got, err, v.status(i))
		}
		w.checkPages(v, i)
		w.checkCoins(v, i)
	}
	w.checkSpending(v)
}

// checkPages reads a history by pages of some size.
func (w *world) checkPages(v *naive, i int) {
	w.t.Helper()
	size, hash := 1+w.rand.IntN(30), history.HashOf(scriptOf(i))
	var last *chain.Hash
	for want := slices.Clone(v.histories[i]); ; {
		page, err := w.Page(w.t.Context(), hash, last, size)
		if err != nil || len(page) != min(size, len(want)) {
			w.t.Fatalf("script %d: a page of %d, %v, want %d of %d", i, len(page), err, size, len(want))
		}
		for _, got := range page {
			e := want[len(want)-1]
			want = want[:len(want)-1]
			if got.TxID != e.tx.ID || !slices.Equal(got.Funds, e.funds) || !slices.Equal(got.Spends, e.spends) {
				w.t.Fatalf("script %d: %+v, want %+v", i, got, e)
			}
			last = &got.TxID
		}
		if len(page) == 0 {
			break
		}
	}
	if _, err := w.Page(w.t.Context(), hash, &chain.Hash{9}, 1); !errors.Is(err, explore.ErrNotFound) {
		w.t.Errorf("a page behind what is not in the history: %v", err)
	}
}

// checkCoins compares what is unspent, and what waits.
func (w *world) checkCoins(v *naive, i int) {
	w.t.Helper()
	hash := history.HashOf(scriptOf(i))
	got, err := w.Unspent(w.t.Context(), hash)
	var want []explore.Coin
	for _, c := range v.unspent {
		if string(v.outputs[c.Op].PkScript) == string(scriptOf(i)) {
			want = append(want, c)
		}
	}
	order := func(a, b explore.Coin) int {
		return cmp.Or(bytes.Compare(a.Op.Hash[:], b.Op.Hash[:]), cmp.Compare(a.Op.Index, b.Op.Index))
	}
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	same := func(a, b explore.Coin) bool {
		return a.Op == b.Op && a.Value == b.Value && (a.Block == nil) == (b.Block == nil) && (a.Block == nil || a.Block.Hash == b.Block.Hash)
	}
	if err != nil || !slices.EqualFunc(got, want, same) {
		w.t.Fatalf("script %d: %d coins, %v, want %d\n%+v\n%+v", i, len(got), err, len(want), got, want)
	}
	var sums explore.Sums
	for _, tx := range v.pool[i] {
		sums.Txs++
		for _, out := range tx.TxOut {
			if string(out.PkScript) == string(scriptOf(i)) {
				sums.Funded, sums.FundedSum = sums.Funded+1, sums.FundedSum+btcutil.Amount(out.Value)
			}
		}
		for _, in := range tx.TxIn {
			if out := v.outputs[in.PreviousOutPoint]; string(out.PkScript) == string(scriptOf(i)) {
				sums.Spent, sums.SpentSum = sums.Spent+1, sums.SpentSum+btcutil.Amount(out.Value)
			}
		}
	}
	if got := w.PoolSums(hash); got != sums || got.Balance() != sums.FundedSum-sums.SpentSum {
		w.t.Fatalf("script %d: sums of the pool %+v, want %+v", i, got, sums)
	}
	waiting := w.Waiting(hash)
	if len(waiting) != len(v.pool[i]) || !slices.IsSortedFunc(waiting, func(a, b explore.Waiting) int {
		return cmp.Or(cmp.Compare(b.Height, a.Height), strings.Compare(a.Tx.ID.String(), b.Tx.ID.String()))
	}) {
		w.t.Fatalf("script %d: %d wait, want %d", i, len(waiting), len(v.pool[i]))
	}
}

// checkSpending asks who spends some of the outputs, and for the bins of the pool.
func (w *world) checkSpending(v *naive) {
	w.t.Helper()
	ops := make([]wire.OutPoint, 0, len(v.outputs))
	for op := range v.outputs {
		ops = append(ops, op)
	}
	slices.SortFunc(ops, func(a, b wire.OutPoint) int {
		return cmp.Or(bytes.Compare(a.Hash[:], b.Hash[:]), cmp.Compare(a.Index, b.Index))
	})
	for range 40 {
		op := ops[w.rand.IntN(len(ops))]
		f, err := w.Pool.Find(op.Hash)
		if err != nil {
			w.t.Fatal(err)
		}
		got, err := w.SpentBy(w.t.Context(), f, op.Index)
		want := v.spender[op]
		if err != nil || got.Tx != want.Tx || got.Vin != want.Vin || (got.Block == nil) != (want.Block == nil) || got.Block != nil && got.Block.Hash != want.Block.Hash {
			w.t.Fatalf("%v is spent by %+v, %v, want %+v", op, got, err, want)
		}
	}
	vsize, last := 0, math.Inf(1)
	for _, b := range w.Histogram() {
		if b.Rate >= last || b.VSize <= 0 {
			w.t.Fatalf("bins %+v", w.Histogram())
		}
		vsize, last = vsize+b.VSize, b.Rate
	}
	if want := w.node.Pool.Stats().Bytes; vsize != int(want) {
		w.t.Fatalf("the bins have %d vbytes, the pool %d", vsize, want)
	}
	tip := w.node.Ledger.Tip()
	if ids, err := w.IDs(tip); err != nil || !slices.Equal(ids, chain.TxIDs(w.mined[tip.Hash].Block.Txs)) {
		w.t.Fatalf("the tip has %d transactions, %v", len(ids), err)
	}
}

// Random chains with reorganisations and a pool: what is answered is what one finds by going through everything.
func TestAnswersAreThoseOfTheNaiveTwin(t *testing.T) {
	for seed := range uint64(3) {
		w := newWorld(t, seed)
		genesis := w.node.Ledger.Tip()
		for range 103 {
			w.mine(w.node.Ledger.Tip(), 0)
		}
		reorgs := 0
		for range 40 {
			before := w.node.Ledger.Tip()
			switch w.rand.IntN(6) {
			case 0, 1:
				w.mine(before, w.rand.IntN(6))
			case 2: // a branch that wins
				from := before.Ancestor(max(101, before.Height-w.rand.Int32N(4)))
				for range before.Height - from.Height + 1 {
					w.mine(from, w.rand.IntN(4))
					from = w.blocks[len(w.blocks)-1].Node
				}
				if !before.IsAncestorOf(w.node.Ledger.Tip()) {
					reorgs++
				}
			case 3: // one that does not
				w.mine(before.Parent, w.rand.IntN(4))
			default:
				for range w.rand.IntN(5) {
					w.pay()
				}
			}
			w.check()
			if w.rand.IntN(8) == 0 {
				if err := w.node.Ledger.FlushCoins(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if reorgs == 0 || w.node.Ledger.Tip().Ancestor(0) != genesis {
			t.Errorf("seed %d: %d reorganisations", seed, reorgs)
		}
	}
}

// A question ends with who asked it.
func TestAnswersEndWithTheirContext(t *testing.T) {
	w := newWorld(t, 1)
	w.mine(w.node.Ledger.Tip(), 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range scripts {
		hash := history.HashOf(scriptOf(i))
		if list, err := w.History(ctx, hash); err == nil && len(list) > 0 {
			t.Error("a history for nobody")
		}
		if _, err := w.Status(ctx, hash); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

// A node without the index says so.
func TestWithoutTheIndexNothingIsAnswered(t *testing.T) {
	n, err := node.New(node.Config{Params: chain.RegTest(), DataDir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	a := explore.New(&chainapi.API{Ledger: n.Ledger}, &poolapi.API{Pool: n.Pool})
	if _, err := a.Status(t.Context(), chain.Hash{}); !errors.Is(err, ledger.ErrNoIndex) {
		t.Error(err)
	}
	if _, err := a.History(t.Context(), chain.Hash{}); !errors.Is(err, ledger.ErrNoIndex) {
		t.Error(err)
	}
	if _, err := a.Unspent(t.Context(), chain.Hash{}); !errors.Is(err, ledger.ErrNoIndex) {
		t.Error(err)
	}
}
