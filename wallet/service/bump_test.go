package service

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
	"grapevine/wallet/state"
)

// whole pays all of one coin of 50 away: there is no change.
func (u *user) whole() *chain.Tx {
	u.w.t.Helper()
	sent, err := u.Send(context.Background(), []wallet.Payment{{Script: chaintest.NewKey(9).P2WPKH(), Amount: 50 * btc}}, wallet.Options{SubtractFee: []int{0}})
	if err != nil {
		u.w.t.Fatal(err)
	}
	return sent.Tx
}

// bump makes and signs what is to replace a payment, by one of that amount.
func (u *user) bump(id chain.Hash, amount btcutil.Amount) *chain.Tx {
	u.w.t.Helper()
	ctx := context.Background()
	b := state.Bump{Outputs: []wallet.Payment{{Script: chaintest.NewKey(9).P2WPKH(), Amount: amount}}}
	b.FeeRate = rate(50_000)
	out, err := u.BumpFee(ctx, id, b)
	if err != nil {
		u.w.t.Fatal(err)
	}
	if problems, err := u.SignTx(ctx, out.Tx, nil, nil, 0); err != nil || len(problems) > 0 {
		u.w.t.Fatal(problems, err)
	}
	return chain.NewTx(out.Tx)
}

// replaceAll submits as a pool that lets what comes replace what is there.
func (u *user) replaceAll() {
	u.cfg.Submit = func(ctx context.Context, tx *chain.Tx) error {
		for _, old := range u.w.waiting() {
			if old.ID != tx.ID && slices.ContainsFunc(old.TxIn, func(in *wire.TxIn) bool {
				return slices.ContainsFunc(tx.TxIn, func(other *wire.TxIn) bool { return in.PreviousOutPoint == other.PreviousOutPoint })
			}) {
				u.w.mu.Lock()
				u.w.pool = slices.DeleteFunc(u.w.pool, func(p *chain.Tx) bool { return p == old })
				u.w.tell(chain.Delta{}, chain.PoolDelta{Out: []chain.PoolGone{{Tx: old, Why: chain.GoneReplaced}}})
				u.w.mu.Unlock()
			}
		}
		return u.w.Submit(ctx, tx)
	}
}

// A bump chooses its coins, is signed and is sent in three steps. What a payment takes
// between them stays with that payment.
func TestABumpTakesNoCoinFromAPaymentMadeMeanwhile(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 2)
	alice.replaceAll()
	old := alice.whole()
	late := alice.bump(old.ID, 60*btc)
	if len(late.TxIn) != 2 {
		t.Fatalf("%d inputs", len(late.TxIn))
	}
	meanwhile := alice.mustPay(chaintest.OpTrue(), 40*btc)
	if _, err := alice.Commit(t.Context(), late, wallet.Options{Replaces: old.ID}); !errors.Is(err, wallet.ErrSpent) {
		t.Errorf("%v", err)
	}
	for _, tx := range []*chain.Tx{old, meanwhile} {
		if e := alice.entry(tx.ID); !slices.Contains(w.waiting(), tx) || len(e.Rivals) > 0 || e.ReplacedBy != (chain.Hash{}) {
			t.Errorf("%s is gone: %+v", tx.ID, e)
		}
	}
	if _, err := alice.Tx(t.Context(), late.ID); !errors.Is(err, wallet.ErrUnknownTx) {
		t.Errorf("what was refused is there: %v", err)
	}
	alice.checkCoins()
	// As a payment of its own it is refused likewise, unless the coins are named.
	if _, err := alice.Commit(t.Context(), late, wallet.Options{}); !errors.Is(err, wallet.ErrSpent) {
		t.Errorf("as a payment: %v", err)
	}
	var named []wallet.Input
	for _, in := range late.TxIn {
		named = append(named, wallet.Input{OutPoint: in.PreviousOutPoint})
	}
	if _, err := alice.Commit(t.Context(), late, wallet.Options{Inputs: named}); err != nil {
		t.Errorf("coins that are named: %v", err)
	}
}

// The change of a bump is not spent before it is in a block, as in Core; who wants it is
// told that it waits, not that it is there.
func TestTheChangeOfABumpWaitsForABlock(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	alice.replaceAll()
	old := alice.mustPay(chaintest.OpTrue(), btc)
	better := alice.bump(old.ID, 2*btc)
	if _, err := alice.Commit(t.Context(), better, wallet.Options{Replaces: old.ID}); err != nil {
		t.Fatal(err)
	}
	var short *wallet.FundsError
	_, err := alice.pay(chaintest.OpTrue(), btc)
	if !errors.As(err, &short) || short.Spendable() != 0 || short.Unconfirmed < 47*btc || alice.balance().Change != short.Unconfirmed {
		t.Errorf("%v; the balance is %+v", err, alice.balance())
	}
	w.mine(chaintest.OpTrue())
	alice.mustPay(chaintest.OpTrue(), btc)
}

// Nor may the payment spend the change of what is replaced: it would go with it. And
// the second of two bumps is too late.
func TestABumpLeavesWhatWasMadeOfItsOriginalMeanwhile(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	alice.replaceAll()
	old := alice.mustPay(chaintest.OpTrue(), btc)
	first := alice.bump(old.ID, 2*btc)
	o := wallet.Options{Replaces: old.ID}
	child := alice.mustPay(chaintest.OpTrue(), btc)
	if _, err := alice.Commit(t.Context(), first, o); err == nil || !slices.Contains(w.waiting(), child) {
		t.Errorf("the child is gone: %v", err)
	}

	bob := w.rich(2, 1)
	bob.replaceAll()
	old = bob.mustPay(chaintest.OpTrue(), btc)
	again, second := bob.bump(old.ID, 2*btc), bob.bump(old.ID, 3*btc)
	o.Replaces = old.ID
	if _, err := bob.Commit(t.Context(), again, o); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Commit(t.Context(), second, o); !errors.Is(err, wallet.ErrSpent) || !slices.Contains(w.waiting(), again) {
		t.Errorf("the first bump is gone: %v", err)
	}
}

// A bump that the pool refuses leaves its original as it was, also on disk.
func TestAPaymentWhoseBumpWasRefusedCanBeBumped(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	old := alice.mustPay(chaintest.OpTrue(), btc)
	tx := alice.bump(old.ID, 2*btc)
	w.fail = chain.Refused("insufficient fee", "")
	if _, err := alice.Commit(t.Context(), tx, wallet.Options{Replaces: old.ID}); err == nil {
		t.Fatal("the pool has taken it")
	}
	w.fail = nil
	for range 2 {
		if e := alice.entry(old.ID); e.ReplacedBy != (chain.Hash{}) {
			t.Errorf("replaced by %s, which is nowhere", e.ReplacedBy)
		}
		alice.restart(3)
	}
	alice.replaceAll()
	tx = alice.bump(old.ID, 2*btc)
	if _, err := alice.Commit(t.Context(), tx, wallet.Options{Replaces: old.ID}); err != nil {
		t.Error(err)
	}
	if e := alice.entry(old.ID); e.ReplacedBy != tx.ID {
		t.Errorf("replaced by %s", e.ReplacedBy)
	}
}
