package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"grapevine/db"
)

// A long body is stored in pieces. bbolt keeps at least two records in a page, whatever it takes, and up to four
// in the last one, which the next commit writes again: of pieces that is little, of whole bodies it was three
// times what was new.

// pieceBytes is how long pieces are, but a body's last one, which may be shorter: two with their keys and checksums
// fill 16 pages of 4 kB to the last byte.
const pieceBytes = (16*pageBytes-pageHead)/2 - elementHead - bodyKeyBytes - sumBytes

// What bbolt and db put around records, in bytes.
const (
	pageBytes    = 4096
	pageHead     = 16
	elementHead  = 16
	bodyKeyBytes = 8
	sumBytes     = 4
)

// bodyKey is where a body stands: whole under its number alone, as all did before schema 3, or in pieces one after
// another. Each piece says how many there are, so a body that has lost some is not taken for a shorter one.
//
//	body number 4
//	body number 4 ‖ how many pieces 2 ‖ which one 2
type bodyKey struct {
	body  uint32
	of    uint16 // 0: it is whole
	piece uint16 // from 0
}

func bodyKeyCodec() db.Codec[bodyKey] {
	return db.Codec[bodyKey]{
		Append: func(dst []byte, k bodyKey) []byte {
			dst = binary.BigEndian.AppendUint32(dst, k.body)
			if k.of == 0 {
				return dst
			}
			return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(dst, k.of), k.piece)
		},
		Decode: func(b []byte) (k bodyKey, err error) {
			switch len(b) {
			case 4:
				return bodyKey{body: binary.BigEndian.Uint32(b)}, nil
			case bodyKeyBytes:
				k = bodyKey{binary.BigEndian.Uint32(b), binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])}
			}
			if k.piece >= k.of {
				return k, fmt.Errorf("%x is no key of a body", b)
			}
			return k, nil
		},
	}
}

// putBody writes a body in place of what stands under its number: that may be a damaged one, or one that a crash
// left without its header.
func (a *Archive) putBody(tx *db.Tx, n uint32, raw []byte) error {
	if err := a.deleteBody(tx, n); err != nil {
		return err
	}
	k := bodyKey{body: n}
	if len(raw) <= a.piece {
		return a.t.bodies.Put(tx, k, raw)
	}
	k.of = uint16((len(raw) + a.piece - 1) / a.piece) // a block has at most 4 MB
	for piece := range slices.Chunk(raw, a.piece) {
		if err := a.t.bodies.Put(tx, k, piece); err != nil {
			return err
		}
		k.piece++
	}
	return nil
}

// deleteBody takes away all that stands under a body's number, also what is damaged and no key of a body any more;
// nothing is no error.
func (a *Archive) deleteBody(tx *db.Tx, n uint32) error {
	under := binary.BigEndian.AppendUint32(nil, n)
	var keys [][]byte
	err := a.t.bodyRecords.Walk(tx, under, func(k []byte, _ db.Record) (bool, error) {
		ours := bytes.HasPrefix(k, under)
		if ours {
			keys = append(keys, k)
		}
		return ours, nil
	})
	for _, k := range keys {
		if err == nil {
			err = a.t.bodyRecords.Delete(tx, k)
		}
	}
	return err
}

// Body is a stored block's bytes. They are shared: do not change them [ReadBlockFromDisk].
func (a *Archive) Body(n uint32) (raw []byte, err error) {
	if raw, ok := a.waits(n); ok {
		return raw, nil
	}
	err = a.inPieces(n, func(pieces [][]byte) { raw = bytes.Join(pieces, nil) })
	return raw, err
}

// AppendBody appends a stored block's bytes to a buffer, and leaves so many bytes of room behind them.
func (a *Archive) AppendBody(to []byte, n uint32, room int) ([]byte, error) {
	put := func(pieces [][]byte) {
		for _, piece := range pieces {
			room += len(piece)
		}
		to = slices.Grow(to, room)
		for _, piece := range pieces {
			to = append(to, piece...)
		}
	}
	if raw, ok := a.waits(n); ok {
		put([][]byte{raw})
		return to, nil
	}
	if err := a.inPieces(n, put); err != nil {
		return nil, err
	}
	return to, nil
}

// waits is a body that is not committed yet.
func (a *Archive) waits(n uint32) (raw []byte, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	raw, ok = a.tail[n]
	return raw, ok
}

// inPieces calls fn with the pieces of a committed body, which are gone when it returns.
func (a *Archive) inPieces(n uint32, fn func([][]byte)) error {
	return a.file.View(func(tx *db.Tx) error {
		pieces, err := a.piecesOf(tx, n)
		if err == nil {
			fn(pieces)
		}
		return err
	})
}

// piecesOf are a committed body's pieces as they stand in the file, one if it is whole. One that is missing is a
// damaged body.
func (a *Archive) piecesOf(tx *db.Tx, n uint32) (pieces [][]byte, err error) {
	next := bodyKey{body: n}
	err = a.t.bodies.Walk(tx, next, func(k bodyKey, r db.Record) (bool, error) {
		if k.body == n && len(pieces) == 0 {
			next.of = k.of
		}
		if k != next {
			return false, nil
		}
		raw, err := r.Value()
		if err != nil {
			return false, err
		}
		pieces = append(pieces, raw)
		next.piece++
		return next.piece < next.of, nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(pieces) < int(next.of):
		return nil, fmt.Errorf("%w: body %d has lost piece %d of %d", db.ErrCorrupt, n, next.piece, next.of)
	case len(pieces) == 0:
		return nil, fmt.Errorf("record %d: %w", n, ErrNotFound)
	}
	return pieces, nil
}

// InBody calls fn with a stored block's bytes, which are gone when it returns: who needs them for a moment
// need not keep a copy. fn must not wait for anything.
func (a *Archive) InBody(n uint32, fn func(raw []byte)) error {
	return a.inBody(n, func(raw []byte) error { fn(raw); return nil })
}

// inBody is InBody for who may find something wrong.
func (a *Archive) inBody(n uint32, fn func(raw []byte) error) error {
	if raw, ok := a.waits(n); ok {
		return fn(raw)
	}
	whole := false
	err := a.file.View(func(tx *db.Tx) (err error) {
		whole, err = a.t.bodies.Look(tx, bodyKey{body: n}, fn)
		return err
	})
	if whole || err != nil {
		return err
	}
	room, _ := a.room.Get().(*[]byte)
	if room == nil {
		room = new([]byte)
	}
	defer a.room.Put(room)
	raw, err := a.AppendBody((*room)[:0], n, 0)
	if err != nil {
		return err
	}
	*room = raw
	return fn(raw)
}

// ScanBodies calls fn for each committed body in the order of arrival. It holds
// no transaction while fn runs.
func (a *Archive) ScanBodies(ctx context.Context, fn func(n uint32, raw []byte) error) error {
	for next := uint32(1); ; next++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		var raw []byte
		found := false
		err := a.file.View(func(tx *db.Tx) error {
			err := a.t.bodies.Walk(tx, bodyKey{body: next}, func(k bodyKey, _ db.Record) (bool, error) {
				next, found = k.body, true
				return false, nil
			})
			if err != nil || !found {
				return err
			}
			pieces, err := a.piecesOf(tx, next)
			raw = bytes.Join(pieces, nil)
			return err
		})
		if err != nil || !found {
			return err
		}
		if err := fn(next, raw); err != nil {
			return err
		}
	}
}
