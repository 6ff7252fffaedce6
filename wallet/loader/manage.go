package loader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// claim keeps others from the same wallet until release is called; one that comes
// meanwhile is refused, as in Core. wallet.ErrBusy.
func (w *Wallets) claim(name string) (release func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	file := w.file(name)
	if _, there := w.busy[file]; there {
		return nil, wallet.ErrBusy
	}
	w.busy[file] = struct{}{}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.busy, file)
	}, nil
}

// Create makes a wallet of that name, which must not be there; begin gives it
// its keys. wallet.ErrPathTaken [CreateWallet].
func (w *Wallets) Create(name string, begin func(*service.Service) error) error {
	if err := w.checkName(name); err != nil {
		return err
	}
	release, err := w.claim(name)
	if err != nil {
		return err
	}
	defer release()
	if name == "" && w.main != nil {
		if w.main.Touched() {
			return wallet.TakenError(w.path(name))
		}
		err := begin(w.main.Service)
		if errors.Is(err, wallet.ErrExists) {
			err = wallet.TakenError(w.path(name))
		}
		return w.askedFor(err)
	}
	path, fresh := w.file(name), false
	switch st, err := os.Stat(path); {
	case err == nil && (!st.Mode().IsRegular() || w.find(name) != nil || !w.unfinished(path)):
		return wallet.TakenError(w.path(name))
	case errors.Is(err, fs.ErrNotExist):
		_, err := os.Stat(filepath.Dir(path))
		fresh = errors.Is(err, fs.ErrNotExist)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("filesystem error: cannot create directories: %w", err)
	}
	l, err := w.open(name, path)
	if err == nil {
		if err = begin(l.Service); err == nil {
			err = l.Rename(name)
		}
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}
	if err == nil {
		w.add(l)
		return nil
	}
	err = errors.Join(err, os.Remove(path))
	if fresh {
		err = errors.Join(err, os.Remove(filepath.Dir(path)))
	}
	return err
}

// askedFor notes that somebody wants the main wallet, though it may have made itself.
func (w *Wallets) askedFor(err error) error {
	if err == nil {
		w.main.AskedFor()
	}
	return err
}

// unfinished says whether a file is that of a wallet which was never made whole:
// its node was killed before it had its keys.
func (w *Wallets) unfinished(path string) bool {
	if !isWallet(path) {
		return false
	}
	l, err := w.open("", path)
	if err != nil {
		return false
	}
	defer l.Close() //nolint:errcheck // nothing was written
	return !l.Exists()
}

func (w *Wallets) open(name, path string) (*loaded, error) {
	file, err := w.cfg.Open(path)
	if err != nil {
		return nil, err
	}
	cfg := w.cfg.Config
	cfg.DB, cfg.Reopen, cfg.Log = file, w.cfg.Open, w.cfg.Log.With("wallet", name)
	s, err := service.Open(cfg)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &loaded{Service: s, name: name}, nil
}

// add lets a wallet follow the chain.
func (w *Wallets) add(l *loaded) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.named = append(w.named, l)
	if w.start != nil {
		w.start(l)
	}
}

// Load takes a wallet into use. wallet.ErrLoaded, ErrNoPath, ErrNoFormat, ErrBusy [LoadWallet].
func (w *Wallets) Load(name string) error {
	if err := w.checkName(name); err != nil {
		return err
	}
	release, err := w.claim(name)
	if err != nil {
		return err
	}
	defer release()
	return w.load(name)
}

// load is Load for whoever has claimed the name.
func (w *Wallets) load(name string) error {
	if name == "" && w.main != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.off {
			return wallet.ErrLoaded
		}
		w.off = false
		return nil
	}
	if w.find(name) != nil {
		return wallet.ErrLoaded
	}
	path := w.file(name)
	if _, err := os.Lstat(w.path(name)); errors.Is(err, fs.ErrNotExist) {
		return wallet.NoPathError(w.path(name))
	}
	if !isWallet(path) {
		return wallet.NoFormatError(w.path(name))
	}
	if w.inUse(path) {
		return wallet.ErrLoaded
	}
	l, err := w.open(name, path)
	switch {
	case errors.Is(err, db.ErrLocked):
		return fmt.Errorf("%w", wallet.ErrExclusive)
	case err != nil:
		return err
	case !l.Exists():
		return errors.Join(wallet.NoFormatError(w.path(name)), l.Close())
	}
	l.Joins(name)
	w.add(l)
	return nil
}

// inUse says whether a wallet in use has that file, perhaps by another name.
func (w *Wallets) inUse(path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	w.mu.Lock()
	all := slices.Clone(w.named)
	w.mu.Unlock()
	return slices.ContainsFunc(all, func(l *loaded) bool {
		other, err := os.Stat(l.Path())
		return err == nil && os.SameFile(st, other)
	})
}

// Loaded says whether a wallet of that name is in use.
func (w *Wallets) Loaded(name string) bool { return w.find(name) != nil }

// Unload takes a wallet out of use and closes its file. wallet.ErrNotLoaded [RemoveWallet].
func (w *Wallets) Unload(name string) error {
	release, err := w.claim(name)
	if err != nil {
		return err
	}
	defer release()
	l := w.find(name)
	if l == nil {
		return wallet.ErrNotLoaded
	}
	w.mu.Lock()
	if l == w.main {
		defer w.mu.Unlock()
		w.off = true
		return nil
	}
	w.named = slices.DeleteFunc(slices.Clone(w.named), func(other *loaded) bool { return other == l })
	w.mu.Unlock()
	if l.stop != nil {
		l.stop()
		<-l.done
	}
	return l.Close()
}

// Restore makes a wallet of that name from the copy that Backup made, and loads it.
// wallet.ErrNoBackup, ErrUnread, ErrTaken [RestoreWallet].
func (w *Wallets) Restore(name, backup string) error {
	if err := w.checkName(name); err != nil {
		return err
	}
	from, err := db.OpenFile(backup)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.Join(wallet.ErrNoBackup, err)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", wallet.ErrUnread, err)
	}
	defer from.Close()
	release, err := w.claim(name)
	if err != nil {
		return err
	}
	defer release()
	dir := w.path(name)
	if _, err := os.Stat(dir); err == nil || name == "" {
		return wallet.TakenError(dir)
	}
	err = os.MkdirAll(filepath.Dir(dir), 0o700)
	if err == nil {
		err = os.Mkdir(dir, 0o700) // what is in it is ours
	}
	if errors.Is(err, fs.ErrExist) {
		return wallet.TakenError(dir)
	}
	if err != nil {
		return fmt.Errorf("filesystem error: cannot create directories: %w", err)
	}
	path := filepath.Join(dir, w.cfg.File)
	_, err = db.BackupFile(path, func(to io.Writer) error {
		_, err := io.Copy(to, from)
		return err
	})
	if err == nil {
		if err = w.load(name); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	return nil
}
