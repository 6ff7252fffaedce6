package service

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
	"grapevine/db"
	"grapevine/wallet"
)

// A payment of 55 from a coin of 10 and a reward of 50: the reward's block goes,
// and the coin of 10 is free at once, also for a wallet that reads it from disk.
func TestTheOtherCoinsOfAnOrphanedRewardsPaymentAreFree(t *testing.T) {
	w := newWorld(t)
	bob := w.rich(2, 1)
	alice := w.user(1)
	bob.mustPay(alice.script(wallet.SegWit), 10*btc)
	w.mine(chaintest.OpTrue())
	w.mine(alice.script(wallet.SegWit))
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	paid := alice.mustPay(chaintest.NewKey(9).P2WPKH(), 55*btc)
	w.fork(chain.CoinbaseMaturity+1, chaintest.OpTrue())
	if got := alice.balance(); got != (wallet.Balance{Confirmed: 10 * btc}) {
		t.Errorf("%+v", got)
	}
	if e := alice.entry(paid.ID); !e.Abandoned {
		t.Errorf("%+v", e)
	}
	if err := alice.flush(); err != nil {
		t.Fatal(err)
	}
	alice.restart(3)
	alice.mustPay(chaintest.OpTrue(), 9*btc)
}

// After a kill the chain may be behind the wallet, and catch up from its own blocks: the
// reward is out of the chain for a moment only, and what was paid from it stays.
func TestAPaymentFromARewardOutlivesAChainThatIsBehind(t *testing.T) {
	for _, kills := range []int{1, 2} {
		w := newWorld(t)
		alice := w.user(1)
		w.mineN(20, chaintest.OpTrue())
		w.mine(alice.script(wallet.SegWit))
		w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
		paid := alice.mustPay(chaintest.NewKey(9).P2WPKH(), 5*btc)
		whole := slices.Clone(w.active)
		for range kills {
			if err := alice.flush(); err != nil {
				t.Fatal(err)
			}
			alice.kill()
			w.mu.Lock()
			w.active = whole[:len(whole)-chain.CoinbaseMaturity-5]
			w.pool = nil
			w.mu.Unlock()
			alice.open(3)
			if err := alice.catchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.tell(chain.Delta{Tip: w.tip()}, chain.PoolDelta{})
		}
		for n := len(w.active); n < len(whole); n++ {
			w.mu.Lock()
			w.active = whole[:n+1]
			w.mu.Unlock()
			w.tell(chain.Delta{Tip: whole[n].Node, Connected: []chain.Linked{{Node: whole[n].Node, Block: whole[n].Block}}}, chain.PoolDelta{})
		}
		if e := alice.entry(paid.ID); e.Abandoned {
			t.Errorf("after %d kills: %+v", kills, e)
		}
	}
}

