package node

//lint:file-ignore ST1005 texts about a map of autonomous systems are Bitcoin Core's, which people search for

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"grapevine/db"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// FileError is a failure with one of the data directory's files, for whoever
// says what to do about it: chain.db can be fetched again, wallet.db cannot.
type FileError struct {
	Name string // as in wallet.db
	Err  error
}

func (e *FileError) Error() string { return e.Err.Error() }
func (e *FileError) Unwrap() error { return e.Err }

// ofFile says whose failure err is; nil stays nil.
func ofFile(name string, err error) error {
	if err == nil {
		return nil
	}
	return &FileError{Name: name + ".db", Err: err}
}

func (n *Node) path(name string) string {
	dir := n.cfg.DataDir
	if name == "chain" {
		dir = cmp.Or(n.cfg.ChainDir, dir)
	}
	return filepath.Join(dir, name+".db")
}

// keeper knows which files of the data directory are open databases, so that all may
// be copied while the node runs.
type keeper struct {
	mu   sync.Mutex // held while files are copied too: none is opened meanwhile
	open map[string]*db.DB
}

// note a file that was opened; a later one at the same place takes its place.
func (k *keeper) note(path string, open func() (*db.DB, error)) (*db.DB, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f, err := open()
	if err == nil {
		k.open[path] = f
	}
	return f, err
}

// open opens one file of the data directory.
func (n *Node) open(name string, version uint32, older ...uint32) (*db.DB, error) {
	if err := os.MkdirAll(filepath.Dir(n.path(name)), 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := n.keeper.note(n.path(name), func() (*db.DB, error) {
		return db.Open(n.path(name), name, version, db.Options{NoSync: n.cfg.NoSync, From: older})
	})
	if err != nil {
		return nil, err
	}
	n.files = append(n.files, f)
	return f, nil
}

// openBook opens the address book. A damaged one is set aside: what it knew is
// heard again from any peer.
func (n *Node) openBook() error {
	opened := len(n.files)
	err := n.tryBook()
	if !errors.Is(err, db.ErrCorrupt) {
		return err
	}
	n.log.Warn("the address book is damaged; a new one is begun", "kept", n.path("peers")+".damaged", "err", err)
	for _, f := range n.files[opened:] {
		if err := f.Close(); err != nil {
			return err
		}
	}
	n.files = n.files[:opened]
	if err := os.Rename(n.path("peers"), n.path("peers")+".damaged"); err != nil {
		return fmt.Errorf("set the damaged address book aside: %w", err)
	}
	return n.tryBook()
}

func (n *Node) tryBook() error {
	file, err := n.open("peers", addrbook.Schema)
	if err != nil {
		return err
	}
	r, err := n.random()
	if err != nil {
		return err
	}
	as, err := n.openASMap()
	if err != nil {
		return err
	}
	n.book, err = addrbook.Open(addrbook.Config{
		DB: file, Now: n.clock.Now, Rand: r, ASMap: as, CheckEvery: n.cfg.CheckAddrs, Fixed: n.cfg.FixedBook,
		Local: n.cfg.Params.Local() && !n.cfg.Public, Log: n.log.With("subsystem", "addrbook"),
	})
	return err
}

// maxASMap bounds the file; one of today's internet has 2 MB.
const maxASMap = 64 << 20

// openASMap reads the map of autonomous systems, if there is to be one.
func (n *Node) openASMap() (*p2p.ASMap, error) {
	if n.cfg.ASMap == "" {
		n.log.Info("peers are spread by network groups")
		return nil, nil
	}
	path := n.cfg.ASMap
	if !filepath.IsAbs(path) {
		path = filepath.Join(n.cfg.DataDir, path)
	}
	raw, err := db.ReadFile(path, maxASMap)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("Could not find asmap file \"%s\"", path)
	}
	if err != nil {
		return nil, fmt.Errorf("Could not parse asmap file \"%s\"", path)
	}
	n.log.Info("map of autonomous systems opened", "file", path, "bytes", len(raw))
	as, err := p2p.ParseASMap(raw)
	if err != nil {
		return nil, fmt.Errorf("Could not parse asmap file \"%s\"", path)
	}
	n.log.Info("peers are spread by autonomous systems", "version", as.Version())
	return as, nil
}
