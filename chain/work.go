package chain

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// Work is the expected number of hashes, 256 bits, most significant word first [nChainWork].
type Work [4]uint64

// Cmp is -1, 0 or +1 as w is less than, equal to or more than v.
func (w Work) Cmp(v Work) int {
	for i := range w {
		if c := cmp.Compare(w[i], v[i]); c != 0 {
			return c
		}
	}
	return 0
}

// Add is w + v; it wraps at 2^256, which no chain reaches.
func (w Work) Add(v Work) Work {
	var carry uint64
	for i := len(w) - 1; i >= 0; i-- {
		w[i], carry = bits.Add64(w[i], v[i], carry)
	}
	return w
}

// minus is w - v, which must not be more than w.
func (w Work) minus(v Work) Work {
	var borrow uint64
	for i := len(w) - 1; i >= 0; i-- {
		w[i], borrow = bits.Sub64(w[i], v[i], borrow)
	}
	return w
}

// Times is w × k; it wraps at 2^256.
func (w Work) Times(k uint64) Work {
	var carry uint64
	for i := len(w) - 1; i >= 0; i-- {
		high, low := bits.Mul64(w[i], k)
		var more uint64
		w[i], more = bits.Add64(low, carry, 0)
		carry = high + more
	}
	return w
}

// String is 64 hex digits, as RPC prints chainwork.
func (w Work) String() string {
	return fmt.Sprintf("%016x%016x%016x%016x", w[0], w[1], w[2], w[3])
}

// ParseWork reads up to 64 hex digits, with or without 0x before them, as
// -minimumchainwork takes them.
func ParseWork(digits string) (Work, error) {
	bare := strings.TrimPrefix(digits, "0x")
	n, ok := new(big.Int).SetString(bare, 16)
	if !ok || n.Sign() < 0 || len(bare) > 64 || strings.HasPrefix(bare, "+") {
		return Work{}, fmt.Errorf("work %q: want up to 64 hex digits", digits)
	}
	return workOfInt(n), nil
}

// Log2 is the work's binary logarithm, as logs show it; 0 for none.
func (w Work) Log2() float64 {
	v := 0.0
	for _, word := range w {
		v = v*(1<<64) + float64(word)
	}
	if v == 0 {
		return 0
	}
	return math.Log2(v)
}
