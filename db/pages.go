package db

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// bbolt's page layout, as far as bounds need it; all little-endian:
//
//	page     id 8  flags 2  count 2  overflow (further pages) 4
//	branch   pos 4  key size 4  child 8           per element
//	leaf     flags 4  pos 4  key size 4  value size 4
//	bucket   root 8  sequence 8, then an inline page if root is 0
//
// pos counts from the element's own first byte.
const (
	pageHead    = 16
	elementSize = 16
	branchFlag  = 0x01
	leafFlag    = 0x02
	bucketEntry = 0x01
	maxOverflow = 1 << 20 // pages of one value: 4 GiB, more than bbolt allows
)

// walker proves that every page in use stays within its own bounds. bbolt's
// own check follows positions and sizes blindly, on a goroutine of its own
// where a fault would end the process: this runs before it.
type walker struct {
	file io.ReaderAt
	size int64 // of one page
	high uint64
	seen map[uint64]bool
}

func (tx *Tx) checkPages(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	size := int64(tx.bolt.DB().Info().PageSize)
	w := &walker{file: f, size: size, high: uint64(tx.bolt.Size() / size), seen: map[uint64]bool{}}
	return w.page(ctx, uint64(tx.bolt.Cursor().Bucket().Root()))
}

func (w *walker) page(ctx context.Context, id uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id < 2 || id >= w.high || w.seen[id] {
		return fmt.Errorf("%w: page %d of %d referred to wrongly", ErrCorrupt, id, w.high)
	}
	w.seen[id] = true
	p, err := w.read(id)
	if err != nil {
		return err
	}
	return w.elements(ctx, p, id)
}

func (w *walker) read(id uint64) ([]byte, error) {
	head := make([]byte, pageHead)
	if _, err := w.file.ReadAt(head, int64(id)*w.size); err != nil {
		return nil, fmt.Errorf("%w: page %d: %w", ErrCorrupt, id, err)
	}
	over := uint64(binary.LittleEndian.Uint32(head[12:]))
	if binary.LittleEndian.Uint64(head) != id || over > maxOverflow || id+over >= w.high {
		return nil, fmt.Errorf("%w: head of page %d", ErrCorrupt, id)
	}
	p := make([]byte, int64(over+1)*w.size)
	if _, err := w.file.ReadAt(p, int64(id)*w.size); err != nil {
		return nil, fmt.Errorf("%w: page %d: %w", ErrCorrupt, id, err)
	}
	return p, nil
}

// elements checks the element table of a page, and follows what it refers to.
func (w *walker) elements(ctx context.Context, p []byte, id uint64) error {
	if len(p) < pageHead {
		return fmt.Errorf("%w: inline page of %d bytes in page %d", ErrCorrupt, len(p), id)
	}
	le := binary.LittleEndian
	flags, count := le.Uint16(p[8:]), int(le.Uint16(p[10:]))
	if flags != branchFlag && flags != leafFlag || pageHead+count*elementSize > len(p) {
		return fmt.Errorf("%w: page %d: flags %x, %d elements", ErrCorrupt, id, flags, count)
	}
	for i := range count {
		e := p[pageHead+i*elementSize:]
		var err error
		if flags == branchFlag {
			if _, err = within(e, le.Uint32(e), le.Uint32(e[4:]), 0); err == nil {
				err = w.page(ctx, le.Uint64(e[8:]))
			}
		} else {
			err = w.leaf(ctx, e, id)
		}
		if err != nil {
			return fmt.Errorf("page %d, element %d: %w", id, i, err)
		}
	}
	return nil
}

func (w *walker) leaf(ctx context.Context, e []byte, id uint64) error {
	le := binary.LittleEndian
	value, err := within(e, le.Uint32(e[4:]), le.Uint32(e[8:]), le.Uint32(e[12:]))
	if err != nil {
		return err
	}
	switch flags := le.Uint32(e); flags {
	case 0:
		return nil
	case bucketEntry:
		if len(value) < 16 {
			return fmt.Errorf("%w: bucket head of %d bytes", ErrCorrupt, len(value))
		}
		if root := le.Uint64(value); root != 0 {
			return w.page(ctx, root)
		}
		return w.elements(ctx, value[16:], id)
	default:
		return fmt.Errorf("%w: element flags %x", ErrCorrupt, flags)
	}
}

// within is the value that stands pos+key bytes after the element's start, if
// it lies in the page.
func within(e []byte, pos, key, value uint32) ([]byte, error) {
	from := uint64(pos) + uint64(key)
	to := from + uint64(value)
	if pos < elementSize || key == 0 || to > uint64(len(e)) {
		return nil, fmt.Errorf("%w: element out of its page", ErrCorrupt)
	}
	return e[from:to], nil
}
