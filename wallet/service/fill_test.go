package service

import (
	"context"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/wallet"
	"grapevine/wallet/state"
)

// A new wallet is used while it has only its first scripts. What was paid to a
// later one meanwhile, by somebody at whom the same words are at work, is found
// when all scripts are there.
func TestPaymentsToScriptsOfANewWalletThatAreStillMadeAreFound(t *testing.T) {
	for name, finish := range map[string]func(*user) error{
		"the rest is made": func(u *user) error {
			for u.mu.Lock(); !u.state.Whole(); {
				if err := u.fillBy(fillStep); err != nil {
					return err
				}
			}
			u.mu.Unlock()
			return u.catchUp(context.Background())
		},
		"the node was killed before": func(u *user) error {
			if err := u.flush(); err != nil {
				return err
			}
			u.restart(3)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			coins := w.payer(2)
			alice := w.user(1)
			if got := alice.balance(); got != (wallet.Balance{}) || alice.state.Whole() {
				t.Fatalf("%+v, all scripts made: %v", got, alice.state.Whole())
			}
			// The last script of the first ones is watched, the one after it is not yet.
			w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[0], alice.scriptAt(wallet.Taproot, state.FirstReach-1), 1000))
			w.mine(chaintest.OpTrue(), chaintest.SpendOne(t, coins[1], alice.scriptAt(wallet.Legacy, ahead-1), 1000))
			if err := alice.catchUp(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got := alice.balance().Confirmed; got != 50*btc-1000 {
				t.Fatalf("found %s BTC", chain.FormatAmount(got))
			}
			if err := finish(alice); err != nil {
				t.Fatal(err)
			}
			if got := alice.balance().Confirmed; got != 2*(50*btc-1000) {
				t.Errorf("found %s BTC", chain.FormatAmount(got))
			}
		})
	}
}

func TestANewWalletKnowsEveryScriptOfItsLookahead(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	alice.balance()
	for index, want := range map[int]bool{0: true, state.FirstReach: true, ahead - 1: true, ahead: false} {
		_, ours, err := alice.Owned(context.Background(), alice.scriptAt(wallet.SegWit, index))
		if err != nil || ours != want {
			t.Errorf("script %d: %v, %v", index, ours, err)
		}
		if err := alice.catchUp(context.Background()); err != nil { // what Owned made is looked for
			t.Fatal(err)
		}
	}
}
