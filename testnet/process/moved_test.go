package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/testnet"
)

// copyOf a network's folder.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// whole is whether a network's folder holds its nodes.
func whole(t *testing.T, dir string, nodes int) {
	t.Helper()
	for i := range nodes {
		if _, err := os.Stat(filepath.Join(dir, folder(i), "wallet.db")); err != nil {
			t.Error(err)
		}
	}
}

// A copy beside the running original is a network of its own: with other
// ports, and without an address of the original's.
func TestT74_CopyOfANetworkIsANetwork(t *testing.T) {
	n := up(t)
	add(t, n)
	add(t, n)
	was := n.Members()
	for _, m := range was {
		for _, name := range []string{"wallet.db", "peers.db"} {
			if err := os.WriteFile(filepath.Join(m.DataDir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	cfg := n.cfg
	cfg.Dir = copyOf(t, n.cfg.Dir)
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Members() {
		if m.PID != 0 || filepath.Dir(m.DataDir) != cfg.Dir {
			t.Errorf("the copy's node is %+v", m)
		}
	}
	if err := c.Kill(t.Context(), 0); !errors.Is(err, testnet.ErrDown) {
		t.Errorf("killed the original's node: %v", err)
	}
	for i := range was {
		m, err := c.Start(t.Context(), i)
		if err != nil || m.PID == was[i].PID || m.RPC == was[i].RPC || m.P2P == was[i].P2P {
			t.Errorf("started %+v, %v; the original is %+v", m, err, was[i])
		}
		if _, err := os.Stat(filepath.Join(m.DataDir, "peers.db")); err == nil {
			t.Error("the copy knows the original's addresses")
		}
	}
	if m := c.Members()[1]; m.AddNode != c.Members()[0].P2P {
		t.Errorf("node 1 of the copy was told %s", m.AddNode)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Wipe(); err != nil {
		t.Error(err)
	}
	for i, m := range n.Members() {
		if m.PID != was[i].PID {
			t.Errorf("node %d of the original: %+v", i, m)
		}
	}
	whole(t, n.cfg.Dir, 2)
}

func TestT74_MovedNetworkIsTheSameNetwork(t *testing.T) {
	n := up(t)
	add(t, n)
	was := n.Members()[0]
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := n.cfg
	cfg.Dir = filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(n.cfg.Dir, cfg.Dir); err != nil {
		t.Fatal(err)
	}
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Start(t.Context(), 0)
	if err != nil || m.P2P != was.P2P || m.Password != was.Password {
		t.Errorf("%+v, %v; was %+v", m, err, was)
	}
	if _, err := os.Stat(n.cfg.Dir); err == nil {
		t.Error("something was made where the network was")
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Whatever a net.json names, what lies outside its own folder is not touched.
func TestT74_NothingOutsideTheFolderIsRemoved(t *testing.T) {
	victim := t.TempDir()
	keep := filepath.Join(victim, folder(0), "wallet.db")
	if err := os.MkdirAll(filepath.Dir(keep), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, names := range []string{victim, filepath.Join(victim, "node0"), "../" + filepath.Base(victim), "../node1/../" + filepath.Base(victim) + "/node0", ".", "", "/", `C:\node0`} {
		if err := os.WriteFile(keep, []byte("keys"), 0o600); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(filepath.Dir(victim), "net")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"network": "regtest", "nodes": [{"node": 0, "pid": 1, "datadir": %q}]}`, names)
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := Open(config(dir))
		if err == nil {
			err = n.Wipe()
		} else if !strings.Contains(err.Error(), "node0") {
			t.Errorf("%s: %v", names, err)
		}
		if _, gone := os.Stat(keep); gone != nil {
			t.Errorf("%s: %v (%v)", names, gone, err)
		}
	}
}

// One command at a time starts and stops nodes; the second one says so.
func TestTwoCannotRaiseOneNetwork(t *testing.T) {
	cfg := config(t.TempDir(), "GV_FAKE=node")
	n, release, err := Reserve(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Reserve(cfg); !errors.Is(err, testnet.ErrBusy) {
		t.Errorf("held twice: %v", err)
	}
	other, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Add(t.Context(), testnet.Spec{}); !errors.Is(err, testnet.ErrBusy) {
		t.Errorf("added meanwhile: %v", err)
	}
	if _, err := other.Reserve(); !errors.Is(err, testnet.ErrBusy) {
		t.Errorf("stopped meanwhile: %v", err)
	}
	add(t, n)
	release()
	if m, err := other.Add(t.Context(), testnet.Spec{}); err != nil || m.Node != 1 {
		t.Errorf("added afterwards: %+v, %v", m, err)
	}
	if release, err = other.Reserve(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Add(t.Context(), testnet.Spec{}); !errors.Is(err, testnet.ErrBusy) {
		t.Errorf("added by who has released it, while another holds it: %v", err)
	}
	release()
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A command that was killed between two steps leaves a network that can be
// started.
func TestHalfMadeNodeIsMadeWhole(t *testing.T) {
	n := up(t)
	add(t, n)
	if err := os.Mkdir(filepath.Join(n.cfg.Dir, folder(1)), 0o700); err != nil { // nobody knows whose
		t.Fatal(err)
	}
	if m := add(t, n); m.Node != 2 {
		t.Errorf("the next node is %d", m.Node)
	}
	if err := n.Kill(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(n.cfg.Dir, folder(2))); err != nil { // written down and not yet made
		t.Fatal(err)
	}
	if _, err := n.Start(t.Context(), 2); err != nil {
		t.Error(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
