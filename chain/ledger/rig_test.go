package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/coins"
	"grapevine/chain/script"
	"grapevine/db"
)

// rig is a running ledger with a follower that keeps a naive twin of the coin
// set from the Deltas, and hands verdicts to those who wait.
type rig struct {
	*Ledger
	t      testing.TB
	file   *db.DB
	cancel context.CancelFunc
	ended  chan error
	done   chan struct{} // follower

	mu       sync.Mutex
	verdicts map[uint64]chan error
	next     uint64
	twin     twin
	seq      uint64
	moved    int     // Deltas
	events   []Event // without Deltas' blocks
}

type option func(*Config, *db.Options)

func start(t testing.TB, path string, opts ...option) *rig {
	t.Helper()
	c := Config{Params: chain.RegTest(), Script: script.New(script.Config{CacheEntries: 1000}),
		TxIndex: true, FilterIndex: true, Workers: 3, Now: time.Now}
	o := db.Options{NoSync: true}
	for _, opt := range opts {
		opt(&c, &o)
	}
	file, err := db.Open(path, Name, Schema, o)
	if err != nil {
		t.Fatal(err)
	}
	c.DB = file
	l, err := Open(c)
	if err != nil {
		file.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &rig{Ledger: l, t: t, file: file, cancel: cancel, ended: make(chan error, 1), done: make(chan struct{}),
		verdicts: map[uint64]chan error{}, twin: twin{tip: l.Tip(), coins: map[wire.OutPoint]chain.Coin{}}}
	r.twin.fill(t, file, l.set.Place())
	go r.follow(ctx)
	go func() { r.ended <- l.Run(ctx) }()
	t.Cleanup(r.stop)
	return r
}

func newRig(t testing.TB, opts ...option) *rig {
	t.Helper()
	return start(t, filepath.Join(t.TempDir(), "chain.db"), opts...)
}

// stop ends the ledger cleanly; a second call does nothing.
func (r *rig) stop() {
	r.cancel()
	select {
	case err, first := <-r.ended:
		if !first {
			return
		}
		if err != nil {
			r.t.Errorf("Run: %v", err)
		}
		<-r.done
		r.file.Close()
		close(r.ended)
	case <-time.After(2 * time.Minute):
		r.t.Error("Run does not end")
	}
}

func (r *rig) follow(ctx context.Context) {
	defer close(r.done)
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-r.Events():
			r.onEvent(ev)
		}
	}
}

func (r *rig) onEvent(ev Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ev.Seq != r.seq+1 {
		r.t.Errorf("event %d after %d", ev.Seq, r.seq)
	}
	r.seq = ev.Seq
	if ev.Delta != nil {
		r.moved++
		if len(ev.Delta.Connected)+len(ev.Delta.Disconnected) == 0 { // a snapshot was loaded
			r.twin = twin{tip: ev.Delta.Tip, coins: map[wire.OutPoint]chain.Coin{}}
			r.twin.fill(r.t, r.file, r.set.Place())
		} else if err := r.twin.apply(ev.Delta); err != nil {
			r.t.Error(err)
		}
	}
	for _, v := range ev.Verdicts {
		ch := r.verdicts[v.From]
		if ch == nil {
			r.t.Errorf("a verdict that nobody waits for: %+v", v)
			continue
		}
		delete(r.verdicts, v.From)
		ch <- v.Err
	}
	ev.Delta = nil
	r.events = append(r.events, ev)
}

// later submits a block and returns where its verdict will come.
func (r *rig) later(m chaintest.Mined) <-chan error {
	r.mu.Lock()
	r.next++
	from, ch := r.next, make(chan error, 1)
	r.verdicts[from] = ch
	r.mu.Unlock()
	r.Ledger.Submit(m.Node, m.Block, from)
	return ch
}

// Submit implements chaintest.Ledger.
func (r *rig) Submit(m chaintest.Mined) error {
	select {
	case err := <-r.later(m):
		return err
	case <-time.After(2 * time.Minute):
		return errors.New("no verdict")
	}
}

// deltas counts the moves so far.
func (r *rig) deltas() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// settle waits until the follower has seen the event.
func (r *rig) settle(seq uint64) {
	for range 120_000 {
		r.mu.Lock()
		at := r.seq
		r.mu.Unlock()
		if at >= seq {
			return
		}
		time.Sleep(time.Millisecond)
	}
	r.t.Errorf("event %d does not come", seq)
}

func (r *rig) invalidate(m chaintest.Mined) {
	r.t.Helper()
	seq, err := r.Invalidate(r.t.Context(), m.Node.Hash)
	if err != nil {
		r.t.Fatal(err)
	}
	r.settle(seq)
}

