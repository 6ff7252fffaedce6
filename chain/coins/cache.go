package coins

import (
	"bytes"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// Marks of a cached entry, as Bitcoin Core's coins.h has them.
const (
	dirty = 1 << iota // differs from the layer below, and must be written there
	fresh             // absent from every layer below: spent, it is just forgotten
	spent             // there is no such coin any more
)

// entryBytes is what an entry of the map takes on average: 36 bytes of key and
// 8 of slot, in groups that are between 7/16 and 7/8 full.
const entryBytes = 72

// Cache holds changes of the coin set: coins that came and coins that went. It
// is not safe for concurrent use.
type Cache struct {
	entries map[wire.OutPoint]slot
	slab    slab
}

type slot struct {
	ref  uint32 // where in the slab
	size uint16 // bytes; a coin never has more than MaxScriptSize and a few
	mark uint8
}

// NewCache makes an empty cache.
func NewCache() *Cache { return &Cache{entries: map[wire.OutPoint]slot{}} }

// Change is one step of a block: a coin comes, or (Coin nil) goes.
type Change struct {
	Op   wire.OutPoint
	Coin []byte // as Append writes it
	// Fresh promises that no layer below has the coin, because its txid was
	// never seen before.
	Fresh bool
}

// Apply takes one change.
func (c *Cache) Apply(ch Change) {
	if ch.Coin == nil {
		c.spend(ch.Op)
		return
	}
	c.add(ch)
}

func (c *Cache) add(ch Change) {
	mark := uint8(dirty)
	old, there := c.entries[ch.Op]
	if ch.Fresh && !there {
		mark |= fresh
	}
	if there {
		// What is there already may hide a coin further down: it stays as
		// fresh as it was.
		mark |= old.mark & fresh
		c.slab.free(old)
	}
	ref := c.slab.put(ch.Coin)
	c.entries[ch.Op] = slot{ref: ref, size: uint16(len(ch.Coin)), mark: mark}
}

func (c *Cache) spend(op wire.OutPoint) {
	old, there := c.entries[op]
	if there {
		c.slab.free(old)
		if old.mark&fresh != 0 {
			delete(c.entries, op)
			return
		}
	}
	c.entries[op] = slot{mark: dirty | spent}
}

// Get looks an outpoint up. known is false when this layer says nothing of it;
// otherwise a nil coin is a spent one. The coin is valid until the next change.
func (c *Cache) Get(op wire.OutPoint) (coin []byte, known bool) {
	s, known := c.entries[op]
	if !known || s.mark&spent != 0 {
		return nil, known
	}
	return c.slab.get(s), true
}

// Len is the number of entries; all of them are to be written.
func (c *Cache) Len() int { return len(c.entries) }

// Bytes is about what the cache takes in memory.
func (c *Cache) Bytes() int64 {
	return int64(len(c.entries))*entryBytes + c.slab.bytes()
}

// Sorted calls fn for each entry in the order of AppendKey's keys; a nil coin
// is a spent one.
func (c *Cache) Sorted(fn func(op wire.OutPoint, coin []byte) error) error {
	ops := make([]wire.OutPoint, 0, len(c.entries))
	for op := range c.entries {
		ops = append(ops, op)
	}
	slices.SortFunc(ops, compareOutPoints)
	for _, op := range ops {
		coin, _ := c.Get(op)
		if err := fn(op, coin); err != nil {
			return err
		}
	}
	return nil
}

func compareOutPoints(a, b wire.OutPoint) int {
	if c := bytes.Compare(a.Hash[:], b.Hash[:]); c != 0 {
		return c
	}
	return int(int64(a.Index) - int64(b.Index))
}

const (
	chunkSize = 1 << 16 // offsets within a chunk fit into 16 bits of a ref
	classStep = 8       // bytes; room is given in multiples, so that it can be used again
	classes   = 17      // up to 128 bytes; longer coins are rare and not reused
)

// slab keeps coins' bytes in large chunks without pointers, which the garbage
// collector need not look at, and uses the room of spent ones again.
type slab struct {
	chunks [][]byte
	used   int               // bytes of the last chunk
	spare  [classes][]uint32 // refs of free room, by size class
}

func (s *slab) put(b []byte) uint32 {
	class := (len(b) + classStep - 1) / classStep
	if class < classes && len(s.spare[class]) > 0 {
		list := s.spare[class]
		ref := list[len(list)-1]
		s.spare[class] = list[:len(list)-1]
		copy(s.chunks[ref>>16][ref&0xffff:], b)
		return ref
	}
	size := class * classStep
	if len(s.chunks) == 0 || s.used+size > chunkSize {
		s.chunks = append(s.chunks, make([]byte, chunkSize))
		s.used = 0
	}
	last := len(s.chunks) - 1
	copy(s.chunks[last][s.used:], b)
	ref := uint32(last)<<16 | uint32(s.used)
	s.used += size
	return ref
}

func (s *slab) get(at slot) []byte {
	off := int(at.ref & 0xffff)
	return s.chunks[at.ref>>16][off : off+int(at.size) : off+int(at.size)]
}

func (s *slab) free(at slot) {
	class := (int(at.size) + classStep - 1) / classStep
	if at.mark&spent == 0 && class < classes {
		s.spare[class] = append(s.spare[class], at.ref)
	}
}

func (s *slab) bytes() int64 {
	n := int64(len(s.chunks)) * chunkSize
	for _, list := range s.spare {
		n += int64(cap(list)) * 4
	}
	return n
}
