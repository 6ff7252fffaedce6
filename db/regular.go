package db

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotFile: there is a directory, a FIFO, a socket or a device where a file should be.
var ErrNotFile = errors.New("is not a file")

// StatFile is os.Stat, of a file alone. Who opens what people have named, or what may have
// been put in a file's place, asks it before: to open a FIFO would wait until somebody
// writes to it.
func StatFile(path string) (fs.FileInfo, error) {
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %w but a %s", path, ErrNotFile, kindOf(st.Mode()))
	}
	return st, err
}

// OpenFile opens a file to read it, and nothing else.
func OpenFile(path string) (*os.File, error) {
	if _, err := StatFile(path); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadFile reads a file, and nothing else, of so many bytes at most.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return raw, err
}

// kindOf is what stands where a file should.
func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeNamedPipe != 0:
		return "FIFO"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}
