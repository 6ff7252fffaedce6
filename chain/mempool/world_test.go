package mempool

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/policy"
	"grapevine/chain/script"
)

// world is a chain in memory, a pool that follows it, and a clock.
type world struct {
	t      testing.TB
	params *chain.Params
	pool   *Pool
	now    time.Time
	tip    *chain.HeaderNode
	coins  map[wire.OutPoint]chain.Coin
	blocks []chain.Linked // the active chain without genesis
	extra  uint64

	refused lowFeeParents // for their fee alone, by relay
}

// anyone is a standard script that needs no key: P2WSH of OP_TRUE.
func anyone() []byte {
	hash := sha256.Sum256(chaintest.OpTrue())
	return append([]byte{0, 32}, hash[:]...)
}

// newWorld has a chain of blocks whose first `funds` coinbases are mature.
func newWorld(t testing.TB, funds int, change ...func(*Config)) *world {
	t.Helper()
	p := chain.RegTest()
	w := &world{t: t, params: p, tip: p.Genesis(), coins: map[wire.OutPoint]chain.Coin{}}
	w.now = w.tip.Header.Timestamp
	for range funds + 99 {
		w.connect(w.build())
	}
	rules := policy.Core31()
	rules.MinRelay, rules.Increment, rules.EachPays = 1000, 1000, true // round numbers
	cfg := Config{Params: p, Rules: rules, View: w.view, Script: script.New(script.Config{}), Now: func() time.Time { return w.now }}
	for _, f := range change {
		f(&cfg)
	}
	w.pool = New(cfg)
	return w
}

type worldView struct{ *world }

func (w *world) view() View { return worldView{w} }

func (v worldView) Tip() *chain.HeaderNode { return v.tip }

func (v worldView) Coin(op wire.OutPoint) (chain.Coin, bool, error) {
	c, ok := v.coins[op]
	return c, ok, nil
}

// build makes a block on the tip.
func (w *world) build(txs ...*chain.Tx) chaintest.Mined {
	w.extra++
	w.now = w.now.Add(10 * time.Minute)
	return chaintest.Mine(w.t, w.params, w.tip, chaintest.With(txs...), chaintest.PayTo(anyone()), chaintest.Extra(w.extra))
}

// connect moves the coins and the tip; the pool does not hear of it.
func (w *world) connect(m chaintest.Mined) chain.Linked {
	l := chain.Linked{Node: m.Node, Block: m.Block, Spent: make([][]chain.Coin, len(m.Block.Txs))}
	for i, tx := range m.Block.Txs {
		if i > 0 {
			for _, in := range tx.TxIn {
				c, ok := w.coins[in.PreviousOutPoint]
				if !ok {
					w.t.Fatalf("block %d spends %s, which is not there", m.Node.Height, in.PreviousOutPoint)
				}
				l.Spent[i] = append(l.Spent[i], c)
				delete(w.coins, in.PreviousOutPoint)
			}
		}
		for n, out := range tx.TxOut {
			if policy.KindOf(out.PkScript) != policy.NullData {
				w.coins[outpoint(tx, n)] = chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: m.Node.Height, Coinbase: i == 0}
			}
		}
	}
	w.tip = m.Node
	w.blocks = append(w.blocks, l)
	return l
}

// disconnect takes the tip off; the pool does not hear of it.
func (w *world) disconnect() chain.Linked {
	l := w.blocks[len(w.blocks)-1]
	w.blocks = w.blocks[:len(w.blocks)-1]
	for i, tx := range slices.Backward(l.Block.Txs) {
		for n := range tx.TxOut {
			delete(w.coins, outpoint(tx, n))
		}
		for j, c := range l.Spent[i] {
			w.coins[tx.TxIn[j].PreviousOutPoint] = c
		}
	}
	w.tip = l.Node.Parent
	return l
}

// mine connects a block of txs and lets the pool follow.
func (w *world) mine(txs ...*chain.Tx) chain.PoolDelta {
	w.t.Helper()
	return w.follow(chain.Delta{Connected: []chain.Linked{w.connect(w.build(txs...))}})
}

