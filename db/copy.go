package db

import (
	"fmt"
	"io"
	"os"
)

// CopyFile makes a copy of the database at path while it is in use, as BackupFile does.
// Where the file system can share the blocks of two files until one of them is written
// (a reflink), no byte is copied; never by a hard link, for the database is written in
// place.
func (d *DB) CopyFile(path string) (size int64, err error) {
	err = makeFile(path, func(f *os.File) error {
		return d.View(func(tx *Tx) error { // no page of it is used anew meanwhile
			if clone(f, d.path) == nil {
				return nil
			}
			if _, err := tx.bolt.WriteTo(f); err != nil {
				return fmt.Errorf("copy %s: %w", d.path, err)
			}
			return nil
		})
	}, &size)
	return size, err
}

// CopyPlain makes a copy of a file that nobody writes, as BackupFile does, by a reflink
// where there is one.
func CopyPlain(from, to string) (size int64, err error) {
	err = makeFile(to, func(f *os.File) error {
		if clone(f, from) == nil {
			return nil
		}
		old, err := os.Open(from)
		if err != nil {
			return err
		}
		defer old.Close()
		_, err = io.Copy(f, old) // the system copies
		return err
	}, &size)
	return size, err
}
