package service

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// payer mines n coins that a stranger may spend to any script.
func (w *world) payer(n int) (coins []chaintest.Coin) {
	key := chaintest.NewKey(77)
	for range n {
		coins = append(coins, w.mine(key.P2WPKH()).Coinbase(key))
	}
	w.mineN(chain.CoinbaseMaturity, chaintest.OpTrue())
	return coins
}

// scriptAt is the script of a row at an index, handed out or not.
func (u *user) scriptAt(k wallet.Kind, index int) []byte {
	u.w.t.Helper()
	rows, err := u.state.DescribeRows()
	if err != nil {
		u.w.t.Fatal(err)
	}
	at := slices.IndexFunc(rows, func(r wallet.Row) bool { return r.Active && r.Branch == wallet.Branch{Kind: k} })
	d, err := descriptor.Parse(rows[at].Desc, u.w.params.Params, false)
	if err != nil {
		u.w.t.Fatal(err)
	}
	scripts, err := d.Expand(uint32(index), nil)
	if err != nil {
		u.w.t.Fatal(err)
	}
	return scripts[0]
}

// gone is a user whose node is down: nobody reads what is paid to the words.
func (w *world) gone(seed uint64) *user {
	w.t.Helper()
	u := w.user(seed)
	u.balance() // makes the wallet
	u.w.mu.Lock()
	defer u.w.mu.Unlock()
	w.wallets = slices.DeleteFunc(w.wallets, func(s *Service) bool { return s == u.Service })
	return u
}

// restored is a new user with u's words who has read the chain.
func (u *user) restored(seed uint64) *user {
	u.w.t.Helper()
	twin := u.w.user(seed)
	if err := twin.Restore(context.Background(), string(u.state.Secrets().Words), ""); err != nil {
		u.w.t.Fatal(err)
	}
	if err := twin.catchUp(context.Background()); err != nil {
		u.w.t.Fatal(err)
	}
	return twin
}

func TestARestoredWalletFindsWhatIsBehindAGap(t *testing.T) {
	t.Parallel() // long, and about the real lookahead
	w := newWorld(t)
	w.ahead = wallet.Lookahead
	alice := w.gone(1)
	coins := w.payer(20)
	want := btcutil.Amount(0)
	for i, index := range []int{0, 30, 150, 299, wallet.Lookahead - 1} {
		var txs []*chain.Tx
		for k, kind := range wallet.Kinds() {
			txs = append(txs, chaintest.SpendOne(t, coins[4*i+k], alice.scriptAt(kind, index), 1000))
			want += 50*btc - 1000
		}
		w.mine(chaintest.OpTrue(), txs...)
	}
	twin := alice.restored(2)
	if got := twin.balance().Confirmed; got != want {
		t.Fatalf("restored %s of %s BTC", chain.FormatAmount(got), chain.FormatAmount(want))
	}
	for _, kind := range wallet.Kinds() {
		if next, old := twin.script(kind), twin.scriptAt(kind, wallet.Lookahead-1); bytes.Equal(next, old) {
			t.Errorf("%s: an address that was paid to is handed out again", kind)
		}
	}
}

// A payment that moves the lookahead past scripts that older blocks were never
// searched for makes the wallet read them again.
func TestBlocksAreReadAgainWhenTheLookaheadPassesWhatWasNeverSearched(t *testing.T) {
	for _, kind := range []wallet.Kind{wallet.SegWit, wallet.Legacy} {
		t.Run(fmt.Sprint(kind), func(t *testing.T) {
			t.Parallel() // long, and about the real lookahead
			w := newWorld(t)
			w.ahead = wallet.Lookahead
			alice := w.gone(1)
			coins := w.payer(4)
			for i, index := range []int{3900, 2999, 2000, 1001} { // each is found only after the next
				w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[i], alice.scriptAt(kind, index), 1000))
			}
			twin := alice.restored(2)
			if got := twin.balance().Confirmed; got != 4*(50*btc-1000) {
				t.Fatalf("restored %s BTC", chain.FormatAmount(got))
			}
			if s := twin.Status(); s.Reread != -1 {
				t.Errorf("still to be read: %d", s.Reread)
			}
		})
	}
}

// Two wallets of the same words at work at once: what one hands out, the other finds.
func TestAPaymentBeyondTheLookaheadOfALiveWalletIsFound(t *testing.T) {
	t.Parallel() // long, and about the real lookahead
	w := newWorld(t)
	w.ahead = wallet.Lookahead
	alice := w.gone(1)
	coins := w.payer(2)
	twin := alice.restored(2)
	w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[0], alice.scriptAt(wallet.SegWit, 2500), 1000))
	if got := twin.balance(); got != (wallet.Balance{}) {
		t.Fatalf("nobody can have looked that far: %+v", got)
	}
	w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[1], alice.scriptAt(wallet.SegWit, 1600), 1000))
	if s := twin.Status(); s.Reread < 0 {
		t.Fatal("it does not look at old blocks again")
	}
	if err := twin.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := twin.balance().Confirmed; got != 2*(50*btc-1000) {
		t.Errorf("found %s BTC", chain.FormatAmount(got))
	}
}

