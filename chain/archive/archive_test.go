package archive

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

func open(t *testing.T, o db.Options) (*Archive, *db.DB) {
	t.Helper()
	o.NoSync = true
	file, err := db.Open(filepath.Join(t.TempDir(), "chain.db"), "chain", 1, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return Open(file, nil), file
}

// run starts the committer; the function that it returns stops it.
func run(t *testing.T, a *Archive) (stop func() error) {
	end, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- a.Run(end) }()
	return func() error { close(end); return <-ended }
}

func genesisSet(file *db.DB) *coins.Set {
	return coins.NewSet(file, coins.First, chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header))
}

func TestBodiesAreServedBeforeAndAfterTheirCommit(t *testing.T) {
	a, file := open(t, db.Options{})
	stop := run(t, a)
	body := bytes.Repeat([]byte{7}, 100_000)
	a.SaveBody(1, body)
	if got, err := a.Body(1); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("from memory: %v", err)
	}
	if err := a.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := a.TailBytes(); n != 0 {
		t.Errorf("%d bytes are still in memory", n)
	}
	if got, err := a.Body(1); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("from the file: %v", err)
	}
	if _, err := a.Body(2); !errors.Is(err, ErrNotFound) {
		t.Errorf("a body that never was: %v", err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again := Open(file, nil)
	if got, err := again.Body(1); err != nil || !bytes.Equal(got, body) {
		t.Fatalf("opened again: %v", err)
	}
}

// Small bodies wait for company, large ones do not.
func TestBodiesAreGrouped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		commits := 0
		a, _ := open(t, db.Options{OnCommit: func(n int) { commits = n / 2 }})
		stop := run(t, a)
		for n := range uint32(20) {
			a.SaveBody(n+1, []byte{1, 2, 3})
		}
		synctest.Wait()
		if commits != 0 || a.TailBytes() != 60 {
			t.Errorf("%d commits at once", commits)
		}
		time.Sleep(groupDelay + time.Millisecond)
		synctest.Wait()
		if a.TailBytes() != 0 {
			t.Error("they wait too long")
		}
		a.SaveBody(30, make([]byte, groupBytes))
		synctest.Wait()
		if a.TailBytes() != 0 {
			t.Error("a full group is not written at once")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

func TestStoppingWritesWhatIsLeft(t *testing.T) {
	a, file := open(t, db.Options{})
	stop := run(t, a)
	a.SaveBody(1, []byte("body"))
	a.SaveHeader(0, Header{Body: 1, Why: "none"})
	a.SaveUndo(1, []byte("undo"))
	a.SaveTxs(0, []chain.Hash{{1}, {2}})
	a.SaveFilter(0, Filter{Header: chain.Hash{9}, Bytes: []byte("filter")})
	set := genesisSet(file)
	op := wire.OutPoint{Hash: chain.Hash{5}, Index: 7}
	coin := chain.Coin{Value: 9, PkScript: []byte{0x51}}
	set.Apply(set.Tip(), []coins.Change{{Op: op, Coin: coins.Append(nil, coin), Fresh: true}})
	a.Freeze(set, 0, Indexes{Txs: true})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	b := Open(file, nil)
	m, err := b.Marks()
	if err != nil || m != (Marks{OK: true, Kept: Indexes{Txs: true}}) {
		t.Errorf("marks %+v, %v", m, err)
	}
	if u, err := b.Undo(1); err != nil || string(u) != "undo" {
		t.Errorf("undo %q, %v", u, err)
	}
	if f, err := b.Filter(0); err != nil || string(f.Bytes) != "filter" || f.Header != (chain.Hash{9}) {
		t.Errorf("filter %+v, %v", f, err)
	}
	if p, err := b.Txs(chain.Hash{2}); err != nil || len(p) != 1 || p[0] != (Place{0, 1}) {
		t.Errorf("places %v, %v", p, err)
	}
	if c, ok, err := genesisSet(file).Coin(op); err != nil || !ok || c.Value != 9 {
		t.Errorf("coin %+v, %v, %v", c, ok, err)
	}
	err = b.Load(func(n uint32, h Header) error {
		if n != 0 || h.Why != "none" || h.Body != 1 {
			t.Errorf("header %d is %+v", n, h)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Two transactions whose txids begin alike are both told; the caller looks.
func TestTransactionsWithEqualPrefixes(t *testing.T) {
	a, file := open(t, db.Options{})
	one, two, other := chain.Hash{1, 2, 3, 4, 5, 6}, chain.Hash{1, 2, 3, 4, 5, 7}, chain.Hash{1, 2, 3, 4, 6}
	a.SaveTxs(1, []chain.Hash{one, other})
	places := func() []Place {
		t.Helper()
		p, err := a.Txs(two)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := places(); len(p) != 1 {
		t.Errorf("in memory: %v", p)
	}
	a.Freeze(genesisSet(file), 0, Indexes{})
	if err := a.Flush(); err != nil {
		t.Fatal(err)
	}
	a.SaveTxs(2, []chain.Hash{two})
	if p := places(); len(p) != 2 {
		t.Errorf("in memory and file: %v", p)
	}
}

// A reader holds its transaction while as many coins again and again are
// flushed, a million of them at full size: nothing deadlocks when the file is
// mapped anew, it grows by what was written and not more, and what the reader
// held back is used again when it has gone.
func TestT58_LongReadWhileFlushing(t *testing.T) {
	a, file := open(t, db.Options{})
	set := genesisSet(file)
	coin := coins.Append(nil, chain.Coin{Value: 9, PkScript: bytes.Repeat([]byte{0x51}, 22)})
	records := 4_000
	if os.Getenv("GRAPEVINE_FULL") != "" {
		records = 200_000 // five times while the reader reads
	}
	fill := func(round int) {
		var changes []coins.Change
		for i := range records {
			op := wire.OutPoint{Hash: chain.Hash{byte(i), byte(i >> 8), byte(i >> 16)}, Index: uint32(round)}
			changes = append(changes, coins.Change{Op: op, Coin: coin, Fresh: true})
		}
		set.Apply(set.Tip(), changes)
		a.Freeze(set, 0, Indexes{})
		if err := a.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	fill(0)
	inside, leave, left := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		left <- file.View(func(tx *db.Tx) error {
			close(inside)
			<-leave
			n := 0
			err := coins.First.Scan(tx, func(wire.OutPoint, chain.Coin) error { n++; return nil })
			if n != records {
				t.Errorf("the reader sees %d coins", n)
			}
			return err
		})
	}()
	<-inside
	for round := range 5 {
		fill(round + 1)
	}
	close(leave)
	if err := <-left; err != nil {
		t.Fatal(err)
	}
	grown := size(t, file)
	t.Logf("%d coins flushed while a reader read: %d bytes for each of all coins", 5*records, grown/int64(6*records))
	// Each flush writes all pages of the table again, those that half-filled
	// pages take included, and the reader holds those of all states since its own.
	if limit := int64(6 * records * heldBytes); grown > limit {
		t.Errorf("%d bytes while a reader read, more than %d", grown, limit)
	}
	for round := range 3 {
		fill(round + 1) // the same coins: writes every page of the table again
	}
	if after := size(t, file); after > grown+grown/4 {
		t.Errorf("grew from %d to %d although the reader has gone", grown, after)
	}
}

// heldBytes is what the file may take for each coin while a reader holds all
// old states: 72 for a coin on disk, up to twice that in half-filled pages, and
// the same for the old states of the pages.
const heldBytes = 4 * 72

func size(t *testing.T, file *db.DB) int64 {
	t.Helper()
	st, err := os.Stat(file.Path())
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}
