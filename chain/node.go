package chain

import (
	"encoding/binary"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// NewHeaderNode puts a header at its place under parent; nil is the parent of
// genesis. It checks nothing: see CheckHeader.
func NewHeaderNode(parent *HeaderNode, h wire.BlockHeader) *HeaderNode {
	n := &HeaderNode{Hash: HeaderHash(&h), Header: h, Parent: parent}
	if parent == nil {
		n.Work = WorkOf(h.Bits)
		return n
	}
	n.Height = parent.Height + 1
	n.Work = parent.Work.Add(parent.nextWork(h.Bits))
	n.skip = parent.Ancestor(skipHeight(n.Height))
	return n
}

// nextWork is WorkOf(bits). Most headers claim what their parent did, whose
// work is known without a division of 256 bits.
func (n *HeaderNode) nextWork(bits uint32) Work {
	if n.Parent == nil || n.Header.Bits != bits {
		return WorkOf(bits)
	}
	return n.Work.minus(n.Parent.Work)
}

// HeaderHash is h.BlockHash(), for those who ask it of many headers: it
// allocates nothing.
func HeaderHash(h *wire.BlockHeader) Hash {
	var b [headerSize]byte
	binary.LittleEndian.PutUint32(b[0:], uint32(h.Version))
	copy(b[4:], h.PrevBlock[:])
	copy(b[36:], h.MerkleRoot[:])
	binary.LittleEndian.PutUint32(b[68:], uint32(h.Timestamp.Unix()))
	binary.LittleEndian.PutUint32(b[72:], h.Bits)
	binary.LittleEndian.PutUint32(b[76:], h.Nonce)
	return chainhash.DoubleHashH(b[:])
}

// skipHeight is the height that a node's skip pointer leads to. Turning off
// the lowest set bit, twice at odd heights, gives jumps of every size, so that
// a walk over n headers takes about log n steps [GetSkipHeight, pskip].
func skipHeight(height int32) int32 {
	if height < 2 {
		return 0
	}
	clear := func(n int32) int32 { return n & (n - 1) }
	if height&1 == 1 {
		return clear(clear(height-1)) + 1
	}
	return clear(height)
}

// Ancestor is the header at that height on the way from n to genesis, n
// itself included; nil when height is negative or above n [CBlockIndex::GetAncestor].
func (n *HeaderNode) Ancestor(height int32) *HeaderNode {
	if n == nil || height < 0 || height > n.Height {
		return nil
	}
	for n.Height > height {
		if n.skip != nil && skipPays(n.Height, height) {
			n = n.skip
		} else {
			n = n.Parent
		}
	}
	return n
}

// skipPays says whether the skip pointer of a node at height from is the
// better step towards height to: it must not overshoot, nor land where the
// parent's skip pointer would come closer.
func skipPays(from, to int32) bool {
	skip, parentSkip := skipHeight(from), skipHeight(from-1)
	return skip == to || skip > to && !(parentSkip < skip-2 && parentSkip >= to)
}

// IsAncestorOf says whether n lies on the way from m to genesis; a node is its
// own ancestor.
func (n *HeaderNode) IsAncestorOf(m *HeaderNode) bool {
	return n != nil && m.Ancestor(n.Height) == n
}

// MedianTimePast is the median of the times of n and the ten headers before
// it, in Unix seconds (BIP113) [GetMedianTimePast].
func (n *HeaderNode) MedianTimePast() int64 {
	var times [medianTimeSpan]int64
	k := 0
	for ; k < len(times) && n != nil; n = n.Parent {
		times[k] = n.Header.Timestamp.Unix()
		k++
	}
	slices.Sort(times[:k])
	return times[k/2]
}

// Fork is the last header that a and b have in common; nil when they belong to
// different trees [LastCommonAncestor].
func Fork(a, b *HeaderNode) *HeaderNode {
	if a == nil || b == nil {
		return nil
	}
	height := min(a.Height, b.Height)
	a, b = a.Ancestor(height), b.Ancestor(height)
	for a != b {
		if a.skip != nil && a.skip != b.skip {
			a, b = a.skip, b.skip
		} else {
			a, b = a.Parent, b.Parent
		}
	}
	return a
}

// Locator names headers from n back to genesis, the last ones all, then ever
// fewer: what getheaders sends so that a peer finds the fork [LocatorEntries, CBlockLocator].
func Locator(n *HeaderNode) []Hash {
	var hashes []Hash
	for step := int32(1); n != nil; n = n.Ancestor(max(n.Height-step, 0)) {
		hashes = append(hashes, n.Hash)
		if n.Height == 0 {
			break
		}
		if len(hashes) > 10 {
			step *= 2
		}
	}
	return hashes
}
