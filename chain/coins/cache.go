package coins

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"
)

// Marks of a cached entry, as Bitcoin Core's coins.h has them.
const (
	dirty = 1 << iota // differs from the layer below, and must be written there
	fresh             // absent from every layer below: spent, it is just forgotten
	spent             // there is no such coin any more
)

// Cache holds changes of the coin set: coins that came and coins that went. It
// is not safe for concurrent use.
//
// It is a hash table with linear probing whose slots are only references; a Go
// map of outpoints would take half as much memory again.
type Cache struct {
	seed  maphash.Seed
	slots []uint32 // where an entry is in the slab; 0: free. A power of two
	n     int      // entries
	slab  slab
}

const (
	// minSlots is what an empty cache has.
	minSlots = 64
	// fullFifths: when so many fifths of the slots are used, the table grows: a fuller one is slow.
	fullFifths = 4
)

// key is an outpoint as it stands in the slab; keys sort as CompareOutPoints says.
type key [32 + 4]byte

func keyOf(op wire.OutPoint) (k key) {
	copy(k[:], op.Hash[:])
	binary.BigEndian.PutUint32(k[len(op.Hash):], op.Index)
	return k
}

func (k key) outPoint() (op wire.OutPoint) {
	copy(op.Hash[:], k[:])
	op.Index = binary.BigEndian.Uint32(k[len(op.Hash):])
	return op
}

// NewCache makes an empty cache.
func NewCache() *Cache {
	return &Cache{seed: maphash.MakeSeed(), slots: make([]uint32, minSlots)}
}

// Change is one step of a block: a coin comes, or (Coin nil) goes.
type Change struct {
	Op   wire.OutPoint
	Coin []byte // as Append writes it
	// Fresh promises that no layer below has the coin, because its txid was
	// never seen before.
	Fresh bool
}

// Apply takes one change [CCoinsViewCache::AddCoin, CCoinsViewCache::SpendCoin].
func (c *Cache) Apply(ch Change) {
	k := keyOf(ch.Op)
	i, there := c.find(&k)
	mark := uint8(dirty)
	if there {
		old := c.slab.entry(c.slots[i])
		c.slab.free(c.slots[i])
		// What is there already may hide a coin further down: it stays as
		// fresh as it was.
		mark |= old.mark() & fresh
		if ch.Coin == nil && mark&fresh != 0 {
			c.remove(i)
			return
		}
	} else if ch.Fresh && ch.Coin != nil {
		mark |= fresh
	}
	if ch.Coin == nil {
		mark = dirty | spent
	}
	c.slots[i] = c.slab.put(&k, mark, ch.Coin)
	if !there {
		c.n++
		c.grow()
	}
}

// home is where the search for a key begins.
func (c *Cache) home(k []byte) int {
	return int(maphash.Bytes(c.seed, k)) & (len(c.slots) - 1)
}

// find is the key's slot, or the free one where it would be.
func (c *Cache) find(k *key) (i int, there bool) {
	mask := len(c.slots) - 1
	for i = c.home(k[:]); c.slots[i] != 0; i = (i + 1) & mask {
		if bytes.Equal(c.slab.entry(c.slots[i]).key(), k[:]) {
			return i, true
		}
	}
	return i, false
}

// remove frees a slot, and moves those behind it up that would not be found
// any more.
func (c *Cache) remove(i int) {
	c.n--
	mask := len(c.slots) - 1
	for j := (i + 1) & mask; c.slots[j] != 0; j = (j + 1) & mask {
		home := c.home(c.slab.entry(c.slots[j]).key())
		if (j-home)&mask >= (j-i)&mask { // it was driven past i
			c.slots[i] = c.slots[j]
			i = j
		}
	}
	c.slots[i] = 0
}

func (c *Cache) grow() {
	if 5*c.n <= fullFifths*len(c.slots) {
		return
	}
	old := c.slots
	c.slots = make([]uint32, 2*len(old))
	mask := len(c.slots) - 1
	for _, ref := range old {
		if ref != 0 {
			i := c.home(c.slab.entry(ref).key())
			for c.slots[i] != 0 {
				i = (i + 1) & mask
			}
			c.slots[i] = ref
		}
	}
}

