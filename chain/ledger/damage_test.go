package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// damaged is a chain file in which bits are flipped, one at a time.
type damaged struct {
	t     *testing.T
	p     *chain.Params
	whole []byte
	file  *os.File
	sum   [32]byte // of all records
	live  []bool   // bytes that somebody may read
	kinds []string // of pages
}

// newDamaged takes the file of a run with reorganisations, invalid blocks,
// all indexes, and a body and a coin's script that fill pages of their own.
func newDamaged(t *testing.T) *damaged {
	g := growGrove(t, rand.New(rand.NewPCG(4, 4)), sized(40, 400))
	d := &damaged{t: t, p: g.params}
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path, func(c *Config, _ *db.Options) { c.DBCache, c.CoinStatsIndex = 20_000, true })
	g.submitTrunk(t, r)
	for _, b := range g.blocks {
		<-r.later(b.Mined)
	}
	large := chaintest.Mine(t, g.params, r.Tip(), chaintest.PayTo(bytes.Repeat([]byte{0x51}, 9_000)))
	if err := r.Submit(large); err != nil {
		t.Fatal(err)
	}
	if err := r.Submit(chaintest.Mine(t, g.params, r.Tip(), chaintest.PayTo(longScript(4)))); err != nil { // in pieces
		t.Fatal(err)
	}
	r.stop()
	var err error
	if d.whole, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if d.file, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.file.Close() })
	d.sum = d.records()
	d.survey()
	return d
}

// records is the hash of everything that the file says.
func (d *damaged) records() (sum [32]byte) {
	file, err := bbolt.Open(d.file.Name(), 0, &bbolt.Options{ReadOnly: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	h := sha256.New()
	err = file.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			h.Write(name)
			return b.ForEach(func(k, v []byte) error {
				h.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(len(k))), uint32(len(v))))
				h.Write(k)
				h.Write(v)
				return nil
			})
		})
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return [32]byte(h.Sum(nil))
}

// survey finds out which bytes are live. The rest is free pages, the rest of
// each page behind what it says, and the room of the meta pages.
func (d *damaged) survey() {
	file, err := bbolt.Open(d.file.Name(), 0, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer file.Close()
	size := file.Info().PageSize
	d.live = make([]bool, len(d.whole))
	err = file.View(func(tx *bbolt.Tx) error {
		for id := 0; ; {
			page, err := tx.Page(id)
			if page == nil || err != nil {
				return err
			}
			pages := 1 + page.OverflowCount
			if page.Type == "free" {
				pages = 1 // what else its head says is what it was, or the middle of something long
			}
			for range pages {
				d.kinds = append(d.kinds, page.Type)
			}
			p := d.whole[id*size:]
			for i := range end(page.Type, page.Count, p) {
				d.live[id*size+i] = true
			}
			id += pages
		}
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// end is where a page's live bytes end.
func end(kind string, count int, p []byte) int {
	le := binary.LittleEndian
	last := 16 * count
	switch kind {
	case "meta":
		return 80
	case "freelist":
		return 16 + 8*count
	case "branch":
		return last + int(le.Uint32(p[last:])+le.Uint32(p[last+4:]))
	case "leaf":
		return last + int(le.Uint32(p[last+4:])+le.Uint32(p[last+8:])+le.Uint32(p[last+12:]))
	}
	return 0
}

// flip turns one bit over, and back when check has returned.
func (d *damaged) flip(at int, bit int, check func()) {
	d.t.Helper()
	if _, err := d.file.WriteAt([]byte{d.whole[at] ^ 1<<bit}, int64(at)); err != nil {
		d.t.Fatal(err)
	}
	check()
	if _, err := d.file.WriteAt(d.whole[at:at+1], int64(at)); err != nil {
		d.t.Fatal(err)
	}
}

// In every page of a chain file, a flipped bit is found if anybody may ever
// read it, and no alarm is raised if not: then all records are as they were.
func TestT52_EveryLivePageIsChecked(t *testing.T) {
	d := newDamaged(t)
	rng := rand.New(rand.NewPCG(52, 1))
	size := os.Getpagesize()
	found, harmless, pages := 0, 0, map[string]int{}
	for page, kind := range d.kinds {
		pages[kind]++
		var offsets []int
		for i := range 16 { // head
			if d.live[page*size] || i%4 == 0 {
				offsets = append(offsets, i)
			}
		}
		for range sized(2, 64) { // elements, and anything
			offsets = append(offsets, 16+rng.IntN(64), rng.IntN(size))
		}
		for _, off := range offsets {
			at, bit := page*size+off, rng.IntN(8)
			d.flip(at, bit, func() {
				err := CheckFile(t.Context(), d.file.Name(), d.p, nil)
				switch {
				case d.live[at] && !errors.Is(err, db.ErrCorrupt) && !errors.Is(err, db.ErrSchema):
					t.Errorf("bit %d of byte %d in %s page %d: %v", bit, off, kind, page, err)
				case d.live[at]:
					found++
				case err != nil:
					t.Errorf("bit %d of byte %d in %s page %d is never read, but: %v", bit, off, kind, page, err)
				case d.records() != d.sum:
					t.Errorf("bit %d of byte %d in %s page %d changes what the file says", bit, off, kind, page)
				default:
					harmless++
				}
			})
		}
	}
	t.Logf("%v pages: %d flips found, %d harmless", pages, found, harmless)
	for _, kind := range []string{"meta", "leaf", "branch", "freelist", "free"} {
		if pages[kind] == 0 {
			t.Errorf("no %s page", kind)
		}
	}
}
