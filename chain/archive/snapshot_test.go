package archive

import (
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// Coins with the largest scripts are written by fewer at once than small ones, so that a
// snapshot of them takes no more memory.
func TestLargeCoinsOfASnapshotAreWrittenByFewer(t *testing.T) {
	for size, want := range map[int]int{20: 2, 10_000: 4} { // commits: the emptied place is one
		commits := 0
		a, _ := open(t, db.Options{OnCommit: func(n int) { commits += n % 2 }})
		const many = 4000
		n := uint32(0)
		s, err := a.LoadCoins(t.Context(), coins.Second, 1, func() (op wire.OutPoint, c chain.Coin, ok bool, err error) {
			n++
			return wire.OutPoint{Index: n}, chain.Coin{Value: 1, PkScript: make([]byte, size)}, n <= many, nil
		})
		if err != nil || s.TxOuts != many {
			t.Fatalf("%d coins: %v", s.TxOuts, err)
		}
		if commits != want {
			t.Errorf("scripts of %d bytes: %d commits, want %d", size, commits, want)
		}
	}
}
