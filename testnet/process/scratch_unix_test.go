//go:build unix

package process

import (
	"os"
	"path/filepath"
	"testing"
)

// Everybody may put folders where ours lie for a while, with locks that are links to a file of ours. None
// is opened, which would empty that file, and none removed.
func TestFoldersThatOthersCanWriteToAreLeftAlone(t *testing.T) {
	parent, ours := t.TempDir(), filepath.Join(t.TempDir(), "wallet.db")
	if err := os.WriteFile(ours, []byte("keys"), 0o600); err != nil {
		t.Fatal(err)
	}
	var planted []string
	plant := func(name, lock string) {
		dir := filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, lock)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(ours, filepath.Join(dir, lock)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		planted = append(planted, dir)
	}
	plant("grapevine-test-1", "node0/"+lockName)
	if err := os.WriteFile(filepath.Join(planted[0], lockName), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plant(".branch.1", lockName)
	s, err := newScratch(parent, "grapevine-test-")
	if err == nil {
		err = s.Remove()
	}
	if err != nil {
		t.Fatal(err)
	}
	tidyBranches(filepath.Join(parent, "branch"))
	if got, err := os.ReadFile(ours); err != nil || string(got) != "keys" {
		t.Errorf("the file is %q, %v", got, err)
	}
	for _, dir := range planted {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}

// Another user's folder is not private, whoever may write to it.
func TestPrivateFoldersAreOfThisUser(t *testing.T) {
	own, others := t.TempDir(), "/"
	if os.Geteuid() == 0 {
		others = t.TempDir()
		if err := os.Chown(others, 1, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{own: true, others: false} {
		if about, err := os.Stat(dir); err != nil || isPrivate(about) != want {
			t.Errorf("%s: %v, %v", dir, about, err)
		}
	}
}
