package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/db"
)

const (
	snapshotAt  = 115 // where the snapshot stands
	snapshotEnd = 130 // of the chain
	snapshotOld = 20  // where the loading node stands
)

// snapshotWorld is a chain a1 … a130 with spends, the snapshot at a115, and what the coins are in the end.
type snapshotWorld struct {
	*chaintest.Tree
	byHash map[chain.Hash]chaintest.Mined
	file   []byte
	stats  Stats
}

func newSnapshotWorld(t *testing.T) *snapshotWorld {
	t.Helper()
	tr, r := plant(t)
	defer r.stop()
	w := &snapshotWorld{Tree: tr, byHash: map[chain.Hash]chaintest.Mined{}}
	key := chaintest.NewKey(7)
	for i := 1; i <= snapshotEnd; i++ {
		opts := []chaintest.Option{chaintest.PayTo(key.P2WPKH())}
		if i > 101 {
			opts = append(opts, chaintest.With(chaintest.SpendOne(t, tr.Named(fmt.Sprint("a", i-101)).Coinbase(key), key.P2TR(), 1000)), chaintest.Fees(1000))
		}
		parent, name := fmt.Sprint("a", i-1), fmt.Sprint("a", i)
		if i == 1 {
			parent = chaintest.Genesis
		}
		m := tr.Block(parent, name, opts...)
		w.byHash[m.Node.Hash] = m
		tr.Accept(name)
		if i == snapshotAt {
			w.file = dumped(t, r)
		}
	}
	var err error
	if w.stats, err = r.CoinStats(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// dumped is the snapshot's file at the tip.
func dumped(t *testing.T, r *rig) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "utxo.dat")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sw, err := coins.NewSnapshotWriter(file, r.cfg.Params)
	if err != nil {
		t.Fatal(err)
	}
	base, err := r.ScanCoins(t.Context(), sw.Add)
	if err == nil {
		_, _, err = sw.Close(base.Hash)
	}
	raw, rerr := os.ReadFile(path)
	if err = errors.Join(err, rerr); err != nil {
		t.Fatal(err)
	}
	return raw
}

// begin gives a rig the headers, and the first blocks.
func (w *snapshotWorld) begin(r *rig, blocks int) {
	w.headers(r)
	for i := 1; i <= blocks; i++ {
		if err := r.Submit(w.Named(fmt.Sprint("a", i))); err != nil && !errors.Is(err, chain.ErrDuplicate) {
			r.t.Fatal(err)
		}
	}
}

