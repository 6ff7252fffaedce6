package ledger

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/db"
)

// verified says up to which level the last blocks are sound; -1: they cannot even be read.
func (r *rig) verified(blocks int) int {
	r.t.Helper()
	best := -1
	for level := VerifyBodies; level <= VerifyScripts; level++ {
		sound, err := r.Verify(r.t.Context(), level, blocks)
		if err != nil {
			r.t.Fatal(err)
		}
		if sound && best == level-1 {
			best = level
		} else if sound {
			r.t.Errorf("sound at level %d, but not at %d", level, best+1)
		}
	}
	return best
}

// A chain with reorganisations and every kind of spend is sound at each level and depth, in memory and on disk.
func TestSoundChainsVerify(t *testing.T) {
	g := growGrove(t, rand.New(rand.NewPCG(7, 1)), sized(40, 400))
	r := newRig(t, func(c *Config, _ *db.Options) { c.Params = g.params })
	for _, blocks := range []int{0, 1} { // there is nothing to verify
		if got := r.verified(blocks); got != VerifyScripts {
			t.Errorf("genesis: level %d", got)
		}
	}
	g.submitTrunk(t, r)
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	for _, flushed := range []bool{false, true} {
		if flushed {
			if err := r.FlushCoins(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, blocks := range []int{-1, 0, 1, 6, int(r.Tip().Height) - 1, int(r.Tip().Height), int(r.Tip().Height) + 1} {
			if got := r.verified(blocks); got != VerifyScripts {
				t.Errorf("flushed %v, %d blocks: level %d", flushed, blocks, got)
			}
		}
	}
	for _, level := range []int{-5, 9} {
		if sound, err := r.Verify(t.Context(), level, 3); !sound || err != nil {
			t.Errorf("level %d: %v %v", level, sound, err)
		}
	}
	r.check() // and nothing was changed
}

// spendingRig is a rig with 105 blocks: the coinbases of 1 and 2 are spent in 102 and 104.
func spendingRig(t *testing.T, opts ...option) (*rig, []chaintest.Mined) {
	p, key := chain.RegTest(), chaintest.NewKey(1)
	blocks := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(101), chaintest.PayTo(key.P2WPKH()))
	for i := range 4 {
		with := chaintest.PayTo(key.P2TR())
		if i%2 == 0 {
			with = chaintest.With(chaintest.SpendOne(t, blocks[i/2].Coinbase(key), key.P2TR(), 1000))
		}
		blocks = append(blocks, chaintest.Mine(t, p, blocks[len(blocks)-1].Node, with))
	}
	r := newRig(t, opts...)
	if err := r.submitAll(blocks); err != nil {
		t.Fatal(err)
	}
	return r, blocks
}

// What is wrong shows from the level that looks at it, and from the depth where it lies.
func TestVerifyFindsWhatIsWrong(t *testing.T) {
	output := func(b chaintest.Mined) wire.OutPoint { return wire.OutPoint{Hash: b.Block.Txs[1].ID} }
	coin := func(r *rig, op wire.OutPoint) chain.Coin {
		c, ok, err := r.set.Coin(op)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		return c
	}
	for _, c := range []struct {
		name  string
		spoil func(r *rig, blocks []chaintest.Mined) []coins.Change
		level int // the last sound one
	}{
		{"nothing", func(*rig, []chaintest.Mined) []coins.Change { return nil }, VerifyScripts},
		{"a coin is not there", func(_ *rig, b []chaintest.Mined) []coins.Change {
			return []coins.Change{{Op: output(b[103])}}
		}, VerifyUndo},
		{"a coin is worth more", func(r *rig, b []chaintest.Mined) []coins.Change {
			worth := coin(r, output(b[103]))
			worth.Value++
			return []coins.Change{{Op: output(b[103]), Coin: coins.Append(nil, worth)}}
		}, VerifyUndo},
		{"a coin is older", func(r *rig, b []chaintest.Mined) []coins.Change {
			old := coin(r, output(b[103]))
			old.Height--
			return []coins.Change{{Op: output(b[103]), Coin: coins.Append(nil, old)}}
		}, VerifyUndo},
		{"a spent coin is there", func(r *rig, b []chaintest.Mined) []coins.Change {
			again := coin(r, b[5].Coinbase(nil).Op)
			return []coins.Change{{Op: b[1].Coinbase(nil).Op, Coin: coins.Append(nil, again)}}
		}, VerifyUndo},
		{"an undo record is none", func(r *rig, b []chaintest.Mined) []coins.Change {
			r.archive.SaveUndo(r.entryOf(b[103]).Body, []byte{9})
			return nil
		}, VerifyBlocks},
		{"an undo record is another block's", func(r *rig, b []chaintest.Mined) []coins.Change {
			raw, err := r.archive.Undo(r.entryOf(b[102]).Body)
			if err != nil {
				t.Fatal(err)
			}
			r.archive.SaveUndo(r.entryOf(b[103]).Body, raw)
			return nil
		}, VerifyBlocks},
		{"a body is another block's", func(r *rig, b []chaintest.Mined) []coins.Change {
			r.archive.SaveBody(r.entryOf(b[103]).Body, b[102].Block.Raw)
			return nil
		}, -1},
	} {
		r, blocks := spendingRig(t)
		r.set.Apply(r.Tip(), c.spoil(r, blocks))
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.verified(1); got != VerifyScripts { // the last block has nothing to do with it
			t.Errorf("%s: the last block, level %d", c.name, got)
		}
		for _, depth := range []int{2, 3, 0} {
			if got := r.verified(depth); got != c.level {
				t.Errorf("%s: the last %d blocks, level %d, want %d", c.name, depth, got, c.level)
			}
		}
		r.stop()
	}
}

func (r *rig) entryOf(m chaintest.Mined) *entry {
	e, _ := r.tree.entry(m.Node.Hash)
	return e
}

// Scripts are checked at the last level only, and not where they are taken as good.
func TestVerifyChecksScripts(t *testing.T) {
	b := newBench(t)
	a := assumption{tail: 2017, assumed: "forged"}
	r := b.rig(t, a)
	if err := r.Submit(b.forged); err != nil {
		t.Fatal(err)
	}
	if got := r.verified(3); got != VerifyScripts {
		t.Errorf("taken as good: level %d", got)
	}
	r.cfg.AssumeValid = nil
	if got := r.verified(3); got != VerifyCoins {
		t.Errorf("level %d", got)
	}
}

// What does not fit into memory, and what is pruned, is not called sound.
func TestVerifySaysWhatItCouldNotLookAt(t *testing.T) {
	r, _ := spendingRig(t, func(c *Config, _ *db.Options) { c.moveBytes = 3 * (moveBlock + 300) })
	if got := r.verified(2); got != VerifyScripts {
		t.Errorf("2 blocks: level %d", got)
	}
	if got := r.verified(50); got != VerifyUndo {
		t.Errorf("50 blocks in the memory of 3: level %d", got)
	}
	r = start(t, filepath.Join(t.TempDir(), "chain.db"), pruned(0))
	if err := r.submitAll(grown(t, 800)); err != nil {
		t.Fatal(err)
	}
	if err := r.PruneTo(t.Context(), 800); err != nil {
		t.Fatal(err)
	}
	to, _ := r.PruneHeight()
	if got := r.verified(800 - int(to)); got != VerifyScripts {
		t.Errorf("what is left: level %d", got)
	}
	if got := r.verified(800 - int(to) + 1); got != -1 {
		t.Errorf("one more: level %d", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Verify(ctx, VerifyCoins, 6); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Blocks come and go while it verifies: it is never wrong about them.
func TestVerifyWhileTheTipMoves(t *testing.T) {
	r, blocks := spendingRig(t)
	more := chaintest.Grow(t, chain.RegTest(), blocks[104].Node, chaintest.Times(300))
	ended := make(chan error, 1)
	go func() { ended <- r.submitAll(more) }()
	for {
		if sound, err := r.Verify(t.Context(), VerifyScripts, 10); err == nil && !sound {
			t.Fatal("a sound chain is called unsound")
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
	}
}

// Two at once would take the memory of two: the second waits, and gives up with its context.
func TestVerifyTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := spendingRig(t, func(c *Config, _ *db.Options) { c.Now = func() time.Time { return time.Unix(1<<32-1, 0) } })
		r.verifies <- struct{}{} // somebody is at it
		ended := make(chan error, 1)
		go func() {
			sound, err := r.Verify(t.Context(), VerifyScripts, 3)
			if !sound && err == nil {
				err = errors.New("it is not sound")
			}
			ended <- err
		}()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := r.Verify(ctx, VerifyScripts, 3)
			left <- err
		}()
		synctest.Wait()
		if len(ended)+len(left) > 0 {
			t.Error("they did not wait")
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Error("who gave up:", err)
		}
		<-r.verifies
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := r.verified(3); got != VerifyScripts {
			t.Errorf("and afterwards: level %d", got)
		}
	})
}

// leaving is a context during which a coin goes and is there again: after the first look at a block, and after the last.
type leaving struct {
	context.Context
	asked      int
	away, back func()
}

func (c *leaving) Err() error {
	switch c.asked++; c.asked {
	case 1:
		c.away()
	case 2:
		c.back()
	}
	return c.Context.Err()
}

// Coins that were away and back while they were looked at are looked at again, for the tip is the same.
func TestVerifyBeginsAgainWhenTheCoinsWereAway(t *testing.T) {
	r, blocks := spendingRig(t)
	op := blocks[104].Coinbase(nil).Op
	coin, ok, err := r.set.Coin(op)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	c := &leaving{Context: t.Context(),
		away: func() { r.set.Apply(r.Tip(), []coins.Change{{Op: op}}) },
		back: func() { r.set.Apply(r.Tip(), []coins.Change{{Op: op, Coin: coins.Append(nil, coin)}}) }}
	if sound, err := r.Verify(c, VerifyScripts, 1); !sound || err != nil || c.asked < 3 {
		t.Errorf("sound %v, %v; asked %d times", sound, err, c.asked)
	}
}
