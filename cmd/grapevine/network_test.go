package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"grapevine/testnet"
	"grapevine/testnet/demo"
	"grapevine/testnet/process"
)

// raised is a network that a test has started with `testnet up -d`.
func raised(t *testing.T, home string, args ...string) testnet.File {
	t.Helper()
	t.Cleanup(func() { gv(t, home, "testnet", "down") })
	var f testnet.File
	asked(t, home, &f, append([]string{"testnet", "up", "-d"}, args...)...)
	return f
}

func pids(f testnet.File) (out []int) {
	for _, m := range f.Nodes {
		out = append(out, m.PID)
	}
	return out
}

// gone is whether none of the processes runs.
func gone(pids []int) bool {
	return !slices.ContainsFunc(pids, func(pid int) bool { return pid != 0 && syscall.Kill(pid, 0) == nil })
}

func TestNetworkLivesThroughItsCommands(t *testing.T) {
	home := t.TempDir()
	f := raised(t, home, "--nodes", "3")
	if len(f.Nodes) != 3 || f.Nodes[1].AddNode != f.Nodes[0].P2P {
		t.Fatalf("%+v", f)
	}
	type view struct {
		Peers int `json:"peers"`
	}
	var s struct {
		Nodes []view `json:"nodes"`
	}
	eventually(t, "all to know all", func() bool {
		asked(t, home, &s, "testnet", "status")
		return !slices.ContainsFunc(s.Nodes, func(n view) bool { return n.Peers < 2 })
	})

	heard := watched(t, home)
	// A payment from node 0 to node 2, in the words of the command line.
	to := ok(t, home, "wallet", "address", "--node", "2")
	txid := ok(t, home, "wallet", "send", to, "1.5", "--node", "0")
	eventually(t, "the payment on node 1", func() bool { return gv(t, home, "tx", txid, "--node", "1").status == 0 })
	checkTrace(t, home, txid)
	tips := streamed(t, home, "--kind", "tip")
	ok(t, home, "mine", "1", "--node", "1")
	tips(3)
	eventually(t, "the block on node 2", func() bool {
		return strings.HasPrefix(ok(t, home, "wallet", "balance", "--node", "2"), "1.50000000 BTC can be spent")
	})
	if out := heard(); !strings.Contains(out, "transaction") || !strings.Contains(out, "block 102 ") || !strings.Contains(out, "1 → ") {
		t.Errorf("heard of payment and block:\n%s", out)
	}
	if out := ok(t, home, "wallet", "history", "--node", "2"); !strings.Contains(out, txid) || !strings.Contains(out, "+1.5") {
		t.Errorf("history of node 2:\n%s", out)
	}
	for _, line := range []string{"status", "peers", "wallet coins", "wallet backup", "block 102", "tx " + txid, "rpc getnetworkinfo"} {
		ok(t, home, append(strings.Fields(line), "--node", "2")...)
	}

	var g struct{ Node, Height int }
	asked(t, home, &g, "testnet", "add")
	if g.Node != 3 || g.Height != 102 {
		t.Errorf("added %+v", g)
	}
	ok(t, home, "testnet", "kill", "1")
	if s := gv(t, home, "testnet", "kill", "1"); s.status != 1 || !strings.Contains(s.err, "is not running") {
		t.Errorf("killed twice: %s", s.err)
	}
	if out := ok(t, home, "testnet", "status"); !strings.Contains(out, "down") {
		t.Errorf("status after the kill:\n%s", out)
	}
	ok(t, home, "testnet", "start", "1")
	if s := gv(t, home, "testnet", "up", "-d"); s.status != 1 || !strings.Contains(s.err, "is up already") {
		t.Errorf("up twice: status %d %s", s.status, s.err)
	}
	if out := ok(t, home, "testnet", "logs", "1"); strings.Count(out, "grapevine starts") != 2 {
		t.Errorf("logs of node 1:\n%s", out)
	}
	now, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
	if err != nil {
		t.Fatal(err)
	}
	ok(t, home, "testnet", "down")
	eventually(t, "all to end", func() bool { return gone(pids(now)) })

	// The data is kept: the same network comes back.
	f = raised(t, home)
	if len(f.Nodes) != 4 {
		t.Errorf("came back as %d nodes", len(f.Nodes))
	}
	if out := ok(t, home, "wallet", "balance", "--node", "2"); !strings.HasPrefix(out, "1.5") {
		t.Errorf("balance after the night: %s", out)
	}
	ok(t, home, "testnet", "down", "--wipe")
	if _, err := os.Stat(f.Nodes[0].DataDir); err == nil {
		t.Error("wiped and still there")
	}
}

// watched watches the network until the function it gives is called, which gives
// what was heard.
func watched(t *testing.T, home string) func() string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "heard"))
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		raw, _ := os.ReadFile(file.Name())
		return string(raw)
	}
	cmd := command(t, home, "testnet", "watch")
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			cmd.Process.Signal(syscall.SIGQUIT) // where it stands, if it has not ended
			cmd.Wait()
			t.Logf("the watcher said:\n%s", read())
		}
	})
	eventually(t, "the watcher", func() bool { return strings.Contains(read(), "Ctrl-C") })
	return func() string {
		eventually(t, "the watcher to hear of a block", func() bool { return strings.Contains(read(), "block ") })
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the watcher ended with %v", err)
		}
		file.Close()
		return read()
	}
}

// Ctrl-C ends `testnet up` and all its nodes; so does kill -9 of the parent.
func TestNetworkEndsWithItsParent(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		home := t.TempDir()
		cmd := command(t, home, "testnet", "up", "--nodes", "2")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var f testnet.File
		eventually(t, "the network", func() bool {
			f, _ = process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
			return len(f.Nodes) == 2 && f.Nodes[1].PID != 0
		})
		cmd.Process.Signal(sig)
		err := cmd.Wait()
		if sig != syscall.SIGKILL && err != nil && !strings.Contains(out.String(), "interrupted") {
			t.Errorf("%v: %v\n%s", sig, err, out.String())
		}
		eventually(t, "the nodes to end after "+sig.String(), func() bool { return gone(pids(f)) })
	}
}

func TestDemoHoldsAndLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	cmd := command(t, t.TempDir(), "testnet", "demo", "--json")
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	s := run(t, cmd)
	if s.status != 0 || !strings.Contains(s.err, "checks held") {
		t.Fatalf("status %d\n%s%s", s.status, s.out, s.err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	var res demo.Result
	if err := json.Unmarshal([]byte(s.out), &res); err != nil || res.Checks < 12 || len(res.PaidMS) != 4 || res.Height < 103 {
		t.Errorf("%v: %+v", err, res)
	}
}

func TestDemoEndsAtCtrlC(t *testing.T) {
	tmp := t.TempDir()
	cmd := command(t, t.TempDir(), "testnet", "demo")
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var f testnet.File
	eventually(t, "some nodes", func() bool {
		dirs, _ := filepath.Glob(filepath.Join(tmp, "*", "net.json"))
		if len(dirs) == 0 {
			return false
		}
		f, _ = process.ReadFile(filepath.Dir(dirs[0]))
		return len(f.Nodes) > 0 && f.Nodes[0].PID != 0
	})
	cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v\n%s", err, out.String())
	}
	eventually(t, "the nodes to end", func() bool { return gone(pids(f)) })
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
