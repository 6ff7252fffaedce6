package secp256k1

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
)

// Sums of random numbers of terms, of numbers short and long and at their ends; now and then of
// one point twice, or of it and its opposite, and of terms that add up to infinity.
func TestTwin_SumOfIsBtcecs(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	list := edgeScalars()
	draw := func() btcec.ModNScalar {
		switch r.IntN(4) {
		case 0:
			return list[r.IntN(len(list))]
		case 1:
			return scalarOf(0, 0, r.Uint64(), r.Uint64())
		}
		return scalar(r)
	}
	var q btcec.JacobianPoint
	for range rounds(t, 300) {
		u := draw()
		var terms []Term
		var want, sum btcec.JacobianPoint
		btcec.ScalarBaseMultNonConst(&u, &want)
		add := func(p Affine, k btcec.ModNScalar) {
			terms = append(terms, Term{p, k})
			var product btcec.JacobianPoint
			theirs := (&Point{p.X, p.Y, Field{1}}).theirs()
			btcec.ScalarMultNonConst(&k, &theirs, &product)
			btcec.AddNonConst(&want, &product, &sum)
			want = sum
		}
		for range r.IntN(7) {
			k := scalar(r)
			for k.IsZero() {
				k = scalar(r)
			}
			btcec.ScalarBaseMultNonConst(&k, &q)
			p, by := ours(t, &q), draw()
			add(p, by)
			switch r.IntN(6) {
			case 0:
				add(p, draw())
			case 1:
				add(p, *by.Negate())
			case 2:
				p.Y.Neg(&p.Y)
				add(p, by)
			}
		}
		got, ok := SumOf(&u, terms)
		if them := got.theirs(); !ok || !them.EquivalentNonConst(&want) {
			t.Fatalf("%v·G and %v are %v, want %v", u, terms, them, want)
		}
	}
}
