package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/audit"
	"grapevine/chain/chaintest"
	"grapevine/chain/history"
	"grapevine/db"
)

// told is one entry of a script's history, in words.
func told(height int32, place int, id chain.Hash) string { return fmt.Sprint(height, place, id) }

// naiveHistories walks the whole chain.
func naiveHistories(t *testing.T, r *rig) (all map[chain.Hash][]string, spender map[wire.OutPoint]string, made map[wire.OutPoint]chain.Linked) {
	t.Helper()
	all, spender, made = map[chain.Hash][]string{}, map[wire.OutPoint]string{}, map[wire.OutPoint]chain.Linked{}
	for h := int32(1); h <= r.Tip().Height; h++ {
		n := r.AtHeight(h)
		b, err := r.Block(n.Hash)
		if err != nil {
			t.Fatal(err)
		}
		spent, err := r.SpentBy(b)
		if err != nil {
			t.Fatal(err)
		}
		for i, tx := range b.Txs {
			for _, script := range history.Scripts(tx, spent[i]) {
				all[script] = append(all[script], told(h, i, tx.ID))
			}
			for j := range spent[i] {
				spender[tx.TxIn[j].PreviousOutPoint] = fmt.Sprint(tx.ID, j)
			}
			for j := range tx.TxOut {
				made[wire.OutPoint{Hash: tx.ID, Index: uint32(j)}] = chain.Linked{Node: n, Block: b}
			}
		}
	}
	return all, spender, made
}

// counted counts how often it is asked whether it has ended.
type counted struct {
	context.Context
	n int
}

func (c *counted) Err() error {
	c.n++
	return c.Context.Err()
}

