package main

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/testnet/process"
)

// coinSet is a node's hash of all coins.
func coinSet(t *testing.T, home, node string) string {
	t.Helper()
	var info struct {
		MuHash string `json:"muhash"`
	}
	asked(t, home, &info, "rpc", "gettxoutsetinfo", "muhash", "--node", node)
	return info.MuHash
}

// A restored network is as it was: chains, wallets, pools, clocks, links, miners, and which
// nodes ran; a branch of it lives beside.
func TestANetworkComesBackToItsSnapshot(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "4")
	txid := ok(t, home, "wallet", "send", ok(t, home, "wallet", "address", "--node", "1"), "2.5", "--node", "0")
	eventually(t, "the payment everywhere", func() bool {
		return gv(t, home, "tx", txid, "--node", "3").status == 0 && gv(t, home, "tx", txid, "--node", "2").status == 0
	})
	ok(t, home, "testnet", "clock", "+1h")
	ok(t, home, "testnet", "cut", "0-2")
	ok(t, home, "testnet", "kill", "3")
	was := coinSet(t, home, "1")
	var s process.Snapshot
	asked(t, home, &s, "testnet", "snapshot", "before")
	if s.Height != 101 || len(s.Nodes) != 4 || s.Nodes[3].Up || !s.Nodes[2].Up || s.Bytes == 0 {
		t.Errorf("the snapshot is %+v", s)
	}
	for _, line := range []string{"mine 7 --node 1", "testnet heal", "testnet clock real", "testnet start 3", "testnet add", "testnet mine every=1h", "testnet snapshot after"} {
		ok(t, home, strings.Fields(line)...)
	}
	asked(t, home, &s, "testnet", "restore", "before")
	if got := heights(t, home); !slices.Equal(got, []int{101, 101, 101, -1}) {
		t.Errorf("restored at %v", got)
	}
	if got := coinSet(t, home, "1"); got != was {
		t.Errorf("the coins are %s, and were %s", got, was)
	}
	if out := ok(t, home, "rpc", "getrawmempool", "--node", "2"); !strings.Contains(out, txid) {
		t.Errorf("the pool is %s", out)
	}
	if out := ok(t, home, "wallet", "balance", "--node", "1"); !strings.Contains(out, "2.50000000") {
		t.Errorf("the wallet says %s", out)
	}
	f, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
	if err != nil || f.Ahead != 3600 || !f.Ways()[[2]int{2, 0}].Cut || f.Nodes[0].Mine != "" || len(f.Nodes) != 4 {
		t.Errorf("%+v, %v", f, err)
	}
	var c struct{ Ahead int64 }
	if asked(t, home, &c, "rpc", "setclock", "--node", "1"); c.Ahead != 3600 {
		t.Errorf("the clock is %d s ahead", c.Ahead)
	}

	other := filepath.Join(home, "other")
	t.Cleanup(func() { gv(t, home, "testnet", "down", "--dir", other) })
	ok(t, home, "testnet", "branch", "after", other)
	ok(t, home, "mine", "1", "--node", "0", "--dir", other)
	tip := ok(t, home, "rpc", "getbestblockhash", "--node", "0", "--dir", other)
	eventually(t, "the branch lives", func() bool { return ok(t, home, "rpc", "getbestblockhash", "--node", "4", "--dir", other) == tip })
	if got := heights(t, home); got[0] != 101 {
		t.Errorf("the block of the branch is in the other network: %v", got)
	}
	if s := gv(t, home, "testnet", "branch", "after", other); s.status != 1 || !strings.Contains(s.err, "holds a network already") {
		t.Errorf("branched twice: %+v", s)
	}
	if out := ok(t, home, "testnet", "snapshots"); !strings.Contains(out, "before") || !strings.Contains(out, "after") {
		t.Errorf("snapshots: %s", out)
	}
	ok(t, home, "testnet", "snapshots", "--delete", "after")
	for line, says := range map[string]string{
		"testnet restore after": "there is no snapshot", "testnet branch nothing /tmp/x": "there is no snapshot", "testnet snapshots --delete after": "there is no snapshot",
	} {
		if s := gv(t, home, strings.Fields(line)...); s.status != 1 || !strings.Contains(s.err, says) || !strings.Contains(s.err, "testnet snapshots` shows") {
			t.Errorf("%s: %+v", line, s)
		}
	}
	for _, name := range []string{"../x", ".x", "a/b", "x.old", strings.Repeat("a", 65)} {
		if s := gv(t, home, "testnet", "snapshot", name); s.status != 2 || !strings.Contains(s.err, "a snapshot's name has") {
			t.Errorf("called %s: %+v", name, s)
		}
	}
	if s := gv(t, home, "testnet", "branch", "before", filepath.Join(home, ".grapevine", "testnet", "in")); s.status != 1 || !strings.Contains(s.err, "own folder") {
		t.Errorf("branched into itself: %+v", s)
	}
}

