package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/testnet"
)

// The test binary is the node: with GV_FAKE set it reads its grapevine.conf,
// answers at its RPC address and stops at SIGTERM.
func TestMain(m *testing.M) {
	switch os.Getenv("GV_FAKE") {
	case "":
		os.Exit(m.Run())
	case "node":
		os.Exit(fakeNode(os.Args[len(os.Args)-1]))
	case "mute":
		os.Exit(3)
	case "sleeper":
		time.Sleep(time.Hour)
	case "broken":
		fmt.Println("I cannot start because of the moon")
		os.Exit(3)
	case "parent":
		os.Exit(fakeParent(os.Args[1]))
	}
}

func fakeNode(dir string) int {
	conf, err := os.ReadFile(filepath.Join(dir, "grapevine.conf"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_, rest, _ := strings.Cut(string(conf), "rpclisten = ")
	addr, _, _ := strings.Cut(rest, "\n")
	lock, err := Occupy(dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer lock.Close()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := lock.Answers(addr); err != nil {
		fmt.Println(err)
		return 1
	}
	ctx, stop := ossignal.NotifyContext(context.Background(), terminate)
	defer stop()
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "7") }))
	<-ctx.Done()
	l.Close()
	if os.Getenv("GV_STUBBORN") != "" {
		time.Sleep(time.Hour)
	}
	return 0
}

// fakeParent starts a network and waits to be killed.
func fakeParent(dir string) int {
	n, err := Create(config(dir, "GV_FAKE=node"))
	if err == nil {
		_, err = n.Add(context.Background(), testnet.Spec{})
	}
	fmt.Println(err)
	time.Sleep(time.Hour)
	return 0
}

type remote string

