package db

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func numbers() Table[uint32, string] { return NewTable("numbers", Uint32(), String()) }

func open(t *testing.T, path string) *DB {
	t.Helper()
	d, err := Open(path, "test", 1, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// fill writes n records of mixed sizes, in several commits, and closes the file.
func fill(t *testing.T, path string, n int) {
	t.Helper()
	d := open(t, path)
	for from := 0; from < n; from += 50 {
		err := d.Update(func(tx *Tx) error {
			for i := from; i < min(from+50, n); i++ {
				if err := numbers().Put(tx, uint32(i), strings.Repeat(fmt.Sprint(i), 1+i%40)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTableReadsWhatWasWritten(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"))
	want := map[uint32]string{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		err := d.Update(func(tx *Tx) error {
			for range 40 {
				k := rng.Uint32N(200)
				if rng.IntN(3) == 0 {
					delete(want, k)
					if err := numbers().Delete(tx, k); err != nil {
						return err
					}
					continue
				}
				want[k] = fmt.Sprint(rng.Uint64())
				if err := numbers().Put(tx, k, want[k]); err != nil {
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
		got := map[uint32]string{}
		last := int64(-1)
		err := numbers().Scan(tx, nil, func(k uint32, v string) (bool, error) {
			if int64(k) <= last {
				t.Errorf("key %d after %d", k, last)
			}
			last = int64(k)
			got[k] = v
			return true, nil
		})
		if fmt.Sprint(got) != fmt.Sprint(want) || tx.bolt.Bucket(numbers().bucket).Stats().KeyN != len(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		highest := int64(-1)
		back := numbers().ScanBack(tx, math.MaxUint32, func(k uint32, _ string) (bool, error) {
			highest = int64(k)
			return false, nil
		})
		if back != nil || highest < 0 || highest != last {
			t.Errorf("Last: %d, %v", highest, back)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFailedUpdateChangesNothing(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"))
	boom := errors.New("boom")
	err := d.Update(func(tx *Tx) error {
		if err := numbers().Put(tx, 1, "x"); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	d.View(func(tx *Tx) error {
		if _, ok, _ := numbers().Get(tx, 1); ok {
			t.Error("the record was kept")
		}
		return nil
	})
}

func TestNestedTransactionsAreRefused(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"))
	nothing := func(*Tx) error { return nil }
	outer := map[string]func(func(*Tx) error) error{"View": d.View, "Update": d.Update}
	for name, run := range outer {
		err := run(func(*Tx) error {
			if err := d.View(nothing); !errors.Is(err, ErrNested) {
				t.Errorf("View in %s: %v", name, err)
			}
			if err := d.Update(nothing); !errors.Is(err, ErrNested) {
				t.Errorf("Update in %s: %v", name, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := run(nothing); err != nil {
			t.Errorf("%s after a refused nesting: %v", name, err)
		}
	}
}

func TestCallersPanicIsNotCalledCorruption(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "a.db"))
	defer func() {
		if recover() == nil {
			t.Error("the caller's own panic was swallowed")
		}
	}()
	d.View(func(*Tx) error { panic("mine") })
}

func TestSchemaOfAnotherKindOrVersionIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	fill(t, path, 1)
	for _, c := range []struct {
		name    string
		version uint32
	}{{"other", 1}, {"test", 2}} {
		_, err := Open(path, c.name, c.version, Options{})
		if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestAnOlderVersionIsTakenOverByWhoKnowsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	fill(t, path, 1)
	open := func(version uint32, o Options) error {
		d, err := Open(path, "test", version, o)
		if err != nil {
			return err
		}
		if err := d.Check(t.Context(), []string{"numbers"}, nil); err != nil {
			t.Errorf("version %d: %v", version, err)
		}
		return d.Close()
	}
	for _, c := range []struct {
		version uint32
		o       Options
		want    error
	}{
		{3, Options{From: []uint32{2}}, ErrSchema},
		{3, Options{From: []uint32{2, 1}, ReadOnly: true}, nil},
		{1, Options{}, nil}, // reading has left it as it was
		{3, Options{From: []uint32{2, 1}}, nil},
		{1, Options{}, ErrSchema},
		{2, Options{From: []uint32{1}}, ErrSchema},
		{3, Options{}, nil},
	} {
		if err := open(c.version, c.o); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := Open(path, "other", 4, Options{From: []uint32{3}}); !errors.Is(err, ErrSchema) {
		t.Errorf("another kind of file: %v", err)
	}
}

// A child process (this test binary) tries to open what we hold open.
func TestT55_SecondProcessIsRefused(t *testing.T) {
	if path := os.Getenv("DB_TEST_OPEN"); path != "" {
		_, err := Open(path, "test", 1, Options{Timeout: 200 * time.Millisecond})
		fmt.Println(errors.Is(err, ErrLocked), err)
		os.Exit(0)
	}
	path := filepath.Join(t.TempDir(), "a.db")
	open(t, path)
	cmd := exec.Command(os.Args[0], "-test.run=T55")
	cmd.Env = append(os.Environ(), "DB_TEST_OPEN="+path)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "true ") || !strings.Contains(string(out), path) {
		t.Errorf("child says %q, %v", out, err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("refused only after %v", took)
	}
}

func TestTruncatedFileIsCorrupt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	fill(t, path, 500)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	need, err := highWater(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{1, 100, 4096, 8192, 16384, need / 2, need - 1} {
		cut := filepath.Join(dir, fmt.Sprint(n))
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(cut, "test", 1, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d: %v", n, err)
		}
	}
}

func TestFileCutWhileOpenIsCorruptNotACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	fill(t, path, 500)
	d := open(t, path)
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	err := d.View(func(tx *Tx) error {
		return numbers().Scan(tx, nil, func(uint32, string) (bool, error) { return true, nil })
	})
	if !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// With not even the pages that say where everything is.
func TestFileEmptiedWhileOpenIsCorruptNotACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	fill(t, path, 500)
	d, err := Open(path, "test", 1, Options{NoSync: true}) // never closed: bbolt keeps the lock that it had
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if err := d.Update(func(tx *Tx) error { return numbers().Put(tx, 1, "one") }); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
}

// Every bit of the file is either unused or missed by somebody: after a flip,
// opening or Check fails, or all records still read as they were written.
func TestT52_FlippedBitIsFoundOrHarmless(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	fill(t, path, 300)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	need, _ := highWater(bytes.NewReader(whole))
	rng := rand.New(rand.NewPCG(3, 4))
	bad := filepath.Join(dir, "b.db")
	found := 0
	const flips = 300
	for range flips {
		at, bit := rng.Int64N(need), rng.IntN(8)
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << bit
		if err := os.WriteFile(bad, flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, bad, 300); err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrSchema) {
				t.Fatalf("bit %d of byte %d: %v", bit, at, err)
			}
			found++
		}
	}
	if found < flips/5 {
		t.Errorf("only %d of %d flips found", found, flips)
	}
}

// readAll checks the file, and then insists that all n records are right.
func readAll(t *testing.T, path string, n int) error {
	d, err := Open(path, "test", 1, Options{NoSync: true})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Check(t.Context(), []string{"numbers"}, nil); err != nil {
		return err
	}
	return d.View(func(tx *Tx) error {
		for i := range n {
			v, ok, err := numbers().Get(tx, uint32(i))
			if want := strings.Repeat(fmt.Sprint(i), 1+i%40); err != nil || !ok || v != want {
				t.Errorf("Check found nothing, but record %d reads %q, %v, %v", i, v, ok, err)
			}
		}
		return nil
	})
}

func TestBackupIsAWholeDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	fill(t, path, 100)
	d := open(t, path)
	var buf bytes.Buffer
	if err := d.Backup(&buf); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(copied, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, copied, 100); err != nil {
		t.Error(err)
	}
}

func TestOnCommitIsCalledBeforeAndAfter(t *testing.T) {
	var calls []int
	d, err := Open(filepath.Join(t.TempDir(), "a.db"), "test", 1, Options{NoSync: true, OnCommit: func(n int) { calls = append(calls, n) }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for range 2 {
		d.Update(func(tx *Tx) error { return numbers().Put(tx, 1, "x") })
	}
	d.Update(func(*Tx) error { return errors.New("no") })
	if fmt.Sprint(calls) != "[0 1 2 3]" {
		t.Error(calls)
	}
}

func BenchmarkGet(b *testing.B) {
	d, err := Open(filepath.Join(b.TempDir(), "a.db"), "test", 1, Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	d.Update(func(tx *Tx) error {
		for i := range uint32(100_000) {
			numbers().Put(tx, i, "twenty bytes of text")
		}
		return nil
	})
	b.ReportAllocs()
	i := uint32(0)
	for b.Loop() {
		i += 7919
		d.View(func(tx *Tx) error {
			_, _, err := numbers().Get(tx, i%100_000)
			return err
		})
	}
}
