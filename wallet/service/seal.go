package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"grapevine/db"
	"grapevine/wallet/state"
)

// Beside a wallet's file while it is replaced by one that holds nothing in clear.
const (
	freshSuffix = ".encrypting"
	asideSuffix = ".before-encryption"
)

// tidy ends what a node that was killed while it encrypted a wallet had begun.
func tidy(path string) error { return db.Tidy(path, freshSuffix, asideSuffix) }

// rewrite makes a fresh file of what is in the old one and in c, in which nothing
// is left of what was there in clear, or under an older passphrase, free pages
// included; it takes the old one's name, and the old one is overwritten. Killed at any
// step, one of the two is whole under that name; renamed says that it is the fresh one,
// whatever failed later. Called with fileMu held.
func (s *Service) rewrite(c state.Changes) (renamed bool, err error) {
	old := s.cfg.DB
	path, err := filepath.EvalSymlinks(old.Path())
	if err == nil {
		err = tidy(path)
	}
	if err != nil {
		return false, err
	}
	fresh, err := s.reopen(path + freshSuffix)
	if err != nil {
		return false, errors.Join(err, tidy(path))
	}
	err = old.CopyInto(fresh, func(table string, _ []byte) bool { return table != keysTable })
	if err == nil {
		err = fresh.Update(func(tx *db.Tx) error { return s.tables.write(tx, c) })
	}
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = db.SetAside(path, path+asideSuffix)
	}
	if err != nil {
		return false, errors.Join(err, tidy(path))
	}
	return s.swap(old, path)
}

// swap gives the fresh file its name. The file that has the name is in use afterwards.
func (s *Service) swap(old *db.DB, path string) (renamed bool, err error) {
	if err = old.Close(); err == nil { // some systems rename no file that is open
		err = os.Rename(path+freshSuffix, path)
		renamed = err == nil
	}
	err = errors.Join(err, db.SyncDir(path)) // before what has lost the name is erased
	s.adrift = true
	if err = errors.Join(err, s.moor(), tidy(path)); err != nil {
		err = fmt.Errorf("replace the wallet's file: %w", err)
	}
	return renamed, err
}

// errAdrift: nothing is lost, but nothing more can be kept.
var errAdrift = errors.New("the wallet's file is whole, but cannot be opened again: mend that, or unload the wallet and load it again")

// moor opens the wallet's file again, which was closed to be replaced, unless it is open.
// While it cannot be, nothing of the wallet can be kept and whoever wants that is told;
// each try begins here. Called with fileMu held.
func (s *Service) moor() error {
	if !s.adrift {
		return nil
	}
	file, err := s.reopen(s.cfg.DB.Path())
	if err != nil {
		return fmt.Errorf("%w: %w", errAdrift, err)
	}
	s.mu.Lock()
	s.cfg.DB, s.adrift = file, false
	s.mu.Unlock()
	return nil
}

func (s *Service) reopen(path string) (*db.DB, error) {
	if s.cfg.Reopen != nil {
		return s.cfg.Reopen(path)
	}
	return OpenFile(path, db.Options{})
}

// Close closes the wallet's file, which may be another than Config's.
func (s *Service) Close() error {
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	return s.cfg.DB.Close()
}

// NoteCopy remembers a copy that Backup made while the wallet was not encrypted.
func (s *Service) NoteCopy(path string) error {
	s.mu.Lock()
	if s.state != nil {
		s.state.NoteCopy(path)
	}
	s.mu.Unlock()
	return s.flush()
}

// Copies are the paths that NoteCopy remembers.
func (s *Service) Copies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.PlainCopies()
}

// ToldInClear says whether a file holds this wallet's secrets in clear.
func (s *Service) ToldInClear(path string) bool {
	file, err := openAs(path, db.Options{ReadOnly: true, Timeout: 100 * time.Millisecond})
	if err != nil {
		return false
	}
	defer file.Close()
	s.mu.Lock() // the file of this one may be about to be replaced
	other := &Service{cfg: s.cfg, tables: s.tables}
	s.mu.Unlock()
	other.cfg.DB = file
	st, err := other.load()
	if err != nil || st == nil || st.Encrypted() || st.Secrets() == nil {
		return false
	}
	defer st.Secrets().Wipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	return st.Secrets().Tells(s.state)
}
