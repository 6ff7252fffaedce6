package db

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pageOf is a page in use, as bbolt knows it.
type pageOf struct {
	id, over uint64
	kind     string // leaf, branch, freelist
}

// pages makes a file of two tables with small, large and very large records, some
// of which are gone again, and lists its pages in use and its free ones.
func pages(t *testing.T, path string) (used []pageOf, free []uint64) {
	t.Helper()
	d := open(t, path)
	for round := range 3 {
		err := d.Update(func(tx *Tx) error {
			for i := range uint32(150) {
				large := strings.Repeat("x", int(i*i%9000))
				if err := NewTable("a", Uint32(), String()).Put(tx, i*7%150, large); err != nil {
					return err
				}
				if err := numbers().Put(tx, i, fmt.Sprint(i, round)); err != nil {
					return err
				}
				if err := numbers().Delete(tx, i*3); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := d.View(func(tx *Tx) error {
		for id := uint64(2); ; id++ {
			p, err := tx.bolt.Page(int(id))
			if err != nil || p == nil {
				return err
			}
			switch p.Type {
			case "free":
				free = append(free, id)
			default:
				used = append(used, pageOf{id, uint64(p.OverflowCount), p.Type})
				id += uint64(p.OverflowCount)
			}
		}
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	return used, free
}

// spoiled checks a copy of a file in which some bytes were written anew.
func spoiled(t *testing.T, raw []byte, write func(raw []byte)) error {
	t.Helper()
	changed := append([]byte{}, raw...)
	write(changed)
	name := filepath.Join(t.TempDir(), "spoiled.db")
	if err := os.WriteFile(name, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Open(name, "test", 1, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Check(t.Context(), []string{"numbers", "a"}, nil)
}

// A page that belongs to two is found, whichever of them is read first: a page
// that claims the next one to overflow into, though that is another's or free.
func TestAPageUsedTwiceIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	used, free := pages(t, path)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(os.Getpagesize()) // bbolt takes the machine's
	if err := spoiled(t, raw, func([]byte) {}); err != nil {
		t.Fatalf("the sound file: %v", err)
	}
	kinds := map[string]int{}
	for _, p := range used {
		next := p.id + p.over + 1 // of the last page: beyond the file's end
		kinds[p.kind]++
		if p.over > 0 {
			kinds["overflow"]++
		}
		err := spoiled(t, raw, func(raw []byte) {
			binary.LittleEndian.PutUint32(raw[int64(p.id)*size+12:], uint32(p.over+1))
		})
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s page %d takes page %d besides its own: %v", p.kind, p.id, next, err)
		}
	}
	if kinds["leaf"] < 5 || kinds["branch"] == 0 || kinds["freelist"] == 0 || kinds["overflow"] < 5 || len(free) < 3 {
		t.Errorf("the file does not have all kinds of pages: %v, %d free", kinds, len(free))
	}
}

// pageBytes is a page's part of the file.
func pageBytes(raw []byte, p pageOf) []byte {
	size := uint64(os.Getpagesize())
	return raw[p.id*size : (p.id+p.over+1)*size]
}

// element is where the key and the value of a page's element are in the page.
func element(page []byte, i int) (key, value []byte) {
	le := binary.LittleEndian
	from := pageHead + i*elementSize
	e := page[from:]
	pos, size, val := le.Uint32(e), le.Uint32(e[4:]), uint32(0)
	if le.Uint16(page[8:]) == leafFlag {
		pos, size, val = le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:])
	}
	at := uint32(from) + pos
	return page[at : at+size], page[at+size : at+size+val]
}

// What no checksum covers is proved too: a page that says it is empty, a branch
// whose key is not its child's first, and a record that stands there twice.
func TestDamageThatNoChecksumCoversIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	used, _ := pages(t, path)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]int{}
	spoil := func(what string, p pageOf, write func(page []byte)) {
		t.Helper()
		done[what]++
		if err := spoiled(t, raw, func(raw []byte) { write(pageBytes(raw, p)) }); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrSchema) {
			t.Errorf("%s, page %d: %v", what, p.id, err)
		}
	}
	for _, p := range used {
		page := pageBytes(raw, p)
		count := int(binary.LittleEndian.Uint16(page[10:]))
		switch p.kind {
		case "branch":
			for i := range count {
				spoil("another key in a branch", p, func(page []byte) { key, _ := element(page, i); key[len(key)-1] ^= 1 })
			}
		case "leaf":
			spoil("an empty leaf", p, func(page []byte) { binary.LittleEndian.PutUint16(page[10:], 0) })
			for i := range count - 1 {
				k, v := element(page, i)
				if k2, v2 := element(page, i+1); len(k) != len(k2) || len(v) != len(v2) {
					continue
				}
				spoil("a record twice", p, func(page []byte) {
					k, v := element(page, i)
					k2, v2 := element(page, i+1)
					copy(k2, k)
					copy(v2, v)
				})
				break
			}
		}
	}
	if done["another key in a branch"] < 3 || done["an empty leaf"] < 5 || done["a record twice"] < 2 {
		t.Errorf("tried: %v", done)
	}
}