// reorg takes n blocks off, puts the given ones on, and lets the pool follow.
func (w *world) reorg(n int, blocks ...[]*chain.Tx) chain.PoolDelta {
	w.t.Helper()
	var d chain.Delta
	for range n {
		d.Disconnected = append(d.Disconnected, w.disconnect())
	}
	for _, txs := range blocks {
		d.Connected = append(d.Connected, w.connect(w.build(txs...)))
	}
	return w.follow(d)
}

func (w *world) follow(d chain.Delta) chain.PoolDelta {
	w.t.Helper()
	d.Tip = w.tip
	delta := w.pool.Apply(d)
	w.check()
	return delta
}

func (w *world) check() {
	w.t.Helper()
	if err := w.pool.Check(); err != nil {
		w.t.Fatal(err)
	}
}

// relay gives the pool a transaction as it comes over P2P: one that lacks nothing but a
// parent which was refused for its fee comes together with that.
func (w *world) relay(tx *chain.Tx) (chain.PoolDelta, error) {
	d, err := w.pool.Add(tx)
	if policy.Reconsiderable(tx, err) {
		w.refused.keep(tx)
	} else if parent := w.refused.find(loneParent(err)); parent != nil {
		var parentErr error
		if d, parentErr, err = w.pool.AddWithParent(tx, parent); parentErr != nil {
			w.refused.forget(parent.ID)
		}
	}
	w.came(d)
	return d, err
}

// came: what is in the pool no longer waits for a child.
func (w *world) came(d chain.PoolDelta) {
	for _, in := range d.In {
		w.refused.forget(in.Tx.ID)
	}
}

// accept says that the pool takes a transaction.
func (w *world) accept(tx *chain.Tx) *chain.Tx {
	w.t.Helper()
	if _, err := w.relay(tx); err != nil {
		w.t.Fatalf("refused: %v", err)
	}
	w.check()
	return tx
}

// refuse says that the pool does not take a transaction, and why; words are
// the whole text if they are no error of their own.
func (w *world) refuse(tx *chain.Tx, want error) {
	w.t.Helper()
	_, err := w.relay(tx)
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
	w.check()
}

func (w *world) holds(txs ...*chain.Tx) {
	w.t.Helper()
	for _, tx := range txs {
		if _, ok := w.pool.Entry(tx.ID); !ok {
			w.t.Fatalf("%s is not in the pool", tx.ID)
		}
	}
	if got := w.pool.Stats().Size; got != len(txs) {
		w.t.Fatalf("%d transactions in the pool, want %d", got, len(txs))
	}
}

func (w *world) holdsNot(txs ...*chain.Tx) {
	w.t.Helper()
	for _, tx := range txs {
		if _, ok := w.pool.Entry(tx.ID); ok {
			w.t.Fatalf("%s is in the pool", tx.ID)
		}
	}
}

// fund is the coinbase output of the block at that height.
func (w *world) fund(height int) chaintest.Coin {
	return chaintest.OutputOf(w.blocks[height-1].Block.Txs[0], 0, nil)
}

func out(tx *chain.Tx, n int) chaintest.Coin { return chaintest.OutputOf(tx, n, nil) }

func outpoint(tx *chain.Tx, n int) wire.OutPoint {
	return wire.OutPoint{Hash: tx.ID, Index: uint32(n)}
}

// spend pays all of the coins but the fee to n equal outputs for anyone.
func spend(fee btcutil.Amount, n int, from ...chaintest.Coin) *chain.Tx {
	return spendWith(fee, n, nil, from...)
}

// spendWith is spend, with a change before the txid is made.
func spendWith(fee btcutil.Amount, n int, edit func(*wire.MsgTx), from ...chaintest.Coin) *chain.Tx {
	tx := wire.NewMsgTx(2)
	var sum btcutil.Amount
	for _, c := range from {
		in := wire.NewTxIn(&c.Op, nil, wire.TxWitness{chaintest.OpTrue()})
		tx.AddTxIn(in)
		sum += c.Value
	}
	for range n {
		tx.AddTxOut(wire.NewTxOut(int64((sum-fee)/btcutil.Amount(n)), anyone()))
	}
	tx.TxOut[0].Value += int64((sum - fee) % btcutil.Amount(n))
	if edit != nil {
		edit(tx)
	}
	return chain.NewTx(tx)
}
