package twin

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// place is a block in the generator's tree.
type place struct {
	node   *chain.HeaderNode
	parent *place
	coins  []*coin // some of those that exist here
	spent  map[wire.OutPoint]bool

	coinbase *chain.Tx
}

// maxCoins bounds what a place remembers: enough to have each kind at hand, and
// coinbases until they may be spent.
const maxCoins = 200

// grower makes blocks.
type grower struct {
	t      testing.TB
	rand   *rand.Rand
	params *chain.Params
	now    time.Time
	key    *chaintest.Key
	forms  map[string]kind // of outputs, by their script
	extra  uint64
	made   []wire.OutPoint // every output of every block, for the last comparison
}

func newGrower(t testing.TB, p *chain.Params, now time.Time, seed uint64) *grower {
	g := &grower{t: t, rand: rand.New(rand.NewPCG(seed, 1)), params: p, now: now, key: chaintest.NewKey(1), forms: map[string]kind{}}
	for k := range kinds {
		g.forms[string(lock(k, g.key))] = k
	}
	return g
}

// block is a block being made: what a break may change.
type block struct {
	g    *grower
	at   *place // parent
	txs  []*chain.Tx
	fees btcutil.Amount
	opts []chaintest.Option
	harm []chaintest.Option // done after the block was sealed
	used map[wire.OutPoint]bool
	raw  func([]byte) []byte // changes the bytes; nil leaves them
}

func (g *grower) begin(at *place) *block {
	return &block{g: g, at: at, used: map[wire.OutPoint]bool{}}
}

func (b *block) height() int32 { return b.at.node.Height + 1 }

// add puts a transaction in.
func (b *block) add(tx *chain.Tx, fee btcutil.Amount) {
	b.txs = append(b.txs, tx)
	b.fees += fee
	for _, in := range tx.TxIn {
		b.used[in.PreviousOutPoint] = true
	}
}

// mature says whether a coin may be spent in the block.
func (b *block) mature(c *coin) bool {
	return !c.coinbase || b.height()-c.height >= chain.CoinbaseMaturity
}

// take finds a spendable coin that want likes, not used in the block yet.
func (b *block) take(want func(*coin) bool) *coin {
	order := b.g.rand.Perm(len(b.at.coins))
	for _, i := range order {
		c := b.at.coins[i]
		if !b.used[c.Op] && b.mature(c) && (want == nil || want(c)) {
			return c
		}
	}
	return nil
}

// fill puts up to n ordinary transactions in; some spend what others make.
func (b *block) fill(n int) {
	for range n {
		var coins []*coin
		for range 1 + b.g.rand.IntN(3) {
			c := b.take(b.ordinary)
			if len(b.txs) > 0 && b.g.rand.IntN(4) == 0 {
				c = b.fresh()
			}
			if c == nil {
				break
			}
			b.used[c.Op] = true
			coins = append(coins, c)
		}
		if len(coins) > 0 {
			b.add(b.g.spend(coins, b.waits(coins)))
		}
	}
}

// ordinary says whether a coin can be spent: with a witness only where segwit holds.
func (b *block) ordinary(c *coin) bool {
	switch c.kind {
	case p2wpkh, p2wsh, p2tr, tapscript:
		return b.height() >= b.g.params.SegwitHeight
	}
	return true
}

// fresh is an output made in this very block.
func (b *block) fresh() *coin {
	tx := b.txs[b.g.rand.IntN(len(b.txs))]
	i := b.g.rand.IntN(len(tx.TxOut))
	k, ok := b.g.kindOf(tx.TxOut[i].PkScript)
	c := outputOf(tx, i, k, b.g.key)
	c.height = b.height()
	if !ok || b.used[c.Op] || !b.ordinary(c) {
		return nil
	}
	return c
}

