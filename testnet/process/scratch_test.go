package process

import (
	"os"
	"path/filepath"
	"testing"
)

// What a command left that was killed is removed by the next of its kind. Nothing else is: what
// goes on, what is kept, what holds a stranger's file, and what is called otherwise.
func TestScratchOfKilledCommandsIsRemovedAndNoOther(t *testing.T) {
	const kind = "grapevine-test-"
	parent := t.TempDir()
	place := func(name string, files ...string) string {
		dir := filepath.Join(parent, name)
		for _, f := range files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, f), []byte("1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	left := []string{
		place(kind+"1", lockName, "net.json", "node0/chain.db", "node12/node.log", "busy.lock"),
		place(kind+"2", lockName, "bitcoind3/bitcoind.conf"),
		place(kind+"3", lockName),
	}
	others := []string{
		place(kind+"4", "net.json", "node0/chain.db"),          // kept: it has no lock
		place(kind+"5", lockName, "net.json", "letter.txt"),    // a stranger's file
		place(kind+"6", lockName, "node0/x", "nodes/x"),        // and a stranger's folder
		place(kind+"7", lockName+"/x"),                         // no lock at all
		place(kind+"x8", lockName), place("other-9", lockName), // called otherwise
		place(kind+"10", lockName, "node0/"+lockName, "net.json"), // its node runs still
	}
	if err := os.Truncate(filepath.Join(place(kind+"12", lockName), lockName), 0); err != nil { // somebody is about to lock it
		t.Fatal(err)
	}
	if err := os.Symlink(others[0], filepath.Join(parent, kind+"11")); err != nil {
		t.Fatal(err)
	}
	node, err := Occupy(filepath.Join(parent, kind+"10", "node0"))
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	on, err := newScratch(parent, kind)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := newScratch(parent, kind)
	if err == nil {
		err = kept.Keep()
	}
	if err != nil {
		t.Fatal(err)
	}
	last, err := newScratch(parent, kind)
	if err != nil {
		t.Fatal(err)
	}
	there := func(dir string) bool { _, err := os.Lstat(dir); return err == nil }
	for _, dir := range left {
		if there(dir) {
			t.Errorf("left: %s", dir)
		}
	}
	for _, dir := range append(others, filepath.Join(parent, kind+"11"), filepath.Join(parent, kind+"12"), on.Dir, kept.Dir, last.Dir) {
		if !there(dir) {
			t.Errorf("removed: %s", dir)
		}
	}
	for _, s := range []*Scratch{on, last} {
		if err := s.Remove(); err != nil || there(s.Dir) {
			t.Errorf("%s: %v", s.Dir, err)
		}
	}
}