// Get looks an outpoint up. known is false when this layer says nothing of it;
// otherwise a nil coin is a spent one. The coin is valid until the next change [CCoinsViewCache::GetCoin].
func (c *Cache) Get(op wire.OutPoint) (coin []byte, known bool) {
	k := keyOf(op)
	i, there := c.find(&k)
	if !there {
		return nil, false
	}
	return c.slab.entry(c.slots[i]).coin(), true
}

// Len is the number of entries; all of them are to be written.
func (c *Cache) Len() int { return c.n }

// Bytes is about what the cache takes in memory.
func (c *Cache) Bytes() int64 { return 4*int64(len(c.slots)) + c.slab.bytes() }

// Sorted calls fn for each entry in the order of appendKey's keys; a nil coin
// is a spent one.
func (c *Cache) Sorted(fn func(op wire.OutPoint, coin []byte) error) error {
	refs := make([]uint32, 0, c.n)
	for _, ref := range c.slots {
		if ref != 0 {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b uint32) int { return bytes.Compare(c.slab.entry(a).key(), c.slab.entry(b).key()) })
	for _, ref := range refs {
		e := c.slab.entry(ref)
		if err := fn(key(e.key()).outPoint(), e.coin()); err != nil {
			return err
		}
	}
	return nil
}

// CompareOutPoints is the order of Scan: by txid and number.
func CompareOutPoints(a, b wire.OutPoint) int {
	if c := bytes.Compare(a.Hash[:], b.Hash[:]); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}

const (
	chunkSize = 1 << 16 // offsets within a chunk fit into 16 bits of a ref
	classStep = 8       // bytes; space is given in multiples, so that it can be used again
	classes   = 22      // up to 168 bytes; longer entries are rare and not reused
)

// slab keeps entries in large chunks without pointers, which the garbage
// collector need not look at, and uses the space of those that are gone again.
type slab struct {
	chunks [][]byte
	used   int               // bytes of the last chunk
	spare  [classes][]uint32 // refs of free space, by size class
}

// entry is an outpoint with its mark and its coin:
//
//	key 36  mark 1  size of the coin 2  coin
//
// A coin never has more than maxScriptSize and a few bytes [CCoinsCacheEntry].
type entry []byte

const (
	markAt = len(key{})
	sizeAt = markAt + 1
	coinAt = sizeAt + 2
)

func (e entry) key() []byte { return e[:markAt] }
func (e entry) mark() uint8 { return e[markAt] }
func (e entry) size() int   { return int(binary.LittleEndian.Uint16(e[sizeAt:])) }

// coin is nil if it is spent.
func (e entry) coin() []byte {
	if e.mark()&spent != 0 {
		return nil
	}
	end := coinAt + e.size()
	return e[coinAt:end:end]
}

// put writes an entry, and returns where; never 0.
func (s *slab) put(k *key, mark uint8, coin []byte) uint32 {
	ref := s.alloc(coinAt + len(coin))
	e := s.entry(ref)
	copy(e, k[:])
	e[markAt] = mark
	binary.LittleEndian.PutUint16(e[sizeAt:], uint16(len(coin)))
	copy(e[coinAt:], coin)
	return ref
}

func classOf(size int) int { return (size + classStep - 1) / classStep }

func (s *slab) alloc(size int) uint32 {
	class := classOf(size)
	if class < classes && len(s.spare[class]) > 0 {
		list := s.spare[class]
		s.spare[class] = list[:len(list)-1]
		return list[len(list)-1]
	}
	size = class * classStep
	if len(s.chunks) == 0 || s.used+size > chunkSize {
		s.used = 0
		if len(s.chunks) == 0 {
			s.used = classStep // 0 is no ref
		}
		s.chunks = append(s.chunks, make([]byte, chunkSize))
	}
	last := len(s.chunks) - 1
	ref := uint32(last)<<16 | uint32(s.used)
	s.used += size
	return ref
}

func (s *slab) entry(ref uint32) entry { return s.chunks[ref>>16][ref&0xffff:] }

// free gives an entry's space back; it stays readable until the next put.
func (s *slab) free(ref uint32) {
	if class := classOf(coinAt + s.entry(ref).size()); class < classes {
		s.spare[class] = append(s.spare[class], ref)
	}
}

func (s *slab) bytes() int64 {
	n := int64(len(s.chunks)) * chunkSize
	for _, list := range s.spare {
		n += int64(cap(list)) * 4
	}
	return n
}
