package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// bodyRecords are the records of stored bodies as they stand in the file.
func bodyRecords() db.Table[[]byte, []byte] { return db.NewTable("bodies", db.Bytes(), db.Bytes()) }

// edit changes a file that nobody has open.
func edit(t *testing.T, path string, fn func(tx *db.Tx) error) {
	t.Helper()
	file, err := db.Open(path, Name, Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// A block whose stored body has lost a piece, or has a damaged one, is not served, the check of the file
// finds it, and it is taken when it comes again.
func TestT52_ABodyThatLostAPieceComesAgain(t *testing.T) {
	const pieces = 3
	for _, c := range []struct {
		what string
		harm func(tx *db.Tx, key func(piece byte) []byte) error
	}{
		{"the first piece is lost", func(tx *db.Tx, key func(byte) []byte) error { return bodyRecords().Delete(tx, key(0)) }},
		{"one in the middle is lost", func(tx *db.Tx, key func(byte) []byte) error { return bodyRecords().Delete(tx, key(1)) }},
		{"the last is lost", func(tx *db.Tx, key func(byte) []byte) error { return bodyRecords().Delete(tx, key(2)) }},
		{"all are lost", func(tx *db.Tx, key func(byte) []byte) error {
			return errors.Join(bodyRecords().Delete(tx, key(0)), bodyRecords().Delete(tx, key(1)), bodyRecords().Delete(tx, key(2)))
		}},
		{"a bit has turned over in the middle", nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			o := newOrchard(t)
			o.Grow(chaintest.Genesis, "a", 5)
			long := o.Block("a5", "long", chaintest.PayTo(longScript(4)))
			o.Block("long", "b")
			o.AcceptRow("a", 5)
			o.Accept("long", "b")
			e, _ := o.tree.entry(long.Node.Hash)
			key := func(piece byte) []byte {
				return append(binary.BigEndian.AppendUint32(nil, e.Body), 0, pieces, 0, piece)
			}
			o.again(func() {
				edit(t, o.path, func(tx *db.Tx) error {
					if ok := bodyRecords().Has(tx, key(2)); !ok || bodyRecords().Has(tx, key(3)) {
						t.Fatal("it is not in three pieces")
					}
					if c.harm == nil {
						return nil
					}
					return c.harm(tx, key)
				})
				if c.harm == nil {
					damage(t, o.path, long.Block.Raw[40_000:50_000])
				}
				if err := CheckFile(t.Context(), o.path, o.cfg.Params, nil); !errors.Is(err, db.ErrCorrupt) {
					t.Errorf("CheckFile: %v", err)
				}
			})
			for way, read := range map[string]func() error{
				"AppendBlock": func() error { _, err := o.AppendBlock(nil, long.Node.Hash); return err },
				"Block":       func() error { _, err := o.Ledger.Block(long.Node.Hash); return err },
				"InBlock":     func() error { return o.InBlock(long.Node.Hash, func([]byte) { t.Error("it is served") }) },
			} {
				if err := read(); !isGone(err) || isRule(err) {
					t.Errorf("%s: %v", way, err)
				}
			}
			o.expectLost(long)
			o.Accept("long")
			o.ExpectTip("b")
			o.expectWhole(long)
		})
	}
}

// inOldForm makes a file what an older binary has left: every body is one record, and the schema is an older one.
func inOldForm(t *testing.T, path string, schema uint32) (long int) {
	t.Helper()
	edit(t, path, func(tx *db.Tx) error {
		whole := map[uint32][]byte{}
		var pieces [][]byte
		err := bodyRecords().Scan(tx, nil, func(k, raw []byte) (bool, error) {
			n := binary.BigEndian.Uint32(k)
			if whole[n] = append(whole[n], raw...); len(k) > 4 {
				pieces = append(pieces, k)
			}
			return true, nil
		})
		for _, k := range pieces {
			err = errors.Join(err, bodyRecords().Delete(tx, k))
		}
		for n, raw := range whole {
			err = errors.Join(err, db.NewTable("bodies", db.Uint32(), db.Bytes()).Put(tx, n, raw))
		}
		long = len(pieces)
		says := append(binary.BigEndian.AppendUint32(nil, schema), Name...)
		return errors.Join(err, db.NewTable("schema", db.String(), db.Bytes()).Put(tx, "schema", says))
	})
	return long
}

// A file of an older schema is read as it is, whatever the size of its bodies; what comes new is stored in pieces
// beside them, both are pruned alike, and no older binary takes the file for its own any more.
func TestAFileWithWholeLongBodiesIsTakenOver(t *testing.T) {
	for _, schema := range Older() {
		path := filepath.Join(t.TempDir(), "chain.db")
		older := func(_ *Config, o *db.Options) { o.From = Older() }
		r := start(t, path, pruned(0))
		p := r.cfg.Params
		var blocks []chaintest.Mined
		grow := func(n int) {
			for i := range n {
				opts := []chaintest.Option{chaintest.Extra(1)}
				if i%20 == 7 {
					opts = append(opts, chaintest.PayTo(longScript(i)))
				}
				on := p.Genesis()
				if len(blocks) > 0 {
					on = blocks[len(blocks)-1].Node
				}
				m := chaintest.Mine(t, p, on, opts...)
				if err := r.Submit(m); err != nil {
					t.Fatal(err)
				}
				blocks = append(blocks, m)
			}
		}
		grow(100)
		r.stop()
		if long := inOldForm(t, path, schema); long < 10 {
			t.Fatalf("%d pieces were in the file", long)
		}
		if err := CheckFile(t.Context(), path, p, nil); err != nil {
			t.Errorf("schema %d, as it was: %v", schema, err)
		}
		r = start(t, path, pruned(0), older)
		grow(KeptBlocks + 40)
		served := func(from int) {
			t.Helper()
			for i, m := range blocks {
				raw, err := r.AppendBlock(nil, m.Node.Hash)
				if i+1 < from && !errors.Is(err, chain.ErrPruned) || i+1 >= from && (err != nil || !bytes.Equal(raw, m.Block.Raw)) {
					t.Errorf("schema %d, block at %d: %v", schema, i+1, err)
				}
			}
		}
		served(0)
		if err := r.CheckFile(t.Context(), nil); err != nil {
			t.Errorf("schema %d, with new bodies: %v", schema, err)
		}
		if err := r.PruneTo(t.Context(), 130); err != nil {
			t.Fatal(err)
		}
		to, ok := r.PruneHeight()
		if !ok || to < 100 {
			t.Fatalf("pruned to %d", to)
		}
		if err := r.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		served(int(to) + 1)
		r.stop()
		first := uint32(0)
		edit(t, path, func(tx *db.Tx) error {
			return bodyRecords().Scan(tx, nil, func(k, _ []byte) (bool, error) { first = binary.BigEndian.Uint32(k); return false, nil })
		})
		if want := uint32(to) + 2; first != want { // genesis is number 1
			t.Errorf("schema %d: the first record is body %d's, want %d's", schema, first, want)
		}
		if err := CheckFile(t.Context(), path, p, nil); err != nil {
			t.Errorf("schema %d, pruned: %v", schema, err)
		}
		if _, err := db.Open(path, Name, schema, db.Options{}); !errors.Is(err, db.ErrSchema) {
			t.Errorf("an older binary opens it: %v", err)
		}
	}
}