// Wherever snapshot and restore are killed, by kill -9, and whichever node dies meanwhile,
// a snapshot is whole or the one before is there, and the network comes up, as it was or as
// it was kept.
func TestSnapshotsSurviveKillDashNine(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "3")
	ok(t, home, "testnet", "snapshot", "s")
	kept := coinSet(t, home, "0")
	dir := filepath.Join(home, ".grapevine", "testnet")
	for round := range 8 {
		what := []string{"snapshot", "restore"}[round%2]
		cmd := command(t, home, "testnet", what, "s")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond) // any moment will do
		if round == 4 {
			gv(t, home, "testnet", "kill", "1")
		}
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		allUp(t, home)
		if round%3 == 2 { // what the next restore takes back
			ok(t, home, "mine", "1", "--node", "0")
			eventually(t, "the block", func() bool { return testnetAgrees(t, home) })
			ok(t, home, "testnet", "restore", "s")
		}
		if got := coinSet(t, home, "0"); got != kept {
			t.Errorf("round %d (%s): the coins are %s, and were %s", round, what, got, kept)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "restore.ready") || strings.HasPrefix(e.Name(), "restore.old") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
	ok(t, home, "testnet", "down", "--wipe")
	if _, err := os.Stat(filepath.Join(dir, "snapshots")); err == nil {
		t.Error("wiped, and the snapshots are there")
	}
}

// A snapshot that is killed leaves nodes that stand still; the next command lets them go, whichever:
// a payment does not wait for half a minute.
func TestNodesOfAKilledSnapshotAreLetGo(t *testing.T) {
	home := t.TempDir()
	raised(t, home, "--nodes", "2")
	half := filepath.Join(home, ".grapevine", "testnet", "snapshots", ".x")
	for _, line := range []string{"testnet clock", "wallet send bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1 --node 0"} {
		ok(t, home, "rpc", "hold", "60", "--node", "0")
		ok(t, home, "rpc", "hold", "60", "--node", "1")
		if err := os.MkdirAll(half, 0o700); err != nil {
			t.Fatal(err)
		}
		ok(t, home, strings.Fields(line)...)
		if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: its half is left: %v", line, err)
		}
		for _, node := range []string{"0", "1"} {
			if out := ok(t, home, "rpc", "hold", "0", "--node", node); out != "false" {
				t.Errorf("%s: node %s was held still: %s", line, node, out)
			}
		}
	}
}

// allUp starts what is down, until all nodes have answered. A node may just be dying, or
// coming up, whose command was killed: it is there, and resets who asks it.
func allUp(t *testing.T, home string) {
	t.Helper()
	eventually(t, "all nodes", func() bool {
		f, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
		if err != nil || slices.Contains(pids(f), 0) {
			gv(t, home, "testnet", "up", "-d")
			return false
		}
		for i := range f.Nodes {
			if gv(t, home, "rpc", "gettxoutsetinfo", "muhash", "--node", strconv.Itoa(i)).status != 0 {
				return false
			}
		}
		return true
	})
}

// testnetAgrees is whether all nodes that run stand at one height.
func testnetAgrees(t *testing.T, home string) bool {
	t.Helper()
	all := slices.DeleteFunc(heights(t, home), func(h int) bool { return h < 0 })
	return len(all) > 0 && slices.Min(all) == slices.Max(all)
}

// A node that hangs is ended while a snapshot that was killed waits to be mended, which asks
// the nodes: who ends nodes leaves that to the next command.
func TestANodeThatHangsIsKilledAfterASnapshotThatWas(t *testing.T) {
	home := t.TempDir()
	f := raised(t, home, "--nodes", "2")
	half := filepath.Join(home, ".grapevine", "testnet", "snapshots", ".half")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(f.Nodes[1].PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"testnet kill 1", "testnet stop 0"} {
		ok(t, home, strings.Fields(line)...)
		if _, err := os.Stat(half); err != nil {
			t.Errorf("%s has asked the nodes: %v", line, err)
		}
	}
	ok(t, home, "testnet", "start", "--all")
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was never mended: %v", err)
	}
}
