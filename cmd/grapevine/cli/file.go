package cli

import (
	"fmt"
	"io"
	"os"
)

// OpenFile opens a file that somebody has named, to be read. It refuses what is no
// file: to open a FIFO would wait until somebody writes to it.
func OpenFile(path string) (*os.File, error) {
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s: it is not a file", path)
	}
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// ReadFile reads such a file, of so many bytes at most.
func ReadFile(path string, most int64) ([]byte, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, most+1))
	if int64(len(raw)) > most {
		err = fmt.Errorf("%s: it has more than %d bytes", path, most)
	}
	return raw, err
}
