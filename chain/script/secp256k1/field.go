package secp256k1

import (
	"encoding/binary"
	"math/bits"
)

// Field is a number modulo p = 2^256 - 2^32 - 977: four words of 64 bits, the
// least first. Any value below 2^256 may stand for a number, so that a few have
// two forms; whatever compares or shows it reduces it first.
type Field [4]uint64

// fold is 2^256 modulo p: what leaves at the top comes in again at the bottom
// times this.
const fold = 1<<32 + 977

// prime is p.
const (
	prime0 = 1<<64 - fold
	primeN = 1<<64 - 1 // its three other words
)

// SetBytes sets z to a big-endian number. ok is false if it is p or more; z then
// is that number modulo p.
func (z *Field) SetBytes(b *[32]byte) (ok bool) {
	for i := range z {
		z[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	return !z.isOver()
}

// Bytes is the number, big-endian and below p.
func (z *Field) Bytes() (b [32]byte) {
	r := z.reduced()
	for i, w := range r {
		binary.BigEndian.PutUint64(b[24-8*i:], w)
	}
	return b
}

// isOver says whether the form is p or more.
func (z *Field) isOver() bool {
	return z[3] == primeN && z[2] == primeN && z[1] == primeN && z[0] >= prime0
}

// reduced is the form below p.
func (z *Field) reduced() Field {
	if z.isOver() {
		return Field{z[0] - prime0}
	}
	return *z
}

// IsZero says whether it is zero modulo p.
func (z *Field) IsZero() bool {
	return z[0]|z[1]|z[2]|z[3] == 0 || z.isOver() && z[0] == prime0
}

// IsOdd says whether the number below p is odd.
func (z *Field) IsOdd() bool { return (z[0]^b2w(z.isOver()))&1 == 1 }

func b2w(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Equal says whether both are the same number modulo p.
func (z *Field) Equal(x *Field) bool { return z.reduced() == x.reduced() }

// Add sets z to x + y.
func (z *Field) Add(x, y *Field) *Field {
	var c uint64
	z[0], c = bits.Add64(x[0], y[0], 0)
	z[1], c = bits.Add64(x[1], y[1], c)
	z[2], c = bits.Add64(x[2], y[2], c)
	z[3], c = bits.Add64(x[3], y[3], c)
	// The sum is below 2^257. If it overflows twice what is left is less than fold.
	z[0], c = bits.Add64(z[0], -c&fold, 0)
	z[1], c = bits.Add64(z[1], 0, c)
	z[2], c = bits.Add64(z[2], 0, c)
	z[3], c = bits.Add64(z[3], 0, c)
	z[0] += -c & fold
	return z
}

// Sub sets z to x - y.
func (z *Field) Sub(x, y *Field) *Field {
	var c uint64
	z[0], c = bits.Sub64(x[0], y[0], 0)
	z[1], c = bits.Sub64(x[1], y[1], c)
	z[2], c = bits.Sub64(x[2], y[2], c)
	z[3], c = bits.Sub64(x[3], y[3], c)
	// A borrow has added 2^256, which is fold too much. If taking that away borrows
	// again what is left is 2^256 less something smaller than fold.
	z[0], c = bits.Sub64(z[0], -c&fold, 0)
	z[1], c = bits.Sub64(z[1], 0, c)
	z[2], c = bits.Sub64(z[2], 0, c)
	z[3], c = bits.Sub64(z[3], 0, c)
	z[0] -= -c & fold
	return z
}

// Neg sets z to -x.
func (z *Field) Neg(x *Field) *Field { return z.Sub(&Field{}, x) }

// halve sets z to x/2.
func (z *Field) halve(x *Field) *Field {
	// An odd form gets p added, which is odd: 257 bits at most.
	odd := -(x[0] & 1)
	var r Field
	var c uint64
	r[0], c = bits.Add64(x[0], odd&prime0, 0)
	r[1], c = bits.Add64(x[1], odd, c)
	r[2], c = bits.Add64(x[2], odd, c)
	r[3], c = bits.Add64(x[3], odd, c)
	z[0] = r[0]>>1 | r[1]<<63
	z[1] = r[1]>>1 | r[2]<<63
	z[2] = r[2]>>1 | r[3]<<63
	z[3] = r[3]>>1 | c<<63
	return z
}

// Mul sets z to x · y.
func (z *Field) Mul(x, y *Field) *Field {
	var t0, t1, t2, t3, t4, t5, t6, t7, c uint64

	h0, l0 := bits.Mul64(x[0], y[0])
	h1, l1 := bits.Mul64(x[0], y[1])
	h2, l2 := bits.Mul64(x[0], y[2])
	h3, l3 := bits.Mul64(x[0], y[3])
	t0 = l0
	t1, c = bits.Add64(h0, l1, 0)
	t2, c = bits.Add64(h1, l2, c)
	t3, c = bits.Add64(h2, l3, c)
	t4 = h3 + c

	h0, l0 = bits.Mul64(x[1], y[0])
	h1, l1 = bits.Mul64(x[1], y[1])
	h2, l2 = bits.Mul64(x[1], y[2])
	h3, l3 = bits.Mul64(x[1], y[3])
	t1, c = bits.Add64(t1, l0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, l2, c)
	t4, t5 = bits.Add64(t4, l3, c)
	t2, c = bits.Add64(t2, h0, 0)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, h2, c)
	t5, _ = bits.Add64(t5, h3, c)

	h0, l0 = bits.Mul64(x[2], y[0])
	h1, l1 = bits.Mul64(x[2], y[1])
	h2, l2 = bits.Mul64(x[2], y[2])
	h3, l3 = bits.Mul64(x[2], y[3])
	t2, c = bits.Add64(t2, l0, 0)
	t3, c = bits.Add64(t3, l1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, t6 = bits.Add64(t5, l3, c)
	t3, c = bits.Add64(t3, h0, 0)
	t4, c = bits.Add64(t4, h1, c)
	t5, c = bits.Add64(t5, h2, c)
	t6, _ = bits.Add64(t6, h3, c)

	h0, l0 = bits.Mul64(x[3], y[0])
	h1, l1 = bits.Mul64(x[3], y[1])
	h2, l2 = bits.Mul64(x[3], y[2])
	h3, l3 = bits.Mul64(x[3], y[3])
	t3, c = bits.Add64(t3, l0, 0)
	t4, c = bits.Add64(t4, l1, c)
	t5, c = bits.Add64(t5, l2, c)
	t6, t7 = bits.Add64(t6, l3, c)
	t4, c = bits.Add64(t4, h0, 0)
	t5, c = bits.Add64(t5, h1, c)
	t6, c = bits.Add64(t6, h2, c)
	t7, _ = bits.Add64(t7, h3, c)

	return z.fold(half{t0, t1, t2, t3}, half{t4, t5, t6, t7})
}

// Square sets z to x².
func (z *Field) Square(x *Field) *Field {
	var t0, t1, t2, t3, t4, t5, t6, t7, c uint64
	// The six products of different words, doubled, and the four squares.
	h01, l01 := bits.Mul64(x[0], x[1])
	h02, l02 := bits.Mul64(x[0], x[2])
	h03, l03 := bits.Mul64(x[0], x[3])
	h12, l12 := bits.Mul64(x[1], x[2])
	h13, l13 := bits.Mul64(x[1], x[3])
	h23, l23 := bits.Mul64(x[2], x[3])
	t1 = l01
	t2, c = bits.Add64(h01, l02, 0)
	t3, c = bits.Add64(h02, l03, c)
	t4, t5 = bits.Add64(h03, l13, c)
	t3, c = bits.Add64(t3, l12, 0)
	t4, c = bits.Add64(t4, h12, c)
	t5, c = bits.Add64(t5, h13, c)
	t6 = c
	t5, c = bits.Add64(t5, l23, 0)
	t6, _ = bits.Add64(t6, h23, c)

	t7 = t6 >> 63
	t6 = t6<<1 | t5>>63
	t5 = t5<<1 | t4>>63
	t4 = t4<<1 | t3>>63
	t3 = t3<<1 | t2>>63
	t2 = t2<<1 | t1>>63
	t1 <<= 1

	h0, l0 := bits.Mul64(x[0], x[0])
	h1, l1 := bits.Mul64(x[1], x[1])
	h2, l2 := bits.Mul64(x[2], x[2])
	h3, l3 := bits.Mul64(x[3], x[3])
	t0 = l0
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, l1, c)
	t3, c = bits.Add64(t3, h1, c)
	t4, c = bits.Add64(t4, l2, c)
	t5, c = bits.Add64(t5, h2, c)
	t6, c = bits.Add64(t6, l3, c)
	t7, _ = bits.Add64(t7, h3, c)

	return z.fold(half{t0, t1, t2, t3}, half{t4, t5, t6, t7})
}

// half of a product, the least word first. As a struct, unlike an array, it
// travels in registers.
type half struct{ w0, w1, w2, w3 uint64 }

// fold sets z to a number of 512 bits: its upper half, times fold, goes to the lower
// one.
func (z *Field) fold(low, high half) *Field {
	h0, l0 := bits.Mul64(high.w0, fold)
	h1, l1 := bits.Mul64(high.w1, fold)
	h2, l2 := bits.Mul64(high.w2, fold)
	h3, l3 := bits.Mul64(high.w3, fold)
	t0, c := bits.Add64(low.w0, l0, 0)
	t1, c := bits.Add64(low.w1, l1, c)
	t2, c := bits.Add64(low.w2, l2, c)
	t3, t4 := bits.Add64(low.w3, l3, c)
	t1, c = bits.Add64(t1, h0, 0)
	t2, c = bits.Add64(t2, h1, c)
	t3, c = bits.Add64(t3, h2, c)
	t4 += h3 + c // below 2^33 + 2

	h0, l0 = bits.Mul64(t4, fold)
	t0, c = bits.Add64(t0, l0, 0)
	t1, c = bits.Add64(t1, h0, c)
	t2, c = bits.Add64(t2, 0, c)
	t3, c = bits.Add64(t3, 0, c)
	z[0], z[1], z[2], z[3] = t0, t1, t2, t3
	// If that overflows, what is left is below 2^67, and fold does not overflow again.
	if c != 0 {
		z[0], c = bits.Add64(t0, fold, 0)
		z[1] = t1 + c
	}
	return z
}
