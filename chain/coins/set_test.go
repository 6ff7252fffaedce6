package coins

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

func openFile(t testing.TB) *db.DB {
	t.Helper()
	d, err := db.Open(filepath.Join(t.TempDir(), "coins.db"), "coins", 1, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func flush(t testing.TB, file *db.DB, s *Set) {
	t.Helper()
	s.Freeze()
	err := file.Update(func(tx *db.Tx) error { _, err := s.WriteFrozen(tx, 0); return err })
	if err != nil {
		t.Fatal(err)
	}
	s.Written()
}

func outPoint(n int) (op wire.OutPoint) {
	binary.LittleEndian.PutUint64(op.Hash[:], uint64(n/2)*0x9e3779b97f4a7c15)
	op.Index = uint32(n%2) * uint32(1+n%30) // some in one record, some not
	return op
}

// The set, with its caches, marks, slab and flushes at any time, against a map.
func TestSetBehavesAsAMap(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		file := openFile(t)
		s := NewSet(file, First, nil)
		twin := map[wire.OutPoint]chain.Coin{}
		seen := map[wire.OutPoint]bool{}
		var ahead *Ahead
		for step := range 400 {
			var changes []Change
			for range rng.IntN(12) {
				op := outPoint(rng.IntN(60))
				if _, there := twin[op]; there {
					delete(twin, op)
					changes = append(changes, Change{Op: op})
				} else {
					twin[op] = randomCoin(rng)
					changes = append(changes, Change{Op: op, Coin: Append(nil, twin[op]), Fresh: !seen[op]})
					seen[op] = true
				}
			}
			s.Apply(nil, changes)
			if rng.IntN(10) == 0 {
				flush(t, file, s)
			}
			if rng.IntN(5) == 0 {
				var err error
				if ahead, err = s.Prefetch(allOutPoints(60)); err != nil {
					t.Fatal(err)
				}
			}
			if err := same(s, twin, rng, ahead); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
		}
		flush(t, file, s)
		sameOnDisk(t, file, twin)
	}
}

func allOutPoints(n int) (ops []wire.OutPoint) {
	for i := range n {
		ops = append(ops, outPoint(i))
	}
	return ops
}

func same(s *Set, twin map[wire.OutPoint]chain.Coin, rng *rand.Rand, ahead *Ahead) error {
	ops := make([]wire.OutPoint, 20)
	for i := range ops {
		ops[i] = outPoint(rng.IntN(60))
	}
	found := make([]Found, len(ops))
	if err := s.Fetch(ops, found, nil); err != nil {
		return err
	}
	if ahead != nil { // what was read some steps ago
		again := make([]Found, len(ops))
		if err := s.Fetch(ops, again, ahead); err != nil || !reflect.DeepEqual(again, found) {
			return fmt.Errorf("Fetch with what was read ahead: %+v, %v; want %+v", again, err, found)
		}
	}
	for i, op := range ops {
		want, there := twin[op]
		got, ok, err := s.Coin(op)
		if err != nil || ok != there || ok && !reflect.DeepEqual(got, want) {
			return fmt.Errorf("Coin(%v) is %+v, %v, %v; want %+v, %v", op, got, ok, err, want, there)
		}
		if found[i].OK != there || there && !reflect.DeepEqual(found[i].Coin, want) {
			return fmt.Errorf("Fetch(%v) is %+v; want %+v, %v", op, found[i], want, there)
		}
	}
	return nil
}

func sameOnDisk(t *testing.T, file *db.DB, twin map[wire.OutPoint]chain.Coin) {
	t.Helper()
	err := file.View(func(tx *db.Tx) error {
		n := 0
		err := First.Scan(tx, func(op wire.OutPoint, c chain.Coin) error {
			n++
			if !reflect.DeepEqual(c, twin[op]) {
				t.Errorf("%v on disk is %+v; want %+v", op, c, twin[op])
			}
			return nil
		})
		if n != len(twin) {
			t.Errorf("%d coins on disk, want %d", n, len(twin))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Readers see every coin that is not being changed, at every moment of a flush,
// and never half of a block: each block moves one coin to the next outpoint.
func TestReadersSeeCommittedTruthWhileFlushing(t *testing.T) {
	file := openFile(t)
	genesis := chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header)
	s := NewSet(file, First, genesis)
	const still = 500
	var changes []Change
	for i := range still {
		changes = append(changes, Change{Op: outPoint(i), Coin: Append(nil, chain.Coin{Value: 1, PkScript: []byte{0x51}}), Fresh: true})
	}
	s.Apply(genesis, changes)
	stop := make(chan struct{})
	var reads atomic.Int64
	var wg sync.WaitGroup
	for r := range 2 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(r), 9))
			for {
				select {
				case <-stop:
					return
				default:
				}
				op := outPoint(rng.IntN(still))
				if _, ok, err := s.Coin(op); !ok || err != nil {
					t.Errorf("coin %v: %v, %v", op, ok, err)
					return
				}
				if _, ok, err := s.Coin(outPoint(10_000_000)); ok || err != nil {
					t.Errorf("a coin that never was: %v, %v", ok, err)
				}
				reads.Add(1)
			}
		})
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		var moves []Change
		for i := range 50 {
			op := outPoint(still + round*50 + i)
			moves = append(moves, Change{Op: op, Coin: []byte{2, 1, 9, 0x51}, Fresh: true})
			if rng.IntN(2) == 0 {
				moves = append(moves, Change{Op: op})
			}
		}
		s.Apply(genesis, moves)
		flush(t, file, s)
	}
	for reads.Load() < 100 {
	}
	close(stop)
	wg.Wait()
}

