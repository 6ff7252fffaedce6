package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/coinselect"
)

const btc = btcutil.Amount(1e8)

func TestPaymentTravelsFromOneWalletToAnother(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	bob := w.user(2)
	if got := alice.balance(); got != (wallet.Balance{Confirmed: 50 * btc}) {
		t.Fatalf("alice starts with %+v", got)
	}
	tx := alice.mustPay(bob.script(wallet.Taproot), 150_000_000)
	fee := alice.entry(tx.ID).Fee
	if got := alice.balance(); got != (wallet.Balance{Change: 50*btc - 150_000_000 - fee}) {
		t.Fatalf("alice waits with %+v", got)
	}
	if got := bob.balance(); got != (wallet.Balance{Unconfirmed: 150_000_000}) {
		t.Fatalf("bob waits with %+v", got)
	}
	w.mine(chaintest.OpTrue())
	if got := bob.balance(); got != (wallet.Balance{Confirmed: 150_000_000}) {
		t.Fatalf("bob has %+v", got)
	}
	back := bob.mustPay(alice.script(wallet.SegWit), btc)
	w.mine(chaintest.OpTrue())
	if got, want := alice.balance().Confirmed, 50*btc-50_000_000-fee; got != want {
		t.Fatalf("alice has %d, want %d", got, want)
	}
	if got, want := bob.balance().Confirmed, 50_000_000-bob.entry(back.ID).Fee; got != want {
		t.Fatalf("bob has %d, want %d", got, want)
	}
}

func TestHistoryTellsWhatATransactionMeant(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	bob := w.user(2)
	ctx := context.Background()
	script, err := bob.NewAddress(ctx, wallet.SegWit, "rent")
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := bob.Owned(ctx, script)
	if err != nil || o.Label != "rent" || o.Path != "m/84h/1h/0h/0/0" {
		t.Fatal(o, err)
	}
	tx, err := alice.Send(ctx, []wallet.Payment{{Script: script, Amount: btc}}, wallet.Options{Comment: "may", FeeRate: rate(3000)})
	if err != nil {
		t.Fatal(err)
	}
	e := alice.entry(tx.ID)
	if !e.FromMe || e.Amount != -btc || e.Fee != policy.PerVB(3).Fee(tx.VSize()) && e.Fee != policy.PerVB(3).Fee(tx.VSize()+1) ||
		e.Comment != "may" || !e.Replaceable || !e.InPool || !e.Trusted || e.Confirmations != 0 || e.Height != -1 {
		t.Errorf("alice sees %+v", e)
	}
	if paid := slices.DeleteFunc(slices.Clone(e.Details), func(d wallet.Detail) bool { return d.Change }); len(e.Details) != 3 || len(paid) != 1 ||
		paid[0].Category != wallet.Sent || paid[0].Amount != -btc || paid[0].Address != wallet.AddressOf(script, w.params.Params) {
		t.Errorf("alice sees %+v", e.Details)
	}
	e = bob.entry(tx.ID)
	if e.FromMe || e.Amount != btc || e.Fee != 0 || e.Trusted || len(e.Details) != 1 ||
		e.Details[0].Category != wallet.Received || e.Details[0].Label != "rent" || e.Details[0].Amount != btc {
		t.Errorf("bob sees %+v", e)
	}
	m := w.mine(bob.script(wallet.SegWit))
	if e = bob.entry(tx.ID); e.Confirmations != 1 || e.Block != m.Node.Hash || e.BlockIndex != 1 || e.Replaceable || !e.Trusted {
		t.Errorf("in a block bob sees %+v", e)
	}
	list, err := bob.History(ctx, 10, 0)
	if err != nil || len(list) != 2 || list[0].Details[0].Category != wallet.Immature {
		t.Fatalf("%+v, %v", list, err)
	}
	if more, err := bob.History(ctx, 1, 1); err != nil || len(more) != 1 || more[0].Tx.ID != list[1].Tx.ID {
		t.Errorf("second page: %+v, %v", more, err)
	}
	w.mineN(100, chaintest.OpTrue())
	if c := bob.entry(list[0].Tx.ID).Details[0].Category; c != wallet.Generate {
		t.Errorf("a mature coinbase is %q", c)
	}
	if _, err := bob.Tx(ctx, chain.Hash{9}); !errors.Is(err, wallet.ErrUnknownTx) {
		t.Error(err)
	}
}

