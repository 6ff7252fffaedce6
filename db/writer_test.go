package db

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
)

// A Writer and Table.Put write the same, whatever the sizes: the one into a file, the other into another, with
// readings and deletions in between.
func TestTwin_AWriterWritesAsPutDoes(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	table := NewTable("t", Bytes(), Bytes())
	var files [2]*DB
	for i, name := range []string{"a", "b"} {
		file, err := Open(filepath.Join(t.TempDir(), name), "test", 1, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		files[i] = file
	}
	value := func() []byte {
		size := rng.IntN(100)
		if rng.IntN(50) == 0 {
			size = rng.IntN(3 * roomBytes)
		}
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	for range 5 {
		type op struct{ key, value []byte }
		var ops []op
		for range 2000 {
			o := op{key: []byte{1, byte(rng.IntN(16)), byte(rng.IntN(256))}}
			if rng.IntN(5) > 0 {
				o.value = value()
			}
			ops = append(ops, o)
		}
		var scratch []byte
		err := files[0].Update(func(tx *Tx) (err error) {
			w := table.Packed().Writer(tx)
			for _, o := range ops {
				if o.value == nil {
					err = table.Delete(tx, o.key)
				} else {
					scratch = append(scratch[:0], o.value...) // used again: a Writer keeps nothing of it
					err = w.Put(o.key, scratch)
					if got, ok, err := table.Get(tx, o.key); err != nil || !ok || !bytes.Equal(got, o.value) {
						t.Fatal("not there at once", ok, err)
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = files[1].Update(func(tx *Tx) error {
			for _, o := range ops {
				if o.value == nil {
					err = table.Delete(tx, o.key)
				} else {
					err = table.Put(tx, o.key, o.value)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var said [2][]byte
		for i, file := range files {
			err := file.View(func(tx *Tx) error {
				return table.Scan(tx, nil, func(k, v []byte) (bool, error) {
					said[i] = append(append(append(said[i], k...), '='), v...)
					return true, nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(said[0]) == 0 || !bytes.Equal(said[0], said[1]) {
			t.Fatalf("%d bytes and %d: they differ", len(said[0]), len(said[1]))
		}
	}
}

// Whatever the sizes of values, a Writer takes about as much memory as they do, beside bbolt's own.
func TestAWriterTakesAsMuchMemoryAsItsValues(t *testing.T) {
	const all = 8 << 20
	for _, size := range []int{1500, roomBytes/16 - sumSize - 1, roomBytes/16 - sumSize, 10_000, roomBytes - sumSize, roomBytes, 100_000} {
		file, err := Open(filepath.Join(t.TempDir(), "a"), "test", 1, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		err = file.Update(func(tx *Tx) error {
			w := NewTable("t", Uint32(), Bytes()).Writer(tx)
			var before, after runtime.MemStats
			value := make([]byte, size)
			runtime.ReadMemStats(&before)
			for i := range all / size {
				if err := w.Put(uint32(i), value); err != nil {
					return err
				}
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > 2*all {
				t.Errorf("values of %d bytes: %d bytes are taken for %d", size, took, all)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
}
