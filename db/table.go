package db

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"go.etcd.io/bbolt"
)

const (
	// sumSize is the CRC32C behind every value.
	sumSize = 4
	// maxFaults bounds how many faults Check lists; more tell nothing new.
	maxFaults = 20
	// reportEvery is how many pages Check reads between two reports.
	reportEvery = 1024
)

// Tx is a transaction. It is valid only while the function given to View or
// Update runs.
type Tx struct{ bolt *bbolt.Tx }

// Table is a typed bucket. Declare it once and use it in any transaction; the
// bucket is made by the first Put.
type Table[K, V any] struct {
	bucket []byte
	key    Codec[K]
	value  Codec[V]
	fill   float64 // of pages when they split
}

// NewTable names a bucket and how its keys and values are written.
func NewTable[K, V any](bucket string, k Codec[K], v Codec[V]) Table[K, V] {
	return Table[K, V]{bucket: []byte(bucket), key: k, value: v, fill: bbolt.DefaultFillPercent}
}

// Dense is the same table with pages filled whole, for keys that only grow.
func (t Table[K, V]) Dense() Table[K, V] {
	t.fill = 1
	return t
}

// packedFill leaves a little room, so that the next few keys split no page.
const packedFill = 0.95

// Packed is the same table for writing a sorted batch that is not much smaller
// than the table itself. Split in halves, as is right for few keys here and
// there, its pages would stay half empty.
func (t Table[K, V]) Packed() Table[K, V] {
	t.fill = packedFill
	return t
}

// Get reads one record.
func (t Table[K, V]) Get(tx *Tx, k K) (v V, ok bool, err error) {
	key, raw := t.find(tx, k)
	if raw == nil {
		return v, false, nil
	}
	if v, err = t.decode(key, raw); err != nil {
		return v, false, err
	}
	return v, true, nil
}

// Look calls fn with a record's bytes as they stand in the file, and not decoded: they are
// gone when the transaction ends.
func (t Table[K, V]) Look(tx *Tx, k K, fn func([]byte) error) (ok bool, err error) {
	key, raw := t.find(tx, k)
	if raw == nil {
		return false, nil
	}
	body, err := unseal(key, raw)
	if err != nil {
		return false, t.damaged(key, err)
	}
	return true, fn(body)
}

// Glance is Look without the proof that the record is whole: who wants a small part of a large one proves
// that part by a checksum of its own, or looks again.
func (t Table[K, V]) Glance(tx *Tx, k K, fn func([]byte)) (ok bool) {
	_, raw := t.find(tx, k)
	if len(raw) < sumSize {
		return false
	}
	fn(raw[: len(raw)-sumSize : len(raw)-sumSize])
	return true
}

// Record is a record as it stands in the file, neither proven nor decoded. It is gone when the transaction ends.
type Record struct {
	table, key, raw []byte
}

// Value proves the record; the bytes are the file's own.
func (r Record) Value() ([]byte, error) {
	value, err := unseal(r.key, r.raw)
	if err != nil {
		return nil, damaged(r.table, r.key, err)
	}
	return value, nil
}

// Glance are the record's bytes without the proof: see Table.Glance.
func (r Record) Glance() []byte {
	n := max(0, len(r.raw)-sumSize)
	return r.raw[:n:n]
}

// Walk is Scan for who needs no copies, or the keys alone: only these are decoded.
func (t Table[K, V]) Walk(tx *Tx, from K, fn func(K, Record) (more bool, err error)) error {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, raw := c.Seek(t.key.Append(nil, from)); k != nil; k, raw = c.Next() {
		key, err := t.key.Decode(k)
		if err != nil {
			return t.damaged(k, err)
		}
		if more, err := fn(key, Record{t.bucket, k, raw}); err != nil || !more {
			return err
		}
	}
	return nil
}

// Has tells whether there is a record, without reading it.
func (t Table[K, V]) Has(tx *Tx, k K) bool {
	_, raw := t.find(tx, k)
	return raw != nil
}

// find is a record's key and its bytes, sealed, as they stand in the file; nil: there is none.
func (t Table[K, V]) find(tx *Tx, k K) (key, raw []byte) {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return nil, nil
	}
	key = t.key.Append(nil, k)
	return key, b.Get(key)
}

func (t Table[K, V]) decode(key, raw []byte) (v V, err error) {
	body, err := unseal(key, raw)
	if err == nil {
		v, err = t.value.Decode(body)
	}
	if err != nil {
		return v, t.damaged(key, err)
	}
	return v, nil
}

func (t Table[K, V]) damaged(key []byte, err error) error { return damaged(t.bucket, key, err) }

func damaged(table, key []byte, err error) error {
	if !errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return fmt.Errorf("table %s, record %x: %w", table, key, err)
}

// Put writes one record, over an older one if there is any.
func (t Table[K, V]) Put(tx *Tx, k K, v V) error {
	b, err := t.writable(tx)
	if err != nil {
		return err
	}
	key := t.key.Append(nil, k)
	if err := b.Put(key, seal(key, t.value.Append(nil, v))); err != nil {
		return fmt.Errorf("table %s, write %x: %w", t.bucket, key, err)
	}
	return nil
}