func TestConflictsShowAsInCore(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 2)
	key := chaintest.NewKey(3)
	// A stranger pays alice, alice spends on, then a block takes the stranger's coin elsewhere.
	first := w.mine(key.P2WPKH())
	w.mineN(100, chaintest.OpTrue())
	pay := chaintest.SpendOne(t, first.Coinbase(key), alice.script(wallet.SegWit), 1000)
	if err := w.Submit(context.Background(), pay); err != nil {
		t.Fatal(err)
	}
	before := alice.balance()
	coin := wire.OutPoint{Hash: pay.ID}
	spend, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{Inputs: []wallet.Input{{OutPoint: coin}}})
	if err != nil {
		t.Fatal(err)
	}
	other := chaintest.SpendOne(t, first.Coinbase(key), chaintest.OpTrue(), 5000)
	w.fork(1, chaintest.OpTrue(), other)
	for _, id := range []chain.Hash{pay.ID, spend.ID} {
		if e := alice.entry(id); e.Confirmations != -2 || e.InPool {
			t.Errorf("%s: %d confirmations, in pool %v", id, e.Confirmations, e.InPool)
		}
	}
	if got := alice.balance(); got.Confirmed != before.Confirmed || got.Unconfirmed != 0 || got.Change != 0 {
		t.Errorf("before %+v, after %+v", before, got)
	}
	// Another branch takes the first payment after all.
	w.fork(2, chaintest.OpTrue(), pay)
	if e := alice.entry(pay.ID); e.Confirmations != 3 {
		t.Errorf("%d confirmations in the other branch", e.Confirmations)
	}
	if e := alice.entry(spend.ID); e.Confirmations != 0 || e.InPool {
		t.Errorf("%d confirmations after the conflict has gone, in pool %v", e.Confirmations, e.InPool)
	}
	if got := alice.balance(); got.Confirmed != before.Confirmed { // its coin is still meant to be spent
		t.Errorf("before %+v, now %+v", before, got)
	}
	if err := alice.Abandon(context.Background(), spend.ID); err != nil {
		t.Fatal(err)
	}
	if got := alice.balance(); got.Confirmed != before.Confirmed+50*btc-1000 {
		t.Errorf("abandoned: %+v", got)
	}
	if e := alice.entry(spend.ID); !e.Abandoned {
		t.Error("it does not say so")
	}
}

func TestAnOrphanedCoinbaseIsWorthNothing(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	m := w.mine(alice.script(wallet.SegWit))
	if got := alice.balance(); got != (wallet.Balance{Immature: 50 * btc}) {
		t.Fatalf("%+v", got)
	}
	w.fork(1, chaintest.OpTrue())
	if got := alice.balance(); got != (wallet.Balance{}) {
		t.Fatalf("%+v", got)
	}
	if e := alice.entry(m.Block.Txs[0].ID); e.Details[0].Category != wallet.Orphan || e.Confirmations != 0 || !e.Abandoned {
		t.Fatalf("%+v", e)
	}
}

func TestCoinbaseRipensAsInCore(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	w.mine(alice.script(wallet.SegWit))
	w.mineN(99, chaintest.OpTrue())
	if got := alice.balance(); got.Immature != 50*btc {
		t.Fatalf("100 deep: %+v", got)
	}
	var funds *wallet.FundsError
	if _, err := alice.pay(chaintest.OpTrue(), btc); !errors.As(err, &funds) || funds.Balance.Immature != 50*btc {
		t.Fatal(err)
	}
	if !strings.Contains(funds.Error(), "50.00000000 BTC immature") {
		t.Error(funds)
	}
	w.mine(chaintest.OpTrue())
	alice.mustPay(chaintest.OpTrue(), btc)
}