func TestFreshCoinsThatAreSpentAreForgotten(t *testing.T) {
	c := NewCache()
	coin := Append(nil, chain.Coin{Value: 5, PkScript: []byte{0x51}})
	c.Apply(Change{Op: outPoint(1), Coin: coin, Fresh: true})
	c.Apply(Change{Op: outPoint(1)})
	if c.Len() != 0 {
		t.Error("a coin that no layer below knows is kept as spent")
	}
	c.Apply(Change{Op: outPoint(2)})
	c.Apply(Change{Op: outPoint(2), Coin: coin, Fresh: true})
	c.Apply(Change{Op: outPoint(2)})
	if coin, known := c.Get(outPoint(2)); !known || coin != nil {
		t.Error("a coin that the layer below still has must be kept as spent")
	}
}

func TestSpaceOfSpentCoinsIsUsedAgain(t *testing.T) {
	c := NewCache()
	coin := Append(nil, chain.Coin{Value: 5, PkScript: make([]byte, 30)})
	for i := range 100_000 {
		c.Apply(Change{Op: outPoint(i), Coin: coin, Fresh: true})
		c.Apply(Change{Op: outPoint(i)})
	}
	if b := c.Bytes(); b > 2*chunkSize {
		t.Errorf("an empty cache takes %d bytes", b)
	}
}

func TestDamagedCoinIsNeverServed(t *testing.T) {
	file := openFile(t)
	s := NewSet(file, First, nil)
	raw := db.NewTable("coins", db.Codec[wire.OutPoint]{Append: appendKey, Decode: decodeKey}, db.Bytes())
	err := file.Update(func(tx *db.Tx) error { return raw.Put(tx, groupKey(outPoint(1)), []byte{0, 255, 2}) })
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Coin(outPoint(1)); ok || !errors.Is(err, db.ErrCorrupt) {
		t.Errorf("got %v, %v", ok, err)
	}
}

// What the cache says that it takes is what the heap grows by, and that is at
// most 120 bytes a coin.
func TestBytesOfACachedCoin(t *testing.T) {
	const most = 120
	script := append([]byte{0, 20}, make([]byte, 20)...)
	coin := Append(nil, chain.Coin{Value: 123_456_789, Height: 800_000, PkScript: script})
	for _, n := range []int{50_000, 100_000, 200_000, flushEntries} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		c := NewCache()
		for i := range n {
			c.Apply(Change{Op: outPoint(i), Coin: coin, Fresh: true})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		says, takes := float64(c.Bytes())/float64(n), float64(after.HeapAlloc-before.HeapAlloc)/float64(n)
		t.Logf("%d coins: the cache says %.0f bytes each, the heap %.0f", n, says, takes)
		if takes > most || says < takes*9/10 {
			t.Errorf("%d coins take %.0f bytes each, more than %d, or more than the %.0f that count", n, takes, most, says)
		}
		runtime.KeepAlive(c)
	}
}

// A file of a million coins, from closed to the first coin read.
func BenchmarkOpenMillion(b *testing.B) {
	const coins = 1_000_000
	path := filepath.Join(b.TempDir(), "coins.db")
	open := func() *db.DB {
		file, err := db.Open(path, "coins", 1, db.Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
		return file
	}
	file := open()
	s := NewSet(file, First, nil)
	coin := Append(nil, chain.Coin{Value: 5e8, Height: 1000, PkScript: append([]byte{0, 20}, make([]byte, 20)...)})
	for from := 0; from < coins; from += 250_000 {
		var changes []Change
		for i := from; i < from+250_000; i++ {
			changes = append(changes, Change{Op: outPoint(i), Coin: coin, Fresh: true})
		}
		s.Apply(nil, changes)
		flush(b, file, s)
	}
	file.Close()
	for b.Loop() {
		file := open()
		if _, ok, err := NewSet(file, First, nil).Coin(outPoint(77)); !ok || err != nil {
			b.Fatal(ok, err)
		}
		file.Close()
	}
}
