package mempool

import (
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/script"
)

const benchTxs = 5000

// benchPool has a chain with benchTxs coins of one key, and a transaction for each.
func benchPool(b *testing.B, change ...func(*Config)) (*world, []*chain.Tx) {
	w := newWorld(b, 1, change...)
	key := chaintest.NewKey(1)
	first := spend(1e6, 5, w.fund(1))
	block := []*chain.Tx{first}
	for i := range 5 {
		block = append(block, spendWith(1e6, benchTxs/5, func(tx *wire.MsgTx) {
			for _, o := range tx.TxOut {
				o.PkScript = key.P2WPKH()
			}
		}, out(first, i)))
	}
	w.mine(block...)
	var txs []*chain.Tx
	for i := range benchTxs {
		from := chaintest.OutputOf(block[1+i%5], i/5, key)
		txs = append(txs, chaintest.SpendOne(b, from, key.P2TR(), btcutil.Amount(500+i%1000)))
	}
	return w, txs
}

type noScripts struct{}

func (noScripts) CheckRelay(*chain.Tx, []chain.Coin, txscript.ScriptFlags) error { return nil }

// BenchmarkAccept is one transaction of one P2WPKH input, signature included.
func BenchmarkAccept(b *testing.B) { benchAccept(b) }

// BenchmarkAcceptWithoutScripts is what the pool itself takes of that.
func BenchmarkAcceptWithoutScripts(b *testing.B) {
	benchAccept(b, func(c *Config) { c.Script = noScripts{} })
}

func benchAccept(b *testing.B, change ...func(*Config)) {
	w, txs := benchPool(b, change...)
	cfg := w.pool.cfg
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(txs) {
			b.StopTimer()
			if cfg.Script != (noScripts{}) {
				cfg.Script = script.New(script.Config{}) // one that remembers nothing
			}
			i, w.pool = 0, New(cfg)
			b.StartTimer()
		}
		if _, err := w.pool.Add(txs[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkFollow5000 is a block that confirms 5,000 transactions of the pool.
func BenchmarkFollow5000(b *testing.B) {
	w, txs := benchPool(b, func(c *Config) { c.Script = noScripts{} })
	cfg := w.pool.cfg
	delta := chain.Delta{Connected: []chain.Linked{{Node: w.tip, Block: &chain.Block{Txs: txs}}}, Tip: w.tip}
	for b.Loop() {
		b.StopTimer()
		w.pool = New(cfg)
		for _, tx := range txs {
			if _, err := w.pool.Add(tx); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		w.pool.Apply(delta)
	}
}