func (w *snapshotWorld) headers(r *rig) {
	var nodes []*chain.HeaderNode
	for i := 1; i <= snapshotEnd; i++ {
		nodes = append(nodes, w.Named(fmt.Sprint("a", i)).Node)
	}
	r.AddHeaders(nodes)
	if _, err := r.LastEvent(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) load(file []byte) (*chain.HeaderNode, error) {
	sr, err := coins.NewSnapshotReader(bytes.NewReader(file), r.cfg.Params)
	if err != nil {
		return nil, err
	}
	return r.LoadSnapshot(r.t.Context(), sr, func() bool { return true })
}

// serve submits what is asked for, until the snapshot is proven or the ledger ends.
func (w *snapshotWorld) serve(r *rig) {
	r.t.Helper()
	next := 0
	for range 60_000 {
		if base, _ := r.Unproven(); base == nil {
			return
		}
		r.mu.Lock()
		events := r.events[next:]
		next = len(r.events)
		r.mu.Unlock()
		for _, ev := range events {
			for _, n := range ev.Lost {
				r.later(w.byHash[n.Hash])
			}
		}
		select {
		case err := <-r.ended:
			r.ended <- err
			return
		case <-time.After(time.Millisecond):
		}
	}
	r.t.Fatal("the snapshot is not proven")
}

// finish gives the rig whatever is left, and looks at what it has then.
func (w *snapshotWorld) finish(r *rig) {
	r.t.Helper()
	for i := 1; i <= snapshotEnd; i++ {
		if err := r.Submit(w.Named(fmt.Sprint("a", i))); err != nil && !errors.Is(err, chain.ErrDuplicate) {
			r.t.Fatalf("a%d: %v", i, err)
		}
	}
	w.serve(r)
	s, err := r.CoinStats(r.t.Context())
	if err != nil || s.Best != w.stats.Best || s.MuHash != w.stats.MuHash || s.Serialized3 != w.stats.Serialized3 {
		r.t.Fatalf("coins at %d are %v, %v; want %v at %d", s.Height, s.MuHash, err, w.stats.MuHash, w.stats.Height)
	}
	if err := r.CheckFile(r.t.Context(), nil); err != nil {
		r.t.Error(err)
	}
	for i := 1; i <= snapshotEnd; i++ {
		m := w.Named(fmt.Sprint("a", i))
		if _, err := r.Spent(m.Node.Hash); err != nil {
			r.t.Errorf("a%d: %v", i, err)
		}
		if _, ok, err := r.FindTx(m.Block.Txs[0].ID); !ok || err != nil {
			r.t.Errorf("the transaction of a%d is not found: %v", i, err)
		}
		if _, _, ok, err := r.Filter(m.Node.Hash); !ok || err != nil {
			r.t.Errorf("a%d has no filter: %v", i, err)
		}
		if got, want := r.ChainTxs(m.Node.Hash), uint64(i+1+max(0, i-101)); got != want {
			r.t.Errorf("a%d: %d transactions so far, want %d", i, got, want)
		}
	}
}

func TestASnapshotIsTheCoinSetAndIsProven(t *testing.T) {
	w := newSnapshotWorld(t)
	r := newRig(t, func(c *Config, _ *db.Options) { c.CoinStatsIndex, c.AddressIndex = true, true })
	w.begin(r, snapshotOld)
	base, err := r.load(w.file)
	if err != nil || base.Hash != w.Named("a115").Node.Hash || r.Tip() != base {
		t.Fatalf("loaded %v, %v", base, err)
	}
	if b, proven := r.Unproven(); b != base || proven.Hash != w.Named("a20").Node.Hash {
		t.Errorf("unproven %v from %v", b, proven)
	}
	if _, err := r.Block(w.Named("a21").Node.Hash); !errors.Is(err, ErrNotFound) || !errors.Is(err, chain.ErrAwaited) {
		t.Errorf("a block below: %v", err)
	}
	if !r.Absent(w.Named("a21").Node.Hash) || r.Absent(w.Named("a20").Node.Hash) || r.Absent(w.Named("a116").Node.Hash) {
		t.Error("it is not said which bodies are absent")
	}
	for i := snapshotAt + 1; i <= snapshotEnd; i++ { // the chain grows while nothing is proven
		if err := r.Submit(w.Named(fmt.Sprint("a", i))); err != nil {
			t.Fatal(err)
		}
	}
	r.check()
	if h, all := r.Indexed(); all || h != snapshotOld {
		t.Errorf("indexed to %d, %v", h, all)
	}
	for _, name := range []string{"a1", "a20", "a115"} {
		if _, err := r.Invalidate(t.Context(), w.Named(name).Node.Hash); !errors.Is(err, errUnproven) {
			t.Errorf("invalidate %s: %v", name, err)
		}
	}
	r.invalidate(w.Named("a116"))
	if r.Tip() != base {
		t.Errorf("the tip is at %d", r.Tip().Height)
	}
	r.reconsider(w.Named("a116"))
	if _, err := r.load(w.file); err == nil || err.Error() != "Can't activate a snapshot-based chainstate more than once" {
		t.Errorf("loaded again: %v", err)
	}
	w.serve(r)
	w.finish(r)
	r.invalidate(w.Named("a50")) // now the way below is open
	if r.Tip().Height != 49 {
		t.Errorf("the tip is at %d", r.Tip().Height)
	}
	r.reconsider(w.Named("a50"))
	r.check()
}

// The chain that is here is another one, of less work: it is taken back while the snapshot is proven.
func TestASnapshotBesideTheChainThatIsHere(t *testing.T) {
	w := newSnapshotWorld(t)
	r := newRig(t)
	w.begin(r, 10)
	key := chaintest.NewKey(9)
	w.Grow("a10", "b", 30, chaintest.PayTo(key.P2PKH()))
	for i := 1; i <= 30; i++ {
		if err := r.Submit(w.Named(fmt.Sprint("b", i))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.load(w.file); err != nil {
		t.Fatal(err)
	}
	w.serve(r)
	w.finish(r)
}

// Whenever the power fails, the file is that of before or after a step, and goes on.
func TestASnapshotSurvivesACrashAtEachCommit(t *testing.T) {
	w := newSnapshotWorld(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "chain.db")
	r := start(t, path)
	w.begin(r, snapshotOld)
	r.stop()
	crashes := 0
	r = start(t, path, func(_ *Config, o *db.Options) {
		o.OnCommit = func(n int) {
			raw, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, fmt.Sprint("crash", n)), raw, 0o600)
			}
			if err != nil {
				t.Error(err)
			}
			crashes = max(crashes, n+1)
		}
	})
	if _, err := r.load(w.file); err != nil {
		t.Fatal(err)
	}
	w.serve(r)
	w.finish(r)
	r.stop()
	unproven := 0
	for n := range crashes {
		c := start(t, filepath.Join(dir, fmt.Sprint("crash", n)))
		if base, _ := c.Unproven(); base != nil {
			unproven++
		}
		c.check0()
		w.headers(c)
		w.finish(c)
		c.stop()
	}
	if crashes < 8 || unproven < 2 {
		t.Errorf("only %d moments were tried, %d of them between loading and proof", crashes, unproven)
	}
}

