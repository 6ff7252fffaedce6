package db

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// bbolt's page layout; all numbers little-endian:
//
//	page      id 8  flags 2  count 2  overflow (further pages) 4
//	branch    pos 4  key size 4  child 8              per element
//	leaf      flags 4  pos 4  key size 4  value size 4  per element
//	freelist  the ids of free pages in order, 8 each; from manyFree on their
//	          number stands before them and count is manyFree
//	bucket    root 8  sequence 8, then an inline page if root is 0
//
// pos counts from the element's own first byte. Keys and values stand behind
// the elements, in their order and without a gap. A branch element's key is
// the first key below its child.
const (
	pageHead     = 16
	elementSize  = 16
	bucketHead   = 16
	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10
	bucketEntry  = 0x01
	manyFree     = 0xffff
)

// walker proves every byte of a file that anybody may ever read: both meta
// pages, the list of free pages, and the pages of all tables with their
// records. It reads the file itself: bbolt follows positions and children
// blindly, and may end in a fault, or never.
type walker struct {
	file   io.ReaderAt
	size   int64 // of one page
	high   uint64
	tables map[string]bool

	used     []bool // by page: free, or read
	done     int64  // pages
	total    int64
	report   int64 // when done is so many
	progress func(done, total int64)
	faults   []error
}

// errMoved: the writer has made two commits since the transaction began.
var errMoved = errors.New("meta page written again")

func (tx *Tx) walk(ctx context.Context, d *DB, w *walker) error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	w.file, w.size = f, int64(tx.bolt.DB().Info().PageSize)
	m, err := w.metas(uint64(tx.bolt.ID()))
	if err != nil {
		return err
	}
	w.high = m.high
	w.used = make([]bool, w.high)
	w.total = int64(w.high)
	w.free(m.freelist)
	if err := w.page(ctx, &branch{buckets: true}, m.root, nil); err != nil {
		return err
	}
	for id := uint64(2); id < w.high && len(w.faults) == 0; id++ {
		if !w.used[id] {
			w.fault("page %d is neither used nor free", id)
		}
	}
	w.progress(w.total, w.total)
	return errors.Join(w.faults...)
}

// fault notes what is wrong; after the first few nothing new is learnt.
func (w *walker) fault(format string, args ...any) {
	if len(w.faults) < maxFaults {
		w.faults = append(w.faults, fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...))
	}
}

// metaTries is how often meta pages are read before they count as damaged: one
// may be being written.
const metaTries = 3

// metas proves both meta pages, and returns the one of that transaction.
func (w *walker) metas(txid uint64) (m meta, err error) {
	var faults []error
	for range metaTries {
		faults = nil
		found := false
		for i := range uint64(2) {
			got, sound := readMeta(w.file, int64(i)*w.size)
			head := make([]byte, pageHead)
			_, err := w.file.ReadAt(head, int64(i)*w.size)
			want := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint64(nil, i), metaFlag)
			if err != nil || !sound || !bytes.Equal(head, append(want, make([]byte, pageHead-len(want))...)) {
				faults = append(faults, fmt.Errorf("%w: meta page %d: the last commit may be lost; the next one writes the page anew", ErrCorrupt, i))
			} else if got.txid == txid {
				m, found = got, true
			}
		}
		if len(faults) == 0 && found {
			return m, nil
		}
	}
	if len(faults) > 0 {
		return m, errors.Join(faults...)
	}
	return m, errMoved
}