func TestReadingAgainGoesOnAfterAKill(t *testing.T) {
	t.Parallel() // long, and about the real lookahead
	w := newWorld(t)
	w.ahead = wallet.Lookahead
	alice := w.gone(1)
	coins := w.payer(2)
	w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[0], alice.scriptAt(wallet.Taproot, 2500), 1000))
	w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[1], alice.scriptAt(wallet.Taproot, 1600), 1000))
	twin := w.user(2)
	if err := twin.Restore(context.Background(), string(alice.state.Secrets().Words), ""); err != nil {
		t.Fatal(err)
	}
	for read := 0; twin.Status().Reread < 5; read++ { // in the middle of the second reading
		next, again, err := twin.step()
		if err != nil || next == nil {
			t.Fatalf("after %d blocks: %v, %v", read, next, err)
		}
		block, err := w.Block(next.Hash)
		if err == nil {
			err = twin.readBlock(next, block, again)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := twin.flush(); err != nil {
		t.Fatal(err)
	}
	twin.kill()
	twin.open(3)
	if s := twin.Status(); s.Reread != 5 {
		t.Errorf("goes on at %d", s.Reread)
	}
	if err := twin.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := twin.balance().Confirmed; got != 2*(50*btc-1000) {
		t.Errorf("found %s BTC", chain.FormatAmount(got))
	}
	twin.restart(4)
	if s := twin.Status(); s.Reread != -1 {
		t.Errorf("after another start block %d is to be read again", s.Reread)
	}
}

// What waits in the pool when a wallet is restored is its own too: its balance
// and its next payment take it into account.
func TestARestoredWalletSeesThePool(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	bob := w.rich(5, 1)
	sent := alice.mustPay(chaintest.OpTrue(), btc)
	got := bob.mustPay(alice.script(wallet.SegWit), 3*btc)
	twin := alice.restored(2)
	if twin.balance() != alice.balance() || twin.balance().Unconfirmed != 3*btc {
		t.Fatalf("%+v, want %+v", twin.balance(), alice.balance())
	}
	for _, tx := range []*chain.Tx{sent, got} {
		if e := twin.entry(tx.ID); !e.InPool {
			t.Errorf("%s is not known to be in the pool", tx.ID)
		}
	}
	twin.mustPay(chaintest.OpTrue(), btc)
}

func TestRescanFindsWhatWasForgotten(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 2)
	spent := alice.mustPay(chaintest.OpTrue(), btc)
	w.mine(chaintest.OpTrue())
	want, fee := alice.balance(), alice.entry(spent.ID).Fee
	list, err := alice.History(context.Background(), 100, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list { // as if they had never been seen
		alice.state.Rollback(w.params.Genesis())
		alice.drop(e.Tx.ID)
	}
	if err := alice.state.Connect(w.AtHeight(1), mustBlock(t, w, 1), 0); err != nil {
		t.Fatal(err)
	}
	if err := alice.catchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		for h := int32(0); h < 3; h++ { // idempotent
			if _, err := alice.Rescan(context.Background(), h, w.Tip().Height); err != nil {
				t.Fatal(err)
			}
		}
		if got := alice.entry(e.Tx.ID); got.Confirmations != e.Confirmations || got.Amount != e.Amount {
			t.Errorf("%s: %+v, was %+v", e.Tx.ID, got, e)
		}
	}
	if got := alice.balance(); got != want || alice.entry(spent.ID).Fee != fee {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func mustBlock(t *testing.T, w *world, h int32) *chain.Block {
	t.Helper()
	b, err := w.Block(w.AtHeight(h).Hash)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhoHandsOutBeyondTheLookaheadIsTold(t *testing.T) {
	t.Parallel() // long, and about the real lookahead
	w := newWorld(t)
	w.ahead = wallet.Lookahead
	alice := w.user(1)
	var last []byte
	for range wallet.Lookahead {
		last = alice.script(wallet.Legacy)
	}
	over := alice.script(wallet.Legacy)
	for script, want := range map[string]bool{string(last): false, string(over): true} {
		o, ours, err := alice.Owned(context.Background(), []byte(script))
		if err != nil || !ours || o.Beyond != want {
			t.Errorf("index %d: beyond %v, %v", o.Index, o.Beyond, err)
		}
	}
	w.mine(alice.scriptAt(wallet.Legacy, 0))
	if o, _, _ := alice.Owned(context.Background(), over); o.Beyond {
		t.Error("the first address has been paid to, and the last is still called beyond")
	}
}

// Who rescans the whole chain keeps nobody waiting.
func TestARescanKeepsNobodyWaiting(t *testing.T) {
	w := newWorld(t)
	alice := w.rich(1, 1)
	if err := alice.readBlock(w.AtHeight(1), mustBlock(t, w, 1), true); err != nil {
		t.Fatal(err)
	}
	alice.mu.Lock()
	defer alice.mu.Unlock()
	if alice.searching() {
		t.Error("calls wait for a reading that somebody asked for")
	}
}
