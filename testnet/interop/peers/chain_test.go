package peers

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// work is the chain that both nodes get, and what is done on it.
type work struct {
	key    *chaintest.Key
	blocks []string // in hex
	pool   []string // transactions, in hex, each of its own coin
	height int      // of the last block
	full   int      // of the block that is as full as may be
	coins  int      // at least so many are unspent
	inFull chain.Hash
}

const (
	fan      = 9000 // outputs of a transaction that makes coins
	fullTxs  = 6500 // of one input and one output: a block of 2.9 million weight, 720 kB
	fundsEnd = 149  // the last block with the whole subsidy
	perBlock = 3    // transactions of fan outputs each: 840 kB
)

// newWork makes a chain of nearly empty blocks, with the asked number of coins, a full block and one whose
// coins the pool will spend on top.
func newWork(t *testing.T, s sizes) *work {
	p := chain.RegTest()
	w := &work{key: chaintest.NewKey(1)}
	funds := chaintest.PayTo(w.key.P2WPKH())
	at := time.Now().Add(-time.Duration(s.blocks+s.coins/fan/perBlock+200) * time.Second).Truncate(time.Second)
	tip := p.Genesis()
	add := func(opts ...chaintest.Option) chaintest.Mined {
		at = at.Add(time.Second)
		m := chaintest.Mine(t, p, tip, append(opts, chaintest.At(at))...)
		w.blocks = append(w.blocks, hex.EncodeToString(m.Block.Raw))
		tip = m.Node
		return m
	}
	var rich []chaintest.Coin
	for h := 1; h <= max(s.blocks, fundsEnd+101); h++ {
		m := add(funds)
		if h <= fundsEnd {
			rich = append(rich, m.Coinbase(w.key))
		}
	}
	// spread makes n coins, in blocks of their own.
	spread := func(n int) (made []chaintest.Coin) {
		for n > 0 {
			var txs []*chain.Tx
			for ; n > 0 && len(txs) < perBlock; n -= fan {
				outs := make([]*wire.TxOut, min(n, fan))
				for i := range outs {
					outs[i] = chaintest.Pay(rich[0].Value/btcutil.Amount(len(outs)), w.key.P2WPKH())
				}
				tx := chaintest.Spend(t, rich[:1], outs...)
				for i := range outs {
					made = append(made, chaintest.OutputOf(tx, i, w.key))
				}
				txs, rich = append(txs, tx), rich[1:]
			}
			add(chaintest.With(txs...))
		}
		return made
	}
	many := (len(rich) - (s.pool+fullTxs)/fan - 1) * fan
	w.coins = min(s.coins, many)
	spread(w.coins)
	coins := spread(s.pool + fullTxs)
	var txs []*chain.Tx
	for _, c := range coins[s.pool:] {
		txs = append(txs, chaintest.SpendOne(t, c, w.key.P2WPKH(), 1000))
	}
	full := add(chaintest.With(txs...))
	w.full, w.inFull = int(full.Node.Height), txs[len(txs)/2].ID
	add()
	for i, c := range coins[:s.pool] {
		tx := chaintest.SpendOne(t, c, w.key.P2WPKH(), btcutil.Amount(1000+i%5000))
		w.pool = append(w.pool, hex.EncodeToString(tx.Raw()))
	}
	w.height = int(tip.Height)
	return w
}

// payTo is an address of a key that nobody's wallet has.
func payTo(t *testing.T) string {
	a, err := address.NewAddressWitnessPubKeyHash(make([]byte, 20), &chaincfg.RegressionNetParams)
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}
