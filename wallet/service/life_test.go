package service

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
	"grapevine/wallet"
)

func TestASendWithoutAnAnswerIsAPaymentAndSentAgain(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	w.fail = chain.ErrShutdown
	tx, err := alice.pay(chaintest.OpTrue(), btc)
	if err != nil || tx == nil { // an error would make the caller pay twice
		t.Fatal(tx, err)
	}
	alice.kill()
	w.fail = nil
	alice.open(2)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- alice.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); !alice.entry(tx.ID).InPool; {
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
	for deadline := time.Now().Add(time.Minute); !there(); w.mine(chaintest.OpTrue()) {
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
		script := alice.script(wallet.Kinds()[round%4])
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
	steps := 0
	err = twin.Settle(ctx, func(wallet.Status) {
		if steps++; steps == 1 { // not before somebody waits
			go func() { done <- twin.Run(ctx) }()
		}
	})
	if err != nil || steps == 0 {
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
	if _, err := Open(Config{Now: time.Now, DB: file, Params: w.params, Chain: w}); !errors.Is(err, wallet.ErrNetwork) || !strings.Contains(err.Error(), "mainnet") {
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
	if err := twin.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.tellAgain(twin)
	if twin.balance() != alice.balance() || twin.entry(tx.ID).Amount != -btc {
		t.Fatalf("%+v", twin.balance())
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
	if _, _, err := twin.step(); err != nil { // the reader has begun
		t.Fatal(err)
	}
	w.now = w.now.Add(7 * time.Second)
	if scan := twin.Status().Scan; scan == nil || scan.Duration != 7*time.Second || scan.Progress >= 1 {
		t.Fatalf("it says of its reading: %+v", scan)
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

func TestBlocksAreWrittenInGroups(t *testing.T) {
	w := newWorld(t)
	commits := 0
	u := &user{w: w, path: filepath.Join(t.TempDir(), "wallet.db")}
	file, err := db.Open(u.path, "wallet", Schema, db.Options{NoSync: true, OnCommit: func(int) { commits++ }})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	u.Service, err = Open(Config{DB: file, Params: w.params, Chain: w, Submit: w.Submit, Rand: seededReader(1), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	w.wallets = append(w.wallets, u.Service)
	script := u.script(wallet.SegWit)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	commits = 0
	began := time.Now()
	w.mineN(300, chaintest.OpTrue())
	w.mineN(300, script)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	late := int(time.Since(began) / saveLate) // a slow machine writes what has waited, too
	if commits/2 > 20+late {
		t.Errorf("%d commits for 600 blocks, of them %d for time", commits/2, late)
	}
	if u.Service, err = Open(u.cfg); err != nil || u.Status().At != 600 || u.Status().Txs != 300 {
		t.Errorf("%+v, %v", u.Status(), err)
	}
}

// moving is a world whose answer about the tip takes so long that a block is
// told meanwhile, left times.
type moving struct {
	*world
	left atomic.Int32
}

func (w *world) moving(times int32) *moving {
	m := &moving{world: w}
	m.left.Store(times)
	return m
}

func (m *moving) Tip() *chain.HeaderNode {
	tip := m.world.Tip()
	if m.left.Add(-1) < 0 {
		return tip
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		m.mine(chaintest.OpTrue())
	}()
	select {
	case <-told:
	case <-time.After(50 * time.Millisecond): // it waits for the state
	}
	return tip
}

// The first call makes the wallet; a block that is told between the look at the
// tip and the new state standing there must not leave them behind for ever.
func TestAWalletMadeWhileTheChainMovesFollowsIt(t *testing.T) {
	w := newWorld(t)
	u := w.user(1)
	u.cfg.Chain = w.moving(3) // looks of the reader, of the making, of the call
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	running, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- u.Run(running) }()
	if _, err := u.NewAddress(ctx, wallet.SegWit, ""); err != nil {
		t.Errorf("first address: %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The reader must not take the state back to a tip that is old by the time it
// looks at them: nobody would wake it to go on again.
func TestTheReaderIsNotMisledByAnOldTip(t *testing.T) {
	w := newWorld(t)
	u := w.user(1)
	u.balance() // makes the wallet
	w.mine(chaintest.OpTrue())
	u.cfg.Chain = w.moving(1)
	if err := u.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Tip() // returns when the block has been told
	if s := u.Status(); s.At != 2 {
		t.Errorf("the wallet stands at height %d, the chain at %d", s.At, s.Tip)
	}
}
