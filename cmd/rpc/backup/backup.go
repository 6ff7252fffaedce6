package backup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// Write makes the file at path and lets copy fill it. It is on disk when Write
// returns; after an error nothing is left behind.
func Write(path string, copy func(io.Writer) error) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("backup to %s: %w", path, errors.Join(err, os.Remove(path)))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := copy(w); err != nil {
		return 0, err
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}
