package ledger

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// wide is a chain whose tip is ready for a block of 200 transactions with ten
// P2WPKH inputs each.
func wide(b *testing.B, r *rig) (tip chaintest.Mined, txs []*chain.Tx) {
	key := chaintest.NewKey(1)
	const spenders, inputs = 200, 10
	trunk := chaintest.Grow(b, r.cfg.Params, r.cfg.Params.Genesis(), chaintest.Times(101), chaintest.PayTo(key.P2WPKH()))
	outs := make([]*wire.TxOut, spenders*inputs)
	for i := range outs {
		outs[i] = chaintest.Pay(2*btcutil.SatoshiPerBitcoin/100, key.P2WPKH())
	}
	fan := chaintest.Spend(b, []chaintest.Coin{trunk[0].Coinbase(key)}, outs...)
	tip = chaintest.Mine(b, r.cfg.Params, trunk[100].Node, chaintest.With(fan))
	for _, m := range append(trunk, tip) {
		if err := r.Submit(m); err != nil {
			b.Fatal(err)
		}
	}
	for i := range spenders {
		var in []chaintest.Coin
		for j := range inputs {
			in = append(in, chaintest.OutputOf(fan, i*inputs+j, key))
		}
		txs = append(txs, chaintest.Spend(b, in, chaintest.Pay(btcutil.SatoshiPerBitcoin/10, key.P2WPKH())))
	}
	return tip, txs
}

// From Submit to the verdict of a block with 2,000 signatures, once with all of
// them to be checked and once with its transactions known from the pool.
func BenchmarkConnect2000Inputs(b *testing.B) {
	for _, warm := range []bool{false, true} {
		b.Run(fmt.Sprintf("warm=%v", warm), func(b *testing.B) {
			r := newRig(b)
			tip, txs := wide(b, r)
			if warm {
				for _, tx := range txs {
					r.cfg.Script.Remember(tx, txscript.StandardVerifyFlags)
				}
			}
			b.ReportAllocs()
			i := uint64(0)
			for b.Loop() {
				b.StopTimer()
				i++
				m := chaintest.Mine(b, r.cfg.Params, tip.Node, chaintest.With(txs...), chaintest.Extra(i))
				b.StartTimer()
				if err := r.Submit(m); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if _, err := r.Invalidate(b.Context(), m.Node.Hash); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// From one branch of 100 blocks to another of 101 and back.
func BenchmarkReorganise100Blocks(b *testing.B) {
	r := newRig(b)
	p := r.cfg.Params
	left := chaintest.Grow(b, p, p.Genesis(), chaintest.Times(100))
	right := chaintest.Grow(b, p, p.Genesis(), chaintest.Times(101), chaintest.Extra(7))
	for _, m := range append(left, right...) {
		<-r.later(m)
	}
	for b.Loop() {
		if _, err := r.Invalidate(b.Context(), right[0].Node.Hash); err != nil {
			b.Fatal(err)
		}
		if _, err := r.Reconsider(b.Context(), right[0].Node.Hash); err != nil {
			b.Fatal(err)
		}
	}
	if r.Tip().Height != 101 {
		b.Fatal("it did not go back")
	}
}

// Stored blocks as peers get them.
func BenchmarkServeBlock(b *testing.B) {
	r := newRig(b)
	tip, txs := wide(b, r)
	m := chaintest.Mine(b, r.cfg.Params, tip.Node, chaintest.With(txs...))
	if err := r.Submit(m); err != nil {
		b.Fatal(err)
	}
	if err := r.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(m.Block.Raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.RawBlock(m.Node.Hash); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddHeader(b *testing.B) {
	r := newRig(b)
	p := r.cfg.Params
	n := p.Genesis()
	b.ReportAllocs()
	for b.Loop() {
		n = chain.NewHeaderNode(n, wire.BlockHeader{PrevBlock: n.Hash, Bits: p.PowLimitBits})
		r.AddHeaders([]*chain.HeaderNode{n})
	}
}

// One transaction in the middle of a block of 6,001: 660 kB.
func BenchmarkFindTx(b *testing.B) {
	r := newRig(b)
	p, key := r.cfg.Params, chaintest.NewKey(1)
	trunk := chaintest.Grow(b, p, p.Genesis(), chaintest.Times(101), chaintest.PayTo(chaintest.OpTrue()))
	outs := make([]*wire.TxOut, 6000)
	for i := range outs {
		outs[i] = chaintest.Pay(50_000, chaintest.OpTrue())
	}
	fan := chaintest.Spend(b, []chaintest.Coin{trunk[0].Coinbase(nil)}, outs...)
	txs := []*chain.Tx{fan}
	for i := range outs {
		txs = append(txs, chaintest.SpendOne(b, chaintest.OutputOf(fan, i, nil), key.P2WPKH(), 500))
	}
	m := chaintest.Mine(b, p, trunk[100].Node, chaintest.With(txs...))
	for _, m := range append(trunk, m) {
		if err := r.Submit(m); err != nil {
			b.Fatal(err)
		}
	}
	if err := r.FlushCoins(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if f, ok, err := r.FindTx(txs[3000].ID); !ok || err != nil || f.Place != 3001 {
			b.Fatal(ok, err)
		}
	}
}
