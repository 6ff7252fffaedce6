package testnet_test

import (
	"testing"
	"testing/synctest"

	"grapevine/wallet"
)

// Who made a block or a payment is answered when the wallet has followed it: the
// wallet is asked for what it knows, not for what it would find out by waiting.
func TestTheWalletHasFollowedWhatItsNodeWasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 1)
		defer w.stopAll()
		w.mine(0, 1) // makes the wallet
		n := w.nodes[0]
		for range 101 {
			if _, err := n.Miner.Generate(t.Context(), 1, []byte{0x51}, 0); err != nil {
				t.Fatal(err)
			}
			if s, tip := n.Wallet.Status(), n.Ledger.Tip().Height; s.At != tip || s.Tip != tip {
				t.Fatalf("the block at height %d is made and the wallet stands at %d", tip, s.At)
			}
		}
		tx, err := n.Wallet.Send(t.Context(), []wallet.Payment{{Script: append([]byte{0, 20}, make([]byte, 20)...), Amount: 1e8}}, wallet.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e, err := n.Wallet.Tx(t.Context(), tx.ID); err != nil || !e.InPool {
			t.Errorf("the payment is made and the wallet does not know that it is in the pool: %+v, %v", e, err)
		}
	})
}
