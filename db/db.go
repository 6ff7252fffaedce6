package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// When a file is opened.
var (
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("in use by another process")
	// ErrSchema: the file holds something else, or another version of it.
	ErrSchema = errors.New("not the expected kind of database")
)

// While a file is used.
var (
	// ErrCorrupt: the file is damaged; what was read is not to be trusted.
	ErrCorrupt = errors.New("database is corrupt")
	// ErrNested: a transaction was begun inside another, of this or another file,
	// on the same goroutine.
	ErrNested = errors.New("transaction inside a transaction")
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("database is closed")
)

const (
	// lockTimeout is how long Open waits for another process to let go: enough
	// for a node that is just stopping, short enough for a person.
	lockTimeout = 2 * time.Second
	// growBytes is the step in which the file grows. bbolt's 16 MiB would make a
	// new wallet look large.
	growBytes = 1 << 20
	// mapBytes is address space, not memory: a map this large from the start
	// spares remaps. They wait for every reader, so that one long reader, such as
	// a hash over all coins, would hold up the writer.
	mapBytes = 1 << 36
	// smallMap is for machines whose addresses do not reach so far.
	smallMap = 1 << 28
)

// Options tune Open. The zero value is right for a node.
type Options struct {
	NoSync   bool          // do not wait for the disk; for tests only
	Timeout  time.Duration // wait for the file's lock; 0: two seconds
	ReadOnly bool
	// From are older versions that the caller reads too. A file of one becomes one of
	// the new version before anything is written to it, so that no older program will
	// take it for its own; where it is opened to be read, it stays what it is.
	From []uint32
	// OnCommit is called on the writer's goroutine before (even n) and after
	// (odd n) each commit, so that tests can take the file as a crash would leave it.
	OnCommit func(n int)
}

// DB is an open database file. Its methods may be called by several goroutines
// at once; Update calls wait for each other [CDBWrapper].
type DB struct {
	bolt     *bbolt.DB
	path     string
	onCommit func(n int)
	hooks    atomic.Int64 // calls of onCommit so far
}

// Open opens or creates the file at path, which holds the schema name at
// version. It fails with ErrLocked, ErrCorrupt or ErrSchema wrapped with the path.
func Open(path, name string, version uint32, o Options) (*DB, error) {
	if !o.ReadOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("make directory of %s: %w", path, err)
		}
	}
	bolt, err := openBolt(path, o)
	if err != nil {
		return nil, err
	}
	d := &DB{bolt: bolt, path: path, onCommit: o.OnCommit}
	if err := d.checkSchema(name, version, o); err != nil {
		bolt.Close()
		return nil, err
	}
	return d, nil
}

func openBolt(path string, o Options) (b *bbolt.DB, err error) {
	if o.Timeout == 0 {
		o.Timeout = lockTimeout
	}
	// bbolt reads pages while it opens: a short file would fault there.
	if err := checkLength(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(false)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("open %s: %w: %v", path, ErrCorrupt, r)
		}
	}()
	bo := bbolt.Options{
		Timeout:         o.Timeout,
		ReadOnly:        o.ReadOnly,
		NoSync:          o.NoSync,
		NoGrowSync:      o.NoSync,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: mapSize(path),
		NoStatistics:    true,
	}
	b, err = bbolt.Open(path, 0o600, &bo)
	if errors.Is(err, syscall.ENOMEM) {
		bo.InitialMmapSize = smallMap
		b, err = bbolt.Open(path, 0o600, &bo)
	}
	if err != nil {
		return nil, openError(path, err)
	}
	b.AllocSize = growBytes
	return b, nil
}

// mapSize is how much to map: room for the file to become twice as large.
func mapSize(path string) int {
	switch {
	case runtime.GOOS == "windows":
		return 0 // there the file would be made as long as the map
	case math.MaxInt == math.MaxInt32:
		return smallMap
	}
	size := int64(mapBytes)
	if st, err := os.Stat(path); err == nil {
		size = max(size, 2*st.Size())
	}
	return int(size)
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("open %s: %w", path, ErrLocked)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrInvalidMapping):
		return fmt.Errorf("open %s: %w: %v", path, ErrCorrupt, err)
	}
	return fmt.Errorf("open database: %w", err)
}

// View runs fn in a read transaction: fn sees one committed state. Long
// transactions keep old pages from being used again, so the file grows.
func (d *DB) View(fn func(*Tx) error) error {
	return d.run(func() error {
		return d.bolt.View(func(b *bbolt.Tx) error { return fn(&Tx{bolt: b}) })
	})
}

// Update runs fn in the write transaction and commits what it did, durably,
// unless it returns an error.
func (d *DB) Update(fn func(*Tx) error) error {
	return d.run(func() error {
		err := d.bolt.Update(func(b *bbolt.Tx) error {
			if err := fn(&Tx{bolt: b}); err != nil {
				return err
			}
			d.hook()
			return nil
		})
		if err == nil {
			d.hook()
			d.forget() // it reads, too
		}
		return err
	})
}

func (d *DB) hook() {
	if d.onCommit != nil {
		d.onCommit(int(d.hooks.Add(1) - 1))
	}
}

// run calls fn with page faults of the map (a file cut short) and bbolt's own
// panics on damaged pages turned into ErrCorrupt. The runtime's flag for faults
// belongs to the goroutine, so it also tells a nested call.
func (d *DB) run(fn func() error) (err error) {
	if debug.SetPanicOnFault(true) {
		return fmt.Errorf("%s: %w", d.path, ErrNested)
	}
	defer debug.SetPanicOnFault(false)
	defer func() {
		if r := recover(); r != nil {
			if !fromStore(r) {
				panic(r) // not ours: unreachable in a sound caller
			}
			err = fmt.Errorf("%s: %w: %v", d.path, ErrCorrupt, r)
		}
	}()
	err = fn()
	switch {
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return fmt.Errorf("%s: %w", d.path, ErrClosed)
	case errors.Is(err, bolterrors.ErrInvalidMapping), errors.Is(err, bolterrors.ErrInvalid):
		return fmt.Errorf("%s: %w: %v", d.path, ErrCorrupt, err)
	}
	return err
}

// Backup writes a consistent copy of the whole file to w while the database is
// in use.
func (d *DB) Backup(w io.Writer) error {
	return d.View(func(tx *Tx) error {
		if _, err := tx.bolt.WriteTo(w); err != nil {
			return fmt.Errorf("back up %s: %w", d.path, err)
		}
		return nil
	})
}

// Size is the file's length in bytes.
func (d *DB) Size() int64 {
	st, err := os.Stat(d.path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// Path is the file's name.
func (d *DB) Path() string { return d.path }

// Close waits for transactions under way and closes the file.
func (d *DB) Close() error {
	if err := d.bolt.Close(); err != nil {
		return fmt.Errorf("close %s: %w", d.path, err)
	}
	return nil
}

// Check proves every byte of the file that counts, in one committed state of
// it: what is left out (free pages, the rest of a page behind its last record)
// is never read by anybody. tables are those that the file may have. progress
// may be nil; it hears of pages done out of all. The database may be in use.
func (d *DB) Check(ctx context.Context, tables []string, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	err := errMoved
	for try := 0; try < metaTries && err == errMoved; try++ {
		w := &walker{progress: progress, tables: map[string]bool{schemaBucket: true}}
		for _, name := range tables {
			w.tables[name] = true
		}
		err = d.View(func(tx *Tx) error { return tx.walk(ctx, d, w) })
	}
	if err != nil {
		return fmt.Errorf("check %s: %w", d.path, err)
	}
	return nil
}
