package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// curve is who multiplies points for the fast road; build tags choose one. The
// fast road asks for less than a curve answers: low signatures and compressed
// keys only. But all curves must answer every question alike, so that they can
// be held against each other, and against btcec, wherever a rule has an edge.
type curve interface {
	// name is for logs and benchmarks.
	name() string
	// parse reads a key, compressed, uncompressed or hybrid, for the two
	// others; nil: not a point of the curve. What it returns is shared and
	// never changes.
	parse(raw []byte) key
	// ecdsa verifies a signature over a hash, with s low or high.
	ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool
	// schnorr verifies by BIP340; the key is one with an even y.
	schnorr(sig *[64]byte, hash *chainhash.Hash, k key) bool
}

// key is a public key as its curve likes it.
type key any

// tabled is btcec's curve with the general multiplication done by tables kept
// with the keys: see multiples.
type tabled struct{}

func (tabled) name() string { return "btcec with tables" }

func (tabled) parse(raw []byte) key {
	pub, err := btcec.ParsePubKey(raw)
	if err != nil {
		return nil
	}
	var q btcec.JacobianPoint
	pub.AsJacobian(&q)
	return multiplesOf(&q)
}

// ecdsa is the verification of SEC 1, 4.1.4.
func (tabled) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	if r.IsZero() || s.IsZero() {
		return false
	}
	var e, w, u1, u2 btcec.ModNScalar
	e.SetByteSlice(hash[:])
	w.InverseValNonConst(s)
	u1.Mul2(&e, &w)
	u2.Mul2(r, &w)
	var sum, u2Q btcec.JacobianPoint
	if !k.(*multiples).times(&u2, &u2Q) {
		return false
	}
	btcec.ScalarBaseMultNonConst(&u1, &sum)
	btcec.AddNonConst(&sum, &u2Q, &sum)
	return hasX(&sum, r)
}

// hasX says whether r is the point's x modulo the order, without an inversion:
// x·Z² is compared. x is below the prime, so it is r, or r and the order.
func hasX(p *btcec.JacobianPoint, r *btcec.ModNScalar) bool {
	if p.X.IsZero() && p.Y.IsZero() || p.Z.IsZero() {
		return false // infinity
	}
	var z2, x, rz btcec.FieldVal
	z2.SquareVal(&p.Z)
	b := r.Bytes()
	x.SetBytes(&b)
	if rz.Mul2(&x, &z2).Normalize().Equals(&p.X) {
		return true
	}
	if x.IsGtOrEqPrimeMinusOrder() {
		return false
	}
	var order btcec.FieldVal
	order.SetByteSlice(btcec.S256().N.Bytes())
	x.Add(&order).Normalize()
	return rz.Mul2(&x, &z2).Normalize().Equals(&p.X)
}

// schnorr is the verification of BIP340.
func (tabled) schnorr(sig *[64]byte, hash *chainhash.Hash, k key) bool {
	t := k.(*multiples)
	var r btcec.FieldVal
	var s, e btcec.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) {
		return false
	}
	challenge := chainhash.TaggedHash(chainhash.TagBIP0340Challenge, sig[:32], t.px[:], hash[:])
	e.SetBytes((*[32]byte)(challenge))
	e.Negate()

	var R, sG, eP btcec.JacobianPoint
	if !t.times(&e, &eP) {
		return false
	}
	btcec.ScalarBaseMultNonConst(&s, &sG)
	btcec.AddNonConst(&sG, &eP, &R)
	if R.X.IsZero() && R.Y.IsZero() || R.Z.IsZero() {
		return false // infinity
	}
	R.ToAffine()
	return !R.Y.IsOdd() && r.Equals(&R.X)
}
