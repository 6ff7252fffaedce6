//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A FIFO where a file is named is refused: to open one would wait for who writes to it,
// perhaps for ever.
func TestAFifoIsNoFile(t *testing.T) {
	home := t.TempDir()
	place := func(name string) (dir string) {
		t.Helper()
		dir = t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	fifo := filepath.Join(place("fifo"), "fifo")
	nodes := filepath.Join(t.TempDir(), "nodes.yaml")
	if err := os.WriteFile(nodes, []byte("nodes:\n- rpc: http://127.0.0.1:1\n  user: u\n  passwordfile: "+fifo+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"testnet", "up", "--config", fifo, "--dir", t.TempDir()},
		{"testnet", "export", "compose", "--config", fifo},
		{"testnet", "status", "--nodes-file", fifo},
		{"testnet", "status", "--nodes-file", nodes},
		{"node", "--peers", fifo, "--datadir", t.TempDir()},
		{"testnet", "status", "--dir", place("net.json")},
		{"node", "--datadir", place("grapevine.conf")},
		{"node", "--datadir", place("links.json")},
		{"status", "--datadir", place("grapevine.conf")},
		{"status", "--datadir", place(".cookie")},
	} {
		cmd := command(t, home, args...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		late.Stop()
		if err == nil || !strings.Contains(said.String(), "is not a file") {
			t.Errorf("grapevine %s: %v\n%s", strings.Join(args, " "), err, &said)
		}
	}
}