// waits sets, now and then, locks that open at exactly this block.
func (b *block) waits(coins []*coin) func(*wire.MsgTx) {
	return func(tx *wire.MsgTx) {
		switch b.g.rand.IntN(6) {
		case 0:
			tx.LockTime = uint32(b.height() - 1)
			tx.TxIn[0].Sequence = wire.MaxTxInSequenceNum - 1
		case 1:
			tx.LockTime = uint32(b.at.node.MedianTimePast() - 1)
			tx.TxIn[0].Sequence = wire.MaxTxInSequenceNum - 1
		case 2:
			tx.TxIn[0].Sequence = uint32(b.height() - coins[0].height)
		case 3:
			tx.TxIn[0].Sequence = wire.SequenceLockTimeIsSeconds | b.passed(coins[0])
		}
	}
}

// passed is how many times 512 s have passed since a coin's block, as BIP68 counts.
func (b *block) passed(c *coin) uint32 {
	made := b.at.node.Ancestor(max(c.height-1, 0)).MedianTimePast()
	return uint32(min((b.at.node.MedianTimePast()-made)>>wire.SequenceLockTimeGranularity, wire.SequenceLockTimeMask))
}

// when is a random time for the block, mostly some minutes after its parent's.
func (b *block) when() time.Time {
	median := time.Unix(b.at.node.MedianTimePast()+1, 0)
	at := b.at.node.Header.Timestamp.Add(time.Duration(b.g.rand.IntN(20)) * time.Minute)
	if b.at.parent == nil {
		at = b.g.now.Add(-2 * 365 * 24 * time.Hour)
	}
	if at.Before(median) || b.g.rand.IntN(10) == 0 {
		at = median
	}
	if at.After(b.g.now.Add(chain.MaxFutureTime * time.Second)) {
		at = median
	}
	return at
}

// mine finishes the block.
func (b *block) mine() (*place, []byte) {
	g := b.g
	g.extra++
	k := kind(g.rand.IntN(int(kinds)))
	b.opts = append([]chaintest.Option{chaintest.Extra(g.extra), chaintest.At(b.when()), chaintest.Fees(b.fees),
		chaintest.PayTo(lock(k, g.key)), chaintest.With(b.txs...)}, b.opts...)
	return b.again()
}

// again makes the block as it was mined; without its harm it is an honest copy.
func (b *block) again() (*place, []byte) {
	g := b.g
	m := chaintest.Mine(g.t, g.params, b.at.node, slices.Concat(b.opts, b.harm)...)
	p := &place{node: m.Node, parent: b.at}
	if len(m.Block.Txs) > 0 {
		p.coinbase = m.Block.Txs[0]
	}
	p.spent, p.coins = g.after(b, m.Block)
	raw := m.Block.Raw
	if b.raw != nil {
		raw = b.raw(slices.Clone(raw))
	}
	return p, raw
}

// after is what the block spends and what can be spent on top of it.
func (g *grower) after(b *block, m *chain.Block) (spent map[wire.OutPoint]bool, coins []*coin) {
	spent = map[wire.OutPoint]bool{}
	for _, tx := range m.Txs {
		for _, in := range tx.TxIn {
			spent[in.PreviousOutPoint] = true
		}
	}
	for _, c := range b.at.coins {
		if !spent[c.Op] {
			coins = append(coins, c)
		}
	}
	for i, tx := range m.Txs {
		for j, out := range tx.TxOut {
			op := wire.OutPoint{Hash: tx.ID, Index: uint32(j)}
			g.made = append(g.made, op)
			k, ok := g.kindOf(out.PkScript)
			if ok && !spent[op] {
				c := outputOf(tx, j, k, g.key)
				c.height, c.coinbase = b.height(), i == 0
				coins = append(coins, c)
			}
		}
	}
	for len(coins) > maxCoins { // forget any, but keep the young ones
		i := g.rand.IntN(len(coins) / 2)
		coins = slices.Delete(coins, i, i+1)
	}
	return spent, coins
}
