package ledger

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// pruned lets a rig prune in small units; target 0: by hand.
func pruned(target int64) option {
	return func(c *Config, _ *db.Options) {
		c.TxIndex, c.Prune = false, Prune{On: true, Target: target, Small: true}
	}
}

// grown are n blocks on genesis.
func grown(t testing.TB, n int) []chaintest.Mined {
	p := chain.RegTest()
	return chaintest.Grow(t, p, p.Genesis(), chaintest.Times(n))
}

// Undo records are read while others are pruned (the race detector looks on).
func TestUndoRecordsAreReadWhilePruning(t *testing.T) {
	r := start(t, filepath.Join(t.TempDir(), "chain.db"), pruned(0))
	blocks := grown(t, 800)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	first, err := r.Block(blocks[0].Node.Hash)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		for {
			if _, err := r.SpentBy(first); err != nil {
				done <- err
				return
			}
		}
	}()
	if err := r.PruneTo(t.Context(), 800); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrNotFound) {
		t.Errorf("what a pruned block spent: %v", err)
	}
}

// What is pruned is gone, the rest is not, and the file says so after a restart too.
func TestOldBlocksArePruned(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path, pruned(0))
	blocks := grown(t, 800)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	before, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.PruneHeight(); ok {
		t.Error("pruned unasked")
	}
	if err := r.PruneTo(t.Context(), 200); err != nil { // less than a unit
		t.Fatal(err)
	}
	if to, ok := r.PruneHeight(); ok {
		t.Errorf("pruned to %d", to)
	}
	if err := r.PruneTo(t.Context(), 800); err != nil {
		t.Fatal(err)
	}
	to, ok := r.PruneHeight()
	if !ok || to < 200 || to > 800-KeptBlocks {
		t.Fatalf("pruned to %d", to)
	}
	same := func(r *rig) {
		t.Helper()
		for _, m := range blocks {
			_, err := r.RawBlock(m.Node.Hash)
			gone := m.Node.Height <= to
			if errors.Is(err, chain.ErrPruned) != gone || (err == nil) == gone || r.Pruned(m.Node.Hash) != gone || r.HaveBody(m.Node.Hash) == gone || r.TxCount(m.Node.Hash) != 1 {
				t.Fatalf("block %d of %d pruned: %v, %d transactions", m.Node.Height, to, err, r.TxCount(m.Node.Hash))
			}
			if _, err := r.archive.Undo(uint32(m.Node.Height + 1)); (err != nil) != gone {
				t.Fatalf("undo of %d: %v", m.Node.Height, err)
			}
			if _, _, ok, err := r.Filter(m.Node.Hash); !ok || err != nil {
				t.Fatalf("filter of %d: %v", m.Node.Height, err)
			}
		}
		if h, _ := r.PruneHeight(); h != to {
			t.Errorf("pruned to %d, want %d", h, to)
		}
		r.check()
		if s, err := r.CoinStats(t.Context()); err != nil || s.MuHash != before.MuHash || s.Height != 800 {
			t.Errorf("%+v, %v", s, err)
		}
	}
	same(r)
	r.stop()
	r = start(t, path, pruned(0))
	same(r)
	// A unit that was not whole goes when it is.
	if err := r.submitAll(chaintest.Grow(t, r.cfg.Params, r.Tip(), chaintest.Times(300))); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 1100); err != nil {
		t.Fatal(err)
	}
	if h, _ := r.PruneHeight(); h <= to || h > 1100-KeptBlocks {
		t.Errorf("pruned to %d after %d", h, to)
	}
	r.check()
	r.stop()
	// Who wants all blocks, or an index of those, is told at the start.
	file, err := db.Open(path, Name, Schema, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := Open(Config{DB: file, Params: chain.RegTest()}); !errors.Is(err, ErrWasPruned) {
		t.Error(err)
	}
	var index *PrunedIndexError
	if _, err := Open(Config{DB: file, Params: chain.RegTest(), Prune: Prune{On: true}, CoinStatsIndex: true}); !errors.As(err, &index) || index.Index != "coinstatsindex" {
		t.Error(err)
	}
}

// An index that was off while blocks were pruned goes on where it stood, if none of what
// it needs is gone.
func TestAnIndexGoesOnAbovePrunedBlocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	blocks := grown(t, 1000)
	r := start(t, path, pruned(0))
	if err := r.submitAll(blocks[:500]); err != nil {
		t.Fatal(err)
	}
	r.stop()
	noIndex := func(c *Config, _ *db.Options) { c.FilterIndex = false }
	r = start(t, path, pruned(0), noIndex)
	if err := r.submitAll(blocks[500:]); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 500); err != nil {
		t.Fatal(err)
	}
	if to, ok := r.PruneHeight(); !ok || to > 500 {
		t.Fatal(to, ok)
	}
	r.stop()
	r = start(t, path, pruned(0))
	waitFor(t, func() bool { _, _, ok, err := r.Filter(blocks[999].Node.Hash); return ok && err == nil })
	for _, m := range blocks {
		if _, _, ok, err := r.Filter(m.Node.Hash); !ok || err != nil {
			t.Fatalf("filter of %d: %v", m.Node.Height, err)
		}
	}
	r.check()
}

