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
	if _, err := os.Lstat(path); err == nil {
		return 0, fmt.Errorf("backup: %s: %w", path, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part") // readable by its owner only
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	size, err = fillBackup(f, copy)
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return 0, fmt.Errorf("backup to %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return size, nil
}

// fillBackup writes, syncs and closes f.
func fillBackup(f *os.File, copy func(io.Writer) error) (size int64, err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := copy(w); err != nil {
		return 0, err
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	if size, err = f.Seek(0, io.SeekCurrent); err != nil {
		return 0, err
	}
	return size, f.Sync()
}
