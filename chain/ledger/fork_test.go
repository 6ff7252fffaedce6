package ledger

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// deepFork is two branches from genesis. The second outweighs the first only with
// its last block.
//
//	genesis - a1 - … - aN
//	       \- b1 - … - bN - b(N+1)
type deepFork struct{ a, b []chaintest.Mined }

func newDeepFork(t testing.TB, n int, last ...chaintest.Option) deepFork {
	p := chain.RegTest()
	f := deepFork{a: chaintest.Grow(t, p, p.Genesis(), chaintest.Times(n))}
	f.b = chaintest.Grow(t, p, p.Genesis(), chaintest.Times(n), chaintest.Extra(1))
	end := p.Genesis()
	if n > 0 {
		end = f.b[n-1].Node
	}
	f.b = append(f.b, chaintest.Mine(t, p, end, append(last, chaintest.Extra(1))...))
	return f
}

// submit hands blocks in, many at a time, and returns the last one's verdict.
func (r *rig) submitAll(blocks []chaintest.Mined) (err error) {
	var verdicts []<-chan error
	for _, m := range blocks {
		verdicts = append(verdicts, r.later(m))
	}
	for _, v := range verdicts {
		err = <-v
	}
	return err
}

// moves is how large a reorganisation may be that readers see as one move.
var moves = map[string]int64{"as one move": 0, "in part as one": 300 * (moveBlock + 200), "block by block": 1}

// depths are how long both branches are: one block, about what a move of some blocks holds,
// and more than it; when everything is run, also those that once were a limit, and thousands.
func depths(more ...int) []int {
	all := append(more, 1, 150, 400)
	if sized(0, 1) == 1 {
		all = append(all, 1023, 1024, 1025, 5000)
	}
	return all
}

// The branch that starts to outweigh at its end only is taken over; readers never
// see less work where it is one move.
func TestT63_ABranchThatOutweighsOnlyAtItsEnd(t *testing.T) {
	for _, n := range depths(0) {
		f := newDeepFork(t, n)
		for name, bytes := range moves {
			t.Run(fmt.Sprintf("%d blocks %s", n, name), func(t *testing.T) {
				r := newRig(t, func(c *Config, _ *db.Options) { c.moveBytes = bytes; c.DBCache = 200_000 })
				if n > 0 {
					if err := r.submitAll(f.a); err != nil {
						t.Fatal(err)
					}
				}
				if err := r.submitAll(f.b); err != nil {
					t.Fatal(err)
				}
				r.expectTip(f.b[n])
				r.check()
			})
		}
	}
}

// Where the end breaks a rule the old tip is back, or was never left; the branch
// is remembered as bad, and another one is taken over as ever.
func TestT63_ABranchThatIsInvalidAtItsEnd(t *testing.T) {
	for _, n := range depths() {
		f := newDeepFork(t, n, chaintest.Fees(1))
		good := chaintest.Mine(t, chain.RegTest(), f.b[n-1].Node, chaintest.Extra(2))
		for name, bytes := range moves {
			t.Run(fmt.Sprintf("%d blocks %s", n, name), func(t *testing.T) {
				r := newRig(t, func(c *Config, _ *db.Options) { c.moveBytes = bytes; c.DBCache = 200_000 })
				if err := r.submitAll(f.a); err != nil {
					t.Fatal(err)
				}
				if err := r.submitAll(f.b); !isRule(err) {
					t.Fatalf("the last block: %v", err)
				}
				waitFor(t, func() bool { return r.Tip().Hash == f.a[n-1].Node.Hash })
				seq, err := r.LastEvent(t.Context()) // the twin may be behind readers
				if err != nil {
					t.Fatal(err)
				}
				r.settle(seq)
				r.check()
				if err := r.Submit(good); err != nil {
					t.Fatal(err)
				}
				r.expectTip(good)
				r.check()
			})
		}
	}
}

// A crash at any commit of a deep reorganisation, and a start after it: what is
// stored decides, and with the rest the branch is taken over.
func TestT63_ACrashAnywhereInADeepReorganisation(t *testing.T) {
	f := newDeepFork(t, sized(200, 1025))
	for name, bytes := range moves {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := &snapshots{path: filepath.Join(dir, "chain.db"), dir: dir, every: sized(12, 1)}
			small := func(c *Config, _ *db.Options) { c.moveBytes = bytes; c.DBCache = 40_000 }
			r := start(t, s.path, small, func(_ *Config, o *db.Options) { o.OnCommit = s.onCommit })
			if err := r.submitAll(f.a); err != nil {
				t.Fatal(err)
			}
			if err := r.submitAll(f.b); err != nil {
				t.Fatal(err)
			}
			r.stop()
			for _, file := range s.taken {
				afterCrash(t, f, file, small)
			}
			t.Logf("%d crashes survived", len(s.taken))
		})
	}
}

func afterCrash(t *testing.T, f deepFork, file string, opts ...option) {
	t.Helper()
	r := start(t, file, opts...)
	defer r.stop()
	end := f.b[len(f.b)-1]
	if linkedIn(r, end.Node) {
		waitFor(t, func() bool { return r.Tip().Hash == end.Node.Hash })
	}
	for _, m := range append(f.a[:len(f.a):len(f.a)], f.b...) {
		if !r.HaveBody(m.Node.Hash) {
			r.later(m)
		}
	}
	waitFor(t, func() bool { return r.Tip().Hash == end.Node.Hash })
	if err := r.CheckFile(context.Background(), nil); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func (r *rig) expectTip(m chaintest.Mined) {
	r.t.Helper()
	if tip := r.Tip(); tip.Hash != m.Node.Hash {
		r.t.Errorf("tip is %s at %d, want %s at %d", tip.Hash, tip.Height, m.Node.Hash, m.Node.Height)
	}
}

// What a reorganisation holds in memory is bounded also where its blocks are
// small: each counts, not its bytes alone.
func TestSmallBlocksCountInTheSizeOfAMove(t *testing.T) {
	f := newDeepFork(t, 99)
	cost := int64(0)
	for _, m := range append(f.a[:99:99], f.b...) {
		cost += int64(len(m.Block.Raw)) + moveBlock
	}
	for _, c := range []struct {
		room  int64
		moves int
	}{{cost, 1}, {cost - 1, 2}} {
		r := newRig(t, func(cfg *Config, _ *db.Options) { cfg.moveBytes = c.room })
		if err := r.submitAll(f.a); err != nil {
			t.Fatal(err)
		}
		before := r.deltas()
		if err := r.submitAll(f.b); err != nil {
			t.Fatal(err)
		}
		if n := r.deltas() - before; (n == 1) != (c.moves == 1) {
			t.Errorf("with room for %d of %d: %d moves", c.room, cost, n)
		}
	}
}
