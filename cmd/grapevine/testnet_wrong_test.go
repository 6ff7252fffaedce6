package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a command says and cannot write is no success: a manifest on a full disk is half of one.
func TestOutputThatIsNotWrittenIsAFailure(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "read-only")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"version", "version --json", "testnet export compose", "testnet export kubernetes --json", "testnet --help", "man"} {
		out, err := os.Open(file) // each write to it fails
		if err != nil {
			t.Fatal(err)
		}
		cmd := command(t, home, strings.Fields(line)...)
		var errs strings.Builder
		cmd.Stdout, cmd.Stderr = out, &errs
		_ = cmd.Run()
		out.Close()
		if status := cmd.ProcessState.ExitCode(); status != 1 || !strings.Contains(errs.String(), "grapevine: output: ") {
			t.Errorf("%s: status %d, %s", line, status, errs.String())
		}
	}
}

// An `up` that is killed at its first step leaves a file that names no nodes: no command
// falls over it, and `down --wipe` takes it away.
func TestAFileWithoutNodesIsNoNetwork(t *testing.T) {
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "net")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "net.json"), []byte(`{"network":"regtest","nodes":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"status", "balances", "links", "clock", "mine", "mine every=1s", "watch", "snapshot x", "heal", "cut 0-1", "reorg 1", "double-spend", "add", "kill 0", "start --all"} {
		s := gv(t, home, append(append([]string{"testnet"}, strings.Fields(line)...), "--dir", dir)...)
		if s.status != 1 || s.out != "" || !strings.Contains(s.err, "no local network is up") || !strings.Contains(s.err, "testnet up --dir") {
			t.Errorf("%s: status %d, %s%s", line, s.status, s.out, s.err)
		}
	}
	ok(t, home, "testnet", "down", "--wipe", "--dir", dir)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "net.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s := gv(t, home, "testnet", "status", "--dir", dir); s.status != 1 || !strings.Contains(s.err, "is damaged") || !strings.Contains(s.err, "Put a copy of net.json") {
		t.Errorf("a damaged file: %d %s", s.status, s.err)
	}
}

// Where a port of --port-base is taken nothing has begun, and nothing is left.
func TestUpLeavesNothingWhereAPortIsTaken(t *testing.T) {
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "net")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	s := gv(t, home, "testnet", "up", "-d", "--nodes", "1", "--port-base", port, "--dir", dir)
	if s.status != 1 || !strings.Contains(s.err, "somebody listens at") {
		t.Errorf("status %d, %s", s.status, s.err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", dir, err)
	}
	// Begun in a folder that holds somebody's own things, those stay as they were.
	theirs := map[string]string{"snapshots/holiday.jpg": "beach", "restore.new/x": "x", "page-command.out": "mine", "net.lock": "held"}
	for name, text := range theirs {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if s := gv(t, home, "testnet", "up", "-d", "--nodes", "1", "--port-base", port, "--dir", dir); s.status != 1 || !strings.Contains(s.err, "somebody listens at") {
		t.Errorf("status %d, %s", s.status, s.err)
	}
	for name, text := range theirs {
		if raw, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(raw) != text {
			t.Errorf("%s: %q, %v", name, raw, err)
		}
	}
	for _, name := range []string{"net.json", "busy.lock", "node0"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

// A network's folder may be called as it likes; its log is values for programs; a node that
// the line names counts more than one of the environment; without a home --dir says all.
func TestANetworkInAFolderOfAnOddName(t *testing.T) {
	home, dir := t.TempDir(), filepath.Join(t.TempDir(), "a\nmaxpeers = none")
	t.Cleanup(func() { gv(t, home, "testnet", "down", "--wipe", "--dir", dir) })
	ok(t, home, "testnet", "up", "-d", "--nodes", "2", "--dir", dir)
	for line := range strings.Lines(ok(t, home, "testnet", "logs", "0", "--json", "--dir", dir)) {
		var one struct {
			Node *int
			Line string
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil || one.Node == nil || one.Line == "" {
			t.Fatalf("%v: %s", err, line)
		}
	}
	stop := command(t, home, "testnet", "stop", "1", "--dir", dir)
	stop.Env = append(stop.Env, "GRAPEVINE_NODE=0")
	if s := run(t, stop); s.status != 0 || !strings.Contains(s.out, "node 1 has stopped") {
		t.Errorf("%d %s%s", s.status, s.out, s.err)
	}
	if s := gv(t, "", "testnet", "status", "--dir", dir); s.status != 0 {
		t.Errorf("without a home: %d %s", s.status, s.err)
	}
}
