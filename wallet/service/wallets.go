package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet"
)

// Wallets are all wallets of one node: the main one, in wallet.db of the data
// directory, and those with names, each in DIR/NAME/wallet.db. Its methods may be
// called by several goroutines at once.
type Wallets struct {
	cfg  WalletsConfig
	main *Service
	busy sync.Mutex // one at a time is made, loaded or unloaded; locked before mu

	mu    sync.Mutex
	off   bool // main was unloaded: it follows the chain and answers nobody
	named []*loaded
	start func(*loaded) // nil: Run has not begun, or has ended
}

// WalletsConfig is what Wallets need.
type WalletsConfig struct {
	Config        // of each of them; its DB is the main one's
	Dir    string // of those with names
	Open   func(path string) (*db.DB, error)
}

// loaded is a wallet with a name.
type loaded struct {
	*Service
	name string
	file *db.DB
	stop context.CancelFunc
	done chan struct{} // closed when it follows the chain no more
}

// fileName of each wallet, in its directory.
const fileName = "wallet.db"

// OpenWallets opens the main wallet, those that were to be loaded at the start,
// and those named. One that is not there, or cannot be read, is left out with a
// warning, as in Core.
func OpenWallets(cfg WalletsConfig, names []string) (*Wallets, error) {
	main, err := Open(cfg.Config)
	if err != nil {
		return nil, err
	}
	w := &Wallets{cfg: cfg, main: main}
	w.cfg.Log = main.cfg.Log
	for _, name := range append(w.startup(), names...) {
		if name == "" || w.find(name) != nil {
			continue
		}
		if err := w.Load(name); err != nil {
			w.cfg.Log.Warn("a wallet is left out", "name", name, "err", err)
		}
	}
	return w, nil
}

// Main is the wallet of the data directory itself.
func (w *Wallets) Main() *Service { return w.main }

// Run follows the chain with all wallets until ctx ends, and closes the files of
// those with names.
func (w *Wallets) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	w.mu.Lock()
	w.start = func(l *loaded) {
		one, cancel := context.WithCancel(ctx)
		l.stop, l.done = cancel, make(chan struct{})
		g.Go(func() error {
			defer close(l.done)
			defer cancel()
			return l.Run(one)
		})
	}
	for _, l := range w.named {
		w.start(l)
	}
	w.mu.Unlock()
	g.Go(func() error { return w.main.Run(ctx) })
	g.Go(func() error { // until then others may be started
		<-ctx.Done()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.start = nil
		return nil
	})
	err := g.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.named {
		err = errors.Join(err, l.file.Close())
	}
	w.named = nil
	return err
}

// Apply tells all wallets what happened to chain and pool; see Service.Apply.
func (w *Wallets) Apply(ctx context.Context, d chain.Delta, p chain.PoolDelta) error {
	w.mu.Lock()
	all := slices.Clone(w.named)
	w.mu.Unlock()
	errs := []error{w.main.Apply(ctx, d, p)}
	for _, l := range all {
		errs = append(errs, l.Apply(ctx, d, p))
	}
	return errors.Join(errs...)
}

// Names are those of the wallets in use, in the order in which they came.
func (w *Wallets) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := []string{}
	if w.mainCounts() {
		name, _ := w.main.Name()
		names = append(names, name)
	}
	for _, l := range w.named {
		names = append(names, l.name)
	}
	return names
}

// mainCounts says whether the main wallet is one in use. One that made itself
// and was never used is not, as soon as there are others. Called with mu held.
func (w *Wallets) mainCounts() bool {
	name, there := w.main.Name()
	return there && !w.off && (name != "" || len(w.named) == 0 || w.main.touched())
}

// touched says whether anybody has used the wallet.
func (s *Service) touched() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != nil && !s.state.unused()
}

// Pick is the wallet that a call is for: the one of that name or, where none was
// said, the only one. It fails with wallet.ErrNotLoaded or wallet.ErrWhich.
func (w *Wallets) Pick(name string, said bool) (*Service, error) {
	names := w.Names()
	mainName, there := w.main.Name()
	w.mu.Lock()
	off := w.off
	w.mu.Unlock()
	switch {
	case !said && len(names) == 1:
		name = names[0]
	case !said && len(names) > 1:
		return nil, wallet.ErrWhich
	case !off && len(names) == 0 && (!said || name == ""):
		return w.main, nil // where it may, it makes itself
	}
	if !off && there && name == mainName && slices.Contains(names, name) {
		return w.main, nil
	}
	if l := w.find(name); l != nil {
		return l.Service, nil
	}
	if !said {
		return nil, wallet.ErrNoneLoaded
	}
	return nil, wallet.ErrNotLoaded
}

// find is the wallet with that name, nil when it is not loaded.
func (w *Wallets) find(name string) *loaded {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.named {
		if l.name == name {
			return l
		}
	}
	return nil
}

// Path is where a wallet of that name is kept.
func (w *Wallets) Path(name string) string {
	if current, there := w.main.Name(); name == "" || there && name == current {
		return w.main.Path()
	}
	return filepath.Join(w.cfg.Dir, name, fileName)
}

