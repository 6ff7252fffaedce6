package db

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// Walk goes over the keys in order, from one on, as far as it is let, and reads no record before it is asked to:
// a damaged one is found by who asks for its value.
func TestWalkProvesWhatIsAskedFor(t *testing.T) {
	file, err := Open(filepath.Join(t.TempDir(), "a"), "test", 1, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table := NewTable("t", Uint32(), Bytes())
	walk := func(tx *Tx, from uint32, most int) (keys []uint32, values []string, err error) {
		err = table.Walk(tx, from, func(k uint32, r Record) (bool, error) {
			value, err := r.Value()
			if err != nil {
				value = nil
			}
			keys, values = append(keys, k), append(values, fmt.Sprintf("%s %s %v", r.Glance(), value, errors.Is(err, ErrCorrupt)))
			return len(keys) < most, nil
		})
		return keys, values, err
	}
	err = file.Update(func(tx *Tx) error {
		if keys, _, err := walk(tx, 0, 9); len(keys) > 0 || err != nil {
			t.Errorf("a table that is not there: %v, %v", keys, err)
		}
		for _, k := range []uint32{2, 4, 6, 8} {
			if err := table.Put(tx, k, fmt.Append(nil, "v", k)); err != nil {
				return err
			}
		}
		b := tx.bolt.Bucket(table.bucket)
		damaged := append([]byte(nil), b.Get([]byte{0, 0, 0, 4})...)
		damaged[0] = 'w'
		return errors.Join(b.Put([]byte{0, 0, 0, 4}, damaged), b.Put([]byte{0, 0, 0, 9}, []byte("abc")), b.Put([]byte{1}, damaged))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = file.View(func(tx *Tx) error {
		for _, c := range []struct {
			from   uint32
			most   int
			keys   []uint32
			values []string
		}{
			{0, 2, []uint32{2, 4}, []string{"v2 v2 false", "w4  true"}},
			{3, 3, []uint32{4, 6, 8}, []string{"w4  true", "v6 v6 false", "v8 v8 false"}},
			{6, 1, []uint32{6}, []string{"v6 v6 false"}},
			{9, 1, []uint32{9}, []string{"  true"}},
		} {
			keys, values, err := walk(tx, c.from, c.most)
			if err != nil || !slices.Equal(keys, c.keys) || !slices.Equal(values, c.values) {
				t.Errorf("from %d: %v, %q, %v", c.from, keys, values, err)
			}
		}
		if keys, _, err := walk(tx, 9, 9); !errors.Is(err, ErrCorrupt) || len(keys) != 1 {
			t.Errorf("a key that is none: %v, %v", keys, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