// checkHistories holds the index by script to what the blocks say.
func checkHistories(t *testing.T, r *rig) {
	t.Helper()
	all, spender, made := naiveHistories(t, r)
	list := func(q Histories) (got []string) {
		q.Tip = r.Tip()
		if err := r.History(q, func(e Touched) bool { got = append(got, told(e.Block.Height, e.Place, e.TxID)); return true }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for script, want := range all {
		if got := list(Histories{Script: script}); !slices.Equal(got, want) {
			t.Fatalf("history of %s:\n got %v\nwant %v", script, got, want)
		}
		back := slices.Clone(want)
		slices.Reverse(back)
		if got := list(Histories{Script: script, Back: true}); !slices.Equal(got, back) {
			t.Fatalf("history of %s backwards:\n got %v\nwant %v", script, got, back)
		}
		half := r.AtHeight(r.Tip().Height / 2)
		above := slices.DeleteFunc(slices.Clone(want), func(s string) bool { var h int32; _, _ = fmt.Sscan(s, &h); return h < half.Height })
		below := slices.DeleteFunc(back, func(s string) bool { var h int32; _, _ = fmt.Sscan(s, &h); return h > half.Height })
		if got := list(Histories{Script: script, First: half}); !slices.Equal(got, above) {
			t.Fatalf("history of %s from %d: got %v, want %v", script, half.Height, got, above)
		}
		if got := list(Histories{Script: script, First: half, Back: true}); !slices.Equal(got, below) {
			t.Fatalf("history of %s down from %d: got %v, want %v", script, half.Height, got, below)
		}
	}
	if got := list(Histories{Script: chain.Hash{1}}); got != nil {
		t.Errorf("a script that never was has %v", got)
	}
	for op, at := range made {
		for _, tx := range at.Block.Txs {
			if tx.ID != op.Hash {
				continue
			}
			steps, script := &counted{Context: t.Context()}, tx.TxOut[op.Index].PkScript
			s, ok, err := r.SpenderOf(steps, op, script, at.Node, r.Tip())
			want, is := spender[op]
			if err != nil || ok != is || ok && fmt.Sprint(s.TxID, s.Vin) != want {
				t.Fatalf("%s is spent by %s input %d, %v, %v; want %q", op, s.TxID, s.Vin, ok, err, want)
			}
			until := 1 // is asked for when the walk is over
			for _, line := range all[history.HashOf(script)] {
				var h int32
				if _, _ = fmt.Sscan(line, &h); h >= at.Node.Height && (!is || h <= s.Block.Height) {
					until++
				}
			}
			if steps.n > until {
				t.Fatalf("%s: %d steps to its spender, which is among the first %d", op, steps.n, until)
			}
		}
	}
}

func TestSpenderOfEndsWithItsContext(t *testing.T) {
	r := newRig(t, withIndexes(true))
	for _, m := range chaintest.Grow(t, r.cfg.Params, r.cfg.Params.Genesis(), chaintest.Times(3)) {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok, err := r.SpenderOf(ctx, wire.OutPoint{Hash: chain.Hash{1}}, chaintest.OpTrue(), r.AtHeight(1), r.Tip()); ok || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestHistoryStopsWhenItIsTold(t *testing.T) {
	r := newRig(t, withIndexes(true))
	for _, m := range chaintest.Grow(t, r.cfg.Params, r.cfg.Params.Genesis(), chaintest.Times(30)) {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	script := history.HashOf(chaintest.OpTrue())
	if err := r.History(Histories{Script: script, Tip: r.Tip(), Back: true}, func(e Touched) bool { seen++; return seen < 7 }); err != nil || seen != 7 {
		t.Errorf("%d, %v", seen, err)
	}
	before, seen := r.AtHeight(10), 0
	if err := r.History(Histories{Script: script, Tip: before}, func(Touched) bool { seen++; return true }); err != nil || seen != 10 {
		t.Errorf("up to height 10: %d, %v", seen, err)
	}
	stray := &chain.HeaderNode{Height: 10, Parent: before.Parent}
	if err := r.History(Histories{Script: script, Tip: stray}, func(Touched) bool { return true }); !errors.Is(err, ErrMoved) {
		t.Errorf("a tip that is not in the chain: %v", err)
	}
	r.cfg.AddressIndex = false
	if err := r.History(Histories{Script: script, Tip: before}, nil); !errors.Is(err, ErrNoIndex) {
		t.Errorf("without the index: %v", err)
	}
}

// spoilt is the file of a ledger that has ended, of which a table's records are changed.
type spoilt struct {
	path  string
	table db.Table[[]byte, []byte]
}

// spoil makes such a file of a grove of so many blocks.
func spoil(t *testing.T, blocks int, table string, opts ...option) *spoilt {
	t.Helper()
	s := &spoilt{filepath.Join(t.TempDir(), "chain.db"), db.NewTable(table, db.Bytes(), db.Bytes())}
	g := growGrove(t, rand.New(rand.NewPCG(25, 1)), blocks)
	r := start(t, s.path, opts...)
	g.submitTrunk(t, r)
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	r.stop()
	return s
}

// check wants that db check finds this; "": nothing.
func (s *spoilt) check(t *testing.T, want string) {
	t.Helper()
	err := CheckFile(t.Context(), s.path, chain.RegTest(), audit.Progress(nil))
	if want == "" && err != nil || want != "" && (!errors.Is(err, db.ErrCorrupt) || !strings.Contains(err.Error(), want)) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// change gives fn the first record that is picked, or else the last one.
func (s *spoilt) change(t *testing.T, pick func(key []byte) bool, fn func(tx *db.Tx, key, value []byte) error) {
	t.Helper()
	file, err := db.Open(s.path, Name, Schema, db.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	err = file.Update(func(tx *db.Tx) error {
		var key, value []byte
		err := s.table.Scan(tx, nil, func(k, v []byte) (bool, error) { key, value = k, v; return !pick(k), nil })
		if err != nil || key == nil {
			return errors.Join(err, errors.New("the table has no record"))
		}
		return fn(tx, key, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// db check finds a record that is missing, one that is false, and one too many.
func TestCheckFileProvesTheIndexByScript(t *testing.T) {
	s := spoil(t, 30, "scripts", withIndexes(true))
	table, check := s.table, func(want string) { t.Helper(); s.check(t, want) }
	change := func(fn func(tx *db.Tx, key, value []byte) error) {
		t.Helper()
		s.change(t, func(key []byte) bool { return key[len(key)-1] == 90 }, fn)
	}
	check("")
	var gone [2][]byte
	change(func(tx *db.Tx, k, v []byte) error { gone = [2][]byte{k, v}; return table.Delete(tx, k) })
	check("records in the index by script")
	change(func(tx *db.Tx, _, _ []byte) error {
		return table.Put(tx, gone[0], append(gone[1][:len(gone[1])-1:len(gone[1])-1], 0x7e))
	})
	check("records in the index by script")
	change(func(tx *db.Tx, _, _ []byte) error { return table.Put(tx, gone[0], gone[1]) })
	check("")
	change(func(tx *db.Tx, k, v []byte) error { return table.Put(tx, append(make([]byte, 20), k[20:]...), v) })
	check("the index by script has")
}
