package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"grapevine/db"
)

// randomBody is one that nothing else is equal to.
func randomBody(rng *rand.Rand, size int) []byte {
	b := make([]byte, 0, size+8)
	for len(b) < size {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	return b[:size]
}

// keysOf are the keys of all bodies' records, as they stand in the file.
func keysOf(t *testing.T, file *db.DB) (keys [][]byte) {
	t.Helper()
	records := db.NewTable("bodies", db.Bytes(), db.Bytes())
	err := file.View(func(tx *db.Tx) error {
		return records.Scan(tx, nil, func(k, _ []byte) (bool, error) {
			keys = append(keys, k)
			return true, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func update(t *testing.T, file *db.DB, fn func(*db.Tx) error) {
	t.Helper()
	if err := file.Update(fn); err != nil {
		t.Fatal(err)
	}
}

// readings are all ways to read a body.
func readings(t *testing.T, a *Archive, n uint32) map[string]func() ([]byte, error) {
	const room = 32
	return map[string]func() ([]byte, error){
		"Body": func() ([]byte, error) { return a.Body(n) },
		"AppendBody": func() ([]byte, error) {
			raw, err := a.AppendBody([]byte("before"), n, room)
			if err != nil {
				return nil, err
			}
			if cap(raw)-len(raw) < room {
				t.Errorf("%d bytes of room are left", cap(raw)-len(raw))
			}
			rest, ok := bytes.CutPrefix(raw, []byte("before"))
			if !ok {
				t.Error("what was there before is gone")
			}
			return rest, nil
		},
		"InBody": func() (got []byte, err error) {
			err = a.InBody(n, func(raw []byte) { got = bytes.Clone(raw) })
			return got, err
		},
		"ScanBodies": func() (got []byte, err error) {
			found := false
			err = a.ScanBodies(t.Context(), func(at uint32, raw []byte) error {
				if at == n {
					got, found = raw, true
				}
				return nil
			})
			if err == nil && !found {
				err = ErrNotFound
			}
			return got, err
		},
	}
}

// A body of whatever size is the same in memory, in the file and in the opened file, however it is read, and
// nothing is left of it when it is pruned.
func TestBodiesInPieces(t *testing.T) {
	a, file := open(t, db.Options{})
	rng := rand.New(rand.NewPCG(2, 2))
	const p = pieceBytes
	sizes := []int{0, 1, 29_000, p - 1, p, p + 1, 2*p - 1, 2 * p, 2*p + 1, 3 * p, 7*p + 5, 900_000, 4_000_000}
	bodies := make([][]byte, len(sizes))
	pieces := 0
	for i, size := range sizes {
		bodies[i] = randomBody(rng, size)
		a.SaveBody(uint32(i+1), bodies[i])
		pieces += max(1, (size+p-1)/p)
	}
	read := func(when string, ways ...string) {
		t.Helper()
		for i, want := range bodies {
			all := readings(t, a, uint32(i+1))
			for _, way := range ways {
				if got, err := all[way](); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s, %s: %d bytes of %d, %v", when, way, len(got), len(want), err)
				}
			}
		}
	}
	ways := []string{"Body", "AppendBody", "InBody", "ScanBodies"}
	read("in memory", ways[:3]...)
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	read("in the file", ways...)
	if n := len(keysOf(t, file)); n != pieces {
		t.Errorf("%d records, want %d", n, pieces)
	}
	a = Open(file, nil)
	read("opened again", ways...)
	if err := Check(t.Context(), file, nil); err != nil {
		t.Error(err)
	}
	var some []uint32 // every second one
	for i := 0; i < len(bodies); i += 2 {
		some = append(some, uint32(i+1))
	}
	a.Prune(map[uint32]Header{1: {}}, some)
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	for _, k := range keysOf(t, file) {
		if slices.Contains(some, binary.BigEndian.Uint32(k)) {
			t.Errorf("record %x is left of a pruned body", k)
		}
	}
	for i, want := range bodies {
		for way, read := range readings(t, a, uint32(i+1)) {
			got, err := read()
			if pruned := i%2 == 0; pruned && !errors.Is(err, ErrNotFound) || !pruned && (err != nil || !bytes.Equal(got, want)) {
				t.Errorf("after pruning, %s of body %d: %v", way, i+1, err)
			}
		}
	}
	for i := range bodies { // what comes next takes their pages
		bodies[i] = randomBody(rng, sizes[i])
		a.SaveBody(uint32(i+1), bodies[i])
	}
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	read("written anew", ways...)
}

// A body that has lost some of its pieces, whichever, is a damaged one: it is never taken for a shorter one.
func TestABodyThatLostPiecesIsDamaged(t *testing.T) {
	a, file := open(t, db.Options{})
	const pieces = 5
	body := bodyOf(300)
	a.piece = (len(body.Raw) + pieces - 1) / pieces
	records := db.NewTable("bodies", db.Bytes(), db.Bytes())
	for lost := 1; lost < 1<<pieces; lost++ {
		for n := range uint32(3) { // neighbours on both sides
			a.SaveBody(n+1, body.Raw)
		}
		if err := a.Flush(); err != nil {
			t.Fatal(err)
		}
		for range 3 { // so that its parts are known
			if _, err := a.Tx(2, 150); err != nil {
				t.Fatal(err)
			}
		}
		update(t, file, func(tx *db.Tx) (err error) {
			for i := range pieces {
				if lost>>i&1 == 1 {
					err = errors.Join(err, records.Delete(tx, []byte{0, 0, 0, 2, 0, pieces, 0, byte(i)}))
				}
			}
			return err
		})
		if n := len(keysOf(t, file)); n >= 3*pieces {
			t.Fatalf("%d records: nothing is lost", n)
		}
		all := lost == 1<<pieces-1
		for way, read := range readings(t, a, 2) {
			_, err := read()
			if all && !errors.Is(err, ErrNotFound) || !all && !errors.Is(err, db.ErrCorrupt) {
				t.Errorf("pieces %05b are lost, %s: %v", lost, way, err)
			}
		}
		for place, want := range body.Txs { // one in a piece that is left may be served
			if tx, err := a.Tx(2, place); err == nil && tx.WID != want.WID || err != nil && !errors.Is(err, db.ErrCorrupt) && !errors.Is(err, ErrNotFound) {
				t.Fatalf("pieces %05b are lost, transaction %d: %v", lost, place, err)
			} else if err != nil && lost == 1<<(pieces-1) && place < 200 {
				t.Fatalf("transaction %d needs no lost piece: %v", place, err)
			}
		}
		for _, n := range []uint32{1, 3} {
			if got, err := a.Body(n); err != nil || !bytes.Equal(got, body.Raw) {
				t.Fatalf("its neighbour %d: %v", n, err)
			}
		}
	}
}

// A bit that turns over in any piece is found by who reads the body, and by the check of all pages.
func TestAPieceThatIsDamagedIsFound(t *testing.T) {
	a, file := open(t, db.Options{})
	body := randomBody(rand.New(rand.NewPCG(3, 3)), 3*pieceBytes+100)
	a.SaveBody(1, body)
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file.Path())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(file.Path(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	turn := func(at int, by byte) {
		if _, err := f.WriteAt([]byte{whole[at] ^ by}, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	for piece := range 4 {
		at := bytes.Index(whole, body[piece*pieceBytes:][:100])
		if at < 0 {
			t.Fatalf("piece %d is not in the file", piece)
		}
		turn(at+50, 4)
		for way, read := range readings(t, a, 1) {
			if _, err := read(); !errors.Is(err, db.ErrCorrupt) {
				t.Errorf("piece %d, %s: %v", piece, way, err)
			}
		}
		if err := Check(t.Context(), file, nil); !errors.Is(err, db.ErrCorrupt) {
			t.Errorf("piece %d, Check: %v", piece, err)
		}
		turn(at+50, 0)
	}
	if err := Check(t.Context(), file, nil); err != nil {
		t.Error(err)
	}
}

// A bit that turns over in a piece's key, so that it is perhaps no key any more, damages a body and no more: what is read
// is never something else, the body comes again under its number, and can be pruned.
func TestABodyWithABrokenKeyComesAgain(t *testing.T) {
	const pieces = 5
	body := randomBody(rand.New(rand.NewPCG(5, 5)), 500) // all in one page: its first key stands in the page above, too
	first, key := 4, func(i int) []byte { return []byte{0, 0, 0, 2, 0, pieces, 0, byte(i)} }
	mended := 0
	for piece := range pieces {
		for bit := range 8 * (bodyKeyBytes - first) {
			a, file := open(t, db.Options{})
			a.piece = len(body) / pieces
			for n := range uint32(3) { // neighbours on both sides
				a.SaveBody(n+1, body)
			}
			if err := a.Flush(); err != nil {
				t.Fatal(err)
			}
			broken := key(piece)
			broken[first+bit/8] ^= 1 << (bit % 8)
			rewrite(t, file.Path(), append(key(piece), body[piece*a.piece:][:50]...), broken)
			what := fmt.Sprintf("%x in place of %x", broken, key(piece))
			for way, read := range readings(t, a, 2) {
				if _, err := read(); !errors.Is(err, db.ErrCorrupt) && !errors.Is(err, ErrNotFound) {
					t.Errorf("%s, %s: %v", what, way, err)
				}
			}
			if piece > 0 && bytes.Compare(broken, key(piece-1)) <= 0 || piece < pieces-1 && bytes.Compare(broken, key(piece+1)) >= 0 {
				continue // out of order: bbolt itself may find no way to write such a page
			}
			mended++
			a.SaveBody(2, body)
			if err := a.Flush(); err != nil {
				t.Fatalf("%s: it cannot come again: %v", what, err)
			}
			for way, read := range readings(t, a, 2) {
				if got, err := read(); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%s, %s after it came again: %d bytes, %v", what, way, len(got), err)
				}
			}
			a.Prune(map[uint32]Header{1: {}}, []uint32{2})
			if err := a.Flush(); err != nil {
				t.Fatalf("%s: it cannot be pruned: %v", what, err)
			}
		}
	}
	if mended < pieces {
		t.Errorf("only %d bodies came again", mended)
	}
}

// rewrite changes the file wherever it says old: its first bytes become those.
func rewrite(t *testing.T, path string, old, to []byte) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := false
	for from := 0; ; from += len(old) {
		at := bytes.Index(whole[from:], old)
		if at < 0 {
			break
		}
		found, from = true, from+at
		if _, err := f.WriteAt(to, int64(from)); err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatalf("%x is not in the file", old)
	}
}

// A body that comes again under its number, as a damaged one does, or another under the number of one that a crash
// left without its header, takes the place of all that stood there, in whichever form.
func TestABodyTakesThePlaceOfAnother(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	sizes := []int{10, pieceBytes, pieceBytes + 1, 3 * pieceBytes, 9*pieceBytes + 1}
	for _, before := range sizes {
		for _, old := range []bool{false, true} {
			for _, after := range sizes {
				t.Run(fmt.Sprint(before, old, after), func(t *testing.T) {
					a, file := open(t, db.Options{})
					first, second := randomBody(rng, before), randomBody(rng, after)
					if old {
						update(t, file, func(tx *db.Tx) error { return db.NewTable("bodies", db.Uint32(), db.Bytes()).Put(tx, 7, first) })
					} else {
						a.SaveBody(7, first)
					}
					if err := a.Flush(); err != nil {
						t.Fatal(err)
					}
					for _, body := range [][]byte{first, second} {
						for way, read := range readings(t, a, 7) {
							if got, err := read(); err != nil || !bytes.Equal(got, body) {
								t.Errorf("%s: %d bytes of %d, %v", way, len(got), len(body), err)
							}
						}
						a.SaveBody(7, second)
						if err := a.Flush(); err != nil {
							t.Fatal(err)
						}
					}
					if n, want := len(keysOf(t, file)), (after+pieceBytes-1)/pieceBytes; n != want {
						t.Errorf("%d records, want %d", n, want)
					}
				})
			}
		}
	}
}

// Two pieces with all that is put around them fill their pages: nothing is left at the end of a page.
func TestPiecesFillTheirPages(t *testing.T) {
	a, file := open(t, db.Options{})
	const pieces = 100
	before := size(t, file)
	a.SaveBody(1, make([]byte, pieces*pieceBytes))
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	var took int64
	if err := file.View(func(tx *db.Tx) error { took = a.t.bodies.Bytes(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	want := int64(pieces/2*16+1) * pageBytes // and the page that lists them
	if os.Getpagesize() == pageBytes && took != want {
		t.Errorf("%d bytes of pages, want %d; the file grew by %d", took, want, size(t, file)-before)
	}
}