func TestForeignUnconfirmedCoinsAreNeverSpent(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	bob := w.user(2)
	alice.mustPay(bob.script(wallet.SegWit), 10*btc)
	var funds *wallet.FundsError
	if _, err := bob.pay(chaintest.OpTrue(), btc); !errors.As(err, &funds) || funds.Unconfirmed != 10*btc {
		t.Fatal(err)
	}
	// Alice's own change may go on, in a chain no longer than pools take.
	for range 24 {
		alice.mustPay(chaintest.OpTrue(), btc)
	}
	if _, err := alice.pay(chaintest.OpTrue(), btc); !errors.Is(err, coinselect.ErrChain) {
		t.Fatalf("a 26th transaction in a row: %v", err)
	}
}

func TestTwoSendsAtOnceNeverSpendOneCoin(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 8)
	var wg sync.WaitGroup
	txs := make([]*chain.Tx, 8)
	for i := range txs {
		wg.Go(func() {
			tx, err := alice.pay(chaintest.OpTrue(), 30*btc)
			if err != nil {
				t.Error(err)
			}
			txs[i] = tx
		})
	}
	wg.Wait()
	spent := map[wire.OutPoint]bool{}
	for _, tx := range txs {
		if tx == nil {
			continue
		}
		for _, in := range tx.TxIn {
			if spent[in.PreviousOutPoint] {
				t.Fatalf("%s is spent twice", in.PreviousOutPoint)
			}
			spent[in.PreviousOutPoint] = true
		}
	}
}

// With -walletbroadcast=0 a payment is made and kept, its coins are taken, and nobody
// hears of it until the wallet is allowed to speak.
func TestASilentWalletTellsNobody(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	alice.cfg.Habits.Silent = true
	tx := alice.mustPay(chaintest.OpTrue(), btc)
	w.now = w.now.Add(resendAfter + resendSpread)
	again, err := alice.Resend(t.Context())
	if err = errors.Join(err, alice.submitAgain(t.Context(), true)); err != nil || len(again) > 0 || len(w.waiting()) > 0 {
		t.Fatalf("%d are sent again, %d wait in the pool: %v", len(again), len(w.waiting()), err)
	}
	if _, err := alice.Tx(t.Context(), tx.ID); err != nil {
		t.Error(err)
	}
	if _, err := alice.pay(chaintest.OpTrue(), btc); err == nil {
		t.Error("its coin is spent once more")
	}
	alice.cfg.Habits.Silent = false
	if err := alice.submitAgain(t.Context(), true); err != nil || len(w.waiting()) != 1 {
		t.Errorf("%d wait in the pool: %v", len(w.waiting()), err)
	}
}

// With -spendzeroconfchange=0 change is not trusted before it is in a block.
func TestFreshChangeIsNotTrustedWhereItIsNotSpent(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	alice.mustPay(chaintest.OpTrue(), btc)
	if b := alice.balance(); b.Change == 0 || b.Unconfirmed != 0 {
		t.Errorf("%+v: own change is trusted", b)
	}
	alice.state.NoFresh = true
	if b := alice.balance(); b.Change != 0 || b.Unconfirmed == 0 {
		t.Errorf("%+v: it is spent only when it is in a block", b)
	}
	w.mine(chaintest.OpTrue())
	if b := alice.balance(); b.Unconfirmed != 0 || b.Confirmed == 0 {
		t.Errorf("%+v: now it is", b)
	}
}

