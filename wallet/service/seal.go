package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"grapevine/db"
	"grapevine/wallet/crypter"
)

// seal is what makes a wallet an encrypted one.
type seal struct {
	master []byte       // the key below, wrapped by the passphrase
	sealed []byte       // secrets, by the key
	key    *crypter.Key // nil: locked
	until  time.Time    // by the service's clock, when it locks itself
}

// sealContext keeps other sealed bytes from being taken for a wallet's secrets.
const sealContext = "grapevine wallet secrets"

// reseal seals the secrets anew when they have changed.
func (st *state) reseal(rand io.Reader) error {
	if st.seal == nil || !st.dirt.secrets || st.secrets == nil {
		return nil
	}
	if err := st.seal.put(rand, st.secrets); err != nil {
		return err
	}
	st.dirt.secrets, st.dirt.seal = false, true
	return nil
}

// put seals secrets by the key.
func (x *seal) put(rand io.Reader, of *secrets) error {
	plain, err := of.encode()
	if err != nil {
		return err
	}
	defer clear(plain)
	sealed, err := x.key.Seal(rand, plain, []byte(sealContext))
	if err == nil {
		x.sealed = sealed
	}
	return err
}

// lockUp wipes what is private from memory; what of it has changed stays, sealed.
func (st *state) lockUp(rand io.Reader) error {
	if st.seal == nil || st.seal.key == nil {
		return nil
	}
	if err := st.reseal(rand); err != nil {
		return err
	}
	if st.secrets != nil {
		st.secrets.wipe()
		st.secrets = nil
	}
	st.seal.key.Wipe()
	st.seal.key, st.seal.until = nil, time.Time{}
	return nil
}

// open is what a key seals.
func (x *seal) open(key *crypter.Key) (*secrets, error) {
	plain, err := key.Open(x.sealed, []byte(sealContext))
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return decodeSecrets(plain)
}

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
func (s *Service) rewrite(c changes) (renamed bool, err error) {
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
	file, failed := s.reopen(old.Path())
	if failed == nil {
		s.mu.Lock()
		s.cfg.DB = file
		s.mu.Unlock()
	}
	if err = errors.Join(err, failed, tidy(path)); err != nil {
		err = fmt.Errorf("replace the wallet's file: %w", err)
	}
	return renamed, err
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

// maxCopies bounds which copies are remembered; the oldest is forgotten first.
const maxCopies = 100

// NoteCopy remembers a copy that Backup made while the wallet was not encrypted.
func (s *Service) NoteCopy(path string) error {
	s.mu.Lock()
	if st := s.state; st != nil && st.seal == nil && !st.watchOnly && !slices.Contains(st.copies, path) {
		st.copies = append(st.copies, path)
		st.copies = st.copies[max(0, len(st.copies)-maxCopies):]
		st.dirt.keys = true
	}
	s.mu.Unlock()
	return s.flush()
}

// Copies are the paths that NoteCopy remembers.
func (s *Service) Copies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.copies)
}

// ToldInClear says whether a file holds this wallet's secrets in clear.
func (s *Service) ToldInClear(path string) bool {
	file, err := openAs(path, db.Options{ReadOnly: true, Timeout: 100 * time.Millisecond})
	if err != nil {
		return false
	}
	defer file.Close()
	other := &Service{cfg: s.cfg, tables: s.tables}
	other.cfg.DB = file
	st, err := other.load()
	if err != nil || st == nil || st.seal != nil || st.secrets == nil {
		return false
	}
	defer st.secrets.wipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.state.rows, func(r *row) bool { return st.secrets.Private[r.Desc] != nil })
}
