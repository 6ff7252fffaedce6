package service

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
)

// checkCoins holds the list of coins, which is kept from change to change, against a
// look at everything.
func (u *user) checkCoins() {
	u.w.t.Helper()
	u.Service.mu.Lock()
	defer u.Service.mu.Unlock()
	if err := u.state.CheckCoins(); err != nil {
		u.w.t.Fatal(err)
	}
}

// replaceInPool puts tx in the place of old in the pool.
func (w *world) replaceInPool(old, tx *chain.Tx) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pool = append(slices.DeleteFunc(w.pool, func(p *chain.Tx) bool { return p == old }), tx)
	w.known = append(w.known, tx)
	w.tell(chain.Delta{}, chain.PoolDelta{In: []chain.PoolTx{{Tx: tx}}, Out: []chain.PoolGone{{Tx: old, Why: chain.GoneReplaced}}})
}

// What the pool has replaced takes its coins no more, nor does what hangs on it, until
// the pool lets go of what took its place.
func TestAPaymentReplacedInThePoolFreesItsCoins(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	key := chaintest.NewKey(7)
	mined := w.mine(key.P2WPKH())
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	before := alice.balance()
	coin := mined.Coinbase(key)
	pay := chaintest.SpendOne(t, coin, alice.script(wallet.SegWit), 1000)
	if err := w.Submit(context.Background(), pay); err != nil {
		t.Fatal(err)
	}
	child, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}},
		wallet.Options{Inputs: []wallet.Input{{OutPoint: wire.OutPoint{Hash: pay.ID}}}})
	if err != nil {
		t.Fatal(err)
	}
	away := chaintest.SpendOne(t, coin, chaintest.OpTrue(), 5000)
	w.replaceInPool(pay, away)
	w.mu.Lock()
	w.tell(chain.Delta{}, chain.PoolDelta{Out: []chain.PoolGone{{Tx: child.Tx, Why: chain.GoneReplaced}}})
	w.pool = slices.DeleteFunc(w.pool, func(p *chain.Tx) bool { return p.ID == child.Tx.ID })
	w.mu.Unlock()
	for _, id := range []chain.Hash{pay.ID, child.Tx.ID} {
		if e := alice.entry(id); !slices.Equal(e.Rivals, []chain.Hash{away.ID}) || e.Confirmations != 0 || e.Trusted {
			t.Errorf("%s: rivals %v, %d confirmations", id, e.Rivals, e.Confirmations)
		}
	}
	if got := alice.balance(); got != before {
		t.Errorf("before %+v, after %+v", before, got)
	}
	alice.checkCoins()
	w.mu.Lock()
	w.tell(chain.Delta{}, chain.PoolDelta{Out: []chain.PoolGone{{Tx: away, Why: chain.GoneEvicted}}})
	w.mu.Unlock()
	if e := alice.entry(child.Tx.ID); len(e.Rivals) != 0 {
		t.Errorf("rivals after their end: %v", e.Rivals)
	}
	alice.checkCoins()
}

func TestLocksThatAreToStayOutliveTheNode(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 3)
	ctx := context.Background()
	coins, err := alice.Coins(ctx)
	if err != nil || len(coins) != 3 {
		t.Fatal(coins, err)
	}
	stays, goes, spent := coins[0].OutPoint, coins[1].OutPoint, coins[2].OutPoint
	for op, durable := range map[wire.OutPoint]bool{stays: true, goes: false, spent: true} {
		if err := alice.LockCoins(ctx, []wire.OutPoint{op}, durable); err != nil {
			t.Fatal(err)
		}
	}
	if err := alice.LockCoins(ctx, []wire.OutPoint{stays}, true); err != nil {
		t.Errorf("once more for good: %v", err)
	}
	if err := alice.LockCoins(ctx, []wire.OutPoint{stays}, false); !errors.Is(err, wallet.ErrLock) {
		t.Errorf("locked twice: %v", err)
	}
	if _, err := alice.Send(ctx, []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{Inputs: []wallet.Input{{OutPoint: spent}}}); err != nil {
		t.Fatal(err)
	}
	alice.restart(2)
	if ops, err := alice.LockedCoins(ctx); err != nil || !slices.Equal(ops, []wire.OutPoint{stays}) {
		t.Errorf("after a start: %v, %v", ops, err)
	}
	if err := alice.UnlockEvery(ctx); err != nil {
		t.Fatal(err)
	}
	alice.restart(3)
	if ops, err := alice.LockedCoins(ctx); err != nil || len(ops) != 0 {
		t.Errorf("given back: %v, %v", ops, err)
	}
}

