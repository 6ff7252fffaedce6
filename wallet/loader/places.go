package loader

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// path is the directory that a wallet of that name has for itself [GetWalletPath].
func (w *Wallets) path(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(w.cfg.Dir, name)
}

// file is where a wallet of that name is kept: under the configured name, unless only
// the other of the two is there.
func (w *Wallets) file(name string) string {
	dir := w.path(name)
	path := filepath.Join(dir, w.cfg.File)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if other := filepath.Join(dir, fileName); isWallet(other) {
			return other
		}
	}
	return path
}

const (
	maxName  = 4096 // bytes; more than any path that a file system takes [PATH_MAX]
	ownLimit = 200  // of names that lead nowhere else; file systems take 255
)

// checkName refuses what is no name of a directory for a wallet. Where Core's ways are
// kept, any path will do; else it must stay below the wallets' directory.
func (w *Wallets) checkName(name string) error {
	if len(name) > maxName || strings.ContainsRune(name, 0) {
		return fmt.Errorf("%w: %.100q", wallet.ErrName, name)
	}
	if name == "" {
		return nil
	}
	if w.cfg.Unnamed && (len(name) > ownLimit || !filepath.IsLocal(name) || name != filepath.Clean(name) || name == "." || strings.Contains(name, "..")) {
		return fmt.Errorf("%w: %.200q: it must be one of a directory below that of the wallets", wallet.ErrName, name)
	}
	st, err := os.Lstat(w.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("filesystem error: %w", err)
	case st.IsDir(), st.Mode().IsRegular() && filepath.Base(name) == name:
		return nil
	}
	if st, err := os.Stat(w.path(name)); err == nil && st.IsDir() && st.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	return &wallet.PathError{Name: name, Dir: w.cfg.Dir}
}

// isWallet says whether a file looks like one of ours: its first page is that of
// bbolt. What is behind it is read when it is opened.
func isWallet(path string) bool {
	const magicAt, magic = 16, 0xED0CDAED
	f, err := db.OpenFile(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, magicAt+4)
	_, err = io.ReadFull(f, head)
	return err == nil && binary.LittleEndian.Uint32(head[magicAt:]) == magic
}

// maxListed bounds what Dir looks at: a directory of another purpose may have
// been named.
const maxListed = 1_000_000

// Dir are the names of the wallets on disk, in order [ListDatabases].
func (w *Wallets) Dir() ([]string, error) {
	names := []string{}
	if isWallet(w.file("")) && (w.main == nil || w.main.Exists() && w.mainIsKnown()) {
		names = append(names, "")
	}
	seen := 0
	err := filepath.WalkDir(w.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			if !errors.Is(err, fs.ErrNotExist) {
				w.cfg.Log.Warn(fmt.Sprintf("Error scanning directory entries under %s: %s", w.cfg.Dir, err))
			}
			return fs.SkipDir
		case seen > maxListed:
			return fs.SkipAll
		}
		seen++
		if path == w.cfg.Dir || !d.IsDir() && d.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		name, err := filepath.Rel(w.cfg.Dir, path)
		if err == nil && isWallet(w.file(name)) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// startupFile names the wallets to be loaded at the start, where Config.Save does not.
const startupFile = "startup.json"

// maxStartup is in bytes: far more than the names of all wallets that can be loaded.
const maxStartup = 16 << 20

// readStartup are the names in it; without one there are none.
func (w *Wallets) readStartup() (names []string) {
	raw, err := db.ReadFile(filepath.Join(w.cfg.Dir, startupFile), maxStartup)
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
	w.saveMu.Lock()
	defer w.saveMu.Unlock()
	w.mu.Lock()
	names := slices.DeleteFunc(slices.Clone(w.startup), func(other string) bool { return other == name })
	if on {
		names = append(names, name)
	}
	w.startup = names
	w.mu.Unlock()
	save := w.cfg.Save
	if save == nil {
		save = w.writeStartup
	}
	if err := save(append([]string{}, names...)); err != nil {
		return fmt.Errorf("note which wallets are to be loaded: %w", err)
	}
	return nil
}

func (w *Wallets) writeStartup(names []string) error {
	raw, err := json.Marshal(names)
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
	return err
}

// takeOver gives the wallet of an earlier version its place among the others, after a
// copy of it was made, and says what it is called. It is done once: where there is a
// wallet in that place already, the old one is left alone.
func (w *Wallets) takeOver() (name string, err error) {
	old := w.cfg.Old
	if _, err := os.Lstat(old); old == "" || errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept := old + backupSuffix // before it is opened, which an older program could not do afterwards
	made := false
	_, notFile := db.StatFile(old)
	if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) && notFile == nil {
		if _, err := db.CopyPlain(old, kept); err != nil {
			return "", err
		}
		made = true
	}
	name, there, err := w.nameIn(old)
	if err == nil && !there { // it was made by the start of a node, and nobody asked it for anything
		err = os.Remove(old)
	}
	if err != nil || !there {
		if made {
			err = errors.Join(err, os.Remove(kept))
		}
		return "", err
	}
	if w.checkName(name) != nil {
		name = ""
	}
	to := filepath.Join(w.path(name), w.cfg.File)
	if _, err := os.Lstat(to); err == nil {
		w.cfg.Log.Warn("there are two unnamed wallets; the older one is left alone", "used", to, "left", old)
		if made {
			return "", os.Remove(kept)
		}
		return "", nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", fmt.Errorf("take the wallet over: %w", err)
	}
	if err := os.Rename(old, to); err != nil {
		return "", fmt.Errorf("take the wallet over: %w", err)
	}
	w.cfg.Log.Info("the wallet has moved", "to", to, "backup", kept)
	return name, nil
}

// nameIn is what the wallet in a file is called, if there is one in it.
func (w *Wallets) nameIn(path string) (name string, there bool, err error) {
	l, err := w.open("", path)
	if err != nil {
		return "", false, err
	}
	name, there = l.Name()
	return name, there, l.Close()
}

// backupSuffix of the copy that was made of an earlier version's wallet.
const backupSuffix = ".backup"

// Plain are the files that are known to hold what an encrypted wallet hides, in clear:
// copies that Backup made, that of when it was taken over, and what lies in its directory.
func (w *Wallets) Plain(s *service.Service) (list []string) {
	own := s.Path()
	places := append(s.Copies(), w.cfg.Old+backupSuffix)
	entries, err := os.ReadDir(filepath.Dir(own))
	if err != nil {
		entries = nil
	}
	for _, e := range entries {
		places = append(places, filepath.Join(filepath.Dir(own), e.Name()))
	}
	for _, path := range places {
		if path != own && !slices.Contains(list, path) && isWallet(path) && s.ToldInClear(path) {
			list = append(list, path)
		}
	}
	return list
}
