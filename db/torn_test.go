package db

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The power goes while a commit is written. The disk keeps any of its 512-byte
// sectors and loses the others, in any order, as long as they were not synced:
// bbolt syncs the pages before it writes the meta page that makes them count.
// Whatever is left opens and holds the state before the commit, or the one after.
func TestT49_PowerCutDuringACommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	rng := rand.New(rand.NewPCG(49, 1))
	var before []byte
	cuts := 0
	grab := func(n int) {
		now, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		if n%2 == 0 {
			before = now
			return
		}
		for range 6 {
			tear(t, rng, filepath.Join(dir, fmt.Sprintf("cut%d.db", cuts)), torn{before, now, n / 2})
			cuts++
		}
	}
	rounds := 12
	if os.Getenv("GRAPEVINE_FULL") != "" {
		rounds = 400
	}
	d, err := Open(path, "test", 1, Options{NoSync: true, OnCommit: grab})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for round := range rounds {
		err := d.Update(func(tx *Tx) error {
			for range 60 {
				if err := numbers().Put(tx, rng.Uint32N(400), string(bytes.Repeat([]byte{byte(round)}, rng.IntN(300)))); err != nil {
					return err
				}
				if err := numbers().Delete(tx, rng.Uint32N(400)); err != nil {
					return err
				}
			}
			return numbers().Put(tx, 1000, fmt.Sprint(round)) // says which state it is
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// torn is one commit: the file before and after.
type torn struct {
	before, after []byte
	round         int
}

const sector = 512

func tear(t *testing.T, rng *rand.Rand, name string, c torn) {
	t.Helper()
	left := make([]byte, len(c.before), len(c.after))
	copy(left, c.before)
	if rng.IntN(2) == 0 { // the new length was kept
		left = append(left, make([]byte, max(0, len(c.after)-len(c.before)))...)
	}
	const metas = 2 * 4096
	metaToo := rng.IntN(3) == 0 // the pages are all there, the meta page was being written
	for at := 0; at+sector <= min(len(left), len(c.after)); at += sector {
		if at >= metas && (metaToo || rng.IntN(2) == 0) || at < metas && metaToo && rng.IntN(2) == 0 {
			copy(left[at:at+sector], c.after[at:])
		}
	}
	if metaToo && len(left) < len(c.after) {
		left = append(left, c.after[len(left):]...)
	}
	if err := os.WriteFile(name, left, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(name)
	d, err := Open(name, "test", 1, Options{NoSync: true})
	if err != nil {
		t.Fatalf("commit %d: %v", c.round, err)
	}
	defer d.Close()
	if err := d.Check(t.Context(), []string{"numbers"}, nil); err != nil {
		t.Fatalf("commit %d: %v", c.round, err)
	}
	err = d.View(func(tx *Tx) error {
		state, ok, err := numbers().Get(tx, 1000)
		was, is := fmt.Sprint(c.round-1), fmt.Sprint(c.round)
		if ok && state != was && (state != is || !metaToo) || !ok && c.round > 0 {
			t.Errorf("commit %d left state %q, %v", c.round, state, ok)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
