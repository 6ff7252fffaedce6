package coins

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// groupSize coins of one transaction, those whose numbers differ in the last
// four bits only, share a record: most of what a record takes is its txid. More
// would make a transaction with thousands of outputs dear to spend from.
const (
	groupBits = 4
	groupSize = 1 << groupBits
)

// group is a record's coins as Append writes them; nil where there is none.
type group [groupSize][]byte

// groupKey is the record that a coin is in, as an outpoint whose number lacks
// the last bits; slotOf is its place there.
func groupKey(op wire.OutPoint) wire.OutPoint {
	op.Index >>= groupBits
	return op
}

func slotOf(op wire.OutPoint) int { return int(op.Index % groupSize) }

// Place is where in the file a set of coins is. There are two, because a set that was
// loaded from a snapshot stands beside the one that proves it.
type Place uint8

// The places. A file that never saw a snapshot has its coins in the first.
const (
	First Place = iota
	Second
)

// Other is the other one.
func (p Place) Other() Place { return First + Second - p }

// Name is the table's.
func (p Place) Name() string {
	if p == First {
		return "coins"
	}
	return "coins2"
}

// table is the coins at that place: which of the group's coins there are,
// 2 bytes big-endian with a bit for each, then the coins in order.
func (p Place) table() db.Table[wire.OutPoint, []byte] {
	return db.NewTable(p.Name(), db.Codec[wire.OutPoint]{Append: appendKey, Decode: decodeKey}, db.Bytes())
}

// appendGroup writes a group.
func (g *group) append(dst []byte) []byte {
	var there uint16
	for i, c := range g {
		if c != nil {
			there |= 1 << i
		}
	}
	dst = binary.BigEndian.AppendUint16(dst, there)
	for _, c := range g {
		dst = append(dst, c...)
	}
	return dst
}

func (g *group) len() (n int) {
	for _, c := range g {
		if c != nil {
			n++
		}
	}
	return n
}

// decodeGroup reads a record. The coins alias b.
func decodeGroup(b []byte) (g group, err error) {
	if len(b) < 2 {
		return g, errShort
	}
	there := binary.BigEndian.Uint16(b)
	b = b[2:]
	for ; there != 0; there &= there - 1 {
		n, err := coinSize(b)
		if err != nil {
			return g, err
		}
		g[bits.TrailingZeros16(there)] = b[:n:n]
		b = b[n:]
	}
	if len(b) > 0 {
		return g, fmt.Errorf("%d bytes after a group of coins", len(b))
	}
	return g, nil
}

// coinSize is how many bytes the coin at the start of b takes.
func coinSize(b []byte) (int, error) {
	_, head := binary.Uvarint(b)
	if head <= 0 {
		return 0, errShort
	}
	_, value := binary.Uvarint(b[head:])
	if value <= 0 {
		return 0, errShort
	}
	form, k := binary.Uvarint(b[head+value:])
	if k <= 0 || form >= formShownP2PKH && form < formRaw || form > formRaw+maxScriptSize {
		return 0, errScript
	}
	size := head + value + k
	if t, ok := templateOf(form); ok {
		size += t.size
	} else {
		size += int(form - formRaw)
	}
	if size > len(b) {
		return 0, errShort
	}
	return size, nil
}

// Clear deletes all coins at that place.
func (p Place) Clear(tx *db.Tx) error { return p.table().Clear(tx) }

// Scan calls fn for each coin at that place, ordered by txid and number.
func (p Place) Scan(tx *db.Tx, fn func(op wire.OutPoint, c chain.Coin) error) error {
	return p.scanFrom(tx, nil, func(op wire.OutPoint, c chain.Coin) (bool, error) { return true, fn(op, c) })
}

// scanFrom is Scan from the record with a key on (nil: the first), until fn says no more.
func (p Place) scanFrom(tx *db.Tx, first *wire.OutPoint, fn func(op wire.OutPoint, c chain.Coin) (more bool, err error)) error {
	return p.table().Scan(tx, first, func(key wire.OutPoint, b []byte) (bool, error) {
		g, err := decodeGroup(b)
		if err != nil {
			return false, fmt.Errorf("%w: coins of %s: %w", db.ErrCorrupt, key.Hash, err)
		}
		for i, raw := range g {
			if raw == nil {
				continue
			}
			c, err := Decode(raw)
			if err != nil {
				return false, fmt.Errorf("%w: coin of %s: %w", db.ErrCorrupt, key.Hash, err)
			}
			op := wire.OutPoint{Hash: key.Hash, Index: key.Index<<groupBits | uint32(i)}
			if more, err := fn(op, c); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	})
}

// merger writes coins in key order, a group at a time.
type merger struct {
	tx    *db.Tx
	table db.Table[wire.OutPoint, []byte]
	to    *db.Writer[wire.OutPoint, []byte]
	key   wire.OutPoint
	group group
	some  bool // key and group are in use
	had   int  // coins in the group on disk
	// record is where a group is put together, used again and again.
	record []byte
	net    int64
}

func newMerger(tx *db.Tx, table db.Table[wire.OutPoint, []byte]) *merger {
	return &merger{tx: tx, table: table, to: table.Writer(tx)}
}

// put changes one coin; nil takes it away.
func (m *merger) put(op wire.OutPoint, coin []byte) error {
	if key := groupKey(op); !m.some || key != m.key {
		if err := m.flush(); err != nil {
			return err
		}
		if err := m.load(key); err != nil {
			return err
		}
	}
	m.group[slotOf(op)] = coin
	return nil
}

func (m *merger) load(key wire.OutPoint) error {
	m.key, m.group, m.some = key, group{}, true
	b, ok, err := m.table.Get(m.tx, key)
	if err == nil && ok {
		m.group, err = decodeGroup(b)
	}
	if err != nil {
		return fmt.Errorf("coins of %s: %w", key.Hash, err)
	}
	m.had = m.group.len()
	return nil
}

// flush writes the group in use.
func (m *merger) flush() error {
	if !m.some {
		return nil
	}
	m.some = false
	n := m.group.len()
	m.net += int64(n - m.had)
	if n == 0 {
		return m.table.Delete(m.tx, m.key)
	}
	m.record = m.group.append(m.record[:0])
	return m.to.Put(m.key, m.record)
}
