package testnet_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
	"grapevine/chain/ledger"
)

// A bit flips in a block that a stopped node has stored. Started again it does
// not serve the block but fetches it from its peer, though its chain is above
// it; then a newcomer that knows nobody else gets it, the wallet that had yet to
// read it has, and `db check` finds nothing.
func TestT52_DamagedBlockIsFetchedFromAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 2)
		defer w.stopAll()
		w.mine(0, 5)
		w.within(time.Minute, "one tip", w.agreed())
		w.stop(0)
		purse := filepath.Join(w.dirs[0], "wallets", "wallet.db")
		early := readFile(t, purse)
		w.start(0)
		w.mine(0, 105)
		w.within(time.Minute, "one tip", w.agreed())
		hash := w.nodes[0].Ledger.AtHeight(10).Hash
		want, err := w.nodes[0].Ledger.RawBlock(hash)
		if err != nil {
			t.Fatal(err)
		}
		w.stop(0)
		if err := os.WriteFile(purse, early, 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(w.dirs[0], "chain.db")
		raw := readFile(t, file)
		at := bytes.Index(raw, want)
		if at < 0 {
			t.Fatal("the block is not in the file")
		}
		raw[at+len(want)/2] ^= 1
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}

		w.start(0)
		if _, err := w.nodes[0].Ledger.RawBlock(hash); !errors.Is(err, chain.ErrDamaged) {
			t.Errorf("the damaged block is read: %v", err)
		}
		w.within(time.Minute, "the block has come again", func() bool {
			got, err := w.nodes[0].Ledger.RawBlock(hash)
			return err == nil && bytes.Equal(got, want)
		})
		if b, err := w.nodes[0].Wallet.Balance(t.Context()); err != nil || b.Confirmed == 0 {
			t.Errorf("the wallet that read the block later has %+v, %v", b, err)
		}
		if err := w.nodes[0].Ledger.CheckFile(t.Context(), nil); err != nil {
			t.Error(err)
		}
		w.stop(1)
		w.add()
		w.within(time.Minute, "the newcomer has all of the damaged node's chain", w.agreed(0, 2))
		if got, err := w.nodes[2].Ledger.RawBlock(hash); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the newcomer has another block: %v", err)
		}
		w.start(1)
		w.sound()
		w.stop(0)
		if err := ledger.CheckFile(t.Context(), file, chain.RegTest(), nil); err != nil {
			t.Error(err)
		}
		w.start(0)
	})
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
