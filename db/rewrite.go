package db

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// CopyInto writes all records that keep wants to another file, in one commit. What
// was deleted or left out is in no page of that one.
func (d *DB) CopyInto(to *DB, keep func(table string, key []byte) bool) error {
	var err error
	copied := func(from *bbolt.Tx) error {
		return to.bolt.Update(func(into *bbolt.Tx) error {
			return from.ForEach(func(name []byte, b *bbolt.Bucket) error {
				fresh, err := into.CreateBucketIfNotExists(bytes.Clone(name))
				if err != nil {
					return err
				}
				fresh.FillPercent = 0.9 // keys come in order
				return b.ForEach(func(key, value []byte) error {
					if value == nil || !keep(string(name), key) {
						return nil
					}
					return fresh.Put(bytes.Clone(key), bytes.Clone(value))
				})
			})
		})
	}
	if err = d.run(func() error { return d.bolt.View(copied) }); err != nil {
		return fmt.Errorf("copy %s: %w", d.path, err)
	}
	return nil
}

// SetAside links a file to a second name, under which erase will find it when
// another has taken its first.
func SetAside(path, aside string) error {
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(path, aside)
}

// erase overwrites the file that SetAside kept, and removes it. While it is still the
// one at path, only its second name goes. It is no error when there is none.
func erase(path, aside string) error {
	st, err := os.Lstat(aside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !st.Mode().IsRegular() {
		return errors.Join(err, fmt.Errorf("erase %s: it is no file of ours", aside))
	}
	if now, err := os.Stat(path); err != nil || os.SameFile(st, now) {
		return errors.Join(err, os.Remove(aside))
	}
	f, err := os.OpenFile(aside, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<16)
	for left := st.Size(); left > 0 && err == nil; left -= int64(len(zeros)) {
		_, err = f.Write(zeros[:min(left, int64(len(zeros)))])
	}
	return errors.Join(err, f.Sync(), f.Close(), os.Remove(aside), SyncDir(aside))
}

// Tidy ends what was begun when a file was to be replaced by a fresh one: that is
// removed, and what was set aside is erased. They lie beside the file itself, where
// path is a symbolic link.
func Tidy(path, freshSuffix, asideSuffix string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil { // else it is not there yet
		path = real
	}
	err := os.Remove(path + freshSuffix)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = erase(path, path+asideSuffix)
	}
	if err != nil {
		return fmt.Errorf("tidy %s: %w", path, err)
	}
	return nil
}

// SyncDir waits until the names in a file's directory are on disk.
func SyncDir(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = dir.Sync() // some systems refuse it for directories
	return dir.Close()
}
