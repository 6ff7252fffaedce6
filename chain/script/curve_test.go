package script

import (
	"fmt"
	"slices"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/chainhash/v2"
)

func BenchmarkECDSA(b *testing.B) {
	priv, pub := btcec.PrivKeyFromBytes([]byte{9})
	hash := chainhash.Hash{1, 2, 3}
	sig := ecdsa.Sign(priv, hash[:])
	r, s := sig.R(), sig.S()
	for _, c := range curves() {
		k := c.parse(pub.SerializeCompressed())
		b.Run(c.name(), func(b *testing.B) {
			for b.Loop() {
				if !c.ecdsa(&r, &s, &hash, k) {
					b.Fatal("refused")
				}
			}
		})
		if all, ok := c.(batcher); ok {
			claims := slices.Repeat([]ecdsaClaim{{&signature{&r, &s}, hash, k}}, usualClaims)
			b.Run(fmt.Sprintf("%s/%d together", c.name(), usualClaims), func(b *testing.B) {
				for b.Loop() {
					if !all.ecdsaAll(claims) {
						b.Fatal("refused")
					}
				}
			})
		}
		b.Run(c.name()+"/new key", func(b *testing.B) {
			for b.Loop() {
				if !c.ecdsa(&r, &s, &hash, c.parse(pub.SerializeCompressed())) {
					b.Fatal("refused")
				}
			}
		})
	}
}
