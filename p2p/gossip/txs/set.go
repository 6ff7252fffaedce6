package txs

import (
	"encoding/binary"

	"grapevine/chain"
)

// Set remembers about the last n to 2n hashes put in: when the young half is
// full it becomes the old half, and the old one is forgotten. It grows with use,
// so that an idle peer costs nothing [m_tx_inventory_known_filter].
type Set struct {
	n          int
	young, old map[uint64]struct{}
}

// key is what is kept of a hash: a quarter of it, for 125 busy peers' sets weigh
// half a gigabyte otherwise. To make a hash with the 64 bits of another's takes
// 2^64 tries, and what has been missed comes with its block.
func key(h chain.Hash) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// NewSet makes an empty set with halves of n.
func NewSet(n int) Set { return Set{n: n} }

// Has says whether the hash is remembered.
func (s *Set) Has(h chain.Hash) bool {
	if _, ok := s.young[key(h)]; ok {
		return true
	}
	_, ok := s.old[key(h)]
	return ok
}

// Add remembers a hash.
func (s *Set) Add(h chain.Hash) {
	if s.Has(h) {
		return
	}
	if len(s.young) >= s.n {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[uint64]struct{})
	}
	s.young[key(h)] = struct{}{}
}

// Remove forgets one hash.
func (s *Set) Remove(h chain.Hash) {
	delete(s.young, key(h))
	delete(s.old, key(h))
}

// Clear forgets all.
func (s *Set) Clear() { s.young, s.old = nil, nil }

// Len counts what is remembered.
func (s *Set) Len() int { return len(s.young) + len(s.old) }
