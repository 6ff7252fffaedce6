//go:build unix

package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A copy within what is copied would have no end, by whatever name it is asked for; one
// that failed leaves nothing.
func TestACopyIsMadeOutsideAndIsWholeOrNotThere(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	n, err := New(quiet(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	link := filepath.Join(out, "link")
	if err := errors.Join(os.Symlink(filepath.Join(dir, "in"), link), os.Mkdir(filepath.Join(dir, "in"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, parent := range []string{dir, filepath.Join(dir, "in"), link} {
		if _, err := n.copyTo(t.Context(), filepath.Join(parent, "copy")); err == nil {
			t.Errorf("a copy was made in %s", parent)
		}
		if _, err := os.Stat(filepath.Join(parent, "copy")); err == nil {
			t.Errorf("something lies in %s", parent)
		}
	}
	if err := outside(filepath.Join(dir, "in"), filepath.Join(dir, "copy")); err != nil {
		t.Errorf("beside it: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.copyFiles(ctx, filepath.Join(out, "copy")); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it any more: %v", err)
	}
	if _, err := os.Stat(filepath.Join(out, "copy")); err == nil {
		t.Error("half a copy has stayed")
	}
}
