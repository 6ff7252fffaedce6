package ledger

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
)

// The coin set at every block of the chain is the one that stood there.
func TestPastCoinsAreThoseOfThen(t *testing.T) {
	g := growGrove(t, rand.New(rand.NewPCG(21, 21)), 60)
	r := newRig(t)
	for _, b := range append(leaves(g.trunk), g.blocks...) {
		<-r.later(b.Mined)
	}
	for n := r.Tip(); n.Height >= int32(len(g.trunk)); n = n.Parent {
		got := map[wire.OutPoint]chain.Coin{}
		var last *wire.OutPoint
		err := r.ScanPastCoins(t.Context(), n, func(op wire.OutPoint, c chain.Coin) error {
			if last != nil && coins.CompareOutPoints(*last, op) >= 0 {
				t.Fatalf("at %d: %v after %v", n.Height, op, last)
			}
			last, got[op] = &op, c
			return nil
		})
		want := g.state[n.Hash]
		if err != nil || len(got) != len(want) {
			t.Fatalf("at %d: %d coins, want %d, %v", n.Height, len(got), len(want), err)
		}
		for op, c := range want {
			if have := got[op]; have.Value != c.Value || have.Height != c.Height || have.Coinbase != c.Coinbase || !reflect.DeepEqual(append([]byte{}, have.PkScript...), append([]byte{}, c.PkScript...)) {
				t.Fatalf("at %d: %v is %+v, want %+v", n.Height, op, have, c)
			}
		}
	}
	stale := chain.NewHeaderNode(r.Tip().Parent, wire.BlockHeader{Nonce: 7})
	if err := r.ScanPastCoins(t.Context(), stale, func(wire.OutPoint, chain.Coin) error { return nil }); err == nil {
		t.Error("coins of a block that is not in the chain")
	}
}
