package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/audit"
	"grapevine/chain/chaintest"
	"grapevine/chain/history"
	"grapevine/db"
)

// sampled keeps digests of shorter histories, and more often.
func sampled(every, of uint64) option {
	return func(c *Config, _ *db.Options) { c.sampling = history.Sampling{Every: every, Of: of} }
}

// checkDigests holds the digests of all scripts to what the blocks say.
func checkDigests(t *testing.T, r *rig) {
	t.Helper()
	texts, txs := map[chain.Hash]*strings.Builder{}, map[chain.Hash]uint64{}
	for h := int32(1); h <= r.Tip().Height; h++ {
		b, err := r.Block(r.AtHeight(h).Hash)
		if err != nil {
			t.Fatal(err)
		}
		spent, err := r.SpentBy(b)
		if err != nil {
			t.Fatal(err)
		}
		for i, tx := range b.Txs {
			for _, script := range history.Scripts(tx, spent[i]) {
				if texts[script] == nil {
					texts[script] = &strings.Builder{}
				}
				fmt.Fprintf(texts[script], "%s:%d:", tx.ID, h)
				txs[script]++
			}
		}
	}
	for script, text := range texts {
		d, err := r.HistoryDigest(t.Context(), script)
		if err != nil {
			t.Fatal(err)
		}
		if d.Txs != txs[script] || d.Sum() != sha256.Sum256([]byte(text.String())) {
			t.Fatalf("digest of %s at %d: of %d transactions, want %d", script, r.Tip().Height, d.Txs, txs[script])
		}
	}
}