func (d remote) Call(ctx context.Context, _ string, _ any, _ ...any) error {
	req, err := http.NewRequestWithContext(ctx, "GET", string(d), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func config(dir string, env ...string) Config {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Config{Dir: dir, Exe: exe, Env: env, Dial: func(m testnet.Member) (testnet.Node, error) { return remote(m.RPC), nil }}
}

func up(t *testing.T, env ...string) *Net {
	t.Helper()
	n, err := Create(config(t.TempDir(), append(env, "GV_FAKE=node")...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, m := range n.Members() {
			if m.PID != 0 {
				n.Kill(context.Background(), m.Node)
			}
		}
	})
	return n
}

func add(t *testing.T, n *Net) testnet.Member {
	t.Helper()
	m, err := n.Add(t.Context(), testnet.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNodesStartDieStartAgainAndStop(t *testing.T) {
	n := up(t)
	a, b := add(t, n), add(t, n)
	if a.AddNode != "" || b.AddNode != a.P2P {
		t.Errorf("node 0 knows %q, node 1 knows %q, want %q", a.AddNode, b.AddNode, a.P2P)
	}
	if err := n.Kill(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if n.Members()[1].PID != 0 || n.Members()[0].PID != a.PID {
		t.Errorf("after the kill: %+v", n.Members())
	}
	if err := n.Kill(t.Context(), 1); !errors.Is(err, testnet.ErrDown) {
		t.Errorf("killed twice: %v", err)
	}
	again, err := n.Start(t.Context(), 1)
	if err != nil || again.RPC != b.RPC || again.DataDir != b.DataDir || again.PID == b.PID {
		t.Errorf("started again: %+v, %v; was %+v", again, err, b)
	}
	if _, err := n.Start(t.Context(), 1); !errors.Is(err, testnet.ErrUp) {
		t.Errorf("started twice: %v", err)
	}
	if _, err := n.Start(t.Context(), 5); !errors.Is(err, testnet.ErrNoNode) {
		t.Errorf("started a stranger: %v", err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range n.Members() {
		if m.PID != 0 {
			t.Errorf("node %d still runs", m.Node)
		}
	}
}

// What another terminal sees and does: a Net of its own on the same directory.
func TestAnotherProcessJoinsByTheFile(t *testing.T) {
	n := up(t)
	add(t, n)
	add(t, n)
	other, err := Open(n.cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Kill(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if n.Members()[1].PID != 0 {
		t.Error("the first one does not see that node 1 is dead")
	}
	if m, err := other.Add(t.Context(), testnet.Spec{}); err != nil || m.Node != 2 {
		t.Errorf("added %+v, %v", m, err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range other.Members() {
		if m.PID != 0 {
			t.Errorf("node %d still runs", m.Node)
		}
	}
	if err := other.Wipe(); err != nil {
		t.Error(err)
	}
	if _, err := Open(n.cfg); !errors.Is(err, testnet.ErrNoNet) {
		t.Errorf("after the wipe: %v", err)
	}
}

func TestRunningNetworkIsNotReplaced(t *testing.T) {
	n := up(t)
	add(t, n)
	if _, err := Create(n.cfg); !errors.Is(err, testnet.ErrUp) {
		t.Errorf("created over it: %v", err)
	}
	if err := n.Wipe(); !errors.Is(err, testnet.ErrUp) {
		t.Errorf("wiped under it: %v", err)
	}
}

func TestStrangersDirectoryIsNotTouched(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "node_modules")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(config(dir)); err == nil || !strings.Contains(err.Error(), "node_modules") {
		t.Errorf("created: %v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}

func TestNodeThatCannotStartSaysWhy(t *testing.T) {
	n, err := Create(config(t.TempDir(), "GV_FAKE=broken"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Add(t.Context(), testnet.Spec{}); err == nil || !strings.Contains(err.Error(), "because of the moon") {
		t.Errorf("got %v", err)
	}
}

// Who took a dead node's port is not disturbed, and the node comes back on
// another one.
func TestTakenPortIsReplaced(t *testing.T) {
	for _, others := range []int{0, 1} { // nodes that stay up
		n := up(t)
		m := add(t, n)
		for range others {
			add(t, n)
		}
		if err := n.Kill(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("tcp", strings.TrimPrefix(m.RPC, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		again, err := n.Start(t.Context(), 0)
		if err != nil || again.RPC == m.RPC {
			t.Errorf("%d others: %+v, %v", others, again, err)
		}
		if others > 0 && again.AddNode != n.Members()[1].P2P {
			t.Errorf("node 0 came back on another port and was told %q", again.AddNode)
		}
	}
}

// Children end with their parent, even when it is killed with -9.
func TestChildrenEndWithTheirParent(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(exe, dir)
	parent.Env = append(os.Environ(), "GV_FAKE=parent")
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var m testnet.Member
	for deadline := time.Now().Add(time.Minute); m.PID == 0; time.Sleep(10 * time.Millisecond) {
		if f, err := ReadFile(dir); err == nil && len(f.Nodes) > 0 {
			m = f.Nodes[0]
		}
		if time.Now().After(deadline) {
			t.Fatal("the parent started nothing")
		}
	}
	parent.Process.Kill()
	parent.Wait()
	for deadline := time.Now().Add(time.Minute); Running(m.DataDir).PID != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child outlived its parent")
		}
	}
}

func TestPortsLieBelowThoseOfOutgoingConnections(t *testing.T) {
	for range 20 {
		p, r, err := FreeAddresses(nil)
		if err != nil || p == strings.TrimPrefix(r, "http://") {
			t.Fatal(p, r, err)
		}
		for _, a := range []string{p, strings.TrimPrefix(r, "http://")} {
			if addr, err := net.ResolveTCPAddr("tcp", a); err != nil || addr.Port < 20000 || addr.Port >= 32000 {
				t.Errorf("%s %v", a, err)
			}
		}
	}
}

// An emptied node has its log and nothing else; one that runs is left alone.
func TestANodeThatIsDownIsEmptied(t *testing.T) {
	n := up(t)
	m := add(t, n)
	if err := n.Empty(0); !errors.Is(err, testnet.ErrUp) {
		t.Errorf("emptied while it runs: %v", err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(m.DataDir, "wallets", "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := n.Empty(0); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(m.DataDir)
	if err != nil || len(left) != 1 || left[0].Name() != "node.log" {
		t.Errorf("%v, %v", left, err)
	}
	if err := n.Empty(7); !errors.Is(err, testnet.ErrNoNode) {
		t.Errorf("a node that is not there: %v", err)
	}
}

// Nodes that are entered wait in net.json for who starts them, also when the command that
// entered them ends before.
func TestEnteredNodesAreStartedLater(t *testing.T) {
	n := up(t)
	if err := n.Enter(make([]testnet.Spec, 3)); err != nil {
		t.Fatal(err)
	}
	again, err := Open(n.cfg)
	if err != nil {
		t.Fatal(err)
	}
	all := again.Members()
	if len(all) != 3 || anyUp(all) {
		t.Fatalf("entered: %+v", all)
	}
	written := func() os.FileInfo {
		st, err := os.Stat(filepath.Join(n.cfg.Dir, "net.json"))
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	entered, told := written(), 0
	done := func(testnet.Member) { told++ }
	first, err := again.StartMany(t.Context(), []int{0}, done)
	if err != nil || len(first) != 1 {
		t.Fatalf("started %v, %v", first, err)
	}
	if all = again.Members(); all[0].PID == 0 || all[1].PID != 0 || all[2].PID != 0 {
		t.Fatalf("node 0 alone was to start: %+v", all)
	}
	rest, err := again.StartMany(t.Context(), []int{0, 1, 2}, done)
	if err != nil || len(rest) != 2 || told != 4 {
		t.Fatalf("started %v, told of %d, %v", rest, told, err)
	}
	for _, m := range again.Members()[1:] {
		if m.PID == 0 || m.AddNode != all[0].P2P {
			t.Errorf("node %d: %+v", m.Node, m)
		}
	}
	if !os.SameFile(entered, written()) {
		t.Error("net.json was written anew though each node started as it was entered")
	}
	if err := again.Change(func(f *testnet.File) error { f.Ahead = 1; return nil }); err != nil || os.SameFile(entered, written()) {
		t.Errorf("net.json was not written anew (%v)", err)
	}
}

// ReadNames says what net.json does, and nothing of who runs.
func TestReadNamesLooksAtNoNode(t *testing.T) {
	n := up(t)
	m, err := n.Add(t.Context(), testnet.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadNames(n.cfg.Dir)
	if err != nil || len(f.Nodes) != 1 || f.Nodes[0].PID != 0 || f.Nodes[0].P2P != m.P2P || f.Nodes[0].DataDir != m.DataDir {
		t.Errorf("names: %+v, %v", f, err)
	}
	if f, err = ReadFile(n.cfg.Dir); err != nil || f.Nodes[0].PID != m.PID {
		t.Errorf("read: %+v, %v", f, err)
	}
	if _, err := ReadNames(t.TempDir()); !errors.Is(err, testnet.ErrNoNet) {
		t.Errorf("of an empty folder: %v", err)
	}
}