// free notes the free pages, and that of their list.
func (w *walker) free(id uint64) {
	p := w.read(id)
	if p == nil {
		return
	}
	ids, count := p[pageHead:], uint64(binary.LittleEndian.Uint16(p[10:]))
	if count == manyFree {
		count, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if binary.LittleEndian.Uint16(p[8:]) != freelistFlag || count > uint64(len(ids)/8) {
		w.fault("page %d is no list of free pages", id)
		return
	}
	before := uint64(1)
	for i := range count {
		id := binary.LittleEndian.Uint64(ids[8*i:])
		if id <= before || id >= w.high || w.used[id] {
			w.fault("page %d in the list of free pages", id)
			return
		}
		w.used[id] = true
		before = id
	}
	w.total -= int64(count)
}

// read is a page with what overflows from it; nil if its head is damaged.
func (w *walker) read(id uint64) []byte {
	if id < 2 || id >= w.high || w.used[id] {
		w.fault("page %d of %d referred to wrongly", id, w.high)
		return nil
	}
	head := make([]byte, pageHead)
	_, err := w.file.ReadAt(head, int64(id)*w.size)
	over := uint64(binary.LittleEndian.Uint32(head[12:]))
	if err != nil || binary.LittleEndian.Uint64(head) != id || id+over >= w.high {
		w.fault("head of page %d", id)
		return nil
	}
	for i := id; i <= id+over; i++ {
		if w.used[i] {
			w.fault("page %d is part of page %d and used elsewhere", i, id)
			return nil
		}
		w.used[i] = true
	}
	p := make([]byte, int64(over+1)*w.size)
	if _, err := w.file.ReadAt(p, int64(id)*w.size); err != nil {
		w.fault("page %d: %w", id, err)
		return nil
	}
	w.done += int64(over) + 1
	return p
}

// branch is the tree of one bucket.
type branch struct {
	buckets bool   // the root bucket, whose values are the tables
	table   string // name otherwise
	last    []byte // key
}

// page walks through the pages from id down; first is what its parent says is
// its first key, nil for a root.
func (w *walker) page(ctx context.Context, b *branch, id uint64, first []byte) error {
	if w.done >= w.report {
		w.progress(w.done, w.total)
		w.report = w.done + reportEvery
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p := w.read(id)
	if p == nil {
		return nil
	}
	if binary.LittleEndian.Uint16(p[10:]) == 0 {
		w.fault("page %d is empty", id)
	}
	_, err := w.elements(ctx, b, p, first)
	return err
}

// elements walks through a page, and what is below it. It returns where the
// page's data ends.
func (w *walker) elements(ctx context.Context, b *branch, p []byte, first []byte) (end uint64, err error) {
	le := binary.LittleEndian
	flags, count := le.Uint16(p[8:]), int(le.Uint16(p[10:]))
	at := uint64(pageHead + count*elementSize)
	if flags != branchFlag && flags != leafFlag || at > uint64(len(p)) {
		w.fault("page %d: flags %x, %d elements", le.Uint64(p), flags, count)
		return 0, nil
	}
	for i := range count {
		from := pageHead + i*elementSize
		e := p[from : from+elementSize]
		pos, size, value := le.Uint32(e), le.Uint32(e[4:]), uint32(0)
		if flags == leafFlag {
			pos, size, value = le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:])
		}
		mid := at + uint64(size)
		next := mid + uint64(value)
		if size == 0 || uint64(from)+uint64(pos) != at || next > uint64(len(p)) {
			w.fault("page %d, element %d is not in its place", le.Uint64(p), i)
			return 0, nil
		}
		key := p[at:mid]
		if i == 0 && first != nil && !bytes.Equal(key, first) {
			w.fault("page %d begins with another key than its parent says", le.Uint64(p))
		}
		if flags == branchFlag {
			err = w.page(ctx, b, le.Uint64(e[8:]), key)
		} else {
			err = w.leaf(ctx, b, le.Uint32(e), key, p[mid:next])
		}
		if err != nil {
			return 0, err
		}
		at = next
	}
	return at, nil
}

// leaf proves one record, or one table of the root bucket.
func (w *walker) leaf(ctx context.Context, b *branch, flags uint32, key, value []byte) error {
	if bytes.Compare(key, b.last) <= 0 {
		w.fault("table %s, record %x out of order", b.table, key)
	}
	b.last = key
	if !b.buckets {
		if _, err := unseal(key, value); err != nil || flags != 0 {
			w.fault("table %s, record %x: wrong checksum", b.table, key)
		}
		return nil
	}
	if flags != bucketEntry || !w.tables[string(key)] || len(value) < bucketHead || binary.LittleEndian.Uint64(value[8:]) != 0 {
		w.fault("head of table %q", key)
		return nil
	}
	table := &branch{table: string(key)}
	root, inline := binary.LittleEndian.Uint64(value), value[bucketHead:]
	if root != 0 {
		if len(inline) > 0 {
			w.fault("head of table %q", key)
		}
		return w.page(ctx, table, root, nil)
	}
	if len(inline) < pageHead || binary.LittleEndian.Uint64(inline) != 0 || binary.LittleEndian.Uint32(inline[12:]) != 0 {
		w.fault("head of table %q", key)
		return nil
	}
	end, err := w.elements(ctx, table, inline, nil)
	if err == nil && end != uint64(len(inline)) {
		w.fault("table %q ends too early", key)
	}
	return err
}