// keptDigests counts those in the file.
func (r *rig) keptDigests(t *testing.T) (n int) {
	t.Helper()
	table := db.NewTable("digests", db.Bytes(), db.Bytes())
	err := r.file.View(func(tx *db.Tx) error {
		return table.Scan(tx, nil, func(_, _ []byte) (bool, error) { n++; return true, nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// caughtUp waits until a ledger that was started again stands where it stood.
func caughtUp(t *testing.T, r *rig) {
	t.Helper()
	waitFor(t, func() bool {
		_, all := r.Indexed()
		return all && r.Tip().Work.Cmp(r.Goal().Work) >= 0
	})
}

// Random trees with reorganisations, flushes, restarts and blocks made invalid by hand: the digests are always those
// of the chain, wherever they were left off.
func TestDigestsFollowTheChain(t *testing.T) {
	for _, s := range []history.Sampling{{Every: 1, Of: 1}, {Every: 5, Of: 3}, {Every: 40, Of: 8}} {
		rng := rand.New(rand.NewPCG(31, s.Every))
		path := filepath.Join(t.TempDir(), "chain.db")
		g := growGrove(t, rng, sized(25, 60))
		r := start(t, path, withIndexes(true), sampled(s.Every, s.Of))
		g.submitTrunk(t, r)
		for i, b := range g.blocks {
			<-r.later(b.Mined)
			switch rng.IntN(8) {
			case 0:
				if err := r.FlushCoins(t.Context()); err != nil {
					t.Fatal(err)
				}
			case 1:
				r.stop()
				r = start(t, path, withIndexes(true), sampled(s.Every, s.Of))
				caughtUp(t, r)
			case 2:
				if b := g.blocks[rng.IntN(i+1)]; linkedIn(r, b.Node) {
					r.invalidate(b.Mined)
					checkDigests(t, r)
					r.reconsider(b.Mined)
				}
			case 3, 4:
				checkDigests(t, r)
			}
		}
		checkDigests(t, r)
		r.stop()
		if err := CheckFile(t.Context(), path, chain.RegTest(), audit.Progress(nil)); err != nil {
			t.Fatal(err)
		}
		r = start(t, path, withIndexes(true), sampled(s.Every, s.Of))
		caughtUp(t, r)
		if n := r.keptDigests(t); n == 0 {
			t.Errorf("%+v: no digest is kept", s)
		}
		checkDigests(t, r)
		r.stop()
	}
}

// spread is a block of n transactions that all pay one script, on a chain that made coins for them.
func spread(n int, script []byte, from chaintest.Mined) (txs []*chain.Tx) {
	op := wire.OutPoint{Hash: from.Block.Txs[0].ID}
	for i := range n {
		m := wire.NewMsgTx(2)
		m.AddTxIn(wire.NewTxIn(&op, nil, nil))
		m.AddTxOut(wire.NewTxOut(from.Block.Txs[0].TxOut[0].Value-int64(i)-1, chaintest.OpTrue()))
		m.AddTxOut(wire.NewTxOut(1, script))
		tx := chain.NewTx(m)
		txs = append(txs, tx)
		op = wire.OutPoint{Hash: tx.ID}
	}
	return txs
}

// What many transactions of one block touch is followed from block to block, flushed or not, by a reorganisation too.
func TestDigestsOfBusyScriptsAreFollowed(t *testing.T) {
	r := newRig(t, withIndexes(true))
	p := r.cfg.Params
	trunk := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(110))
	for _, m := range trunk {
		if err := r.Submit(m); err != nil {
			t.Fatal(err)
		}
	}
	script := []byte{0x51, 0x51}
	add := func(parent *chain.HeaderNode, n, coin int) chaintest.Mined {
		m := chaintest.Mine(t, p, parent, chaintest.With(spread(n, script, trunk[coin])...), chaintest.Extra(uint64(n*1000+coin)))
		if err := <-r.later(m); err != nil && !errors.Is(err, chain.ErrInconclusive) {
			t.Fatal(err)
		}
		return m
	}
	remembered := func() bool {
		_, m := r.digests.find(history.PrefixOf(history.HashOf(script)), r.Tip())
		return m.at == r.Tip() && m.followed
	}
	fork := add(trunk[109].Node, busy-1, 0)
	if remembered() {
		t.Error("one less than is busy is followed")
	}
	left := add(fork.Node, busy, 1)
	if !remembered() {
		t.Error("a busy script is not followed")
	}
	checkDigests(t, r)
	add(left.Node, 1, 2)
	if !remembered() {
		t.Error("it is not followed further")
	}
	checkDigests(t, r)
	won := add(fork.Node, 2, 3)
	won = add(won.Node, 3, 4)
	won = add(won.Node, 4, 5)
	if r.Tip().Hash != won.Node.Hash {
		t.Fatal("no reorganisation")
	}
	checkDigests(t, r)
	add(won.Node, busy, 6)
	if !remembered() {
		t.Error("it is not followed on the other branch")
	}
	checkDigests(t, r)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.HistoryDigest(ctx, history.HashOf(chaintest.OpTrue())); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	r.cfg.AddressIndex = false
	if _, err := r.HistoryDigest(t.Context(), chain.Hash{}); !errors.Is(err, ErrNoIndex) {
		t.Error(err)
	}
}

// db check finds a digest that is false, and one of a block that is not there.
func TestCheckFileProvesTheDigests(t *testing.T) {
	s := spoil(t, 20, "digests", withIndexes(true), sampled(3, 1))
	table, check := s.table, func(want string) { t.Helper(); s.check(t, want) }
	change := func(fn func(tx *db.Tx, key, value []byte) error) {
		t.Helper()
		s.change(t, func([]byte) bool { return false }, fn)
	}
	check("")
	var was [2][]byte
	change(func(tx *db.Tx, k, v []byte) error {
		was = [2][]byte{append([]byte(nil), k...), append([]byte(nil), v...)}
		bad := append([]byte(nil), v...)
		bad[10] ^= 1
		return table.Put(tx, k, bad)
	})
	check("is not that of its history")
	change(func(tx *db.Tx, k, _ []byte) error { return table.Put(tx, k, []byte{1}) })
	check("is not that of its history")
	change(func(tx *db.Tx, _, _ []byte) error { return table.Put(tx, was[0], was[1]) })
	check("")
	change(func(tx *db.Tx, _, v []byte) error {
		return table.Put(tx, append(append([]byte(nil), was[0][:20]...), 0, 0xff, 0, 0), v)
	})
	check("stands at header 16711680, which is not there")
}

// BenchmarkFirstDigest is the first subscription to a script with 100,000 transactions: in memory where nothing is
// flushed yet, from the file after a restart, and as it would be without digests; and the first page of its history.
func BenchmarkFirstDigest(b *testing.B) {
	const blocks, txs = 200, 500
	path, script := filepath.Join(b.TempDir(), "chain.db"), []byte{0x51, 0x51}
	hash := history.HashOf(script)
	r := start(b, path, withIndexes(true))
	trunk := chaintest.Grow(b, r.cfg.Params, r.cfg.Params.Genesis(), chaintest.Times(100+blocks))
	for _, m := range trunk {
		if err := r.Submit(m); err != nil {
			b.Fatal(err)
		}
	}
	tip := trunk[len(trunk)-1].Node
	for i := range blocks {
		m := chaintest.Mine(b, r.cfg.Params, tip, chaintest.With(spread(txs, script, trunk[i])...))
		if err := r.Submit(m); err != nil {
			b.Fatal(err)
		}
		tip = m.Node
	}
	first := func(b *testing.B) {
		d, err := r.HistoryDigest(b.Context(), hash)
		if err != nil || d.Txs != blocks*txs {
			b.Fatalf("%v, %v", d, err)
		}
	}
	b.Run("waiting for a flush", func(b *testing.B) {
		for b.Loop() {
			first(b)
		}
	})
	r.stop()
	r = start(b, path, withIndexes(true))
	for _, all := r.Indexed(); !all; _, all = r.Indexed() {
		time.Sleep(time.Millisecond)
	}
	b.Run("after a restart", func(b *testing.B) {
		for b.Loop() {
			r.digests.of = nil
			first(b)
		}
	})
	b.Run("a page of 25", func(b *testing.B) { // as an explorer shows it, newest first
		for b.Loop() {
			n := 0
			err := r.History(Histories{Tip: tip, Script: hash, Back: true}, func(Touched) bool { n++; return n < 25 })
			if err != nil || n != 25 {
				b.Fatalf("%d, %v", n, err)
			}
		}
	})
	b.Run("without digests", func(b *testing.B) {
		r.archive.Node = nil
		for b.Loop() {
			r.digests.of = nil
			first(b)
		}
	})
	r.stop()
}
