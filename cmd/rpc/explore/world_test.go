package explore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/history"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/poolapi"
)

// world is a node with an API, and all blocks that it was ever given.
type world struct {
	*explore.API
	t      *testing.T
	rand   *rand.Rand
	node   *node.Node
	mined  map[chain.Hash]chaintest.Mined
	blocks []chaintest.Mined // in the order they came
	extra  uint64
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	now := chain.RegTest().Genesis().Header.Timestamp.Add(500 * chaintest.BlockInterval)
	n, err := node.New(node.Config{
		Params: chain.RegTest(), DataDir: t.TempDir(), TxIndex: true, AddressIndex: true, NoSync: true, Version: "test",
		Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-n.Ready()
	p := chain.RegTest()
	w := &world{t: t, rand: rand.New(rand.NewPCG(seed, 7)), node: n, mined: map[chain.Hash]chaintest.Mined{}}
	w.API = explore.New(&chainapi.API{Params: p, Ledger: n.Ledger, Pool: n.Pool, TxIndex: true, AddressIndex: true},
		&poolapi.API{Params: p, Ledger: n.Ledger, Pool: n.Pool, TxIndex: true})
	return w
}

// The scripts of this world: P2WSH of OP_TRUE and some OP_NOP, which everybody may spend, and one that nobody uses.
const scripts = 5

func witnessOf(i int) []byte { return append([]byte{0x51}, bytes.Repeat([]byte{0x61}, i)...) }

func scriptOf(i int) []byte {
	sum := sha256.Sum256(witnessOf(i))
	return append([]byte{0, 32}, sum[:]...)
}

func names() (list []string) {
	for i := range scripts {
		list = append(list, string(scriptOf(i)))
	}
	return list
}

// coin is an output that may be spent.
type coin struct {
	op     wire.OutPoint
	value  int64
	script int
	since  int32 // height from which on
}

// branch are the blocks that end with one, lowest first.
func (w *world) branch(n *chain.HeaderNode) (list []chaintest.Mined) {
	for ; n.Parent != nil; n = n.Parent {
		list = append(list, w.mined[n.Hash])
	}
	slices.Reverse(list)
	return list
}

// spend makes a transaction of some coins that leaves a fee, and takes them from the list.
func (w *world) spend(coins *[]coin, height int32) *chain.Tx {
	tx := wire.NewMsgTx(2)
	sum := int64(0)
	for range 1 + w.rand.IntN(2) {
		var ripe []int
		for i, c := range *coins {
			if c.since <= height && c.value > 100_000 {
				ripe = append(ripe, i)
			}
		}
		if len(ripe) == 0 {
			break
		}
		i := ripe[w.rand.IntN(len(ripe))]
		c := (*coins)[i]
		*coins = slices.Delete(*coins, i, i+1)
		in := wire.NewTxIn(&c.op, nil, wire.TxWitness{witnessOf(c.script)})
		tx.AddTxIn(in)
		sum += c.value
	}
	if sum == 0 {
		return nil
	}
	sum -= 1000 + w.rand.Int64N(20_000)
	outs := 1 + w.rand.Int64N(3)
	for range outs {
		tx.AddTxOut(wire.NewTxOut(sum/outs, scriptOf(w.rand.IntN(scripts))))
	}
	return chain.NewTx(tx)
}

// made are the coins of a transaction.
func made(tx *chain.Tx, since int32) (list []coin) {
	for n, out := range tx.TxOut {
		if i := slices.Index(names(), string(out.PkScript)); i >= 0 {
			list = append(list, coin{wire.OutPoint{Hash: tx.ID, Index: uint32(n)}, out.Value, i, since})
		}
	}
	return list
}

func without(coins []coin, tx *chain.Tx) []coin {
	return slices.DeleteFunc(coins, func(c coin) bool {
		return slices.ContainsFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint == c.op })
	})
}

// coinsOf are those of a branch.
func (w *world) coinsOf(n *chain.HeaderNode) (coins []coin) {
	for _, m := range w.branch(n) {
		for i, tx := range m.Block.Txs {
			coins = without(coins, tx)
			since := m.Node.Height
			if i == 0 {
				since += 100
			}
			coins = append(coins, made(tx, since)...)
		}
	}
	return coins
}

// mine makes a block on parent with so many transactions.
func (w *world) mine(parent *chain.HeaderNode, txs int) {
	w.t.Helper()
	coins := w.coinsOf(parent)
	w.extra++
	opts := []chaintest.Option{chaintest.PayTo(scriptOf(w.rand.IntN(scripts))), chaintest.Extra(w.extra)}
	if w.rand.IntN(2) == 0 { // what waits is mined
		for _, e := range w.node.Pool.Snapshot().Txs {
			if w.rand.IntN(3) > 0 && !slices.ContainsFunc(e.Tx.TxIn, func(in *wire.TxIn) bool {
				return !slices.ContainsFunc(coins, func(c coin) bool { return c.op == in.PreviousOutPoint })
			}) {
				opts = append(opts, chaintest.With(e.Tx))
				coins = append(without(coins, e.Tx), made(e.Tx, 0)...)
			}
		}
	}
	for range txs {
		if tx := w.spend(&coins, parent.Height+1); tx != nil {
			opts = append(opts, chaintest.With(tx))
			coins = append(coins, made(tx, 0)...)
		}
	}
	m := chaintest.Mine(w.t, chain.RegTest(), parent, opts...)
	w.mined[m.Node.Hash] = m
	w.blocks = append(w.blocks, m)
	if err := w.node.Swarm.SubmitBlock(w.t.Context(), m.Block); err != nil && !errors.Is(err, chain.ErrInconclusive) {
		w.t.Fatalf("block of height %d: %v", m.Node.Height, err)
	}
}

