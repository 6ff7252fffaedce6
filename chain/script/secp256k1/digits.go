package secp256k1

import (
	"encoding/binary"
	"math/bits"

	"github.com/btcsuite/btcd/btcec/v2"
)

// maxDigits is the most digits of a number of 129 bits: a carry makes one more.
const maxDigits = 130

// digits of a number, the least first: zero or odd, below 2^(width-1) either side
// of zero, and at least width-1 zeros after each that is not zero (wNAF).
type digits [maxDigits]int16

// short is a number of at most 129 bits and its sign.
type short struct {
	words    [3]uint64 // the least first; the last one is 0 or 1
	negative bool
}

// shortOf is k, or k less the order; not ok if it has more than 129 bits either
// way.
func shortOf(k *btcec.ModNScalar) (s short, ok bool) {
	if s.negative = k.IsOverHalfOrder(); s.negative {
		minus := *k
		k = minus.Negate()
	}
	b := k.Bytes()
	s.words = [3]uint64{binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[8:])}
	return s, binary.BigEndian.Uint64(b[:]) == 0 && s.words[2] <= 1
}

// write takes a number apart; n is how many digits it has.
func (d *digits) write(s short, width uint) (n int) {
	lo, hi, top := s.words[0], s.words[1], s.words[2]
	for lo|hi|top != 0 {
		if zeros := bits.TrailingZeros64(lo); zeros > 0 {
			zeros = min(zeros, 63)
			lo = lo>>zeros | hi<<(64-zeros)
			hi = hi>>zeros | top<<(64-zeros)
			top >>= zeros
			n += zeros
			continue
		}
		digit := int64(lo & (1<<width - 1))
		lo -= uint64(digit)
		if digit >= 1<<(width-1) { // a negative digit: what is left grows
			digit -= 1 << width
			var c uint64
			lo, c = bits.Add64(lo, 1<<width, 0)
			hi, c = bits.Add64(hi, 0, c)
			top += c
		}
		if s.negative {
			digit = -digit
		}
		d[n] = int16(digit)
	}
	return n + 1
}
