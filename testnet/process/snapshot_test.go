package process

import (
	"os"
	"path/filepath"
	"testing"
)

// kept is a network without nodes, with a snapshot of that name.
func kept(t *testing.T, name string) *Net {
	t.Helper()
	n := up(t)
	if _, err := n.TakeSnapshot(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBranchTakesNothingsPlaceButAnEmptyFoldersOwn(t *testing.T) {
	n := kept(t, "one")
	dir := t.TempDir()
	notes, full, link := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "full"), filepath.Join(dir, "link")
	if err := os.WriteFile(notes, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(full, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{notes, full, link} {
		if _, _, err := n.Branch(t.Context(), "one", to); err == nil {
			t.Errorf("%s: the network took its place", to)
		}
	}
	if raw, err := os.ReadFile(notes); err != nil || string(raw) != "mine" {
		t.Errorf("the file is %q, %v", raw, err)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Error(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{empty, filepath.Join(dir, "new")} {
		if _, _, err := n.Branch(t.Context(), "one", to); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
}
