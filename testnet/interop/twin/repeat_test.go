package twin

import (
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// TestTwinBeforeBIP34 repeats coinbases, which only blocks that need not name
// their height can do. BIP30 allows it when the older one is spent to the last
// output: then its coins are there again, younger.
func TestTwinBeforeBIP34(t *testing.T) {
	p := chain.RegTest()
	p.SubsidyReductionInterval = 210_000 // an older coinbase takes no more than a new one may
	if err := p.Activate("bip34", 1_000_000); err != nil {
		t.Fatal(err)
	}
	c := newComparison(t, p)
	allowed, forbidden := 0, 0
	for c.offers < 1000 {
		c.extend(c.top)
		if c.rand.IntN(8) == 0 {
			c.overtake(1 + c.rand.IntN(6))
		}
		older := back(c.top, c.rand.IntN(int(c.top.node.Height)))
		if value(older.coinbase) > chain.Subsidy(p, c.top.node.Height+1) || older.coinbase.HasWitness() {
			continue // it took fees, or commits to other transactions
		}
		if c.rand.IntN(2) == 0 {
			c.spendCoinbase(older)
		}
		if c.repeat(older) {
			allowed++
		} else {
			forbidden++
		}
	}
	if allowed < 10 || forbidden < 10 {
		t.Errorf("%d coinbases repeated, %d refused", allowed, forbidden)
	}
	t.Logf("%d blocks, %d coinbases repeated, %d refused", c.offers, allowed, forbidden)
	c.compareCoins()
}

func value(tx *chain.Tx) (sum btcutil.Amount) {
	for _, out := range tx.TxOut {
		sum += btcutil.Amount(out.Value)
	}
	return sum
}

// spendCoinbase offers a block that spends what older's coinbase made, if that
// can be spent.
func (c *comparison) spendCoinbase(older *place) {
	b := c.begin(c.top)
	if !b.spendWhich(func(o *coin) bool { return o.Op.Hash == older.coinbase.ID }, nil) {
		return
	}
	p, raw := b.mine()
	c.offer(p, raw, twist{name: "an old coinbase is spent"})
}

// repeat offers a block with older's coinbase as its own, and says whether that
// was allowed.
func (c *comparison) repeat(older *place) bool {
	tw := twist{name: "an older coinbase again"}
	for i := range older.coinbase.TxOut {
		if _, ok := c.we.coin(wire.OutPoint{Hash: older.coinbase.ID, Index: uint32(i)}); ok {
			tw.rule = chain.ErrBIP30
		}
	}
	b := c.begin(c.top)
	b.opt(chaintest.Tamper(func(m *wire.MsgBlock) { m.Transactions[0] = older.coinbase.MsgTx.Copy() }))
	p, raw := b.mine()
	return c.offer(p, raw, tw) == connected
}
