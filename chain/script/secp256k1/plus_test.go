package secp256k1

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// A point plus a number times G is what btcec makes of them; so is its public key. Now and then
// the point is a small multiple of G, or the opposite of the other.
func TestTwin_PlusIsBtcecs(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	numbers := edgeScalars()
	infinite := 0
	for i := range rounds(t, 500) {
		k, of := scalar(r), scalar(r)
		if i < len(numbers) {
			k = numbers[i]
		}
		switch r.IntN(8) {
		case 0:
			of.SetInt(1 + r.Uint32N(40))
		case 1:
			of = *new(btcec.ModNScalar).NegateVal(&k)
		case 2:
			of = k
		}
		if of.IsZero() {
			continue
		}
		var p, own, want btcec.JacobianPoint
		btcec.ScalarBaseMultNonConst(&of, &p)
		btcec.ScalarBaseMultNonConst(&k, &own)
		btcec.AddNonConst(&p, &own, &want)
		from := ours(t, &p)
		got, ok := from.Plus(&k)
		if want.Z.IsZero() {
			if infinite++; ok {
				t.Fatalf("%v·G and %v·G are infinity and not %v", of, k, got)
			}
			continue
		}
		want.ToAffine()
		key := btcec.NewPublicKey(&want.X, &want.Y)
		if !ok || !got.Public().IsEqual(key) || !bytes.Equal(got.Compressed(), key.SerializeCompressed()) {
			t.Fatalf("%v·G and %v·G are %x (%v), want %x", of, k, got.Compressed(), ok, key.SerializeCompressed())
		}
		var back Affine
		if back.FromPublic(key); back.X.Bytes() != got.X.Bytes() || back.Y.Bytes() != got.Y.Bytes() {
			t.Fatalf("%x is read as %x", key.SerializeCompressed(), back.Compressed())
		}
	}
	if infinite == 0 {
		t.Error("no sum was infinity")
	}
}

func BenchmarkPlus(b *testing.B) {
	r := rand.New(rand.NewPCG(33, 34))
	k := scalar(r)
	p := basePoint()
	for b.Loop() {
		p.Plus(&k)
	}
}