// writable is where the records stand, made if there are none yet.
func (t Table[K, V]) writable(tx *Tx) (*bbolt.Bucket, error) {
	b, err := tx.bolt.CreateBucketIfNotExists(t.bucket)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", t.bucket, err)
	}
	b.FillPercent = t.fill
	return b, nil
}

const (
	// roomBytes is what a Writer takes for small values at a time.
	roomBytes = 64 << 10
	// largeValue and more has memory of its own: it would leave much of a room unused.
	largeValue = roomBytes / 16
)

// Writer puts many records in one transaction: the table is looked up once, and small values stand together in
// memory until the commit.
type Writer[K, V any] struct {
	t          Table[K, V]
	tx         *Tx
	bucket     *bbolt.Bucket // nil: nothing was written yet
	key, value []byte        // of the record that is written; their memory is used again
	room       []byte        // never grows
}

// Writer writes nothing before its first record; it is of no use after the transaction.
func (t Table[K, V]) Writer(tx *Tx) *Writer[K, V] { return &Writer[K, V]{t: t, tx: tx} }

// Put writes one record as Table.Put does.
func (w *Writer[K, V]) Put(k K, v V) (err error) {
	if w.bucket == nil {
		if w.bucket, err = w.t.writable(w.tx); err != nil {
			return err
		}
	}
	w.key = w.t.key.Append(w.key[:0], k)
	w.value = seal(w.key, w.t.value.Append(w.value[:0], v))
	if err := w.bucket.Put(w.key, w.kept(w.value)); err != nil { // it copies the key, and refers to the value
		return fmt.Errorf("table %s, write %x: %w", w.t.bucket, w.key, err)
	}
	return nil
}

// kept is a copy of a value that stays as it is until the commit.
func (w *Writer[K, V]) kept(value []byte) []byte {
	if len(value) >= largeValue {
		return bytes.Clone(value)
	}
	if cap(w.room)-len(w.room) < len(value) {
		w.room = make([]byte, 0, roomBytes)
	}
	from := len(w.room)
	w.room = append(w.room, value...)
	return w.room[from:len(w.room):len(w.room)]
}

// Delete removes one record; a missing one is no error.
func (t Table[K, V]) Delete(tx *Tx, k K) error {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return nil
	}
	key := t.key.Append(nil, k)
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("table %s, delete %x: %w", t.bucket, key, err)
	}
	return nil
}

// Scan calls fn for each record in key order, from the first key >= *from
// (nil: from the start), until fn says no more or fails. fn must not change
// the table.
func (t Table[K, V]) Scan(tx *Tx, from *K, fn func(K, V) (more bool, err error)) error {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	var k, raw []byte
	if from == nil {
		k, raw = c.First()
	} else {
		k, raw = c.Seek(t.key.Append(nil, *from))
	}
	for ; k != nil; k, raw = c.Next() {
		key, v, err := t.record(k, raw)
		if err != nil {
			return err
		}
		if more, err := fn(key, v); err != nil || !more {
			return err
		}
	}
	return nil
}

// ScanBack is Scan downwards, from the last key <= from.
func (t Table[K, V]) ScanBack(tx *Tx, from K, fn func(K, V) (more bool, err error)) error {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return nil
	}
	c, first := b.Cursor(), t.key.Append(nil, from)
	k, raw := c.Seek(first)
	switch {
	case k == nil:
		k, raw = c.Last()
	case !bytes.Equal(k, first):
		k, raw = c.Prev()
	}
	for ; k != nil; k, raw = c.Prev() {
		key, v, err := t.record(k, raw)
		if err != nil {
			return err
		}
		if more, err := fn(key, v); err != nil || !more {
			return err
		}
	}
	return nil
}

func (t Table[K, V]) record(k, raw []byte) (key K, v V, err error) {
	if v, err = t.decode(k, raw); err != nil {
		return key, v, err
	}
	if key, err = t.key.Decode(k); err != nil {
		return key, v, t.damaged(k, err)
	}
	return key, v, nil
}

// Bytes is what the table's pages take. It walks them.
func (t Table[K, V]) Bytes(tx *Tx) int64 {
	b := tx.bolt.Bucket(t.bucket)
	if b == nil {
		return 0
	}
	s := b.Stats()
	return int64(s.LeafAlloc + s.BranchAlloc + s.InlineBucketInuse)
}

// Clear removes all records.
func (t Table[K, V]) Clear(tx *Tx) error {
	if tx.bolt.Bucket(t.bucket) == nil {
		return nil
	}
	if err := tx.bolt.DeleteBucket(t.bucket); err != nil {
		return fmt.Errorf("table %s, clear: %w", t.bucket, err)
	}
	return nil
}

func checksum(key, value []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli) // the standard library keeps one
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, value)
}

func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

// unseal is the value within a stored record; it still aliases the record.
func unseal(key, raw []byte) ([]byte, error) {
	n := len(raw) - sumSize
	if n < 0 {
		return nil, fmt.Errorf("%w: record of %d bytes", ErrCorrupt, len(raw))
	}
	if binary.BigEndian.Uint32(raw[n:]) != checksum(key, raw[:n]) {
		return nil, fmt.Errorf("%w: wrong checksum", ErrCorrupt)
	}
	return raw[:n:n], nil
}
