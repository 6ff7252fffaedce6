package process

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"grapevine/testnet"
)

// kept is a network without nodes, with a snapshot of that name.
func kept(t *testing.T, name string) *Net {
	t.Helper()
	n := up(t)
	if _, _, err := n.TakeSnapshot(t.Context(), name); err != nil {
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

// A branch that was killed leaves a hidden folder, which the next one takes away; it touches
// nothing else, nor a branch that goes on.
func TestABranchTidiesUpAfterOneThatWasKilled(t *testing.T) {
	n := kept(t, "one")
	beside := t.TempDir()
	for _, path := range []string{".other.11/network/node0/x", ".other.12/network/node0/x", ".other.13/network/mine/x", ".other.14/x", ".others.15/network/node0/x", ".other.x/network/node0/x"} {
		path = filepath.Join(beside, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := Occupy(filepath.Join(beside, ".other.12"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, name := range []string{".other.16", ".other.17"} { // killed before the copy began, and when it had taken its place
		if err := os.Mkdir(filepath.Join(beside, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(beside, ".other.17", lockName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.Branch(t.Context(), "one", filepath.Join(beside, "other")); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(beside, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if want := []string{".other.12", ".other.13", ".other.14", ".other.x", ".others.15"}; !slices.Equal(left, want) {
		t.Errorf("left are %q, want %q", left, want)
	}
}

func TestASnapshotSaysWhichItReplaces(t *testing.T) {
	n := up(t)
	first, old, err := n.TakeSnapshot(t.Context(), "one")
	if err != nil || old != nil {
		t.Fatal(old, err)
	}
	if _, old, err = n.TakeSnapshot(t.Context(), "one"); err != nil || old == nil || !old.Taken.Equal(first.Taken) {
		t.Errorf("%+v is replaced, want %+v; %v", old, first, err)
	}
}

func TestTidyingTouchesNothingThatIsNotASnapshot(t *testing.T) {
	n := kept(t, "one")
	dir := filepath.Join(n.cfg.Dir, snapshotsDir)
	for _, path := range []string{".half/node0/x", ".half/net.json.new", ".gone.old/node0/x", ".git/config", ".odd name/node0/x", ".keep/node0x/x", ".notes", ".one.old/node1/x"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.tidySnapshots(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".half": false, ".gone.old": false, "gone/node0/x": true, ".one.old": false, "one/net.json": true,
		".git/config": true, ".odd name/node0/x": true, ".keep/node0x/x": true, ".notes": true} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := n.TakeSnapshot(t.Context(), "git"); err == nil {
		t.Error("a snapshot was made in a folder that is not ours")
	}
	if _, err := os.Stat(filepath.Join(dir, ".git", "config")); err != nil {
		t.Error(err)
	}
	if err := n.DeleteSnapshot("one"); err != nil {
		t.Error(err)
	}
}

func TestNoLinkLeadsTheTidyingOutOfTheNetwork(t *testing.T) {
	n, other := up(t), t.TempDir()
	theirs := filepath.Join(other, ".half", "node0")
	if err := os.MkdirAll(theirs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(n.cfg.Dir, snapshotsDir)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.TakeSnapshot(t.Context(), "one"); err == nil {
		t.Error("the link was followed")
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
}

// A reorg that was killed midway is undone by what net.json says of it, also after the
// network was brought back.
func TestASnapshotKnowsTheNodeThatIsApart(t *testing.T) {
	n := up(t)
	want := testnet.Apart{Node: 1, Block: "00ff"}
	set := func(a *testnet.Apart) {
		t.Helper()
		if err := n.Change(func(f *testnet.File) error { f.Apart = a; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	set(&want)
	if _, _, err := n.TakeSnapshot(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	set(nil)
	if _, err := n.Restore(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFile(n.cfg.Dir)
	if err != nil || f.Apart == nil || f.Apart.Node != want.Node || f.Apart.Block != want.Block || n.File().Apart == nil {
		t.Errorf("restored: %+v, %v", f.Apart, err)
	}
}

// Nothing of a network stays behind, nor what was told of its last restore.
func TestAWipedNetworkIsGone(t *testing.T) {
	n := kept(t, "one")
	for _, name := range []string{BegunOut, BegunErr} {
		if err := os.WriteFile(filepath.Join(n.cfg.Dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Wipe(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(n.cfg.Dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// A network may have been started beside somebody's own folder of that name.
func TestWipingLeavesStrangersSnapshots(t *testing.T) {
	n := kept(t, "one")
	theirs := filepath.Join(n.snapshotPath("theirs"), "page.snap")
	if err := os.MkdirAll(filepath.Dir(theirs), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(theirs, []byte("exports"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.Wipe(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(n.snapshotPath("one")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("our own snapshot: %v", err)
	}
}

func TestNothingHalfWrittenStaysOfAFileThatCannotTakeItsPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.json")
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := replace(path, []byte("{}")); err == nil {
		t.Error("it took the place of a folder")
	}
	if _, err := os.Lstat(path + ".new"); err == nil {
		t.Error("what could not take its place is still there")
	}
}

// holdable is a node as `hold` sees it.
type holdable struct{ held bool }

func (h *holdable) Call(_ context.Context, _ string, _ any, params ...any) error {
	long := params[0] != 0
	if long && h.held {
		return errors.New("the node is held already")
	}
	h.held = long
	return nil
}

// A snapshot that was killed in the middle leaves nodes that stand still for half a minute:
// the next one does not wait for them.
func TestANodeThatAKilledSnapshotHoldsIsHeldAnew(t *testing.T) {
	for _, before := range []bool{false, true} {
		node := &holdable{before}
		if err := hold(t.Context(), node); err != nil || !node.held {
			t.Errorf("held before: %t, now %t, %v", before, node.held, err)
		}
	}
}

// silent is a node that counts who calls it and answers nobody.
type silent struct{ called atomic.Int32 }

func (s *silent) Call(ctx context.Context, _ string, _ any, _ ...any) error {
	s.called.Add(1)
	<-ctx.Done()
	return ctx.Err()
}

// A snapshot that was killed is ended also where a node hangs; what is no snapshot bothers
// nobody, however it is called.
func TestASnapshotIsEndedThatWasKilledAndNothingElse(t *testing.T) {
	n := kept(t, "one")
	if err := n.Enter(make([]testnet.Spec, 2)); err != nil {
		t.Fatal(err)
	}
	for _, m := range n.Members() {
		if err := os.Mkdir(m.DataDir, 0o700); err != nil {
			t.Fatal(err)
		}
		lock, err := Occupy(m.DataDir) // as if it ran
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
	}
	var node silent
	n.cfg.Dial = func(testnet.Member) (testnet.Node, error) { return &node, nil }
	dir := filepath.Join(n.cfg.Dir, snapshotsDir)
	for _, path := range []string{".git/config", ".odd name/node0/x"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".DS_Store"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := n.EndSnapshot(ctx); err != nil || node.called.Load() != 0 {
		t.Fatalf("without a snapshot that was killed %d calls were made, %v", node.called.Load(), err)
	}
	half := filepath.Join(dir, ".half")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := n.EndSnapshot(ctx); err != nil || node.called.Load() != 2 {
		t.Errorf("%d nodes were told of 2, %v", node.called.Load(), err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its half is there: %v", err)
	}
}
