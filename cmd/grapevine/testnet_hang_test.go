package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/testnet"
	"grapevine/testnet/process"
)

// ends runs a command that must come to its end by itself: one that waits for ever is killed,
// and the test fails.
func ends(t *testing.T, home, line string) said {
	t.Helper()
	cmd := command(t, home, strings.Fields(line)...)
	tooLate := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer tooLate.Stop()
	s := run(t, cmd)
	if cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("%s has waited for a minute\n%s%s", line, s.out, s.err)
	}
	return s
}

// stopped lets a node hang: it takes connections, and answers nobody. The function that it gives
// lets it go on.
func stopped(t *testing.T, m testnet.Member) (goOn func()) {
	t.Helper()
	if err := syscall.Kill(m.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	goOn = func() { _ = syscall.Kill(m.PID, syscall.SIGCONT) }
	t.Cleanup(goOn)
	return goOn
}

// No command waits for a node that hangs: it names the node and says what to do, and what it has
// begun the next command ends.
func TestNoCommandWaitsForANodeThatHangs(t *testing.T) {
	t.Parallel() // it waits most of the time
	home := t.TempDir()
	f := raised(t, home, "--nodes", "3")
	goOn := stopped(t, f.Nodes[1])
	for _, line := range []string{
		"testnet cut 0/2", "testnet clock +1m", "testnet reorg 2 --node 1",
		"testnet faucet bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1 --node 1",
	} {
		s := ends(t, home, line)
		change := strings.HasPrefix(line, "testnet cut") || strings.HasPrefix(line, "testnet clock")
		if s.status != 1 || change != strings.Contains(s.err, "it holds from now on") || !strings.Contains(s.err, "node 1") || !strings.Contains(s.err, "hangs") || !strings.Contains(s.err, "testnet kill 1") {
			t.Errorf("%s: status %d\n%s%s", line, s.status, s.out, s.err)
		}
	}
	goOn()
	ok(t, home, "testnet", "heal")
	ok(t, home, "mine", "1", "--node", "0")
	eventually(t, "one network", func() bool { return testnetAgrees(t, home) && coinSet(t, home, "0") == coinSet(t, home, "1") })
	if out := ok(t, home, "testnet", "links"); strings.Contains(out, "not told") || strings.Count(out, "✕") != 1 { // once: what it means
		t.Errorf("half is done:\n%s", out)
	}
}

// What needs no answer of a node that hangs goes on without it.
func TestOthersGoOnBesideANodeThatHangs(t *testing.T) {
	t.Parallel() // it waits most of the time
	home := t.TempDir()
	f := raised(t, home, "--nodes", "3")
	goOn := stopped(t, f.Nodes[1])
	for _, line := range []string{"testnet links", "testnet status", "testnet reorg 1 --node 2"} {
		if s := ends(t, home, line); s.status != 0 {
			t.Errorf("%s: status %d\n%s%s", line, s.status, s.out, s.err)
		}
	}
	goOn()
	eventually(t, "one network", func() bool { return testnetAgrees(t, home) && coinSet(t, home, "0") == coinSet(t, home, "1") })
}

// A node that hangs while a reorg has set it apart stays apart, which is said, until it answers
// or is started again.
func TestAReorgWhoseNodeHangsIsMendedLater(t *testing.T) {
	t.Parallel() // it waits most of the time
	home := t.TempDir()
	f := raised(t, home, "--nodes", "2")
	for _, wake := range []string{"", "testnet kill 1; testnet start 1"} {
		cmd, goOn := reorgHangs(t, home, f.Nodes[1])
		said := cmd()
		if said.status != 1 || !strings.Contains(said.err, "node 1") || !strings.Contains(said.err, "hangs") || !strings.Contains(said.err, "testnet heal") {
			t.Errorf("reorg: %+v", said)
		}
		if s := ends(t, home, "testnet heal"); s.status != 1 || !strings.Contains(s.err, "node 1") || !strings.Contains(s.err, "testnet kill 1") {
			t.Errorf("heal: %+v", s)
		}
		if wake == "" {
			goOn()
			ok(t, home, "rpc", "hold", "0", "--node", "1")
		} else {
			for _, line := range strings.Split(wake, "; ") {
				ok(t, home, strings.Fields(line)...)
			}
		}
		ok(t, home, "testnet", "heal")
		g, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
		if err != nil || g.Apart != nil {
			t.Fatalf("it is apart still: %+v, %v", g.Apart, err)
		}
		f = g
		ok(t, home, "mine", "60", "--node", "0") // more work than whatever was made apart
		eventually(t, "one network", func() bool { return testnetAgrees(t, home) && coinSet(t, home, "0") == coinSet(t, home, "1") })
	}
}

// reorgHangs begins a reorg by a node that hangs once it is set apart: it is held, so that the reorg is
// not done before.
func reorgHangs(t *testing.T, home string, m testnet.Member) (end func() said, goOn func()) {
	t.Helper()
	ok(t, home, "rpc", "hold", "60", "--node", strconv.Itoa(m.Node))
	over := make(chan said, 1)
	go func() {
		defer close(over) // also where the test has failed in it
		over <- ends(t, home, "testnet reorg 50 --node "+strconv.Itoa(m.Node))
	}()
	eventually(t, "the reorg sets it apart", func() bool {
		f, err := process.ReadFile(filepath.Join(home, ".grapevine", "testnet"))
		return err == nil && f.Apart != nil
	})
	goOn = stopped(t, m)
	return func() said { return <-over }, goOn
}

// A restore ends nodes that hang, as it ends all.
func TestARestoreEndsNodesThatHang(t *testing.T) {
	home := t.TempDir()
	f := raised(t, home, "--nodes", "2")
	ok(t, home, "testnet", "snapshot", "s")
	stopped(t, f.Nodes[1])
	if s := ends(t, home, "testnet restore s"); s.status != 0 {
		t.Fatalf("restore: %+v", s)
	}
	if !testnetAgrees(t, home) {
		t.Error("not all are back")
	}
}
