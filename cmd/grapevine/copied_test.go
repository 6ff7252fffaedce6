package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"grapevine/testnet"
	"grapevine/testnet/process"
)

// raisedIn starts a network in a folder that is not the usual one.
func raisedIn(t *testing.T, home, dir string, args ...string) testnet.File {
	t.Helper()
	t.Cleanup(func() { gv(t, home, "testnet", "down", "--dir", dir) })
	var f testnet.File
	asked(t, home, &f, append([]string{"testnet", "up", "-d", "--dir", dir}, args...)...)
	return f
}

// A copy beside its running original is a network of its own, and what is done
// to the copy is not done to the original.
func TestT74_CopiedNetworkRunsBesideItsOriginal(t *testing.T) {
	home := t.TempDir()
	original, copied := filepath.Join(home, "original"), filepath.Join(home, "copy of it")
	f := raisedIn(t, home, original, "--nodes", "2")
	if err := os.CopyFS(copied, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	if s := gv(t, home, "status", "--node", "0", "--dir", copied); s.status != 1 || !strings.Contains(s.err, "node 0 is not running") {
		t.Errorf("the original answered for its copy: %d %s%s", s.status, s.out, s.err)
	}
	if s := gv(t, home, "testnet", "kill", "0", "--dir", copied); s.status != 1 || !strings.Contains(s.err, "is not running") {
		t.Errorf("killed in the copy: %d %s", s.status, s.err)
	}
	if s := gv(t, home, "testnet", "restore", "none", "--dir", original); !strings.Contains(s.err, "`grapevine testnet snapshots --dir "+original+"`") {
		t.Errorf("the hint speaks of another network, or of this twice: %d %s", s.status, s.err)
	}
	c := raisedIn(t, home, copied)
	if len(c.Nodes) != 2 || c.Nodes[0].PID == f.Nodes[0].PID || c.Nodes[0].RPC == f.Nodes[0].RPC {
		t.Fatalf("the copy came up as %+v", c.Nodes)
	}
	// Two networks: a block of the copy's is no news for the original.
	ok(t, home, "mine", "1", "--node", "0", "--dir", copied)
	eventually(t, "the block on the copy's node 1", func() bool {
		return ok(t, home, "rpc", "getblockcount", "--node", "1", "--dir", copied) == "102"
	})
	if h := ok(t, home, "rpc", "getblockcount", "--node", "1", "--dir", original); h != "101" {
		t.Errorf("the original is at block %s", h)
	}
	ok(t, home, "testnet", "down", "--wipe", "--dir", copied)
	if gone([]int{f.Nodes[0].PID}) || gone([]int{f.Nodes[1].PID}) {
		t.Error("a node of the original was ended")
	}
	for _, m := range f.Nodes {
		if _, err := os.Stat(filepath.Join(m.DataDir, "wallets", "wallet.db")); err != nil {
			t.Error(err)
		}
	}
}

// What was stopped comes back as it was, what is half dead is completed, and
// every hint speaks of the network that was meant.
func TestNetworkComesBackAsItWas(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "my net")
	again := "--dir '" + dir + "'"
	out := ok(t, home, "testnet", "up", "-d", "--nodes", "2", "--dir", dir)
	t.Cleanup(func() { gv(t, home, "testnet", "down", "--dir", dir) })
	if strings.Count(out, again) != 2 {
		t.Errorf("the hints do not say %s:\n%s", again, out)
	}
	if s := gv(t, home, "testnet", "up", "-d", "--dir", dir); s.status != 1 || !strings.Contains(s.err, "is up already") || !strings.Contains(s.err, again) {
		t.Errorf("up twice: %d %s", s.status, s.err)
	}
	was, err := process.ReadFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s := gv(t, home, "testnet", "kill", "1", "--node", "0", "--dir", dir); s.status != 2 || !strings.Contains(s.err, "names two nodes") {
		t.Errorf("kill of two: %+v", s)
	}
	if out := ok(t, home, "testnet", "kill", "1", "--dir", dir); !strings.Contains(out, again) {
		t.Errorf("kill says %s", out)
	}
	if s := gv(t, home, "peers", "--node", "1", "--dir", dir); s.status != 1 || !strings.Contains(s.err, again) {
		t.Errorf("a dead node: %d %s", s.status, s.err)
	}
	f := raisedIn(t, home, dir)
	if len(f.Nodes) != 2 || f.Nodes[0].PID != was.Nodes[0].PID || f.Nodes[1].PID == 0 || f.Nodes[1].P2P != was.Nodes[1].P2P {
		t.Errorf("half dead, it came back as %+v; it was %+v", f.Nodes, was.Nodes)
	}
	ok(t, home, "testnet", "down", "--dir", dir)
	if f = raisedIn(t, home, dir); len(f.Nodes) != 2 {
		t.Errorf("it came back as %d nodes", len(f.Nodes))
	}
	if s := gv(t, home, "testnet", "status"); s.status != 1 || !strings.Contains(s.err, "no local network") {
		t.Errorf("there is a network at the usual place: %d %s%s", s.status, s.out, s.err)
	}
}

