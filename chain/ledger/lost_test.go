package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// damage flips a bit wherever those bytes are in a file that nobody has open.
func damage(t *testing.T, path string, what []byte) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := bytes.Index(raw, what); at >= 0; at = bytes.Index(raw, what) {
		raw[at+len(what)/2] ^= 4
		found++
	}
	if found == 0 {
		t.Fatal("the bytes to damage are not in the file")
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

// bodyBytes are some that only the block's stored body has.
func bodyBytes(m chaintest.Mined) []byte { return m.Block.Raw[80:] }

// orchard is a ledger that can be stopped, damaged and started again.
type orchard struct {
	*chaintest.Tree
	*rig
	path string
}

func newOrchard(t *testing.T) *orchard {
	o := &orchard{path: filepath.Join(t.TempDir(), "chain.db")}
	o.rig = start(t, o.path)
	o.Tree = chaintest.NewTree(t, o.cfg.Params, o)
	return o
}

func (o *orchard) Submit(m chaintest.Mined) error { return o.rig.Submit(m) }

func (o *orchard) again(between func()) {
	o.stop()
	between()
	o.rig = start(o.t, o.path)
}

// expectLost reads a damaged block: it is not served, told once as lost, and
// remembered as such.
func (o *orchard) expectLost(m chaintest.Mined) {
	o.t.Helper()
	for range 3 {
		if raw, err := o.RawBlock(m.Node.Hash); raw != nil || !isGone(err) {
			o.t.Fatalf("a damaged body is served: %v", err)
		}
	}
	lost := func() (n int) {
		o.mu.Lock()
		defer o.mu.Unlock()
		for _, ev := range o.events {
			for _, node := range ev.Lost {
				if node == m.Node || node.Hash == m.Node.Hash {
					n++
				}
			}
		}
		return n
	}
	waitFor(o.t, func() bool { return lost() > 0 && !o.HaveBody(m.Node.Hash) })
	if lost() != 1 {
		o.t.Errorf("told %d times", lost())
	}
}

func (o *orchard) expectWhole(m chaintest.Mined) {
	o.t.Helper()
	if raw, err := o.RawBlock(m.Node.Hash); err != nil || !bytes.Equal(raw, m.Block.Raw) {
		o.t.Errorf("block at %d is not served again: %v", m.Node.Height, err)
	}
	o.check0()
	o.again(func() {
		if err := CheckFile(o.t.Context(), o.path, o.cfg.Params, nil); err != nil {
			o.t.Error(err)
		}
	})
	if raw, err := o.RawBlock(m.Node.Hash); err != nil || !bytes.Equal(raw, m.Block.Raw) {
		o.t.Errorf("block at %d is not served from the file: %v", m.Node.Height, err)
	}
}

// A block of the verified chain that cannot be served any more: the chain
// stands and grows meanwhile, and the block is taken when it comes again.
func TestT52_DamagedBodyComesAgain(t *testing.T) {
	o := newOrchard(t)
	o.Grow(chaintest.Genesis, "a", 5)
	o.AcceptRow("a", 5)
	a3 := o.Named("a3")
	o.again(func() { damage(t, o.path, bodyBytes(a3)) })
	o.expectLost(a3)
	o.Block("a5", "a6")
	o.Accept("a6")
	o.again(func() {})
	if o.HaveBody(a3.Node.Hash) || o.Tip().Height != 6 {
		t.Errorf("after a restart the block is held: %v, tip at %d", o.HaveBody(a3.Node.Hash), o.Tip().Height)
	}
	o.Block("a6", "a7")
	o.Accept("a7", "a3")
	o.ExpectTip("a7")
	o.expectWhole(a3)
}

// The way back leads over a damaged block: the chain waits for it, others hear
// at once that their blocks are stored, and then it moves.
func TestT52_ReorganisationOverADamagedBody(t *testing.T) {
	o := newOrchard(t)
	//	genesis -> a1 -> a2 (damaged) -> a3
	//	        \-> b1 -> b2 -> b3 -> b4
	o.Grow(chaintest.Genesis, "a", 3)
	o.AcceptRow("a", 3)
	o.Grow(chaintest.Genesis, "b", 4)
	a2 := o.Named("a2")
	o.again(func() { damage(t, o.path, bodyBytes(a2)) })
	o.Side("b1", "b2", "b3", "b4")
	o.ExpectTip("a3")
	if o.HaveBody(a2.Node.Hash) {
		t.Error("the damaged body is still held")
	}
	marked := make(chan error, 1)
	go func() {
		_, err := o.Invalidate(context.Background(), o.Named("a1").Node.Hash)
		marked <- err
	}()
	waitFor(t, func() bool { _, st, _ := o.Lookup(o.Named("a1").Node.Hash); return st&Invalid != 0 })
	o.Accept("a2")
	if err := <-marked; err != nil {
		t.Error(err)
	}
	o.ExpectTip("b4")
	o.expectWhole(a2)
}

// A stored block that was not connected yet turns out damaged when its time has
// come.
func TestT52_DamagedBodyOnTheWayUp(t *testing.T) {
	o := newOrchard(t)
	o.Grow(chaintest.Genesis, "a", 2)
	o.AcceptRow("a", 2)
	o.Grow(chaintest.Genesis, "b", 4)
	o.Side("b1", "b2")
	b1 := o.Named("b1")
	o.again(func() { damage(t, o.path, bodyBytes(b1)) })
	o.Side("b3")
	o.ExpectTip("a2")
	o.Side("b1")
	waitFor(t, func() bool { return o.Tip().Height == 3 })
	o.ExpectTip("b3")
	o.expectWhole(b1)
}

func TestT52_DamagedGenesisIsWrittenAnew(t *testing.T) {
	o := newOrchard(t)
	raw := chain.NewBlock(o.cfg.Params.GenesisBlock).Raw
	o.again(func() { damage(t, o.path, raw[80:]) })
	genesis := chaintest.Mined{Node: o.cfg.Params.Genesis(), Block: chain.NewBlock(o.cfg.Params.GenesisBlock)}
	if _, err := o.RawBlock(genesis.Node.Hash); !errors.Is(err, chain.ErrDamaged) {
		t.Error(err)
	}
	waitFor(t, func() bool { _, err := o.RawBlock(genesis.Node.Hash); return err == nil })
	o.expectWhole(genesis)
}

// A damaged coin is never spent, a damaged undo record never undone: the ledger
// ends, says so, and stands where it stood.
func TestT52_DamagedCoinOrUndoEndsTheLedger(t *testing.T) {
	for _, c := range []string{"coin", "undo"} {
		o := newOrchard(t)
		key, odd := chaintest.NewKey(5), bytes.Repeat([]byte{0x51}, 60)
		o.Grow(chaintest.Genesis, "a", 101, chaintest.PayTo(key.P2WPKH()))
		o.AcceptRow("a", 101)
		first := chaintest.Spend(t, []chaintest.Coin{o.Named("a1").Coinbase(key)}, chaintest.Pay(1e6, odd))
		o.Block("a101", "x", chaintest.With(first))
		second := chaintest.Spend(t, []chaintest.Coin{chaintest.OutputOf(first, 0, nil)}, chaintest.Pay(1000, key.P2WPKH()))
		o.Block("x", "y", chaintest.With(second))
		o.Accept("x")
		names := []string{"y"}
		if c == "undo" {
			o.Accept("y")
			names = []string{"z1", "z2"}
			o.Block("x", "z1")
			o.Block("z1", "z2")
		}
		tip := o.Tip()
		o.stop()
		// The block that made the coin holds the same bytes: spare that.
		raw, err := os.ReadFile(o.path)
		if err != nil {
			t.Fatal(err)
		}
		body := bytes.Index(raw, bodyBytes(o.Named("x")))
		for at := 0; ; {
			i := bytes.Index(raw[at:], odd)
			if i < 0 {
				break
			}
			if at += i; at < body || at > body+len(o.Named("x").Block.Raw) {
				raw[at+30] ^= 1
			}
			at += len(odd)
		}
		if err := os.WriteFile(o.path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := endsWith(t, o, names); !errors.Is(err, db.ErrCorrupt) {
			t.Errorf("damaged %s: %v", c, err)
		}
		if err := CheckFile(t.Context(), o.path, o.cfg.Params, nil); !errors.Is(err, db.ErrCorrupt) {
			t.Errorf("damaged %s: db check says %v", c, err)
		}
		file, err := db.Open(o.path, Name, Schema, db.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if l, err := Open(Config{DB: file, Params: o.cfg.Params}); err != nil || l.Tip().Hash != tip.Hash {
			t.Errorf("damaged %s: the tip moved: %v", c, err)
		}
		file.Close()
	}
}

// endsWith runs a ledger that is given blocks until it ends by itself.
func endsWith(t *testing.T, o *orchard, names []string) error {
	file, err := db.Open(o.path, Name, Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	c := o.cfg
	c.DB = file
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for {
			select {
			case <-l.Events():
			case <-ctx.Done():
				return
			}
		}
	}()
	for i, name := range names {
		m := o.Named(name)
		l.Submit(m.Node, m.Block, uint64(i))
	}
	return l.Run(ctx)
}

// Blocks that come while a running ledger's file is checked are no fault of it.
func TestCheckOfARunningLedgerSeesWhatIsInMemory(t *testing.T) {
	o := newOrchard(t)
	o.Grow(chaintest.Genesis, "a", 60)
	o.AcceptRow("a", 20)
	var told []string
	next := 20
	err := o.CheckFile(t.Context(), func(_, total int64, what string) {
		if next < 60 { // the ledger goes on
			next++
			if err := o.Submit(o.Named(fmt.Sprint("a", next))); err != nil {
				t.Error(err)
			}
			if err := o.Sync(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if what == "coins" {
			told = append(told, fmt.Sprint(total))
		}
	})
	if err != nil {
		t.Error(err)
	}
	if !slices.Equal(told, []string{"20"}) {
		t.Errorf("%v coins were checked of the 20 that there were", told)
	}
}