// checkName refuses names that are no directory of their own below the wallets'.
func checkName(name string) error {
	const longest = 200 // bytes; file systems take 255
	if len(name) > longest || !filepath.IsLocal(name) || name != filepath.Clean(name) || name == "." || strings.ContainsRune(name, 0) || strings.Contains(name, "..") {
		return fmt.Errorf("%w: %q", wallet.ErrName, name)
	}
	return nil
}

// Create makes a wallet of that name, which must not be there; begin gives it
// its keys. wallet.ErrExists.
func (w *Wallets) Create(name string, begin func(*Service) error) error {
	w.busy.Lock()
	defer w.busy.Unlock()
	if current, there := w.main.Name(); name == "" || there && name == current {
		if there {
			return wallet.ErrExists
		}
		return begin(w.main)
	}
	if err := checkName(name); err != nil {
		return err
	}
	path := w.Path(name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || w.find(name) != nil {
		return errors.Join(wallet.ErrExists, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make wallet: %w", err)
	}
	l, err := w.open(name, path)
	if err == nil {
		if err = begin(l.Service); err == nil {
			err = l.Rename(name)
		}
		if err != nil {
			err = errors.Join(err, l.file.Close())
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(path), os.Remove(filepath.Dir(path)))
	}
	return w.add(l)
}

func (w *Wallets) open(name, path string) (*loaded, error) {
	file, err := w.cfg.Open(path)
	if err != nil {
		return nil, err
	}
	cfg := w.cfg.Config
	cfg.DB, cfg.Log = file, w.cfg.Log.With("wallet", name)
	s, err := Open(cfg)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &loaded{Service: s, name: name, file: file}, nil
}

// add lets a wallet follow the chain.
func (w *Wallets) add(l *loaded) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.named = append(w.named, l)
	if w.start != nil {
		w.start(l)
	}
	return nil
}

// Load takes a wallet into use. wallet.ErrLoaded, fs.ErrNotExist.
func (w *Wallets) Load(name string) error {
	w.busy.Lock()
	defer w.busy.Unlock()
	current, there := w.main.Name()
	w.mu.Lock()
	back := w.off && there && name == current
	if back {
		w.off = false
	}
	w.mu.Unlock()
	switch {
	case back:
		return nil
	case there && name == current || w.find(name) != nil:
		return wallet.ErrLoaded
	case name == "":
		return fs.ErrNotExist
	}
	if err := checkName(name); err != nil {
		return err
	}
	path := w.Path(name)
	if _, err := os.Stat(path); err != nil {
		return err
	}
	l, err := w.open(name, path)
	if err != nil {
		return err
	}
	if !l.Exists() {
		return errors.Join(fmt.Errorf("%w: %s holds no wallet", db.ErrCorrupt, path), l.file.Close())
	}
	l.state.name = name // its directory may have been renamed
	l.poolDue = true    // it has not heard of what came into the pool before
	return w.add(l)
}

// Unload takes a wallet out of use and closes its file. wallet.ErrNotLoaded.
func (w *Wallets) Unload(name string) error {
	w.busy.Lock()
	defer w.busy.Unlock()
	if current, there := w.main.Name(); there && name == current {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.off {
			return wallet.ErrNotLoaded
		}
		w.off = true
		return nil
	}
	l := w.find(name)
	if l == nil {
		return wallet.ErrNotLoaded
	}
	w.mu.Lock()
	w.named = slices.DeleteFunc(w.named, func(other *loaded) bool { return other == l })
	w.mu.Unlock()
	if l.stop != nil {
		l.stop()
		<-l.done
	}
	return l.file.Close()
}

// maxListed bounds what Dir looks at: a directory of another purpose may have
// been named.
const maxListed = 10_000

// Dir are the names of the wallets on disk, in order.
func (w *Wallets) Dir() ([]string, error) {
	names := []string{}
	if name, there := w.main.Name(); there {
		names = append(names, name)
	}
	seen := 0
	err := filepath.WalkDir(w.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if seen++; seen > maxListed {
			return fs.SkipAll
		}
		if dir := filepath.Dir(path); d.Name() == fileName && d.Type().IsRegular() && dir != w.cfg.Dir {
			name, err := filepath.Rel(w.cfg.Dir, dir)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// startupFile names the wallets to be loaded at the start.
const startupFile = "startup.json"

// startup are the names in it; without one there are none.
func (w *Wallets) startup() (names []string) {
	raw, err := os.ReadFile(filepath.Join(w.cfg.Dir, startupFile))
	if err == nil {
		err = json.Unmarshal(raw, &names)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.cfg.Log.Warn("nobody knows which wallets are to be loaded", "err", err)
	}
	return names
}

// AtStart says whether a wallet is to be loaded at the start from now on.
func (w *Wallets) AtStart(name string, on bool) error {
	w.busy.Lock()
	defer w.busy.Unlock()
	names := slices.DeleteFunc(w.startup(), func(other string) bool { return other == name })
	if on {
		names = append(names, name)
	}
	raw, err := json.Marshal(append([]string{}, names...))
	if err == nil {
		err = os.MkdirAll(w.cfg.Dir, 0o700)
	}
	path := filepath.Join(w.cfg.Dir, startupFile)
	if err == nil {
		err = os.WriteFile(path+".new", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("note which wallets are to be loaded: %w", err)
	}
	return nil
}