func TestARefusedSendIsForgotten(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	before := alice.balance()
	w.fail = chain.Refused("mempool full", "")
	_, err := alice.pay(chaintest.OpTrue(), btc)
	var policy *chain.PolicyError
	if !errors.As(err, &policy) {
		t.Fatal(err)
	}
	w.fail = nil
	if list, _ := alice.History(context.Background(), 10, 0); len(list) != 1 || alice.balance() != before {
		t.Fatalf("%d entries, %+v", len(list), alice.balance())
	}
	alice.mustPay(chaintest.OpTrue(), 49*btc)
	alice.restart(2)
	if list, _ := alice.History(context.Background(), 10, 0); len(list) != 2 {
		t.Fatalf("%d entries after a restart", len(list))
	}
}

// After a crash the ledger may take up blocks that the coins of an own
// transaction come from only when the first round of submitting is over.
// tellAgain is the pool's answer to transactions that are submitted again.
func (w *world) tellAgain(u *user) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, tx := range w.pool {
		if err := u.Apply(context.Background(), chain.Delta{}, chain.PoolDelta{In: []chain.PoolTx{{Tx: tx}}}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// One block may pay an address near the end of the lookahead first and, in an
// earlier transaction, one that only then comes into view.
func TestLockedCoinsAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 2)
	ctx := context.Background()
	coins, err := alice.Coins(ctx)
	if err != nil || len(coins) != 2 || !coins[0].Spendable || coins[0].Address == "" {
		t.Fatal(coins, err)
	}
	op := coins[0].OutPoint
	if err := alice.LockCoins(ctx, []wire.OutPoint{op}, false); err != nil {
		t.Fatal(err)
	}
	if ops, err := alice.LockedCoins(ctx); err != nil || len(ops) != 1 || ops[0] != op {
		t.Fatal(ops, err)
	}
	var funds *wallet.FundsError
	if _, err := alice.pay(chaintest.OpTrue(), 60*btc); !errors.As(err, &funds) || funds.Locked != 50*btc {
		t.Fatal(err)
	}
	if tx := alice.mustPay(chaintest.OpTrue(), btc); tx.TxIn[0].PreviousOutPoint == op {
		t.Fatal("a locked coin was spent")
	}
	if err := alice.UnlockCoins(ctx, []wire.OutPoint{op}); err != nil {
		t.Fatal(err)
	}
	alice.mustPay(chaintest.OpTrue(), 60*btc)
	if err := alice.LockCoins(ctx, []wire.OutPoint{op}, false); !errors.Is(err, wallet.ErrLock) {
		t.Error(err)
	}
	if err := alice.LockCoins(ctx, []wire.OutPoint{{Index: 1}}, false); !errors.Is(err, wallet.ErrLock) {
		t.Error(err)
	}
}

func TestFundedAndSignedByHand(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 3)
	ctx := context.Background()
	coins, _ := alice.Coins(ctx)
	raw := wire.NewMsgTx(2)
	raw.AddTxIn(wire.NewTxIn(&coins[1].OutPoint, nil, nil))
	raw.TxIn[0].Sequence = 7
	raw.LockTime = 5
	raw.AddTxOut(wire.NewTxOut(int64(70*btc), chaintest.OpTrue()))
	f, err := alice.Fund(ctx, RequestFor(raw, wallet.Options{FeeRate: rate(2000)}, nil))
	if err != nil || f.Tx.TxIn[0].PreviousOutPoint != coins[1].OutPoint || f.Tx.TxIn[0].Sequence != 7 || f.Tx.LockTime != 5 || len(f.Tx.TxIn) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	change := string(f.Tx.TxOut[f.Change].PkScript)
	alice.restart(5)
	if again, err := alice.Fund(ctx, RequestFor(raw, wallet.Options{}, nil)); err != nil || string(again.Tx.TxOut[again.Change].PkScript) == change {
		t.Fatalf("the same change address after a crash, or %v", err)
	}
	problems, err := alice.SignTx(ctx, f.Tx, nil, nil, 0)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	f.Tx.TxIn[0].Sequence = 7
	if err := w.Submit(ctx, chain.NewTx(f.Tx)); err != nil {
		t.Fatal(err)
	}
	if e := alice.entry(f.Tx.TxHash()); e.Fee != f.Fee || e.Amount != -70*btc {
		t.Errorf("%+v", e)
	}
	raw.TxIn[0].PreviousOutPoint.Index = 99
	if _, err := alice.Fund(ctx, RequestFor(raw, wallet.Options{}, nil)); err == nil || !strings.Contains(err.Error(), "Invalid pre-selected input") {
		t.Error(err)
	}
	raw.TxIn[0].PreviousOutPoint.Hash[3]++
	if _, err := alice.Fund(ctx, RequestFor(raw, wallet.Options{}, nil)); !errors.Is(err, wallet.ErrForeign) {
		t.Error(err)
	}
}

