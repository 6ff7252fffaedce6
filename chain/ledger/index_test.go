package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/gcs"
	"github.com/btcsuite/btcd/btcutil/v2/gcs/builder"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/connect"
	"grapevine/db"
)

func withIndexes(on bool) option {
	return func(c *Config, _ *db.Options) {
		c.TxIndex, c.FilterIndex, c.CoinStatsIndex, c.AddressIndex = on, on, on, on
	}
}

// checkIndexes finds every transaction of the active chain, and every script in
// the filters, whose headers form a chain.
func checkIndexes(t *testing.T, r *rig) {
	t.Helper()
	checkHistories(t, r)
	checkDigests(t, r)
	var before chain.Hash
	for h := int32(0); h <= r.Tip().Height; h++ {
		n := r.AtHeight(h)
		b, err := r.Block(n.Hash)
		if err != nil {
			t.Fatal(err)
		}
		filter, header, ok, err := r.Filter(n.Hash)
		if err != nil || !ok {
			t.Fatalf("filter at %d: %v, %v", h, ok, err)
		}
		if want := connect.FilterHeader(filter, before); header != want {
			t.Fatalf("filter header at %d is %v, want %v", h, header, want)
		}
		before = header
		checkStats(t, r, n)
		f, err := gcs.FromNBytes(builder.DefaultP, builder.DefaultM, filter)
		if err != nil {
			t.Fatal(err)
		}
		for i, tx := range b.Txs {
			found, ok, err := r.FindTx(tx.ID)
			if h > 0 && (err != nil || !ok || found.Block != n || found.Place != i || !bytes.Equal(found.Tx.Raw(), tx.Raw())) {
				t.Fatalf("transaction %d of block %d is found at %v, %v, %v", i, h, found, ok, err)
			}
			key := builder.DeriveKey(&n.Hash)
			script := tx.TxOut[0].PkScript
			if ok, err := f.Match(key, script); err != nil || ok == (script[0] == 0x6a) { // what nobody can spend is not in it
				t.Fatalf("filter at %d does not match: %v", h, err)
			}
		}
	}
}

// checkStats compares what the index has for the tip with the set itself, and
// for every block that nothing is created or lost beside the subsidies.
func checkStats(t *testing.T, r *rig, n *chain.HeaderNode) {
	t.Helper()
	s, ok, err := r.BlockStats(n.Hash)
	if err != nil || !ok {
		t.Fatalf("statistics at %d: %v, %v", n.Height, ok, err)
	}
	if s.Total+s.Unspendable() != s.Subsidy {
		t.Fatalf("at %d coins of %v and %v lost, of %v made", n.Height, s.Total, s.Unspendable(), s.Subsidy)
	}
	if n != r.Tip() {
		return
	}
	set, err := r.CoinStats(t.Context())
	if err != nil || set.Best != n.Hash {
		t.Fatalf("%+v, %v", set, err)
	}
	if s.MuHash() != set.MuHash || s.TxOuts != set.TxOuts || s.BogoSize != set.BogoSize || s.Total != set.Total {
		t.Fatalf("the index says %d coins, %v, %v; the set %+v", s.TxOuts, s.Total, s.MuHash(), set.Stats)
	}
}

func TestIndexesFollowReorganisations(t *testing.T) {
	g := growGrove(t, rand.New(rand.NewPCG(21, 1)), 40)
	r := newRig(t, withIndexes(true))
	g.submitTrunk(t, r)
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	checkIndexes(t, r)
	r.check()
	checkIndexes(t, r)
	if _, ok, err := r.FindTx(chain.Hash{5}); ok || err != nil {
		t.Errorf("a transaction that never was: %v, %v", ok, err)
	}
}

func TestIndexesSwitchedOnLaterCatchUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	g := growGrove(t, rand.New(rand.NewPCG(22, 1)), 30)
	r := start(t, path, withIndexes(false))
	g.submitTrunk(t, r)
	for _, b := range g.blocks[:15] {
		<-r.later(b.Mined)
	}
	if _, ok, _ := r.FindTx(g.trunk[0].Block.Txs[0].ID); ok {
		t.Error("an index that is off finds something")
	}
	r.stop()
	r = start(t, path, withIndexes(true))
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	checkIndexes(t, r)
	r.stop()
	start(t, path, withIndexes(false)).stop()
	r = start(t, path, withIndexes(true))
	waitFor(t, func() bool {
		_, ok, err := r.FindTx(g.trunk[50].Block.Txs[0].ID)
		return ok && err == nil
	})
	r.check()
	checkIndexes(t, r)
}

// Readers see the coins of one tip or of the next, never of blocks that are
// being validated, while everything is flushed all the time.
func TestViewSeesCommittedTruthWhileFlushing(t *testing.T) {
	tr, r := plant(t, func(c *Config, _ *db.Options) { c.DBCache = 1000 })
	tr.Grow(chaintest.Genesis, "a", 150)
	row := make(map[int32]wire.OutPoint)
	for h := int32(1); h <= 150; h++ {
		row[h] = tr.Named(fmt.Sprintf("a%d", h)).Coinbase(nil).Op
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for {
				select {
				case <-stop:
					return
				default:
				}
				v := r.View()
				h := 1 + rng.Int32N(150)
				before := v.Tip().Height
				_, ok, err := v.Coin(row[h])
				after := v.Tip().Height
				if err != nil || ok && h > after || !ok && h <= before {
					t.Errorf("coin of block %d seen: %v, %v; tip %d to %d", h, ok, err, before, after)
					return
				}
			}
		})
	}
	tr.AcceptRow("a", 150)
	close(stop)
	wg.Wait()
	r.check()
}

func TestWhatIsAskedAfterTheEndIsRefused(t *testing.T) {
	r := newRig(t)
	r.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := r.Sync(ctx); !errors.Is(err, chain.ErrShutdown) {
		t.Errorf("Sync: %v", err)
	}
	if _, err := r.Invalidate(ctx, chain.Hash{}); !errors.Is(err, chain.ErrShutdown) {
		t.Errorf("Invalidate: %v", err)
	}
	if _, err := r.CoinStats(ctx); !errors.Is(err, chain.ErrShutdown) {
		t.Errorf("CoinStats: %v", err)
	}
	r.Ledger.Submit(r.Tip(), nil, 1) // must not hang
}

func TestFileOfAnotherNetworkIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	start(t, path).stop()
	file, err := db.Open(path, Name, Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := Open(Config{DB: file, Params: chain.TestNet4(), Now: time.Now}); !errors.Is(err, db.ErrSchema) {
		t.Error(err)
	}
}
