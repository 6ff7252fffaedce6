//go:build unix

package process

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/testnet"
)

// linkedCopy is a network's folder made of links to another's: to the nodes'
// folders, or hard ones to every file (cp -al).
func linkedCopy(t *testing.T, dir string, hard bool) string {
	t.Helper()
	to := t.TempDir()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && hard:
			return os.Mkdir(filepath.Join(to, rel), 0o700)
		case d.IsDir():
			if err := os.Symlink(path, filepath.Join(to, rel)); err != nil {
				return err
			}
			return fs.SkipDir
		}
		return os.Link(path, filepath.Join(to, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// A copy that shares folders or files with the running original ends none of
// its nodes, changes none of its files, and removes none.
func TestT74_LinkedCopyLeavesTheOriginalAlone(t *testing.T) {
	for _, hard := range []bool{false, true} {
		n := up(t)
		add(t, n)
		was := n.Members()[0]
		conf, err := os.ReadFile(filepath.Join(was.DataDir, "grapevine.conf"))
		if err != nil {
			t.Fatal(err)
		}
		cfg := n.cfg
		cfg.Dir = linkedCopy(t, n.cfg.Dir, hard)
		c, err := Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if m := c.Members()[0]; m.PID != 0 {
			t.Errorf("hard %v: the copy's node is said to run: %+v", hard, m)
		}
		if err := c.Kill(t.Context(), 0); !errors.Is(err, testnet.ErrDown) {
			t.Errorf("hard %v: killed: %v", hard, err)
		}
		if m, err := c.Start(t.Context(), 0); err == nil || !hard && !strings.Contains(err.Error(), "is a link") {
			t.Errorf("hard %v: started on the original's files: %+v, %v", hard, m, err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Errorf("hard %v: stopped: %v", hard, err)
		}
		if err := c.Wipe(); err != nil {
			t.Errorf("hard %v: wiped: %v", hard, err)
		}
		if m := n.Members()[0]; m.PID != was.PID {
			t.Errorf("hard %v: the original's node: %+v, was %+v", hard, m, was)
		}
		if now, err := os.ReadFile(filepath.Join(was.DataDir, "grapevine.conf")); err != nil || string(now) != string(conf) {
			t.Errorf("hard %v: the original's settings are now %s (%v), were %s", hard, now, err, conf)
		}
	}
}

// A node's folder that is a link is no way out of the network's folder.
func TestT74_NothingIsRemovedThroughALink(t *testing.T) {
	keep := filepath.Join(t.TempDir(), folder(0), "wallet.db")
	if err := os.MkdirAll(filepath.Dir(keep), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keep, []byte("keys"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(filepath.Dir(keep), filepath.Join(dir, folder(0))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fileName), []byte(`{"nodes": [{"node": 0, "datadir": "node0"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := Open(config(dir))
	if err == nil {
		err = n.Wipe()
	}
	if _, gone := os.Stat(keep); gone != nil || err != nil {
		t.Errorf("through a link: %v, %v", gone, err)
	}
}
