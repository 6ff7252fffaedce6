package script

import (
	"encoding/binary"
	"math/bits"

	"github.com/btcsuite/btcd/btcec/v2"
)

// A signature check is u1·G + u2·Q. btcec's multiplication of G uses a large
// table; the one of Q is general, and takes two thirds of the check. It is done
// here, with btcec's field and group operations:
//
//   - u2 is split into two halves of 128 bits with the curve's endomorphism,
//     λ·(x, y) = (β·x, y), so that half the doublings do.
//   - Both halves are written with odd digits of five bits, so that one addition
//     in six doublings does, from a table of the odd multiples of Q.
//   - The table is kept with the key. Its points share one Z, as points with
//     Z = 1 of an isomorphic curve: cheaper to add, and no inversion is needed.
//
// The split holds for any rounding; only the length of the halves depends on
// it, and is checked: were they ever too long, the engine would decide.

const (
	digitBits = 5
	tableSize = 1 << (digitBits - 2) // 1Q, 3Q, … 15Q
	// halfBits is the most digits of a half: of 129 bits, and a carry.
	halfBits = 130
)

// multiples are the odd multiples of a point: (x[i], y[i]) stands for the
// Jacobian point (x[i] : y[i] : z), which is (2i+1)·Q. All coordinates are
// normalised, as btcec's additions want them. None of the points is infinity,
// for the order is prime and above 15; so z is not zero. It never changes once
// it is made, and may be used by many at once. It takes 712 bytes.
type multiples struct {
	x, y [tableSize]btcec.FieldVal
	z    btcec.FieldVal
	px   [32]byte // Q's own x
}

// multiplesOf makes the table of a point of the curve, not infinity, with
// Z = 1.
func multiplesOf(q *btcec.JacobianPoint) *multiples {
	var points [tableSize]btcec.JacobianPoint
	var twice btcec.JacobianPoint
	btcec.DoubleNonConst(q, &twice)
	points[0].Set(q)
	for i := 1; i < tableSize; i++ {
		btcec.AddNonConst(&points[i-1], &twice, &points[i])
	}
	// Each point times the other points' Z: then all have the product as Z.
	var before [tableSize]btcec.FieldVal // product of the Z before i
	before[0].SetInt(1)
	for i := 1; i < tableSize; i++ {
		before[i].Mul2(&before[i-1], &points[i-1].Z)
	}
	t := &multiples{px: *q.X.Bytes()}
	var after, c, c2 btcec.FieldVal // after: product of the Z after i
	after.SetInt(1)
	for i := tableSize - 1; i >= 0; i-- {
		c.Mul2(&before[i], &after)
		c2.SquareVal(&c)
		t.x[i].Mul2(&points[i].X, &c2).Normalize()
		t.y[i].Mul2(&points[i].Y, c2.Mul(&c)).Normalize()
		after.Mul(&points[i].Z)
	}
	t.z = after
	t.z.Normalize()
	return t
}

// point is digit·Q on the isomorphic curve, or with β digit·λQ. The digit is
// odd and between -15 and 15.
func (t *multiples) point(digit int8, beta *btcec.FieldVal, into *btcec.JacobianPoint) {
	i := digit >> 1
	if digit < 0 {
		i = -digit >> 1
	}
	into.X, into.Y = t.x[i], t.y[i]
	if beta != nil {
		into.X.Mul(beta).Normalize()
	}
	if digit < 0 {
		into.Y.Negate(1).Normalize()
	}
	into.Z.SetInt(1)
}

// times is k·Q, normalised; infinity, all zeros, for a k of zero. It is not ok
// if k could not be split, which no k is known for.
func (t *multiples) times(k *btcec.ModNScalar, result *btcec.JacobianPoint) (ok bool) {
	k1, k2 := split(k)
	var d1, d2 digits
	n1, ok1 := d1.write(&k1)
	n2, ok2 := d2.write(&k2)
	if !ok1 || !ok2 {
		return false
	}
	var sum, p btcec.JacobianPoint // infinity
	b := beta()
	for i := max(n1, n2) - 1; i >= 0; i-- {
		btcec.DoubleNonConst(&sum, &sum)
		if d := d1[i]; d != 0 {
			t.point(d, nil, &p)
			btcec.AddNonConst(&sum, &p, &sum)
		}
		if d := d2[i]; d != 0 {
			t.point(d, &b, &p)
			btcec.AddNonConst(&sum, &p, &sum)
		}
	}
	sum.Z.Mul(&t.z).Normalize() // back to the curve itself
	result.Set(&sum)
	return true
}

