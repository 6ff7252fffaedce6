package testnet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/wallet"
)

// dumpCoins writes node i's coin set to a file.
func (w *network) dumpCoins(i int) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "utxo.dat")
	file, err := os.Create(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	out, err := coins.NewSnapshotWriter(file, chain.RegTest())
	if err != nil {
		w.t.Fatal(err)
	}
	base, err := w.nodes[i].Ledger.ScanCoins(w.t.Context(), out.Add)
	if err == nil {
		_, _, err = out.Close(base.Hash)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return path
}

// loadCoins gives node i the headers that node from has, and the coin set of a file.
func (w *network) loadCoins(i, from int, path string) {
	w.t.Helper()
	file, err := os.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close()
	r, err := coins.NewSnapshotReader(file, chain.RegTest())
	if err != nil {
		w.t.Fatal(err)
	}
	l := w.nodes[i].Ledger
	l.AddHeaders(w.nodes[from].Ledger.Headers())
	if _, err = l.LastEvent(w.t.Context()); err == nil {
		_, err = l.LoadSnapshot(w.t.Context(), r, func() bool { return true })
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// A node alone takes the coin set of a file, and has the tip at once. When it meets others it follows
// the chain on, offers only the last blocks, and fetches those below, more than are asked for at once, though it is
// stopped meanwhile; then it is a node as any other, and its wallet has found what an old block paid it.
func TestANodeBeginsWithASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 3)
		defer w.stopAll()
		w.within(time.Minute, "all know each other", w.everybodyHas(1))
		w.net.Partition([]string{ip(0), ip(1)}, []string{ip(2)})
		w.mine(0, 120)
		w.pay(0, 2, 70_000_000)
		w.mine(0, 300)
		base := w.nodes[0].Ledger.Tip()
		path := w.dumpCoins(0)
		w.loadCoins(2, 0, path)
		if tip := w.nodes[2].Ledger.Tip(); tip.Hash != base.Hash {
			t.Fatalf("the tip is at %d", tip.Height)
		}
		if s := w.nodes[2].Swarm.Services(); s&1 != 0 {
			t.Errorf("it offers all blocks: %v", s)
		}
		w.mine(0, 3)
		if b, err := w.nodes[2].Wallet.Balance(t.Context()); !errors.Is(err, wallet.ErrScanning) {
			t.Errorf("the wallet, which has read nothing yet, has %+v, %v", b, err)
		}
		w.net.Heal()
		w.within(30*time.Minute, "all follow the chain", w.agreed())
		for w.nodes[2].Ledger.HaveBody(w.nodes[0].Ledger.AtHeight(100).Hash) == false {
			time.Sleep(time.Millisecond)
		}
		w.stop(2)
		w.start(2)
		w.within(10*time.Minute, "the snapshot is proven", func() bool {
			at, _ := w.nodes[2].Ledger.Unproven()
			return at == nil
		})
		if s := w.nodes[2].Swarm.Services(); s&1 == 0 {
			t.Errorf("it does not offer all blocks: %v", s)
		}
		w.within(time.Minute, "its wallet has read the old blocks", func() bool {
			b, err := w.nodes[2].Wallet.Balance(t.Context())
			return err == nil && b.Confirmed == 70_000_000
		})
		w.sound()
		if err := w.nodes[2].Ledger.CheckFile(context.Background(), nil); err != nil {
			t.Error(err)
		}
		w.stop(0)
		w.stop(1)
		defer func() { w.start(0); w.start(1) }()
		for _, h := range []int32{1, 200, 420} {
			if _, err := w.nodes[2].Ledger.RawBlock(w.nodes[2].Ledger.AtHeight(h).Hash); err != nil {
				t.Errorf("block %d: %v", h, err)
			}
		}
	})
}
