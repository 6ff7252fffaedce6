package db

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Files are read up to the limit, through links too; nothing else is.
func TestOnlyFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	for most, good := range map[int64]bool{5: true, 4: false} {
		if raw, err := ReadFile(file, most); (err == nil) != good || len(raw) > int(most)+1 {
			t.Errorf("of %d bytes at most: %q, %v", most, raw, err)
		}
	}
	for _, path := range []string{dir, os.DevNull} {
		for _, read := range []func(string) error{
			func(p string) error { _, err := StatFile(p); return err },
			func(p string) error { _, err := OpenFile(p); return err },
			func(p string) error { _, err := ReadFile(p, 5); return err },
		} {
			if err := read(path); !errors.Is(err, ErrNotFile) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if _, err := OpenFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Log("no links here:", err)
		return
	}
	if raw, err := ReadFile(link, 5); err != nil || string(raw) != "12345" {
		t.Errorf("%q, %v", raw, err)
	}
}