// pay puts a transaction into the pool, of coins of chain and pool.
func (w *world) pay() {
	w.t.Helper()
	coins := w.coinsOf(w.node.Ledger.Tip())
	txs := w.node.Pool.Snapshot().Txs
	for _, e := range txs {
		coins = append(without(coins, e.Tx), made(e.Tx, 0)...)
	}
	for _, e := range txs { // of a child that stands before its parent
		coins = without(coins, e.Tx)
	}
	if tx := w.spend(&coins, w.node.Ledger.Tip().Height+1); tx != nil {
		_ = w.node.Swarm.SubmitTx(w.t.Context(), tx) // a chain may be too long
	}
}

// entry is a transaction in the chain.
type entry struct {
	tx     *chain.Tx
	block  *chain.HeaderNode
	place  int
	funds  []history.Fund
	spends []history.Spend
}

// naive is all that there is to know, found by going through everything.
type naive struct {
	histories map[int][]entry
	outputs   map[wire.OutPoint]*wire.TxOut
	unspent   []explore.Coin
	spender   map[wire.OutPoint]explore.Spending
	pool      map[int][]*chain.Tx
}

func (w *world) naive() *naive {
	v := &naive{histories: map[int][]entry{}, outputs: map[wire.OutPoint]*wire.TxOut{}, spender: map[wire.OutPoint]explore.Spending{}, pool: map[int][]*chain.Tx{}}
	take := func(tx *chain.Tx, block *chain.HeaderNode, place int) map[int]*entry {
		of := map[int]*entry{}
		at := func(script []byte) *entry {
			i := slices.Index(names(), string(script))
			if i >= 0 && of[i] == nil {
				of[i] = &entry{tx: tx, block: block, place: place}
			}
			return of[i]
		}
		for n, out := range tx.TxOut {
			v.outputs[wire.OutPoint{Hash: tx.ID, Index: uint32(n)}] = out
			if e := at(out.PkScript); e != nil {
				e.funds = append(e.funds, history.Fund{Vout: uint32(n), Value: btcutil.Amount(out.Value)})
				v.unspent = append(v.unspent, explore.Coin{Op: wire.OutPoint{Hash: tx.ID, Index: uint32(n)}, Value: btcutil.Amount(out.Value), Block: block})
			}
		}
		for n, in := range tx.TxIn {
			v.unspent = slices.DeleteFunc(v.unspent, func(c explore.Coin) bool { return c.Op == in.PreviousOutPoint })
			if out := v.outputs[in.PreviousOutPoint]; out != nil {
				v.spender[in.PreviousOutPoint] = explore.Spending{Tx: tx.ID, Vin: uint32(n), Block: block}
				if e := at(out.PkScript); e != nil {
					e.spends = append(e.spends, history.Spend{Vin: uint32(n), Value: btcutil.Amount(out.Value), Of: history.TagOf(in.PreviousOutPoint.Hash), Vout: in.PreviousOutPoint.Index})
				}
			}
		}
		return of
	}
	for _, m := range w.branch(w.node.Ledger.Tip()) {
		for place, tx := range m.Block.Txs {
			for i, e := range take(tx, m.Node, place) {
				v.histories[i] = append(v.histories[i], *e)
			}
		}
	}
	entries := w.node.Pool.Entries()
	waiting := map[chain.Hash]*chain.Tx{}
	for _, e := range entries {
		waiting[e.Tx.ID] = e.Tx
	}
	var visit func(tx *chain.Tx)
	visit = func(tx *chain.Tx) { // parents first
		if waiting[tx.ID] == nil {
			return
		}
		delete(waiting, tx.ID)
		for _, in := range tx.TxIn {
			if p := waiting[in.PreviousOutPoint.Hash]; p != nil {
				visit(p)
			}
		}
		for i := range take(tx, nil, 0) {
			v.pool[i] = append(v.pool[i], tx)
		}
	}
	for _, e := range entries {
		visit(e.Tx)
	}
	return v
}

// status is what Electrum's protocol says, by its text.
func (v *naive) status(i int) string {
	text := ""
	for _, e := range v.histories[i] {
		text += fmt.Sprintf("%s:%d:", e.tx.ID, e.block.Height)
	}
	lines := []string{}
	for _, tx := range v.pool[i] {
		depth := 0
		for _, in := range tx.TxIn {
			for _, list := range v.pool {
				if slices.ContainsFunc(list, func(p *chain.Tx) bool { return p.ID == in.PreviousOutPoint.Hash }) {
					depth = -1
				}
			}
		}
		lines = append(lines, fmt.Sprintf("%d%s:%d:", -depth, tx.ID, depth))
	}
	slices.Sort(lines)
	for _, l := range lines {
		text += l[1:]
	}
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
