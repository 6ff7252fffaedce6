package db

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
)

// schemaBucket holds the one record that says what the file is:
// "schema" -> version, 4 bytes big-endian ‖ name.
const (
	schemaBucket = "schema"
	schemaKey    = "schema"
)

func (d *DB) checkSchema(name string, version uint32, o Options) error {
	var have []byte
	var empty bool
	err := d.View(func(tx *Tx) error {
		k, _ := tx.bolt.Cursor().First()
		empty = k == nil
		b := tx.bolt.Bucket([]byte(schemaBucket))
		if b == nil {
			return nil
		}
		v, err := unseal([]byte(schemaKey), b.Get([]byte(schemaKey)))
		have = bytes.Clone(v)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the schema of %s: %w", d.path, err)
	}
	want := append(binary.BigEndian.AppendUint32(nil, version), name...)
	switch {
	case bytes.Equal(have, want):
		return nil
	case have == nil && empty && !o.ReadOnly:
		return d.writeSchema(want)
	case len(have) < 4:
		return fmt.Errorf("open %s: %w: it says nothing of itself, want %s", d.path, ErrSchema, name)
	}
	older := binary.BigEndian.Uint32(have)
	if string(have[4:]) != name || !slices.Contains(o.From, older) {
		return fmt.Errorf("open %s: %w: it holds %s version %d, want %s version %d", d.path, ErrSchema, have[4:], older, name, version)
	}
	if o.ReadOnly {
		return nil
	}
	return d.writeSchema(want)
}

// writeSchema marks a file that is new, or of an older version. It is not counted as a commit by OnCommit.
func (d *DB) writeSchema(want []byte) error {
	return d.run(func() error {
		return d.bolt.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte(schemaBucket))
			if err != nil {
				return err
			}
			return b.Put([]byte(schemaKey), seal([]byte(schemaKey), want))
		})
	})
}

// bbolt's meta page, as far as checks need it. Two of them stand at
// the start of the file; the valid one with the higher transaction counts.
//
//	offset  16 magic 4  version 4  page size 4  flags 4
//	        32 root 8  sequence 8  freelist 8  high water (pages) 8  txid 8
//	        72 FNV-64a of bytes 16..72, 8; all little-endian
const (
	metaAt   = 16
	metaSum  = 72
	metaSize = 80
	magic    = 0xED0CDAED
)

// checkLength refuses a file that is shorter than its newest meta page says:
// the missing pages would be read as faults. New and empty files pass.
func checkLength(path string) error {
	st, err := StatFile(path)
	switch {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return err
	case st.Size() == 0:
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	need, err := highWater(f)
	if err != nil {
		return err
	}
	if st.Size() < need {
		return fmt.Errorf("%w: %d bytes long, want at least %d", ErrCorrupt, st.Size(), need)
	}
	return nil
}

// meta is one of the two pages that say what the file's state is.
type meta struct {
	pageSize                   uint32
	root, freelist, high, txid uint64 // high: pages
}

// readMeta reads the meta page at that offset; ok says whether it is sound.
func readMeta(f io.ReaderAt, at int64) (m meta, ok bool) {
	buf := make([]byte, metaSize)
	if _, err := f.ReadAt(buf, at); err != nil {
		return m, false
	}
	h := fnv.New64a()
	h.Write(buf[metaAt:metaSum])
	le := binary.LittleEndian
	if le.Uint32(buf[metaAt:]) != magic || h.Sum64() != le.Uint64(buf[metaSum:]) {
		return m, false
	}
	return meta{
		pageSize: le.Uint32(buf[24:]), root: le.Uint64(buf[32:]),
		freelist: le.Uint64(buf[48:]), high: le.Uint64(buf[56:]), txid: le.Uint64(buf[64:]),
	}, true
}

// highWater is the number of bytes that the newest sound meta page of f spans.
func highWater(f io.ReaderAt) (int64, error) {
	var newest meta
	found := false
	for _, at := range metaOffsets() {
		if m, ok := readMeta(f, at); ok && (!found || m.txid > newest.txid) {
			newest, found = m, true
		}
	}
	if !found {
		return 0, fmt.Errorf("%w: no sound meta page", ErrCorrupt)
	}
	return int64(newest.high) * int64(newest.pageSize), nil
}

// metaOffsets are where meta pages may stand: at 0 and one page further. If
// the first is damaged, its page size is not known, so the usual ones are tried.
func metaOffsets() []int64 {
	at := []int64{0}
	for size := int64(1 << 10); size <= 1<<16; size <<= 1 {
		at = append(at, size)
	}
	return at
}

// fromStore tells whether a panic that is being recovered was thrown by bbolt
// or by a read of its map, and not by the caller's own function.
func fromStore(r any) bool {
	if e, ok := r.(runtime.Error); ok {
		if _, fault := e.(interface{ Addr() uintptr }); fault {
			return true
		}
	}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	panicked := false
	for {
		f, more := frames.Next()
		if panicked && !strings.HasPrefix(f.Function, "runtime.") {
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return false
		}
	}
}
