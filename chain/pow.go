package chain

import (
	"bytes"
	"encoding/binary"
	"math/big"
	"slices"
	"time"
)

// Target is the target, most significant byte first, that a compact form
// means: a byte of length, then a sign and the three most significant bytes. ok
// is false for what no block may claim: zero, negative, or more than 256 bits
// [arith_uint256::SetCompact].
func Target(bits uint32) (target [32]byte, ok bool) {
	const sign = 0x00800000
	size, word := int(bits>>24), bits&0x007fffff
	for i, shift := 0, 16; i < 3; i, shift = i+1, shift-8 {
		b := byte(word >> shift)
		switch at := len(target) - size + i; {
		case b == 0 || at >= len(target): // nothing, or cut off below
		case at < 0:
			return target, false
		default:
			target[at], ok = b, true
		}
	}
	return target, ok && bits&sign == 0
}

// targetOf is Target as a number.
func targetOf(bits uint32) (target *big.Int, ok bool) {
	b, ok := Target(bits)
	return new(big.Int).SetBytes(b[:]), ok
}

// compactOf is the compact form of a target: a byte of length and the three
// most significant bytes, of which the first stays below 0x80
// [arith_uint256::GetCompact].
func compactOf(target *big.Int) uint32 {
	size := uint(target.BitLen()+7) / 8
	var word uint64
	if size <= 3 {
		word = target.Uint64() << (8 * (3 - size))
	} else {
		word = new(big.Int).Rsh(target, 8*(size-3)).Uint64()
	}
	if word&0x00800000 != 0 {
		word >>= 8
		size++
	}
	return uint32(word) | uint32(size)<<24
}

// WorkOf is the expected number of hashes for a header of that difficulty:
// 2^256 / (target + 1). It is zero for bits that no header may claim
// [GetBlockProof].
func WorkOf(bits uint32) Work {
	target, ok := targetOf(bits)
	if !ok {
		return Work{}
	}
	all := new(big.Int).Lsh(big.NewInt(1), 256)
	return workOfInt(all.Div(all, target.Add(target, big.NewInt(1))))
}

// workOfInt is n, which has at most 256 bits, as Work.
func workOfInt(n *big.Int) (w Work) {
	var buf [32]byte
	n.FillBytes(buf[:])
	for i := range w {
		w[i] = binary.BigEndian.Uint64(buf[8*i:])
	}
	return w
}

// meetsTarget says whether a header's hash is proof of the work that bits
// claim, and bits are not easier than the network allows [CheckProofOfWork].
func meetsTarget(p *Params, hash Hash, bits uint32) bool {
	target, ok := Target(bits)
	var limit [32]byte
	if p.PowLimit.FillBytes(limit[:]); !ok || bytes.Compare(target[:], limit[:]) > 0 {
		return false
	}
	slices.Reverse(hash[:])
	return bytes.Compare(hash[:], target[:]) <= 0
}

// RetargetInterval is the number of blocks between changes of difficulty
// [DifficultyAdjustmentInterval].
func (p *Params) RetargetInterval() int32 {
	return int32(p.TargetTimespan / p.TargetTimePerBlock)
}

// NextBits is the difficulty that the header after parent must claim; time is
// that header's own, which matters on test networks only [GetNextWorkRequired].
func NextBits(p *Params, parent *HeaderNode, at time.Time) uint32 {
	switch {
	case p.PoWNoRetargeting && parent.Header.Bits == p.PowLimitBits:
		return p.PowLimitBits // and so has every header since genesis
	case (parent.Height+1)%p.RetargetInterval() == 0:
		return retarget(p, parent)
	case !p.ReduceMinDifficulty:
		return parent.Header.Bits
	case at.Unix() > parent.Header.Timestamp.Unix()+2*int64(p.TargetTimePerBlock/time.Second):
		return p.PowLimitBits
	}
	return lastRealBits(p, parent)
}

// lastRealBits is the difficulty of the last header that did not use the test
// networks' permission to be easy after twenty minutes
// [fPowAllowMinDifficultyBlocks].
func lastRealBits(p *Params, n *HeaderNode) uint32 {
	for n.Parent != nil && n.Height%p.RetargetInterval() != 0 && n.Header.Bits == p.PowLimitBits {
		n = n.Parent
	}
	return n.Header.Bits
}

// retarget scales the target by how long the last period took, at most by four
// either way. The period is measured over one block less than it has, as
// Bitcoin always did [CalculateNextWorkRequired].
func retarget(p *Params, last *HeaderNode) uint32 {
	if p.PoWNoRetargeting {
		return last.Header.Bits
	}
	first := last.Ancestor(last.Height - (p.RetargetInterval() - 1))
	want := int64(p.TargetTimespan / time.Second)
	took := last.Header.Timestamp.Unix() - first.Header.Timestamp.Unix()
	took = min(max(took, want/p.RetargetAdjustmentFactor), want*p.RetargetAdjustmentFactor)

	from := last.Header.Bits
	if p.EnforceBIP94 {
		// The last block of a period may carry the minimum difficulty; the
		// first may not.
		from = first.Header.Bits
	}
	target, _ := targetOf(from)
	target.Mul(target, big.NewInt(took))
	target.Div(target, big.NewInt(want))
	if target.Cmp(p.PowLimit) > 0 {
		return p.PowLimitBits
	}
	return compactOf(target)
}