// The chain goes back as far as undo records reach. Further it cannot: by hand that is refused,
// and a better branch ends the ledger, which says what to do.
func TestTheChainCannotGoBackBelowWhatIsPruned(t *testing.T) {
	r := newRig(t, pruned(0))
	blocks := grown(t, 700)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 700); err != nil {
		t.Fatal(err)
	}
	to, _ := r.PruneHeight()
	r.invalidate(blocks[to]) // the lowest that is kept
	if tip := r.Tip(); tip.Height != to {
		t.Fatalf("at %d, want %d", tip.Height, to)
	}
	r.check()
	if _, err := r.Invalidate(t.Context(), blocks[to-1].Node.Hash); !errors.Is(err, chain.ErrPruned) {
		t.Errorf("%v", err)
	}
	r.reconsider(blocks[to])
	r.expectTip(blocks[699])
	fork := chaintest.Grow(t, r.cfg.Params, blocks[to-2].Node, chaintest.Times(int(700-to)+2), chaintest.Extra(7))
	for _, m := range fork {
		r.later(m)
	}
	err := <-r.ended
	if !errors.Is(err, chain.ErrPruned) || !strings.Contains(err.Error(), "-reindex") {
		t.Errorf("ended with %v", err)
	}
	r.cancel()
	<-r.done
	r.file.Close()
	close(r.ended)
}

// A pruned block that comes again is served, and goes with those that it came with.
func TestAPrunedBlockComesAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path, pruned(0))
	blocks := grown(t, 1200)
	if err := r.submitAll(blocks[:700]); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 412); err != nil {
		t.Fatal(err)
	}
	to, _ := r.PruneHeight()
	if err := r.Submit(blocks[1]); err != nil {
		t.Fatal(err)
	}
	here := func(want bool) {
		t.Helper()
		if _, err := r.RawBlock(blocks[1].Node.Hash); (err == nil) != want {
			t.Fatal(err)
		}
	}
	here(true)
	if h, _ := r.PruneHeight(); h != to {
		t.Errorf("its undo record did not come with it, and yet %d", h)
	}
	r.check()
	r.stop()
	r = start(t, path, pruned(0))
	here(true)
	if err := r.PruneTo(t.Context(), 700-KeptBlocks); err != nil {
		t.Fatal(err)
	}
	here(true)
	if err := r.submitAll(blocks[700:]); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 1200); err != nil {
		t.Fatal(err)
	}
	here(false)
	r.check()
}

// Genesis is pruned as others are, and may come again as they may: nothing is before it
// that it could be checked by.
func TestThePrunedGenesisComesAgain(t *testing.T) {
	r := start(t, filepath.Join(t.TempDir(), "chain.db"), pruned(0))
	if err := r.submitAll(grown(t, 700)); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 412); err != nil {
		t.Fatal(err)
	}
	genesis := chaintest.Mined{Node: r.cfg.Params.Genesis(), Block: chain.NewBlock(r.cfg.Params.GenesisBlock)}
	if !r.Pruned(genesis.Node.Hash) || r.HaveBody(genesis.Node.Hash) {
		t.Fatal("genesis is not pruned")
	}
	if err := r.Submit(genesis); err != nil {
		t.Error(err)
	}
	if raw, err := r.RawBlock(genesis.Node.Hash); err != nil || !bytes.Equal(raw, genesis.Block.Raw) {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	r.check()
}

// The file of a node that prunes by itself is taken as it is at every commit: each opens, ends
// with the same coins, and goes on.
func TestACrashAnywhereWhilePruning(t *testing.T) {
	dir := t.TempDir()
	blocks := grown(t, sized(1200, 4000))
	s := &snapshots{path: filepath.Join(dir, "chain.db"), dir: dir, every: 2}
	small := func(c *Config, o *db.Options) { c.DBCache = 60_000 }
	r := start(t, s.path, pruned(1), small, func(_ *Config, o *db.Options) { o.OnCommit = s.onCommit })
	for i, m := range blocks {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			r.Sync(t.Context())
		}
	}
	waitFor(t, func() bool { to, _ := r.PruneHeight(); return to > 300 })
	want, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	tested, withPruned := 0, 0
	for _, name := range s.some(sized(6, 60)) {
		tested++
		r := start(t, name, pruned(1), small)
		if _, ok := r.PruneHeight(); ok {
			withPruned++
		}
		for _, m := range blocks {
			if !r.HaveBody(m.Node.Hash) && !r.Pruned(m.Node.Hash) {
				r.later(m)
			}
		}
		waitFor(t, func() bool { return r.Tip().Hash == want.Best })
		got, err := r.CoinStats(context.Background())
		if err != nil || got.MuHash != want.MuHash || got.Serialized3 != want.Serialized3 {
			t.Fatalf("%s: %v, %v, want %v", name, got.MuHash, err, want.MuHash)
		}
		if err := r.CheckFile(context.Background(), nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.stop()
	}
	if withPruned == 0 || withPruned == tested {
		t.Errorf("%d of %d crashes were after pruning", withPruned, tested)
	}
}
