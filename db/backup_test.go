package db

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestBackupIsWholeOrNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	n, err := BackupFile(path, func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err })
	if got, _ := os.ReadFile(path); err != nil || n != 5 || string(got) != "hello" {
		t.Fatalf("%d bytes %q, %v", n, got, err)
	}
	if _, err := BackupFile(path, func(io.Writer) error { return nil }); !errors.Is(err, os.ErrExist) {
		t.Errorf("over an old file: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "hello" {
		t.Error("the old file was changed")
	}
	// Who is killed in the middle leaves no file of that name.
	late := filepath.Join(t.TempDir(), "late")
	if _, err := BackupFile(late, func(io.Writer) error {
		if _, err := os.Stat(late); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file has its name before it is whole: %v", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	broken := errors.New("disk")
	other := filepath.Join(t.TempDir(), "half")
	if _, err := BackupFile(other, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken }); !errors.Is(err, broken) {
		t.Errorf("a failing copy: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(other)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