// A snapshot with a coin that the blocks do not make is found out, and what was built on it goes with it.
func TestAFalseSnapshotIsThrownAway(t *testing.T) {
	w := newSnapshotWorld(t)
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path)
	w.begin(r, snapshotOld)
	false1 := bytes.Clone(w.file)
	false1[51+32+1]++ // the first coin's height or coinbase
	if _, err := r.load(false1); err != nil {
		t.Fatal(err)
	}
	for i := snapshotAt + 1; i <= snapshotEnd; i++ {
		r.Submit(w.Named(fmt.Sprint("a", i))) // whatever is said of them
	}
	w.serve(r)
	if err := <-r.ended; !errors.Is(err, ErrFalseSnapshot) || !strings.Contains(err.Error(), "resume syncing from 115") {
		t.Fatalf("Run: %v", err)
	}
	r.cancel()
	<-r.done
	r.file.Close()
	close(r.ended)
	again := start(t, path)
	if base, _ := again.Unproven(); base != nil || again.Tip().Height != snapshotAt {
		t.Errorf("the node goes on at %d, %v", again.Tip().Height, base)
	}
	w.finish(again)
}

func TestASnapshotThatCannotBeLoadedChangesNothing(t *testing.T) {
	w := newSnapshotWorld(t)
	r := newRig(t)
	p := r.cfg.Params
	full := func() bool { return false }
	try := func(file []byte, empty func() bool) error {
		sr, err := coins.NewSnapshotReader(bytes.NewReader(file), p)
		if err != nil {
			return err
		}
		_, err = r.LoadSnapshot(t.Context(), sr, empty)
		return err
	}
	expect := func(what string, err error, want string) {
		t.Helper()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	edit := func(at int, bytes ...byte) []byte {
		file := append([]byte{}, w.file...)
		copy(file[at:], bytes)
		return file
	}
	none := func() bool { return true }
	expect("no headers", try(w.file, none), "The base block header (")
	w.begin(r, snapshotOld)
	expect("pool", try(w.file, full), "Can't activate a snapshot when mempool not empty")
	expect("magic", try(edit(0, 'x'), none), "Invalid UTXO set snapshot magic bytes.")
	expect("version", try(edit(5, 3), none), "Version of snapshot 3 does not match any of the supported versions.")
	expect("network", try(edit(7, 0xf9, 0xbe, 0xb4, 0xd9), none), "The network of the snapshot (main) does not match the network of this node (regtest).")
	expect("no network", try(edit(7, 0, 0, 0, 0), none), "This snapshot has been created for an unrecognized network.")
	expect("short head", try(w.file[:50], none), "end of file")
	expect("more coins", try(edit(43, w.file[43]+1), none), "Bad snapshot format or truncated snapshot after deserializing")
	expect("fewer coins", try(edit(43, w.file[43]-1), none), "Bad snapshot - coins left over after deserializing")
	expect("too many of a transaction", try(edit(51+32, 0xfd, 0xff, 0xff), none), "Mismatch in coins count in snapshot metadata and actual snapshot data")
	expect("high", try(edit(51+34, 0x84, 0x58), none), "Bad snapshot data after deserializing 0 coins")
	one := append(append([]byte{}, w.file[:43]...), 1, 0, 0, 0, 0, 0, 0, 0)
	coin := func(bytes ...byte) []byte { return append(append(one[:51:51], make([]byte, 32)...), bytes...) }
	expect("rich", try(coin(1, 0, 0, 0xca, 0xd2, 0x8f, 0x5a, 6), none), "Bad snapshot data after deserializing 0 coins - bad tx out value")
	expect("number of a number too large", try(coin(1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 6), none), "Bad snapshot format or truncated")
	expect("a number in a longer form", try(coin(0xfd, 1, 0, 0, 0, 6), none), "Bad snapshot format or truncated")
	for _, n := range []int{51, 60, 52 + 32, len(w.file) - 1} {
		expect(fmt.Sprint("cut at ", n), try(w.file[:n], none), "Bad snapshot format or truncated snapshot after deserializing")
	}
	r.invalidate(w.Named("a60"))
	expect("invalid", try(w.file, none), "The base block header ("+w.Named("a115").Node.Hash.String()+") is part of an invalid chain")
	r.reconsider(w.Named("a60"))
	w.Grow("a100", "c", 40)
	nodes := []*chain.HeaderNode{}
	for i := 1; i <= 40; i++ {
		nodes = append(nodes, w.Named(fmt.Sprint("c", i)).Node)
	}
	r.AddHeaders(nodes)
	if _, err := r.LastEvent(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("another chain", try(w.file, none), "A forked headers-chain with more work")
	err := r.file.View(func(tx *db.Tx) error {
		return coins.Second.Scan(tx, func(op wire.OutPoint, _ chain.Coin) error { return fmt.Errorf("coin %s is left", op) })
	})
	if err != nil || r.Tip().Height != snapshotOld {
		t.Errorf("the tip is at %d, %v", r.Tip().Height, err)
	}
	r.check()
}

func TestASnapshotOfLessWork(t *testing.T) {
	w := newSnapshotWorld(t)
	r := newRig(t)
	w.begin(r, snapshotAt)
	if _, err := r.load(w.file); err == nil || err.Error() != "Population failed: Work does not exceed active chainstate" {
		t.Errorf("a snapshot of the tip: %v", err)
	}
}

// Who hands in a snapshot while the indexes catch up is answered, though the ledger stops before it has begun to write.
func TestASnapshotIsRefusedByALedgerThatStopsEarly(t *testing.T) {
	w := newSnapshotWorld(t)
	path := filepath.Join(t.TempDir(), "chain.db")
	r := start(t, path)
	w.begin(r, snapshotOld)
	cfg := r.cfg
	r.stop()
	file, err := db.Open(path, Name, Schema, db.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cfg.DB, cfg.AddressIndex = file, true
	l, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	snap, err := coins.NewSnapshotReader(bytes.NewReader(w.file), cfg.Params)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.LoadSnapshot(t.Context(), snap, func() bool { return true }); !errors.Is(err, chain.ErrShutdown) {
		t.Errorf("loading a snapshot: %v", err)
	}
}
