package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"grapevine/chain/coins"
	"grapevine/chain/history"
	"grapevine/db"
)

// scriptKey is a script in a block. Of one script the keys stand together, along
// one branch in the order of heights: headers are numbered parents first.
type scriptKey struct {
	history.Prefix
	header uint32
}

func scriptKeyCodec() db.Codec[scriptKey] {
	return db.Codec[scriptKey]{
		Append: func(dst []byte, k scriptKey) []byte {
			return binary.BigEndian.AppendUint32(append(dst, k.Prefix[:]...), k.header)
		},
		Decode: func(b []byte) (k scriptKey, err error) {
			if len(b) != len(k.Prefix)+4 {
				return k, fmt.Errorf("%d bytes, want %d", len(b), len(k.Prefix)+4)
			}
			copy(k.Prefix[:], b)
			k.header = binary.BigEndian.Uint32(b[len(k.Prefix):])
			return k, nil
		},
	}
}

// SaveScripts writes what a block does to its scripts with the next flush.
func (a *Archive) SaveScripts(header uint32, rows *history.Rows) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active.scripts[header] = rows
	a.active.bytes += rows.Bytes() + mapOverhead
}

// writeScripts writes the index by script in key order, as writeTxs does. It grows
// about as the coins do.
func (a *Archive) writeScripts(tx *db.Tx, b *batch, have int64) error {
	type entry struct {
		first uint64 // bytes of the key
		block uint32 // of headers
		row   uint32
	}
	headers := slices.Sorted(maps.Keys(b.scripts))
	rows, count := make([]*history.Rows, len(headers)), 0
	for i, header := range headers {
		rows[i] = b.scripts[header]
		count += rows[i].Len()
	}
	entries := make([]entry, 0, count)
	for i := range rows {
		for n := range rows[i].Len() {
			p := rows[i].Prefix(n)
			entries = append(entries, entry{binary.BigEndian.Uint64(p[:]), uint32(i), uint32(n)})
		}
	}
	prefix := func(e entry) history.Prefix { return rows[e.block].Prefix(int(e.row)) }
	slices.SortFunc(entries, func(x, y entry) int {
		if x.first != y.first {
			return cmp.Compare(x.first, y.first)
		}
		px, py := prefix(x), prefix(y)
		if c := bytes.Compare(px[:], py[:]); c != 0 {
			return c
		}
		return cmp.Compare(x.block, y.block)
	})
	table := a.t.scripts
	if coins.Bulk(len(entries), have) {
		table = table.Packed()
	}
	to := table.Writer(tx)
	var value []byte
	for _, e := range entries {
		k := scriptKey{prefix(e), headers[e.block]}
		value = rows[e.block].Append(value[:0], int(e.row))
		if err := to.Put(k, value); err != nil {
			return err
		}
		if a.Sampling.Looks(k.Prefix, k.header, value) {
			if err := a.writeDigest(tx, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Span is a part of a script's records: those of headers numbered from First on,
// or from First down if Back is set.
type Span struct {
	Script history.Prefix
	First  uint32
	Back   bool
}

// before says whether a stands before b on the way.
func (s Span) before(a, b uint32) bool { return a < b != s.Back && a != b }

// Scripts calls fn with the records of a script, in the order of the headers'
// numbers, until fn says no more or fails. fn must not wait for anything: a
// transaction may be open.
func (a *Archive) Scripts(s Span, fn func(header uint32, value []byte) (more bool, err error)) error {
	waiting, order := a.waitingScripts(s)
	more := true
	give := func(header uint32, value []byte) (bool, error) {
		var err error
		for more && err == nil && len(order) > 0 && !s.before(header, order[0]) {
			h := order[0]
			order = order[1:]
			if h == header {
				break // it was written meanwhile
			}
			more, err = fn(h, waiting[h])
		}
		if more && err == nil {
			more, err = fn(header, value)
		}
		return more, err
	}
	err := a.file.View(func(tx *db.Tx) error { return a.scanScripts(tx, s, give) })
	for more && err == nil && len(order) > 0 {
		more, err = fn(order[0], waiting[order[0]])
		order = order[1:]
	}
	return err
}

// scanScripts is Scripts for what the file holds.
func (a *Archive) scanScripts(tx *db.Tx, s Span, fn func(uint32, []byte) (bool, error)) error {
	first := scriptKey{s.Script, s.First}
	each := func(k scriptKey, value []byte) (bool, error) {
		if k.Prefix != s.Script {
			return false, nil
		}
		return fn(k.header, value)
	}
	if s.Back {
		return a.t.scripts.ScanBack(tx, first, each)
	}
	return a.t.scripts.Scan(tx, &first, each)
}

// waitingScripts are the records of a script that are not on disk yet, and their
// headers in the order of the way.
func (a *Archive) waitingScripts(s Span) (found map[uint32][]byte, order []uint32) {
	found = map[uint32][]byte{}
	a.mu.Lock()
	for _, b := range []*batch{a.active, a.frozen} {
		if b == nil {
			continue
		}
		for header, rows := range b.scripts {
			if s.before(header, s.First) {
				continue
			}
			if i, ok := rows.Find(s.Script); ok {
				found[header] = rows.Append(nil, i)
			}
		}
	}
	a.mu.Unlock()
	order = slices.Sorted(maps.Keys(found))
	if s.Back {
		slices.Reverse(order)
	}
	return found, order
}

// CountScripts calls fn with the header's number of each record by script in the
// file.
func (a *Archive) CountScripts(fn func(header uint32)) error {
	return a.file.View(func(tx *db.Tx) error {
		return a.t.scripts.Scan(tx, nil, func(k scriptKey, _ []byte) (bool, error) {
			fn(k.header)
			return true, nil
		})
	})
}

// HasScripts says whether the file holds exactly these records of a block; what is
// not flushed is not in it.
func (a *Archive) HasScripts(header uint32, rows *history.Rows) (ok bool, err error) {
	ok = true
	err = a.file.View(func(tx *db.Tx) error {
		for i := range rows.Len() {
			value, found, err := a.t.scripts.Get(tx, scriptKey{rows.Prefix(i), header})
			if err != nil {
				return err
			}
			if !found || !bytes.Equal(value, rows.Append(nil, i)) {
				ok = false
				return nil
			}
		}
		return nil
	})
	return ok, err
}
