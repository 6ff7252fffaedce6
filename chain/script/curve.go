package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain/script/secp256k1"
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

// pure is our own curve, in Go. Its keys are points.
type pure struct{}

func (pure) name() string { return "pure Go" }

func (pure) parse(raw []byte) key {
	p := new(secp256k1.Affine)
	if !readPoint(raw, p) {
		return nil
	}
	return p
}

// readPoint reads a point as SEC 1, 2.3.4, does, with the hybrid form besides.
func readPoint(raw []byte, p *secp256k1.Affine) (ok bool) {
	const compressed, whole = 33, 65
	switch {
	case len(raw) == compressed && raw[0]&^1 == 2:
		return p.X.SetBytes((*[32]byte)(raw[1:])) && p.Lift(&p.X, raw[0] == 3)
	case len(raw) == whole && (raw[0] == 4 || raw[0]&^1 == 6):
		return p.X.SetBytes((*[32]byte)(raw[1:33])) && p.Y.SetBytes((*[32]byte)(raw[33:])) && p.IsOnCurve() &&
			(raw[0] == 4 || p.Y.IsOdd() == (raw[0] == 7))
	}
	return false
}

// ecdsa is the verification of SEC 1, 4.1.4 [CheckECDSASignature].
func (pure) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	if s.IsZero() {
		return false
	}
	return signed(r, new(btcec.ModNScalar).InverseValNonConst(s), hash, k)
}

// signed says whether r is that of a hash signed with this key and an s whose inverse is w.
func signed(r, w *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	if r.IsZero() {
		return false
	}
	var e, u1, u2 btcec.ModNScalar
	e.SetByteSlice(hash[:])
	u1.Mul2(&e, w)
	u2.Mul2(r, w)
	sum, ok := k.(*secp256k1.Affine).Sum(&u1, &u2)
	return ok && hasX(&sum, r)
}

// hasX says whether r is the point's x modulo the order. x is below the prime, so
// it is r, or r and the order if that is below the prime too.
func hasX(p *secp256k1.Point, r *btcec.ModNScalar) bool {
	b := r.Bytes()
	var x, more secp256k1.Field
	x.SetBytes(&b) // the order is below the prime
	if p.HasX(&x) {
		return true
	}
	order := secp256k1.Field{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}
	if below := new(secp256k1.Field).Neg(&order); !isBelow(&x, below) {
		return false
	}
	return p.HasX(more.Add(&x, &order))
}

// isBelow compares two numbers.
func isBelow(x, y *secp256k1.Field) bool {
	a, b := x.Bytes(), y.Bytes()
	return string(a[:]) < string(b[:])
}

// schnorr is the verification of BIP340 [VerifySchnorrSignature].
func (pure) schnorr(sig *[64]byte, hash *chainhash.Hash, k key) bool {
	p := k.(*secp256k1.Affine)
	var r secp256k1.Field
	var s, e btcec.ModNScalar
	if !r.SetBytes((*[32]byte)(sig[:32])) || s.SetByteSlice(sig[32:]) {
		return false
	}
	e = challengeOf(sig, p, hash)
	sum, ok := p.Sum(&s, e.Negate())
	return ok && sum.HasX(&r) && !sum.HasOddY()
}

// challengeOf is the number e of BIP340.
func challengeOf(sig *[64]byte, p *secp256k1.Affine, hash *chainhash.Hash) (e btcec.ModNScalar) {
	px := p.X.Bytes()
	e.SetBytes((*[32]byte)(chainhash.TaggedHash(chainhash.TagBIP0340Challenge, sig[:32], px[:], hash[:])))
	return e
}
