package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"grapevine/testnet"
)

// foreignProcess is a process that is none of ours, with a folder in its arguments.
func foreignProcess(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "node", "--datadir", dir)
	cmd.Env = append(os.Environ(), "GV_FAKE=sleeper")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

// lives: nobody has ended it.
func lives(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the foreign process was ended: %v", err)
	}
}

// A number that is used again by another process, even one with the folder
// among its arguments, is not our node.
func TestT74_ForeignProcessIsNeverEnded(t *testing.T) {
	n := up(t)
	m := add(t, n)
	if err := n.Kill(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	other := foreignProcess(t, m.DataDir)
	plant := func() {
		text := fmt.Sprintf("%d\n%s\n", other.Process.Pid, strings.TrimPrefix(m.RPC, "http://"))
		if err := os.WriteFile(filepath.Join(m.DataDir, lockName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plant()
	if err := n.Kill(t.Context(), 0); !errors.Is(err, testnet.ErrDown) {
		t.Errorf("killed: %v", err)
	}
	plant()
	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("stopped: %v", err)
	}
	plant()
	if again, err := n.Start(t.Context(), 0); err != nil || again.PID == other.Process.Pid {
		t.Errorf("started: %+v, %v", again, err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	lives(t, other)
}

// The lock tells of every moment who runs: from before the node answers until
// its process has gone.
func TestLockTellsWhoRuns(t *testing.T) {
	dir := t.TempDir()
	if p := Running(dir); p.PID != 0 {
		t.Errorf("nobody was there yet: %+v", p)
	}
	l, err := Occupy(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p := Running(dir); p != (Process{PID: os.Getpid()}) {
		t.Errorf("occupied: %+v", p)
	}
	if err := l.Answers("127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if p := Running(dir); p != (Process{os.Getpid(), "127.0.0.1:1"}) {
		t.Errorf("answers: %+v", p)
	}
	if _, err := Occupy(dir); !errors.Is(err, ErrOccupied) {
		t.Errorf("a second one: %v", err)
	}
	copied := t.TempDir()
	raw, err := os.ReadFile(filepath.Join(dir, lockName))
	if err != nil || os.WriteFile(filepath.Join(copied, lockName), raw, 0o600) != nil {
		t.Fatal(err)
	}
	if p := Running(copied); p.PID != 0 {
		t.Errorf("in a copy: %+v", p)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if p := Running(dir); p.PID != 0 {
		t.Errorf("after its end: %+v", p)
	}
	l, err = Occupy(dir)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
