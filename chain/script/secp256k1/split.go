package secp256k1

import (
	"encoding/binary"
	"math/bits"

	"github.com/btcsuite/btcd/btcec/v2"
)

// split finds two short numbers with k = k1 + k2·λ modulo the order. Short ones
// beyond half the order stand for negative ones.
func split(k *btcec.ModNScalar) (k1, k2 btcec.ModNScalar) {
	// With the short lattice basis (a1, b1), (a2, b2) of the published
	// constants [GLV], c1 and c2 are k·b2/n and -k·b1/n, rounded. The result holds for
	// any rounding; only how short the halves are depends on it.
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