// digits of a number, the least first: zero or odd, between -15 and 15, and at
// least four zeros after each that is not zero.
type digits [halfBits]int8

// write takes k apart; a k over half the order counts as negative. n is how
// many digits it has; ok is false if they are too many.
func (d *digits) write(k *btcec.ModNScalar) (n int, ok bool) {
	negative := k.IsOverHalfOrder()
	if negative {
		minus := *k
		k = minus.Negate()
	}
	b := k.Bytes()
	if binary.BigEndian.Uint64(b[:8]) != 0 || binary.BigEndian.Uint64(b[8:]) > 1 {
		return 0, false // more than 129 bits
	}
	top, hi, lo := uint64(b[15]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:])
	for n < halfBits && top|hi|lo != 0 {
		if lo&1 == 1 {
			digit := int64(lo & (1<<digitBits - 1))
			if digit < 1<<(digitBits-1) {
				lo -= uint64(digit)
			} else { // a negative digit: what is left grows
				digit -= 1 << digitBits
				var carry uint64
				lo, carry = bits.Add64(lo, uint64(-digit), 0)
				hi, carry = bits.Add64(hi, 0, carry)
				top += carry
			}
			if negative {
				digit = -digit
			}
			d[n] = int8(digit)
		}
		lo = lo>>1 | hi<<63
		hi = hi>>1 | top<<63
		top >>= 1
		n++
	}
	return n, top|hi|lo == 0
}

// split finds two short numbers with k = k1 + k2·λ modulo the order. Short ones
// beyond half the order stand for negative ones.
func split(k *btcec.ModNScalar) (k1, k2 btcec.ModNScalar) {
	// With the short lattice basis (a1, b1), (a2, b2) of the published
	// constants, c1 and c2 are k·b2/n and -k·b1/n, rounded.
	c1 := mulShift(k, [4]uint64{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd})
	c2 := mulShift(k, [4]uint64{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828})
	minusB1 := scalarOf(0, 0, 0xe4437ed6010e8828, 0x6f547fa90abfe4c3)
	b2 := scalarOf(0, 0, 0x3086d221a7d46bcd, 0xe86c90e49284eb15)
	lambda := scalarOf(0x5363ad4cc05c30e0, 0xa5261c028812645a, 0x122e22ea20816678, 0xdf02967c1b23bd72)
	// k2 = -c1·b1 - c2·b2, k1 = k - k2·λ.
	k2.Mul2(&c1, &minusB1)
	c2.Mul(&b2).Negate()
	k2.Add(&c2)
	k1.Mul2(&k2, &lambda).Negate()
	k1.Add(k)
	return k1, k2
}

// scalarOf is the number of four words, the most significant first.
func scalarOf(w3, w2, w1, w0 uint64) (s btcec.ModNScalar) {
	var b [32]byte
	for i, w := range [4]uint64{w3, w2, w1, w0} {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	s.SetBytes(&b)
	return s
}

// beta is the cube root of one that λ multiplies x by.
func beta() (f btcec.FieldVal) {
	var b [32]byte
	for i, w := range [4]uint64{0x7ae96a2b657c0710, 0x6e64479eac3434e9, 0x9cf0497512f58995, 0xc1396c28719501ee} {
		binary.BigEndian.PutUint64(b[8*i:], w)
	}
	f.SetBytes(&b)
	return f
}

// mulShift is k·g / 2^384, rounded; g's words come with the least first.
func mulShift(k *btcec.ModNScalar, g [4]uint64) btcec.ModNScalar {
	b := k.Bytes()
	var a [4]uint64
	for i := range a {
		a[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	var product [8]uint64
	for i, x := range a {
		var carry uint64
		for j, y := range g {
			hi, lo := bits.Mul64(x, y)
			var c uint64
			lo, c = bits.Add64(lo, product[i+j], 0)
			hi += c
			lo, c = bits.Add64(lo, carry, 0)
			hi += c
			product[i+j], carry = lo, hi
		}
		product[i+4] = carry
	}
	lo, c := bits.Add64(product[6], product[5]>>63, 0)
	return scalarOf(0, 0, product[7]+c, lo)
}
