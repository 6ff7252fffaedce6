package script

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain/script/secp256k1"
)

// claim is a signature of BIP340 that is still to be verified.
type claim struct {
	sig  [64]byte
	hash chainhash.Hash
	key  key
}

// ecdsaClaim is one of ECDSA.
type ecdsaClaim struct {
	sig  *signature
	hash chainhash.Hash
	key  key
}

// batcher is a curve that verifies many signatures together, faster than one after the
// other. False says that one of them is bad, and not which.
type batcher interface {
	schnorrAll(claims []claim) bool
	ecdsaAll(claims []ecdsaClaim) bool
}

// Batch checks inputs as CheckInput does, but leaves signatures of taproot's key path and
// those of ECDSA that only one key can have made to End, where they are verified together.
// One goroutine uses it.
type Batch struct {
	checker *Checker
	all     batcher // nil: the curve is none, and nothing is left for the end
	flags   txscript.ScriptFlags
	at      int64 // of the input that is being checked
	schnorr []claim
	ecdsa   []ecdsaClaim
	inputs  []input // that the claims are of
}

// input is one that passes if its claims are true.
type input struct {
	p  *Prepared
	i  int
	at int64
}

// Batch begins one, for inputs that are all checked under these flags.
func (c *Checker) Batch(flags txscript.ScriptFlags) *Batch {
	all, _ := c.curve.(batcher)
	return &Batch{checker: c, all: all, flags: flags}
}

// CheckInput checks an input, or leaves it to End, which will call it at.
func (b *Batch) CheckInput(p *Prepared, i int, at int64) error {
	b.at = at
	if b.all == nil {
		return b.checker.CheckInput(p, i, b.flags)
	}
	return b.checker.check(p, i, b.flags, b)
}

// leave notes that the input which is being checked has a claim; one of several keys says so
// for each.
func (b *Batch) leave(s spend) {
	in := input{s.p, s.i, b.at}
	if n := len(b.inputs); n == 0 || b.inputs[n-1] != in {
		b.inputs = append(b.inputs, in)
	}
}

func (b *Batch) leaveSchnorr(s spend, c claim) {
	b.schnorr = append(b.schnorr, c)
	b.leave(s)
}

func (b *Batch) leaveECDSA(s spend, c ecdsaClaim) {
	b.ecdsa = append(b.ecdsa, c)
	b.leave(s)
}

// End verifies what was left. If that is not all good each is judged by itself: at is the first
// that fails, and the error what Checker.CheckInput says of it.
func (b *Batch) End() (at int64, err error) {
	if b.good() {
		return 0, nil
	}
	for _, in := range b.inputs {
		if err := b.checker.CheckInput(in.p, in.i, b.flags); err != nil {
			return in.at, err
		}
	}
	return 0, nil
}

// good verifies what was left.
func (b *Batch) good() bool {
	if len(b.ecdsa) > 0 && !b.all.ecdsaAll(b.ecdsa) {
		return false
	}
	switch len(b.schnorr) {
	case 0:
		return true
	case 1: // together with nothing it would take longer
		c := &b.schnorr[0]
		return b.checker.curve.schnorr(&c.sig, &c.hash, c.key)
	}
	return b.all.schnorrAll(b.schnorr)
}

// usualClaims is how many most batches have.
const usualClaims = 16

// schnorrAll is the batch verification of BIP340: the sum of all equations, each times
// a weight of its own,
//
//	(Σ aᵢsᵢ)·G = Σ aᵢ·Rᵢ + Σ aᵢeᵢ·Pᵢ
//
// The weights come from a hash of everything that is verified: who wants bad ones to cancel
// each other would have to know them before.
func (pure) schnorrAll(claims []claim) bool {
	var room [2 * usualClaims]secp256k1.Term
	terms := room[:0]
	var u btcec.ModNScalar
	weights := weigh(claims)
	for i := range claims {
		c := &claims[i]
		p := c.key.(*secp256k1.Affine)
		var rx secp256k1.Field
		var r secp256k1.Affine
		var s, e btcec.ModNScalar
		if !rx.SetBytes((*[32]byte)(c.sig[:32])) || !r.Lift(&rx, false) || s.SetByteSlice(c.sig[32:]) {
			return false
		}
		a := weights[i]
		u.Add(s.Mul(&a))
		e = challengeOf(&c.sig, p, &c.hash)
		e.Mul(&a).Negate()
		terms = append(terms, secp256k1.Term{Point: r, By: *a.Negate()}, secp256k1.Term{Point: *p, By: e})
	}
	sum, ok := secp256k1.SumOf(&u, terms)
	return ok && sum.IsInfinity()
}

// ecdsaAll inverts the product of all s in place of each: nothing else of ECDSA can be shared,
// for nobody knows which of two points has R's x.
func (pure) ecdsaAll(claims []ecdsaClaim) bool {
	var room [usualClaims]btcec.ModNScalar
	before := room[:0] // of each: the product of those before
	var product, w btcec.ModNScalar
	product.SetInt(1)
	for i := range claims {
		before = append(before, product)
		product.Mul(claims[i].sig.s)
	}
	if product.IsZero() { // the order is a prime: one of them is
		return false
	}
	inverse := new(btcec.ModNScalar).InverseValNonConst(&product)
	for i := len(claims) - 1; i >= 0; i-- {
		c := &claims[i]
		w.Mul2(&before[i], inverse)
		inverse.Mul(c.sig.s)
		if !signed(c.sig.r, &w, &c.hash, c.key) {
			return false
		}
	}
	return true
}

// weigh gives each claim a number of 128 bits.
func weigh(claims []claim) []btcec.ModNScalar {
	h := sha256.New()
	for i := range claims {
		c := &claims[i]
		px := c.key.(*secp256k1.Affine).X.Bytes()
		h.Write(c.sig[:])
		h.Write(px[:])
		h.Write(c.hash[:])
	}
	var seed [sha256.Size + 4]byte
	h.Sum(seed[:0])
	weights := make([]btcec.ModNScalar, len(claims))
	for i := range weights {
		binary.BigEndian.PutUint32(seed[sha256.Size:], uint32(i))
		sum := sha256.Sum256(seed[:])
		weights[i].SetByteSlice(sum[:16])
	}
	return weights
}
