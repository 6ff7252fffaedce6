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
func pages(t *testing.T, path string) (used []pageOf, free []uint64, high uint64) {
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
		high = uint64(tx.bolt.Size() / int64(tx.bolt.DB().Info().PageSize))
		for id := uint64(2); ; id++ {
			p, err := tx.bolt.Page(int(id))
			if err != nil || p == nil {
				high = id
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
	return used, free, high
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
	used, free, high := pages(t, path)
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
		next := p.id + p.over + 1
		if next >= high {
			continue
		}
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
