package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// curve is who multiplies points for the fast road. What may be multiplied was
// decided before: signatures are in range and low, keys compressed. All
// implementations must judge alike; build tags choose one.
type curve interface {
	// name is for logs and benchmarks.
	name() string
	// parse reads a compressed key, 33 bytes, for the two others; nil: not a
	// point of the curve. What it returns is shared and never changes.
	parse(raw []byte) key
	// ecdsa verifies a signature, neither half zero, over a hash.
	ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool
	// schnorr verifies 64 bytes by BIP340; the key is one with an even y.
	schnorr(sig []byte, hash *chainhash.Hash, k key) bool
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

func (tabled) schnorr(sig []byte, hash *chainhash.Hash, k key) bool {
	t := k.(*multiples)
	return verifySchnorr(sig, hash, &t.px, t.times)
}

// pureGo is btcec's own verification, the judge of all others.
type pureGo struct{}

func (pureGo) name() string { return "btcec" }

func (pureGo) parse(raw []byte) key {
	k, err := btcec.ParsePubKey(raw)
	if err != nil {
		return nil
	}
	return k
}

func (pureGo) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	return ecdsa.NewSignature(r, s).Verify(hash[:], k.(*btcec.PublicKey))
}

func (pureGo) schnorr(sig []byte, hash *chainhash.Hash, k key) bool {
	var p btcec.JacobianPoint
	k.(*btcec.PublicKey).AsJacobian(&p)
	return verifySchnorr(sig, hash, p.X.Bytes(), func(k *btcec.ModNScalar, result *btcec.JacobianPoint) bool {
		btcec.ScalarMultNonConst(k, &p, result)
		return true
	})
}
