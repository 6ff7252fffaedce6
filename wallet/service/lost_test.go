package service

import (
	"context"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
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

// While a payment is under way nobody else can name its coins.
func TestACoinOfAPaymentUnderWayCannotBeNamed(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	coins, err := alice.Coins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	op := coins[0].OutPoint
	f, err := alice.fund(wallet.Draft{Payments: []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}}, true)
	if err != nil {
		t.Fatal(err)
	}
	named := func() map[string]error {
		ctx := context.Background()
		raw := wire.NewMsgTx(2)
		raw.AddTxIn(wire.NewTxIn(&op, nil, nil))
		raw.AddTxOut(wire.NewTxOut(int64(btc), chaintest.OpTrue()))
		_, asInput := alice.FundTx(ctx, raw, wallet.Options{})
		raw.TxIn = nil
		_, asCoin := alice.FundTx(ctx, raw, wallet.Options{Coins: []wire.OutPoint{op}})
		return map[string]error{"as input": asInput, "as coin": asCoin, "lock": alice.LockCoins(ctx, []wire.OutPoint{op}, true)}
	}
	for what, err := range named() {
		if !errors.Is(err, wallet.ErrSpent) {
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
	if _, err := alice.FundTx(t.Context(), raw, wallet.Options{Lock: true}); err != nil {
		t.Fatal(err)
	}
	var short *wallet.FundsError
	if _, err := alice.FundTx(t.Context(), raw, wallet.Options{Lock: true}); !errors.As(err, &short) || short.Locked != 50*btc {
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