// Of two that raise one network at once, one does and the other says so.
func TestOneOfTwoRaisesTheNetwork(t *testing.T) {
	home := t.TempDir()
	t.Cleanup(func() { gv(t, home, "testnet", "down") })
	var both [2]said
	var wg sync.WaitGroup
	for i := range both {
		wg.Go(func() { both[i] = run(t, command(t, home, "testnet", "up", "-d", "--nodes", "3")) })
	}
	wg.Wait()
	lost := slices.IndexFunc(both[:], func(s said) bool { return s.status != 0 })
	if both[0].status+both[1].status != 1 || !strings.Contains(both[lost].err, "is up already") && !strings.Contains(both[lost].err, "another command") {
		t.Fatalf("%+v", both)
	}
	f, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
	if err != nil || len(f.Nodes) != 3 || slices.Contains(pids(f), 0) {
		t.Errorf("%+v, %v", f.Nodes, err)
	}
}

// Wherever `up` was killed, the next one brings the network up.
func TestKilledUpIsHealedByTheNext(t *testing.T) {
	home := t.TempDir()
	t.Cleanup(func() { gv(t, home, "testnet", "down") })
	dir := filepath.Join(home, ".grapevine", "testnet")
	for begun := range 3 {
		cmd := command(t, home, "testnet", "up", "-d", "--nodes", "3")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "some nodes", func() bool {
			f, _ := process.ReadFile(dir)
			return len(f.Nodes) > begun
		})
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		f := raised(t, home, "--nodes", "3")
		if len(f.Nodes) != 3 || slices.Contains(pids(f), 0) {
			t.Errorf("killed at node %d: %+v", begun, f.Nodes)
		}
		if h := ok(t, home, "rpc", "getblockcount", "--node", "2"); h != "101" {
			t.Errorf("killed at node %d: block %s", begun, h)
		}
		ok(t, home, "testnet", "down", "--wipe")
	}
}

func TestLocalNetworkOfAnotherKindIsRefused(t *testing.T) {
	for _, line := range []string{"testnet up -d --network signet", "testnet demo --network mainnet", "--network testnet4 testnet status"} {
		if s := gv(t, t.TempDir(), strings.Fields(line)...); s.status != 2 || !strings.Contains(s.err, "always regtest") {
			t.Errorf("%s: %d %s", line, s.status, s.err)
		}
	}
}

// A daemon outlives its terminal, and whoever read its log.
func TestNodeLivesOnWithoutItsTerminal(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := command(t, t.TempDir(), "node", "--datadir", dir, "--listen", "127.0.0.1:0", "--rpclisten", "127.0.0.1:0", "--loglevel", "debug")
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	defer cmd.Process.Kill()
	eventually(t, "the node", func() bool { return process.Running(dir).RPC != "" })
	read.Close()
	cmd.Process.Signal(syscall.SIGHUP)
	for range 3 { // each writes to its log
		ok(t, t.TempDir(), "mine", "34", "--datadir", dir)
	}
	paid := strings.TrimSpace(ok(t, t.TempDir(), "wallet", "send", ok(t, t.TempDir(), "wallet", "address", "--datadir", dir), "1", "--datadir", dir))
	ok(t, t.TempDir(), "rpc", "--datadir", dir, "stop")
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if raw, err := os.ReadFile(filepath.Join(dir, "mempool.dat")); err != nil || len(raw) < 200 { // an empty one is far smaller
		t.Errorf("the pool's file has %d bytes, %v", len(raw), err)
	}
	startNode(t, dir)
	eventually(t, "the pool", func() bool {
		return strings.Contains(ok(t, t.TempDir(), "rpc", "getrawmempool", "--datadir", dir), paid)
	})
}

// A network whose node 0 has lost its port to another program comes up at another one, and
// asks node 0 there.
func TestANetworkComesUpWhereItsPortIsTaken(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "net")
	f := raisedIn(t, home, dir, "--nodes", "2")
	ok(t, home, "testnet", "down", "--dir", dir)
	l, err := net.Listen("tcp", strings.TrimPrefix(f.Nodes[0].RPC, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := &http.Server{Handler: http.NotFoundHandler()}
	go stranger.Serve(l)
	defer stranger.Close()
	if again := raisedIn(t, home, dir); again.Nodes[0].RPC == f.Nodes[0].RPC {
		t.Errorf("node 0 came up as %+v", again.Nodes[0])
	}
}
