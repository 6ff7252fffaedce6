package script

import (
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// spendsOf makes n transactions that spend two coins each, all of different
// keys, of the script that pay makes.
func spendsOf(t testing.TB, n int, pay func(*chaintest.Key) []byte) (txs []*chain.Tx, coins [][]chain.Coin) {
	for i := range n {
		var spent []chaintest.Coin
		var cs []chain.Coin
		for j := range 2 {
			key := chaintest.NewKey(uint32(2*i + j + 1))
			c := chaintest.Coin{Value: 1e8, Script: pay(key), Key: key}
			c.Op.Hash[0], c.Op.Hash[1], c.Op.Index = byte(i), byte(i>>8), uint32(j)
			spent = append(spent, c)
			cs = append(cs, chain.Coin{Value: 1e8, PkScript: c.Script})
		}
		txs = append(txs, chaintest.Spend(t, spent, chaintest.Pay(1e8, pay(spent[0].Key)), chaintest.Pay(9e7, pay(spent[1].Key))))
		coins = append(coins, cs)
	}
	return txs, coins
}

func kinds() map[string]func(*chaintest.Key) []byte {
	return map[string]func(*chaintest.Key) []byte{
		"P2PKH":  (*chaintest.Key).P2PKH,
		"P2WPKH": (*chaintest.Key).P2WPKH,
		"P2TR":   (*chaintest.Key).P2TR,
	}
}

// BenchmarkCheckTx is a transaction of two signed inputs; compare it with
// twice BenchmarkPlain. "new keys" parses every key.
func BenchmarkCheckTx(b *testing.B) {
	const flags = chain.ConsensusFlags
	for name, pay := range kinds() {
		txs, coins := spendsOf(b, 256, pay)
		b.Run(name+"/new keys", func(b *testing.B) {
			b.ReportAllocs()
			var c *Checker
			for i := range b.N {
				if i%len(txs) == 0 {
					c = New(Config{})
				}
				if err := c.CheckTx(txs[i%len(txs)], coins[i%len(txs)], flags); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/known keys", func(b *testing.B) {
			c := New(Config{})
			b.ReportAllocs()
			for i := range b.N {
				if err := c.CheckTx(txs[i%len(txs)], coins[i%len(txs)], flags); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/engine", func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				p := Prepare(txs[i%len(txs)], coins[i%len(txs)])
				for j := range p.coins {
					if err := p.execute(j, flags); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkPlain is one signature with its key parsed, and nothing else.
func BenchmarkPlain(b *testing.B) {
	var hash [32]byte
	key := chaintest.NewKey(1).Private()
	raw := key.PubKey().SerializeCompressed()
	b.Run("ECDSA", func(b *testing.B) {
		sig := ecdsa.Sign(key, hash[:]).Serialize()
		for range b.N {
			s, _ := ecdsa.ParseDERSignature(sig)
			k, _ := btcec.ParsePubKey(raw)
			if !s.Verify(hash[:], k) {
				b.Fatal("bad")
			}
		}
	})
	b.Run("Schnorr", func(b *testing.B) {
		sig, err := schnorr.Sign(key, hash[:])
		if err != nil {
			b.Fatal(err)
		}
		for range b.N {
			s, _ := schnorr.ParseSignature(sig.Serialize())
			k, _ := schnorr.ParsePubKey(raw[1:])
			if !s.Verify(hash[:], k) {
				b.Fatal("bad")
			}
		}
	})
}

// BenchmarkManyInputs is one legacy transaction of many inputs, which is
// hashed once for each.
func BenchmarkManyInputs(b *testing.B) {
	for _, n := range []int{10, 1000} {
		key := chaintest.NewKey(1)
		var spent []chaintest.Coin
		var coins []chain.Coin
		for i := range n {
			c := chaintest.Coin{Value: 1e8, Script: key.P2PKH(), Key: key}
			c.Op.Index = uint32(i)
			spent = append(spent, c)
			coins = append(coins, chain.Coin{Value: 1e8, PkScript: c.Script})
		}
		tx := chaintest.Spend(b, spent, chaintest.Pay(1e8, key.P2PKH()))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := New(Config{})
			for range b.N {
				if err := c.CheckTx(tx, coins, txscript.StandardVerifyFlags); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
