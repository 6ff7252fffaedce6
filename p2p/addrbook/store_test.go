package addrbook

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"grapevine/db"
)

// moved is a file whose addresses stood elsewhere when it was written, as many as in a book that is three quarters full.
type moved struct {
	t       *testing.T
	path    string
	now     int64
	written map[netip.AddrPort]*entry
}

func writeMoved(t *testing.T, r *rand.Rand) *moved {
	m := &moved{t: t, path: filepath.Join(t.TempDir(), "peers.db"), now: 1_700_000_000, written: map[netip.AddrPort]*entry{}}
	for len(m.written) < (newBuckets+triedBuckets)*bucketSize*3/4 {
		e := &entry{tried: r.IntN(newBuckets+triedBuckets) < triedBuckets, source: fmt.Sprintf("20.%d.9.9:1", r.IntN(250))}
		e.addr = addr(fmt.Sprintf("%d.%d.%d.8", 11+r.IntN(80), r.IntN(250), r.IntN(250)), 8333, m.now-r.Int64N(20*24*3600))
		if r.IntN(20) == 0 {
			e.addr.Seen = m.now - int64(horizon/time.Second) - 1 // terrible
		}
		if e.tried || r.IntN(9) == 0 {
			e.lastGood = e.addr.Seen
		}
		m.written[e.addr.At] = e
	}
	m.session(func(b *Book) {
		for key := range m.written {
			b.dirty[key], b.known[key] = true, m.written[key]
		}
	})
	return m
}

// session is a run of a node with the file.
func (m *moved) session(f func(*Book)) {
	m.t.Helper()
	d, err := db.Open(m.path, Name, Schema, db.Options{})
	if err != nil {
		m.t.Fatal(err)
	}
	defer d.Close()
	b, err := Open(Config{DB: d, Now: func() time.Time { return time.Unix(m.now, 0) }, Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		m.t.Fatal(err)
	}
	f(b)
	if err := b.Save(); err != nil {
		m.t.Fatal(err)
	}
}

// Of addresses that want one place, the one that was good last has it; a tried one that has none may be new. The file
// has those alone that have a place, so that the next start changes nothing.
func TestAddressesThatStoodElsewhereAreSettledOnce(t *testing.T) {
	m := writeMoved(t, rand.New(rand.NewPCG(7, 7)))
	var first []Placed
	m.session(func(b *Book) {
		if err := b.check(); err != nil {
			t.Fatal(err)
		}
		first = b.Table()
		lost, demoted := 0, 0
		for key, e := range m.written {
			kept := b.known[key]
			if kept != nil && kept.tried == e.tried {
				continue
			}
			if demoted++; kept == nil {
				lost++
				demoted--
			}
			for _, tried := range []bool{true, false} {
				c := *e
				if c.tried = tried; tried && !e.tried || kept != nil && !tried {
					continue
				}
				other := b.slots[b.slotOf(&c)]
				better := other != nil && (other.lastGood > e.lastGood || other.lastGood == e.lastGood && other.addr.Seen >= e.addr.Seen)
				if !better && !e.terrible(m.now) {
					t.Errorf("%v (tried %v, good %d) lost its place to %+v", key, e.tried, e.lastGood, other)
				}
			}
		}
		t.Logf("%d written, %d have a place, %d were lost, %d are new again", len(m.written), len(first), lost, demoted)
		if lost < 1000 || demoted < 100 {
			t.Errorf("%d were lost, %d are new again: there is not enough to see", lost, demoted)
		}
	})
	m.session(func(b *Book) {
		placed := func(list []Placed) map[netip.AddrPort]Placed {
			by := map[netip.AddrPort]Placed{}
			for _, p := range list {
				by[p.At] = p
			}
			return by
		}
		if again := b.Table(); !reflect.DeepEqual(placed(again), placed(first)) {
			t.Errorf("a later start has %d addresses, or other places than those of the first with %d", len(again), len(first))
		}
		if len(b.dirty) > 0 {
			t.Errorf("%d records are written again", len(b.dirty))
		}
		if err := b.cfg.DB.View(func(tx *db.Tx) error {
			n := 0
			err := addresses().Scan(tx, nil, func(string, entry) (bool, error) { n++; return true, nil })
			if n != len(first) {
				t.Errorf("the file has %d records of %d addresses", n, len(first))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	})
}
