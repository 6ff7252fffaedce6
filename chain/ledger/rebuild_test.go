package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/db"
)

func rebuilding(what Rebuild) option { return func(c *Config, _ *db.Options) { c.Rebuild = what } }

// rebuiltOrFail returns when the rebuilding has ended.
func (r *rig) rebuiltOrFail() {
	r.t.Helper()
	waitFor(r.t, func() bool {
		select {
		case <-r.Rebuilt():
			return true
		default:
			return false
		}
	})
}

// What is rebuilt from the bodies is what was: tip, coins, indexes, and which blocks are invalid.
func TestTheChainIsRebuiltFromItsBodies(t *testing.T) {
	for _, what := range []Rebuild{RebuildCoins, RebuildAll} {
		t.Run(fmt.Sprint(what), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "chain.db")
			g := growGrove(t, rand.New(rand.NewPCG(9, 9)), 60)
			r := start(t, path, withIndexes(true))
			for _, b := range append(leaves(g.trunk), g.blocks...) {
				<-r.later(b.Mined)
			}
			want, err := r.CoinStats(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			invalid := len(r.InvalidHeaders())
			r.stop()
			r = start(t, path, withIndexes(true), rebuilding(what))
			r.rebuiltOrFail()
			got, err := r.CoinStats(t.Context())
			if err != nil || got.MuHash != want.MuHash || got.Serialized3 != want.Serialized3 || got.Height != want.Height {
				t.Fatalf("%+v, %v,\nwant %+v", got, err, want)
			}
			if what == RebuildCoins && len(r.InvalidHeaders()) != invalid {
				t.Errorf("%d invalid headers, there were %d", len(r.InvalidHeaders()), invalid)
			}
			checkIndexes(t, r)
			r.check()
			r.stop()
			r = start(t, path, withIndexes(true))
			r.rebuiltOrFail()
			r.check()
		})
	}
}

// A block marked by hand is one again with -reindex-chainstate and not with -reindex.
func TestMarksByHandAndTheRebuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	blocks := grown(t, 5)
	r := start(t, path)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	r.invalidate(blocks[3])
	r.stop()
	for _, try := range []struct {
		what Rebuild
		tip  int
	}{{RebuildCoins, 3}, {RebuildAll, 5}} {
		r = start(t, path, rebuilding(try.what))
		r.rebuiltOrFail()
		r.expectTip(blocks[try.tip-1])
		r.check()
		r.stop()
	}
}

// A crash at any commit of a rebuild leaves a file that goes on by itself.
func TestACrashAnywhereInARebuild(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "chain.db")
	g := growGrove(t, rand.New(rand.NewPCG(3, 3)), 50)
	r := start(t, path, withIndexes(true))
	for _, b := range append(leaves(g.trunk), g.blocks...) {
		<-r.later(b.Mined)
	}
	want, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.stop()
	s := &snapshots{path: path, dir: dir, every: 1}
	r = start(t, path, withIndexes(true), rebuilding(RebuildAll), func(c *Config, o *db.Options) { c.DBCache, o.OnCommit = 30_000, s.onCommit })
	r.rebuiltOrFail()
	r.stop()
	if len(s.taken) < 3 {
		t.Fatalf("%d commits", len(s.taken))
	}
	for _, name := range s.some(sized(12, len(s.taken))) {
		r := start(t, name, withIndexes(true))
		waitFor(t, func() bool { return r.Tip().Work.Cmp(r.nodeOf(want.Best).Work) >= 0 })
		got, err := r.CoinStats(context.Background())
		if err != nil || got.MuHash != want.MuHash {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		if err := r.CheckFile(context.Background(), nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r.stop()
	}
}

func (r *rig) nodeOf(hash chain.Hash) *chain.HeaderNode {
	n, _, _ := r.Lookup(hash)
	return n
}

// Of a pruned file all is fetched again, pruning or not; the coin set alone cannot be made of it.
func TestAPrunedFileIsFetchedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	blocks := grown(t, 800)
	r := start(t, path, pruned(0))
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	want, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 800); err != nil {
		t.Fatal(err)
	}
	r.stop()
	file, err := db.Open(path, Name, Schema, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{DB: file, Params: chain.RegTest(), Rebuild: RebuildCoins}); !errors.Is(err, ErrWasPruned) {
		t.Error(err)
	}
	file.Close()
	r = start(t, path, rebuilding(RebuildAll))
	r.rebuiltOrFail()
	if tip := r.Tip(); tip.Height != 0 || r.BestHeader().Height != 800 {
		t.Fatalf("at %d of %d", tip.Height, r.BestHeader().Height)
	}
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	if got, err := r.CoinStats(t.Context()); err != nil || got.MuHash != want.MuHash {
		t.Errorf("%+v, %v", got, err)
	}
	r.check()
	r.stop()
	r = start(t, path)
	r.expectTip(blocks[799])
	r.check()
}

// The chain stops where it is told to, and one block further each time it is started there.
func TestTheChainStopsAtAHeight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	blocks := grown(t, 60)
	stop := func(c *Config, _ *db.Options) { c.StopAt = 20 }
	r := start(t, path, stop)
	for _, m := range blocks {
		r.later(m)
	}
	waitFor(t, func() bool { return r.Tip().Height == 20 && r.HaveBody(blocks[59].Node.Hash) })
	r.expectTip(blocks[19])
	r.stop()
	for want := int32(21); want < 23; want++ {
		r = start(t, path, stop)
		waitFor(t, func() bool { return r.Tip().Height >= want })
		if _, err := r.CoinStats(t.Context()); err != nil || r.Tip().Height != want {
			t.Errorf("at %d, want %d, %v", r.Tip().Height, want, err)
		}
		r.stop()
	}
}

// A tip ahead of the clock is refused where that is asked for: at the limit not, a second beyond it.
func TestATipFromTheFutureIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain.db")
	blocks := grown(t, 3)
	r := start(t, path)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	r.stop()
	for ahead, want := range map[time.Duration]error{chain.MaxFutureTime * time.Second: nil, (chain.MaxFutureTime + 1) * time.Second: ErrFromFuture} {
		file, err := db.Open(path, Name, Schema, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return blocks[2].Node.Header.Timestamp.Add(-ahead) }
		if _, err := Open(Config{DB: file, Params: chain.RegTest(), Now: now, RefuseFuture: true}); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%v ahead: %v", ahead, err)
		}
		if _, err := Open(Config{DB: file, Params: chain.RegTest(), Now: now}); err != nil {
			t.Error(err)
		}
		file.Close()
	}
}
