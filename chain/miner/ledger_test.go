package miner_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/miner"
	"grapevine/chain/script"
	"grapevine/db"
)

// miniNode is a real ledger with pool and miner, and the one goroutine that lets
// the pool follow before it passes verdicts on.
type miniNode struct {
	*ledger.Ledger
	pool  *mempool.Pool
	miner *miner.Miner

	mu      sync.Mutex
	waiting map[chain.Hash]chan error
	seq     uint64
	moved   *sync.Cond
}

func newMiniNode(t testing.TB) *miniNode {
	t.Helper()
	return newMiniNodeOf(t, chain.RegTest())
}

func newMiniNodeOf(t testing.TB, p *chain.Params) *miniNode {
	t.Helper()
	file, err := db.Open(filepath.Join(t.TempDir(), "chain.db"), ledger.Name, ledger.Schema, db.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	checker := script.New(script.Config{})
	l, err := ledger.Open(ledger.Config{DB: file, Params: p, Script: checker, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	w := &miniNode{Ledger: l, waiting: map[chain.Hash]chan error{}}
	w.moved = sync.NewCond(&w.mu)
	w.pool = mempool.New(mempool.Config{
		Params: p, View: func() mempool.View { return l.View() }, Script: checker, Now: time.Now,
	})
	w.miner = miner.New(miner.Config{Params: p, Ledger: l, Pool: w.pool, Submit: w.submit, Now: time.Now})
	ctx, stop := context.WithCancel(context.Background())
	var ends sync.WaitGroup
	ends.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	ends.Go(func() { w.follow(ctx) })
	t.Cleanup(func() {
		stop()
		ends.Wait()
		file.Close()
	})
	return w
}

func (w *miniNode) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case ev := <-w.Events():
			if ev.Delta != nil {
				w.pool.Apply(*ev.Delta)
			}
			w.mu.Lock()
			for _, v := range ev.Verdicts {
				w.waiting[v.Node.Hash] <- v.Err
			}
			w.seq = ev.Seq
			w.moved.Broadcast()
			w.mu.Unlock()
		}
	}
}

func (w *miniNode) submit(ctx context.Context, b *chain.Block) error {
	answer := make(chan error, 1)
	w.mu.Lock()
	w.waiting[b.Hash] = answer
	w.mu.Unlock()
	parent, _, _ := w.Lookup(b.Header.PrevBlock)
	node := chain.NewHeaderNode(parent, b.Header)
	w.AddHeaders([]*chain.HeaderNode{node})
	w.Submit(node, b, 0)
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *miniNode) settle(seq uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.seq < seq {
		w.moved.Wait()
	}
}

func (w *miniNode) generate(t *testing.T, n int, payTo []byte) []chain.Hash {
	t.Helper()
	hashes, err := w.miner.Generate(t.Context(), n, payTo, 0)
	if err != nil || len(hashes) != n {
		t.Fatalf("%d of %d blocks: %v", len(hashes), n, err)
	}
	return hashes
}

func (w *miniNode) expect(t *testing.T, inPool int) {
	t.Helper()
	if err := w.pool.Check(); err != nil {
		t.Fatal(err)
	}
	if got := w.pool.Stats().Size; got != inPool {
		t.Fatalf("%d transactions in the pool, want %d", got, inPool)
	}
}