func (r *rig) reconsider(m chaintest.Mined) {
	r.t.Helper()
	seq, err := r.Reconsider(r.t.Context(), m.Node.Hash)
	if err != nil {
		r.t.Fatal(err)
	}
	r.settle(seq)
}

// check compares the coin set on disk with the twin, and proves the file.
func (r *rig) check() {
	r.t.Helper()
	s, err := r.CoinStats(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	waitFor(r.t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.twin.tip.Hash == s.Best }) // the tip moves before its Delta is read
	r.mu.Lock()
	defer r.mu.Unlock()
	if want := r.twin.stats(); s.Best != r.twin.tip.Hash || s.TxOuts != want.TxOuts || s.Total != want.Total || s.MuHash != want.MuHash {
		r.t.Fatalf("coin set at %d is %d coins, %v, muhash %v;\nthe twin at %d has %d coins, %v, muhash %v",
			s.Height, s.TxOuts, s.Total, s.MuHash, r.twin.tip.Height, want.TxOuts, want.Total, want.MuHash)
	}
	if err := r.CheckFile(r.t.Context(), nil); err != nil {
		r.t.Error(err)
	}
}

// twin is the naive ledger: a map that follows Deltas.
type twin struct {
	tip   *chain.HeaderNode
	coins map[wire.OutPoint]chain.Coin
}

// fill begins with what is on disk.
func (w *twin) fill(t testing.TB, file *db.DB, place coins.Place) {
	err := file.View(func(tx *db.Tx) error {
		return place.Scan(tx, func(op wire.OutPoint, c chain.Coin) error {
			w.coins[op] = c
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *twin) apply(d *chain.Delta) error {
	for _, b := range d.Disconnected {
		if b.Node != w.tip {
			return fmt.Errorf("disconnected %d, but the tip is %d", b.Node.Height, w.tip.Height)
		}
		for i := len(b.Block.Txs) - 1; i >= 0; i-- {
			w.undo(b.Block.Txs[i], b.Spent[i])
		}
		w.tip = b.Node.Parent
	}
	for _, b := range d.Connected {
		if b.Node.Parent != w.tip {
			return fmt.Errorf("connected %d, but the tip is %d", b.Node.Height, w.tip.Height)
		}
		for i, tx := range b.Block.Txs {
			if err := w.do(tx, b.Spent[i], b.Node.Height); err != nil {
				return err
			}
		}
		w.tip = b.Node
	}
	if w.tip != d.Tip {
		return fmt.Errorf("the Delta ends at %d, its tip is %d", w.tip.Height, d.Tip.Height)
	}
	return nil
}

func (w *twin) undo(tx *chain.Tx, spent []chain.Coin) {
	for i := range tx.TxOut {
		delete(w.coins, wire.OutPoint{Hash: tx.ID, Index: uint32(i)})
	}
	for i, c := range spent {
		w.coins[tx.TxIn[i].PreviousOutPoint] = c
	}
}

func (w *twin) do(tx *chain.Tx, spent []chain.Coin, height int32) error {
	for i, c := range spent {
		op := tx.TxIn[i].PreviousOutPoint
		if have, ok := w.coins[op]; !ok || !reflect.DeepEqual(have, c) {
			return fmt.Errorf("%v was spent as %+v, but is %+v, %v", op, c, have, ok)
		}
		delete(w.coins, op)
	}
	for i, out := range tx.TxOut {
		if len(out.PkScript) > 0 && out.PkScript[0] == 0x6a {
			continue
		}
		w.coins[wire.OutPoint{Hash: tx.ID, Index: uint32(i)}] = chain.Coin{Value: btcutil.Amount(out.Value),
			PkScript: append([]byte{}, out.PkScript...), Height: height, Coinbase: tx.IsCoinbase()}
	}
	return nil
}

// sized is how large a test is: small in make test, and whole when
// GRAPEVINE_FULL is set, as make prove does.
func sized(small, whole int) int {
	if os.Getenv("GRAPEVINE_FULL") != "" {
		return whole
	}
	return small
}

// forHash is a coin as Bitcoin Core's set hashes take it.
func forHash(op wire.OutPoint, c chain.Coin) []byte {
	var buf bytes.Buffer
	buf.Write(op.Hash[:])
	head := uint32(c.Height) * 2
	if c.Coinbase {
		head++
	}
	binary.Write(&buf, binary.LittleEndian, []uint32{op.Index, head})
	wire.WriteTxOut(&buf, 0, 0, &wire.TxOut{Value: int64(c.Value), PkScript: c.PkScript})
	return buf.Bytes()
}

func (w *twin) stats() coins.Stats {
	var s coins.Stats
	mu := coins.NewMuHash()
	for op, c := range w.coins {
		s.TxOuts++
		s.Total += c.Value
		mu.Insert(forHash(op, c))
	}
	s.MuHash = mu.Sum()
	return s
}