func TestTheAddressBookKnowsOursAndOthers(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	ctx := context.Background()
	ours, other := alice.script(wallet.SegWit), chaintest.NewKey(9).P2WPKH()
	change, err := alice.ChangeAddress(ctx, wallet.SegWit)
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range [][]byte{ours, other} {
		if err := alice.SetLabel(ctx, script, "shop"); err != nil {
			t.Fatal(err)
		}
	}
	look := func(when string, want int) {
		t.Helper()
		book, err := alice.AddressBook(ctx)
		if err != nil || len(book) != want {
			t.Fatalf("%s: %v, %v", when, book, err)
		}
		for _, e := range book {
			if e.Own == (string(e.Script) == string(other)) || string(e.Script) != string(change) && e.Label != "shop" {
				t.Errorf("%s: %+v", when, e)
			}
		}
	}
	look("named", 2)
	alice.restart(2)
	look("after a start", 2)
	if err := alice.SetLabel(ctx, change, ""); err != nil { // from now on it is no change
		t.Fatal(err)
	}
	alice.restart(3)
	look("change with a name", 3)
}

func TestCoinsOfAddressesThatWereSpentFromAreToldApart(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	ctx := context.Background()
	script := alice.script(wallet.SegWit)
	w.mine(script)
	w.mine(script)
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	if err := alice.SetAvoidReuse(ctx, true); err != nil {
		t.Fatal(err)
	}
	if got := alice.balance(); got.Used != 0 || got.Confirmed != 100*btc {
		t.Fatalf("nothing is spent: %+v", got)
	}
	alice.mustPay(chaintest.OpTrue(), btc)
	w.mine(chaintest.OpTrue())
	for _, when := range []string{"spent from", "after a start"} {
		if got := alice.balance(); got.Used != 50*btc || got.Confirmed >= 50*btc {
			t.Errorf("%s: %+v", when, got)
		}
		alice.restart(2)
	}
	pay := []wallet.Payment{{Script: chaintest.OpTrue(), Amount: 60 * btc}}
	if _, err := alice.Send(ctx, pay, wallet.Options{AvoidReuse: true}); err == nil {
		t.Error("coins of an address that was spent from are used again")
	}
	if _, err := alice.Send(ctx, pay, wallet.Options{}); err != nil {
		t.Error(err)
	}
}

func TestAReceiptIsTakenOutAndShownAgain(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	ctx := context.Background()
	script := alice.script(wallet.SegWit)
	m := w.mine(script)
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	tx := m.Block.Txs[0]
	if err := alice.RemoveTx(ctx, tx.ID); err != nil {
		t.Fatal(err)
	}
	if err := alice.RemoveTx(ctx, tx.ID); !errors.Is(err, wallet.ErrUnknownTx) {
		t.Errorf("taken out twice: %v", err)
	}
	alice.checkCoins()
	if err := alice.ImportTx(ctx, w.active[1].Block.Txs[0], w.active[1].Node, 0); err != nil {
		t.Errorf("ours: %v", err)
	}
	if err := alice.ImportTx(ctx, w.active[2].Block.Txs[0], w.active[2].Node, 0); !errors.Is(err, wallet.ErrNotOurs) {
		t.Errorf("a stranger's: %v", err)
	}
	by, err := alice.Received(ctx, 1, false)
	if got := by[string(script)]; err != nil || got.Amount != 50*btc || len(got.Txs) != 1 {
		t.Errorf("received %+v, %v", got, err)
	}
	if by, err := alice.Received(ctx, 1000, true); err != nil || len(by) != 0 {
		t.Errorf("so deep nothing is: %v, %v", by, err)
	}
	alice.checkCoins()
}