// While a payment is under way nobody else can name its coins.
func TestACoinOfAPaymentUnderWayCannotBeNamed(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	coins, err := alice.Coins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	op := coins[0].OutPoint
	f, err := alice.fund(Request{Payments: []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	named := func() map[string]error {
		ctx := context.Background()
		raw := wire.NewMsgTx(2)
		raw.AddTxIn(wire.NewTxIn(&op, nil, nil))
		raw.AddTxOut(wire.NewTxOut(int64(btc), chaintest.OpTrue()))
		_, asInput := alice.Fund(ctx, RequestFor(raw, wallet.Options{}, nil))
		raw.TxIn = nil
		_, asCoin := alice.Fund(ctx, Request{Payments: []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, Options: wallet.Options{Inputs: []wallet.Input{{OutPoint: op}}}})
		return map[string]error{"as input": asInput, "as coin": asCoin, "lock": alice.LockCoins(ctx, []wire.OutPoint{op}, false)}
	}
	for what, err := range named() {
		if !errors.Is(err, wallet.ErrSpent) && !(what == "lock" && errors.Is(err, wallet.ErrLock)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := alice.pay(chaintest.OpTrue(), btc); err == nil {
		t.Error("another payment has taken it")
	}
	alice.release(f.Spent)
	for what, err := range named() {
		if err != nil {
			t.Errorf("given back: %s: %v", what, err)
		}
	}
}

// Two that fund at once and lock never get one coin.
func TestFundingWithLockTakesTheCoinsAtOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	raw := wire.NewMsgTx(2)
	raw.AddTxOut(wire.NewTxOut(int64(btc), chaintest.OpTrue()))
	if _, err := alice.Fund(t.Context(), RequestFor(raw, wallet.Options{Lock: true}, nil)); err != nil {
		t.Fatal(err)
	}
	var short *wallet.FundsError
	if _, err := alice.Fund(t.Context(), RequestFor(raw, wallet.Options{Lock: true}, nil)); !errors.As(err, &short) || short.Locked != 50*btc {
		t.Errorf("the same coin again: %v", err)
	}
	if _, err := alice.pay(chaintest.OpTrue(), btc); !errors.As(err, &short) {
		t.Errorf("a payment takes it: %v", err)
	}
}

// The tip that gives a payment its lock time may have gone when the pool looks at it.
func TestAPaymentIsNotRefusedForATipThatHasGone(t *testing.T) {
	for _, gone := range []int{1, 2, 3, 10} {
		w := newWorld(t)
		alice := w.rich(1, 1)
		w.now = w.Tip().Header.Timestamp
		left := gone
		var locks []uint32
		alice.cfg.Submit = func(ctx context.Context, tx *chain.Tx) error {
			locks = append(locks, tx.LockTime)
			if left--; left >= 0 && tx.LockTime > 0 {
				return chain.Refused(policy.ErrNonFinal, "")
			}
			return w.Submit(ctx, tx)
		}
		tx, err := alice.pay(chaintest.OpTrue(), btc)
		if err != nil {
			t.Fatalf("gone %d times: %v", gone, err)
		}
		if len(locks) != min(gone, sendTries)+1 || locks[0] == 0 {
			t.Errorf("gone %d times: lock times %v", gone, locks)
		}
		if list, err := alice.History(t.Context(), 10, 0); err != nil || len(list) != 2 || list[0].Tx.ID != tx.ID {
			t.Errorf("gone %d times: %d entries, %v", gone, len(list), err)
		}
	}
}

// A lock time that the caller asked for is his own affair.
func TestALockTimeOfTheCallersIsRefusedOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	far := uint32(w.Tip().Height + 100)
	_, err := alice.Send(t.Context(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{LockTime: &far})
	var refusal *chain.PolicyError
	if !errors.As(err, &refusal) {
		t.Error(err)
	}
}

// A payment to us that hangs on a stranger's transaction is lost when a block
// takes that one's coin elsewhere, though we know nothing of the coin.
func TestAPaymentBehindADoubleSpendIsLost(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	key := chaintest.NewKey(3)
	first := w.mine(key.P2WPKH())
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	parent := chaintest.SpendOne(t, first.Coinbase(key), key.P2WPKH(), 1000)
	child := chaintest.SpendOne(t, chaintest.OutputOf(parent, 0, key), alice.script(wallet.SegWit), 1000)
	for _, tx := range []*chain.Tx{parent, child} {
		if err := w.Submit(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
	}
	if got := alice.balance().Unconfirmed; got != 50*btc-2000 {
		t.Fatalf("%d unconfirmed", got)
	}
	w.fork(1, chaintest.OpTrue(), chaintest.SpendOne(t, first.Coinbase(key), chaintest.OpTrue(), 5000))
	if e := alice.entry(child.ID); e.Confirmations >= 0 || alice.balance() != (wallet.Balance{}) {
		t.Errorf("%d confirmations, %+v", e.Confirmations, alice.balance())
	}
	w.fork(3, chaintest.OpTrue()) // the double spend leaves the chain again
	if e := alice.entry(child.ID); e.Confirmations != 0 {
		t.Errorf("%d confirmations after the double spend has gone", e.Confirmations)
	}
}

// An empty wallet.db is what is left of a wallet, not a new one.
func TestAnEmptyWalletFileIsNoNewWallet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "wallet.db")
	f, err := OpenFile(path, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", nil, 0o600); err != nil { // what a kill leaves while a wallet is made
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f, err = OpenFile(path, db.Options{NoSync: true}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path, db.Options{NoSync: true}); !errors.Is(err, db.ErrCorrupt) {
		t.Errorf("%v", err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != 0 {
		t.Errorf("the file was touched: %v, %v", st, err)
	}
}

// The log hears of each payment twice: when the pool takes it and when it is in
// a block; of what was read from old blocks it hears nothing.
func TestTheLogHearsOfPayments(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	var said bytes.Buffer
	alice.cfg.Log = slog.New(slog.NewTextHandler(&said, nil))
	bob := w.user(2)
	bob.balance()
	bob.cfg.Log = alice.cfg.Log
	tx := alice.mustPay(bob.script(wallet.SegWit), btc)
	w.mine(chaintest.OpTrue())
	w.fork(1, chaintest.OpTrue(), tx) // again in another block: no news
	for text, times := range map[string]int{"payment sent": 1, "payment received": 1, "payment is in a block": 2, "btc=1.00000000": 2, "btc=-1.00000000": 2, tx.ID.String(): 4} {
		if got := strings.Count(said.String(), text); got != times {
			t.Errorf("%q stands %d times, not %d, in\n%s", text, got, times, said.String())
		}
	}
	said.Reset()
	twin := w.user(3)
	twin.cfg.Log = alice.cfg.Log
	if err := twin.Restore(t.Context(), string(bob.state.Secrets().Words), ""); err != nil {
		t.Fatal(err)
	}
	if err := twin.catchUp(t.Context()); err != nil || strings.Contains(said.String(), "payment") {
		t.Errorf("%v, %s", err, said.String())
	}
}