func TestChangeGoesWhereItIsAsked(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	script := chaintest.NewKey(5).P2PKH()
	tx, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{ChangeTo: script, FeeRate: rate(1000)})
	if err != nil || len(tx.TxOut) != 2 {
		t.Fatal(tx, err)
	}
	if e := alice.entry(tx.ID); len(e.Details) != 2 || e.Amount+e.Fee*2 > 0 || alice.balance() != (wallet.Balance{}) {
		t.Errorf("%+v, %+v", e, alice.balance())
	}
}

func TestTheFeeRateIsTheCallersElseTheEstimateElseTheFallback(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	estimate, asked := policy.FeeRate(0), 0
	alice.cfg.EstimateFee = func(target int, _ bool) (policy.FeeRate, bool) {
		if target == longestTarget {
			return 0, false // what change is worth
		}
		asked = target
		return estimate, estimate > 0
	}
	for _, c := range []struct {
		name     string
		estimate policy.FeeRate
		options  wallet.Options
		want     policy.FeeRate
		asked    int
		why      wallet.FeeReason
	}{
		{"fallback", 0, wallet.Options{}, policy.PerVB(20), 6, wallet.FeeFallback},
		{"estimate", 5000, wallet.Options{Target: 3}, policy.PerVB(5), 3, wallet.FeeEstimate},
		{"an estimate below what nodes relay", 10, wallet.Options{}, policy.PerVB(1), 6, wallet.FeeMinimum},
		{"caller", 5000, wallet.Options{FeeRate: rate(7000)}, policy.PerVB(7), 0, wallet.FeeOfCaller},
	} {
		estimate = c.estimate
		if rate, why, err := alice.FeeRate(c.options); err != nil || rate != c.want || why != c.why {
			t.Errorf("%s: %s by %q, %v", c.name, rate, why, err)
		}
		asked = 0
		tx, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, c.options)
		if err != nil {
			t.Fatal(c.name, err)
		}
		fee := alice.entry(tx.ID).Fee
		if fee < c.want.Fee(tx.VSize()) || fee > c.want.Fee(tx.VSize()+1) || asked != c.asked {
			t.Errorf("%s: fee %d for %d vB, want %s; asked for %d blocks", c.name, fee, tx.VSize(), c.want, asked)
		}
	}
}

func TestBadSendsAreRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	ctx := context.Background()
	one := []wallet.Payment{{Script: chaintest.NewKey(1).P2WPKH(), Amount: btc}}
	for name, try := range map[string]func() error{
		"nobody": func() error { _, err := alice.Send(ctx, nil, wallet.Options{}); return err },
		"dust": func() error {
			_, err := alice.pay(chaintest.NewKey(1).P2WPKH(), 293)
			return err
		},
		"fee rate": func() error { _, err := alice.Send(ctx, one, wallet.Options{FeeRate: rate(500)}); return err },
		"unknown coin": func() error {
			_, err := alice.Send(ctx, one, wallet.Options{Inputs: []wallet.Input{{OutPoint: wire.OutPoint{Index: 3}}}})
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if list, _ := alice.History(ctx, 10, 0); len(list) != 1 {
		t.Errorf("%d entries", len(list))
	}
}

// Blocks that do not concern the wallet must not cost a commit each.
