package archive

import (
	"bytes"
	"hash/crc32"
	"sync"

	"grapevine/chain"
	"grapevine/db"
)

// A transaction is a small part of a body, whose checksum is over all of it and whose
// transactions begin where those before them end. So of bodies that are asked for again their parts
// are kept in memory, each with a checksum of its own: then one is read, and proven, alone.

const (
	// partsFrom is the size of a body from which on its parts are kept: a smaller one is read through in less
	// time than it takes to answer.
	partsFrom = 16 << 10
	// partsBytes bounds the memory for them: 120,000 transactions, of which the younger half is sure to stay.
	partsBytes = 1 << 20
	// partBytes is what each takes, and bodyBytes a body beside.
	partBytes, bodyBytes = 8, 96
)

// parts are the transactions of a body.
type parts struct {
	offsets []uint32 // see chain.TxOffsets
	sums    []uint32 // CRC32C
}

func newParts(body []byte) (*parts, error) {
	offsets, err := chain.TxOffsets(body)
	if err != nil {
		return nil, err
	}
	p := &parts{offsets, make([]uint32, len(offsets)-1)}
	for i := range p.sums {
		p.sums[i] = sum(body[offsets[i]:offsets[i+1]])
	}
	return p, nil
}

func sum(part []byte) uint32 {
	return crc32.Checksum(part, crc32.MakeTable(crc32.Castagnoli)) // the standard library keeps one table
}

// at is where in the body a transaction is.
func (p *parts) at(place int) (from, to int, ok bool) {
	if place < 0 || place >= len(p.sums) {
		return 0, 0, false
	}
	return int(p.offsets[place]), int(p.offsets[place+1]), true
}

// partCache holds the parts of bodies that were asked for lately; nil of one that was asked for once. It has two
// generations: when the young one is full it becomes the old one, and the old one is dropped.
type partCache struct {
	mu         sync.Mutex
	young, old map[uint32]*parts
	bytes      int // of the young ones
}

// asked are a body's parts, if they are there; again says that the body has been asked for before.
func (c *partCache) asked(body uint32) (p *parts, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, again = c.young[body]
	if !again {
		p, again = c.old[body]
		c.put(body, p)
	}
	return p, again
}

func (c *partCache) keep(body uint32, p *parts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(body, p)
}

// put is keep under the lock.
func (c *partCache) put(body uint32, p *parts) {
	size := bodyBytes
	if p != nil {
		size += partBytes * len(p.sums)
	}
	if c.young == nil || c.bytes+size > partsBytes/2 && len(c.young) > 0 {
		c.old, c.young, c.bytes = c.young, map[uint32]*parts{}, 0
	}
	c.young[body] = p
	c.bytes += size
}

// Tx is one transaction of a stored body; nil: the body has not so many.
func (a *Archive) Tx(body uint32, place int) (tx *chain.Tx, err error) {
	p, again := a.parts.asked(body)
	if p != nil {
		if part := a.glance(body, p, place); part != nil {
			return chain.DecodeTx(part)
		}
	}
	err = a.inBody(body, func(raw []byte) (err error) {
		if again && p == nil && len(raw) >= partsFrom {
			if p, err = newParts(raw); err != nil {
				return err
			}
			a.parts.keep(body, p)
		}
		tx, err = chain.DecodeTxOf(raw, place)
		return err
	})
	return tx, err
}

// glance reads and proves a part of a committed body, and nothing else of it; nil: the whole has to be looked at.
func (a *Archive) glance(body uint32, p *parts, place int) (part []byte) {
	from, to, ok := p.at(place)
	if !ok {
		return nil
	}
	err := a.file.View(func(tx *db.Tx) error {
		part = a.cut(tx, body, from, to)
		return nil
	})
	if err != nil || sum(part) != p.sums[place] {
		return nil // it is told by who looks at all of it
	}
	return part
}

// cut is a part of a committed body, not proven, with bytes of its own; nil: there are not so many.
func (a *Archive) cut(tx *db.Tx, body uint32, from, to int) (part []byte) {
	var k bodyKey
	size := 0 // of a piece
	err := a.t.bodies.Walk(tx, bodyKey{body: body}, func(first bodyKey, r db.Record) (bool, error) {
		raw := r.Glance()
		if k, size = first, len(raw); k == (bodyKey{body: body}) && to <= size {
			part = bytes.Clone(raw[from:to])
		}
		return false, nil
	})
	if err != nil || part != nil || k.body != body || k.of == 0 || size == 0 {
		return part
	}
	part = make([]byte, 0, to-from)
	for ; from < to; from = (from/size + 1) * size {
		if from/size >= int(k.of) {
			return nil
		}
		k.piece = uint16(from / size)
		a.t.bodies.Glance(tx, k, func(raw []byte) {
			if at := from % size; at < len(raw) {
				part = append(part, raw[at:min(len(raw), to-from+at)]...)
			}
		})
	}
	return part
}
