package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
	"grapevine/wallet"
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
	addr, err := bob.NewAddress(ctx, wallet.SegWit, "rent")
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := bob.Owned(ctx, append([]byte{0, 20}, addr.ScriptAddress()...))
	if err != nil || o.Label != "rent" || o.Path != "m/84'/1'/0'/0/0" {
		t.Fatal(o, err)
	}
	tx, err := alice.Send(ctx, []wallet.Payment{{Script: append([]byte{0, 20}, addr.ScriptAddress()...), Amount: btc}}, wallet.Options{Comment: "may", FeeRate: wallet.PerVB(3)})
	if err != nil {
		t.Fatal(err)
	}
	e := alice.entry(tx.ID)
	if !e.FromMe || e.Amount != -btc || e.Fee != wallet.PerVB(3).Fee(tx.VSize()) && e.Fee != wallet.PerVB(3).Fee(tx.VSize()+1) ||
		e.Comment != "may" || !e.Replaceable || !e.InPool || !e.Trusted || e.Confirmations != 0 || e.Height != -1 {
		t.Errorf("alice sees %+v", e)
	}
	if len(e.Details) != 1 || e.Details[0].Category != wallet.Sent || e.Details[0].Amount != -btc || e.Details[0].Address != addr.EncodeAddress() {
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
	spend, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{Coins: []wire.OutPoint{coin}})
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
	if _, err := alice.pay(chaintest.OpTrue(), btc); !errors.As(err, &funds) {
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

func TestASendWithoutAnAnswerIsKeptAndSentAgain(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	w.fail = chain.ErrShutdown
	tx, err := alice.pay(chaintest.OpTrue(), btc)
	if !errors.Is(err, chain.ErrShutdown) || tx == nil {
		t.Fatal(tx, err)
	}
	alice.kill()
	w.fail = nil
	alice.open(2)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- alice.Run(ctx) }()
	for deadline := time.Now().Add(5 * time.Second); !alice.entry(tx.ID).InPool; {
		if time.Now().After(deadline) {
			t.Fatal("it was not submitted again")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// After a crash the ledger may take up blocks that the coins of an own
// transaction come from only when the first round of submitting is over.
func TestARefusedRoundIsTriedAgainWhenTheChainMoves(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	w.fail = chain.ErrShutdown
	tx, _ := alice.pay(chaintest.OpTrue(), btc)
	alice.kill()
	alice.open(2)
	asked := make(chan struct{}, 1)
	alice.cfg.Submit = func(ctx context.Context, tx *chain.Tx) error {
		err := w.Submit(ctx, tx)
		select {
		case asked <- struct{}{}:
		default:
		}
		return err
	}
	w.fail = chain.ErrMissingCoin
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- alice.Run(ctx) }()
	<-asked
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	there := func() bool { e := alice.entry(tx.ID); return e.InPool || e.Confirmations > 0 }
	for deadline := time.Now().Add(5 * time.Second); !there(); w.mine(chaintest.OpTrue()) {
		if time.Now().After(deadline) {
			t.Fatal("it was not submitted again")
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestNothingPromisedIsLostByKill(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 3)
	seen := map[string]bool{}
	words, err := alice.Words(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		script := alice.script(wallet.Kind(round % 2))
		if seen[string(script)] {
			t.Fatal("an address was handed out twice")
		}
		seen[string(script)] = true
		alice.restart(uint64(round) + 50)
		w.tellAgain(alice)
		tx := alice.mustPay(chaintest.OpTrue(), btc)
		change := alice.balance()
		alice.restart(uint64(round) + 10)
		if list, err := alice.History(context.Background(), 1, 0); err != nil || list[0].Tx.ID != tx.ID || list[0].Amount != -btc {
			t.Fatalf("round %d: %+v, %v", round, list, err)
		}
		w.tellAgain(alice)
		if got := alice.balance(); got != change {
			t.Fatalf("round %d: %+v, was %+v", round, got, change)
		}
		if again, _ := alice.Words(context.Background()); again != words {
			t.Fatal("other words")
		}
		w.mine(chaintest.OpTrue())
	}
}

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

func TestAStartReadsTheBlocksThatWereMissed(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	script := alice.script(wallet.SegWit)
	alice.kill()
	w.mine(script)
	w.mineN(100, chaintest.OpTrue())
	alice.open(2)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- alice.Run(ctx) }()
	if got := alice.balance(); got.Confirmed != 50*btc {
		t.Errorf("%+v", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// One block may pay an address near the end of the lookahead first and, in an
// earlier transaction, one that only then comes into view.
func TestOneBlockMayMoveTheLookaheadPastItsOwnPayments(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	var scripts [][]byte
	for range 250 {
		scripts = append(scripts, alice.script(wallet.SegWit))
	}
	words, _ := alice.Words(context.Background())
	key := chaintest.NewKey(1)
	var coins []chaintest.Coin
	for range 3 {
		m := w.mine(key.P2WPKH())
		coins = append(coins, m.Coinbase(key))
	}
	w.mineN(100, chaintest.OpTrue())
	var txs []*chain.Tx
	for i, at := range []int{240, 150, 60} {
		txs = append(txs, chaintest.SpendOne(t, coins[i], scripts[at], 1000))
	}
	w.mine(chaintest.OpTrue(), txs...)
	twin := w.user(2)
	if err := twin.Restore(context.Background(), words, ""); err != nil {
		t.Fatal(err)
	}
	if err := twin.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := twin.balance(); got != alice.balance() || got.Confirmed != 150*btc-3000 {
		t.Fatalf("%+v, want %+v", got, alice.balance())
	}
}

func TestARestoredWalletFindsEverything(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 3)
	for i := range 8 { // addresses far apart, some in one block
		for range 40 {
			alice.script(wallet.Taproot)
		}
		alice.mustPay(alice.script(wallet.Kind(i%2)), btc)
		if i%3 == 0 {
			w.mine(alice.script(wallet.SegWit))
		}
	}
	w.mine(chaintest.OpTrue())
	words, err := alice.Words(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	twin := w.user(7)
	if err := twin.Restore(context.Background(), words, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- twin.Run(ctx) }()
	steps := 0
	if err := twin.Settle(ctx, func(wallet.Status) { steps++ }); err != nil || steps == 0 {
		t.Fatal(steps, err)
	}
	if got, want := twin.balance(), alice.balance(); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
	a, _ := alice.History(ctx, 1000, 0)
	b, _ := twin.History(ctx, 1000, 0)
	if len(a) != len(b) {
		t.Fatalf("%d entries, want %d", len(b), len(a))
	}
	if err := twin.Restore(ctx, words, ""); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("over a wallet in use: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestWalletMakesItselfOnRegtestOnly(t *testing.T) {
	w := newWorld(t)
	u := w.user(1)
	if u.Exists() {
		t.Fatal("there before anybody asked")
	}
	if u.balance() != (wallet.Balance{}) || !u.Exists() {
		t.Fatal("not there at first use")
	}
	if _, err := u.Create(context.Background(), ""); !errors.Is(err, wallet.ErrExists) {
		t.Error(err)
	}
	main := *w.params.Params
	main.Net, main.Name = wire.MainNet, "mainnet"
	strict := w.user(2)
	strict.cfg.Params = &chain.Params{Params: &main}
	if _, err := strict.Balance(context.Background()); !errors.Is(err, wallet.ErrNoWallet) {
		t.Error(err)
	}
	if words, err := strict.Create(context.Background(), ""); err != nil || len(strings.Fields(words)) != 12 {
		t.Error(err)
	}
	strict.kill()
	file, err := db.Open(strict.path, "wallet", Schema, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	strict.file = file
	if _, err := Open(Config{DB: file, Params: w.params, Chain: w}); err == nil || !strings.Contains(err.Error(), "network mainnet") {
		t.Errorf("a wallet of another network: %v", err)
	}
}

func TestABackupIsAWallet(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	tx := alice.mustPay(chaintest.OpTrue(), btc)
	var copied bytes.Buffer
	if err := alice.Backup(&copied); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	twin := &user{w: w, path: path}
	twin.open(5)
	defer twin.kill()
	w.tellAgain(twin)
	if twin.balance() != alice.balance() || twin.entry(tx.ID).Amount != -btc {
		t.Fatalf("%+v", twin.balance())
	}
}

func TestLockedCoinsAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 2)
	ctx := context.Background()
	coins, err := alice.Coins(ctx)
	if err != nil || len(coins) != 2 || !coins[0].Spendable || coins[0].Address == "" {
		t.Fatal(coins, err)
	}
	op := coins[0].OutPoint
	if err := alice.LockCoins(ctx, []wire.OutPoint{op}, true); err != nil {
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
	if err := alice.LockCoins(ctx, []wire.OutPoint{op}, false); err != nil {
		t.Fatal(err)
	}
	alice.mustPay(chaintest.OpTrue(), 60*btc)
	if err := alice.LockCoins(ctx, []wire.OutPoint{op}, true); !errors.Is(err, wallet.ErrSpent) {
		t.Error(err)
	}
	if err := alice.LockCoins(ctx, []wire.OutPoint{{Index: 1}}, true); !errors.Is(err, wallet.ErrNotOurs) {
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
	f, err := alice.FundTx(ctx, raw, wallet.Options{FeeRate: wallet.PerVB(2)})
	if err != nil || f.Tx.TxIn[0].PreviousOutPoint != coins[1].OutPoint || f.Tx.TxIn[0].Sequence != 7 || f.Tx.LockTime != 5 || len(f.Tx.TxIn) != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	change := string(f.Tx.TxOut[f.Change].PkScript)
	alice.restart(5)
	if again, err := alice.FundTx(ctx, raw, wallet.Options{}); err != nil || string(again.Tx.TxOut[again.Change].PkScript) == change {
		t.Fatalf("the same change address after a crash, or %v", err)
	}
	problems, err := alice.SignTx(ctx, f.Tx, nil)
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
	if _, err := alice.FundTx(ctx, raw, wallet.Options{}); !errors.Is(err, wallet.ErrNotOurs) {
		t.Error(err)
	}
}

func TestChangeGoesWhereItIsAsked(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	script := chaintest.NewKey(5).P2PKH()
	tx, err := alice.Send(context.Background(), []wallet.Payment{{Script: chaintest.OpTrue(), Amount: btc}}, wallet.Options{Change: script, FeeRate: wallet.PerVB(1)})
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
	estimate, asked := wallet.FeeRate(0), 0
	alice.cfg.EstimateFee = func(target int) (wallet.FeeRate, bool) {
		asked = target
		return estimate, estimate > 0
	}
	for _, c := range []struct {
		name     string
		estimate wallet.FeeRate
		options  wallet.Options
		want     wallet.FeeRate
		asked    int
	}{
		{"fallback", 0, wallet.Options{}, wallet.PerVB(20), 6},
		{"estimate", 5000, wallet.Options{Target: 3}, wallet.PerVB(5), 3},
		{"an estimate below what nodes relay", 10, wallet.Options{}, wallet.PerVB(1), 6},
		{"caller", 5000, wallet.Options{FeeRate: wallet.PerVB(7)}, wallet.PerVB(7), 0},
	} {
		estimate, asked = c.estimate, 0
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
		"fee rate": func() error { _, err := alice.Send(ctx, one, wallet.Options{FeeRate: 500}); return err },
		"unknown coin": func() error {
			_, err := alice.Send(ctx, one, wallet.Options{Coins: []wire.OutPoint{{Index: 3}}})
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

func TestALongScanDoesNotKeepCallersWaiting(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	words, _ := alice.Words(context.Background())
	w.mineN(longScan+10, chaintest.OpTrue())
	twin := w.user(2)
	if err := twin.Restore(context.Background(), words, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := twin.step(); err != nil { // the reader has begun
		t.Fatal(err)
	}
	if _, err := twin.Balance(context.Background()); !errors.Is(err, wallet.ErrScanning) {
		t.Fatal(err)
	}
	if err := twin.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if twin.balance() != alice.balance() {
		t.Fatalf("%+v", twin.balance())
	}
}

// Blocks that do not concern the wallet must not cost a commit each.
func TestBlocksAreWrittenInGroups(t *testing.T) {
	w := newWorld(t)
	commits := 0
	u := &user{w: w, path: filepath.Join(t.TempDir(), "wallet.db")}
	file, err := db.Open(u.path, "wallet", Schema, db.Options{NoSync: true, OnCommit: func(int) { commits++ }})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	u.Vault, err = Open(Config{DB: file, Params: w.params, Chain: w, Submit: w.Submit, Rand: dice(1), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.vaults = append(w.vaults, u.Vault)
	script := u.script(wallet.SegWit)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	commits = 0
	w.mineN(300, chaintest.OpTrue())
	w.mineN(300, script)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if commits/2 > 20 {
		t.Errorf("%d commits for 600 blocks", commits/2)
	}
	if u.Vault, err = Open(u.cfg); err != nil || u.Status().At != 600 || u.Status().Txs != 300 {
		t.Errorf("%+v, %v", u.Status(), err)
	}
}
