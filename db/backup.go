package db

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// BackupFile makes the file at path and lets copy fill it. The file gets its name
// when it is whole and on disk, and never takes the place of another; after an
// error nothing is left behind.
func BackupFile(path string, copy func(io.Writer) error) (size int64, err error) {
	err = makeFile(path, func(f *os.File) error {
		w := bufio.NewWriterSize(f, 1<<20)
		if err := copy(w); err != nil {
			return err
		}
		return w.Flush()
	}, &size)
	return size, err
}

// makeFile is BackupFile for whoever fills the file itself; size is its length then.
func makeFile(path string, fill func(*os.File) error, size *int64) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup: %s: %w", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // readable by its owner only
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	err = fill(f)
	if err == nil {
		*size, err = f.Seek(0, io.SeekEnd)
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("backup to %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