// takeBack takes back a block by name, and what is built on it.
func (w *miniNode) takeBack(t *testing.T, hash chain.Hash) {
	t.Helper()
	seq, err := w.Invalidate(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	w.settle(seq)
}

func TestPoolAndMinerOnARealLedger(t *testing.T) {
	w, key := newMiniNode(t), chaintest.NewKey(1)
	hashes := w.generate(t, 102, key.P2WPKH())
	if w.Tip().Hash != hashes[101] {
		t.Fatal("the last block made is not the tip")
	}
	var parents []*chain.Tx
	for i := range 2 {
		block, err := w.Block(hashes[i])
		if err != nil {
			t.Fatal(err)
		}
		tx := chaintest.SpendOne(t, chaintest.OutputOf(block.Txs[0], 0, key), key.P2TR(), 1000)
		if _, err := w.pool.Add(tx); err != nil {
			t.Fatal(err)
		}
		parents = append(parents, tx)
	}
	child := chaintest.SpendOne(t, chaintest.OutputOf(parents[0], 0, key), key.P2WPKH(), 5000)
	if _, err := w.pool.Add(child); err != nil {
		t.Fatal(err)
	}
	mined := w.generate(t, 1, key.P2TR())
	w.expect(t, 0)
	block, err := w.Block(mined[0])
	if err != nil || len(block.Txs) != 4 || block.Txs[0].TxOut[0].Value != 50e8+7000 {
		t.Fatalf("%v, %d transactions", err, len(block.Txs))
	}

	// Back, and without the block they are unconfirmed again, but mined by the next.
	w.takeBack(t, mined[0])
	w.expect(t, 3)
	if w.Tip().Hash != hashes[101] {
		t.Fatal("the tip has not gone back")
	}
	again := w.generate(t, 1, key.P2TR())
	w.expect(t, 0)
	if block, err = w.Block(again[0]); err != nil || len(block.Txs) != 4 {
		t.Fatal(err)
	}

	// Of ten blocks that are taken back by name all comes back, of eleven not what the
	// oldest held.
	w.generate(t, 9, key.P2TR())
	w.takeBack(t, again[0])
	w.expect(t, 3)
	again = w.generate(t, 11, key.P2TR())
	w.expect(t, 0)
	w.takeBack(t, again[0])
	w.expect(t, 0)
	for _, tx := range append(parents, child) {
		if _, err := w.pool.Add(tx); err != nil {
			t.Fatal(err)
		}
	}
	again = w.generate(t, 1, key.P2TR())
	w.expect(t, 0)

	// A coinbase of a block that goes takes its spenders along.
	w.generate(t, 99, key.P2TR())
	late, err := w.Block(again[0])
	if err != nil {
		t.Fatal(err)
	}
	spend := chaintest.SpendOne(t, chaintest.OutputOf(late.Txs[0], 0, key), key.P2TR(), 1000)
	if _, err := w.pool.Add(spend); err != nil {
		t.Fatal(err)
	}
	w.takeBack(t, again[0])
	w.expect(t, 0)
	if _, ok := w.pool.Entry(spend.ID); ok {
		t.Fatal("it spends a coinbase that is gone")
	}
}

// Who signs blocks of a signet asks for a template first: it has no signature yet.
func TestTemplatesOfASignetNeedNoSignature(t *testing.T) {
	key, p := chaintest.NewKey(1), chain.RegTest()
	p.SignetChallenge = key.P2WPKH()
	w := newMiniNodeOf(t, p)
	tmpl, err := w.miner.Template(t.Context(), key.P2WPKH())
	if err != nil || tmpl.Height != 1 {
		t.Fatal(err)
	}
	if _, err := w.miner.Generate(t.Context(), 1, key.P2WPKH(), 0); !errors.Is(err, chain.ErrSignetSolution) {
		t.Fatalf("a block without a signature: %v", err)
	}
}

// liar is a pool that says of itself what is not so.
type liar struct {
	miner.Pool
	lie func([]mempool.Candidate) []mempool.Candidate
}

func (l liar) Snapshot() mempool.Snapshot {
	s := l.Pool.Snapshot()
	s.Txs = l.lie(s.Txs)
	return s
}

// A template that would be refused is found before anybody works on it, whatever the pool holds, and whether the ledger
// has seen its transactions before or not.
func TestTemplatesOfAPoolThatLiesAreRefused(t *testing.T) {
	w, key := newMiniNode(t), chaintest.NewKey(1)
	hashes := w.generate(t, 104, key.P2WPKH())
	coin := func(i int) chaintest.Coin {
		block, err := w.Block(hashes[i])
		if err != nil {
			t.Fatal(err)
		}
		return chaintest.OutputOf(block.Txs[0], 0, key)
	}
	parent := chaintest.SpendOne(t, coin(0), key.P2WPKH(), 2000)
	for _, tx := range []*chain.Tx{parent, chaintest.SpendOne(t, chaintest.OutputOf(parent, 0, key), key.P2TR(), 3000), chaintest.SpendOne(t, coin(1), key.P2TR(), 1000)} {
		if _, err := w.pool.Add(tx); err != nil {
			t.Fatal(err)
		}
	}
	add := func(tx *chain.Tx) func([]mempool.Candidate) []mempool.Candidate {
		return func(txs []mempool.Candidate) []mempool.Candidate {
			return append(txs, mempool.Candidate{Tx: tx, Fee: 1000, Modified: 1000, VSize: tx.VSize(), SigOpCost: 1})
		}
	}
	spentCoin := chaintest.Coin{Op: wire.OutPoint{Hash: chain.Hash{1}}, Value: 5000, Script: key.P2WPKH(), Key: key}
	forged := chaintest.SpendOne(t, coin(2), key.P2TR(), 1000).Copy()
	forged.TxIn[0].Witness[0][20] ^= 1
	for _, c := range []struct {
		name string
		want error
		lie  func([]mempool.Candidate) []mempool.Candidate
	}{
		{"the truth", nil, func(txs []mempool.Candidate) []mempool.Candidate { return txs }},
		{"a fee", chain.ErrCoinbaseAmount, func(txs []mempool.Candidate) []mempool.Candidate { txs[2].Fee++; return txs }},
		{"a coin that is gone", chain.ErrInputsMissing, add(chaintest.SpendOne(t, spentCoin, key.P2TR(), 1000))},
		{"a coin that another spends", chain.ErrInputsMissing, add(chaintest.SpendOne(t, coin(1), key.P2WPKH(), 1000))},
		{"a coin that is too young", chain.ErrImmatureCoinbase, add(chaintest.SpendOne(t, coin(60), key.P2WPKH(), 1000))},
		{"a forged signature", chain.ErrBlockScript, add(chain.NewTx(forged))},
		{"a child without its parent", chain.ErrInputsMissing, func(txs []mempool.Candidate) []mempool.Candidate { return txs[1:] }},
		{"a child before its parent", chain.ErrInputsMissing, func(txs []mempool.Candidate) []mempool.Candidate {
			txs[0], txs[1] = txs[1], txs[0]
			return txs
		}},
		{"no relatives", chain.ErrInputsMissing, func(txs []mempool.Candidate) []mempool.Candidate {
			txs[0].Related, txs[1].Related = false, false
			return txs
		}},
		{"signature operations", chain.ErrBadSigOps, func(txs []mempool.Candidate) []mempool.Candidate {
			many := chaintest.SpendWith(t, []chaintest.Coin{coin(2)}, func(tx *wire.MsgTx) {
				tx.AddTxOut(chaintest.Pay(1, bytes.Repeat([]byte{txscript.OP_CHECKSIG}, chain.MaxSigOpCost/chain.WitnessScale)))
			})
			return add(many)(txs)
		}},
		{"the truth again", nil, func(txs []mempool.Candidate) []mempool.Candidate { return txs }},
	} {
		m := miner.New(miner.Config{Params: chain.RegTest(), Ledger: w.Ledger, Pool: liar{w.pool, c.lie}, Submit: w.submit, Now: time.Now})
		for range 2 {
			if _, err := m.Template(t.Context(), key.P2WPKH()); !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
	}
}

// A template of a pool of 20,000 transactions, each time made anew: more than a block holds.
func BenchmarkTemplateOf20000(b *testing.B) {
	w := newMiniNode(b)
	key := chaintest.NewKey(1)
	tip := w.Tip()
	var fans []*chain.Tx
	for _, m := range chaintest.Grow(b, chain.RegTest(), tip, chaintest.Times(108), chaintest.PayTo(chaintest.OpTrue())) {
		if err := w.submit(b.Context(), m.Block); err != nil {
			b.Fatal(err)
		}
		if len(fans) < 8 {
			outs := make([]*wire.TxOut, 2500)
			for i := range outs {
				outs[i] = chaintest.Pay(1_000_000, key.P2WPKH())
			}
			fans = append(fans, chaintest.Spend(b, []chaintest.Coin{m.Coinbase(nil)}, outs...))
		}
		tip = m.Node
	}
	m := chaintest.Mine(b, chain.RegTest(), tip, chaintest.With(fans...))
	if err := w.submit(b.Context(), m.Block); err != nil {
		b.Fatal(err)
	}
	for i, fan := range fans {
		for j := range fan.TxOut {
			tx := chaintest.SpendOne(b, chaintest.OutputOf(fan, j, key), key.P2WPKH(), btcutil.Amount(1000+j*7+i))
			if _, err := w.pool.Add(tx); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.miner.Template(b.Context(), key.P2WPKH()); err != nil {
			b.Fatal(err)
		}
	}
}
