package backup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestBackupIsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	n, err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err })
	if got, _ := os.ReadFile(path); err != nil || n != 5 || string(got) != "hello" {
		t.Fatalf("%d bytes %q, %v", n, got, err)
	}
	if _, err := Write(path, func(io.Writer) error { return nil }); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an old file: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "hello" {
		t.Error("the old file was changed")
	}
	broken := errors.New("disk")
	other := filepath.Join(t.TempDir(), "half")
	if _, err := Write(other, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Errorf("a failing copy: %v", err)
	}
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a file is left: %v", err)
	}
}
