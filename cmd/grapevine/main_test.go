package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/testnet/process"
)

// The test binary is the command: with this variable set it runs main, and
// what it starts (testnet up) is the test binary again.
const asCommand = "RUN_GRAPEVINE_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		if slices.Contains(os.Args, "node") { // a thousand addresses of each kind take seconds under the race detector
			_ = os.Setenv("GRAPEVINE_KEYPOOL", "20")
		}
		main()
		return
	}
	os.Exit(m.Run())
}

// command is grapevine with a home of its own.
func command(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1", "HOME="+home)
	return cmd
}

// said is what a command wrote and how it ended.
type said struct {
	out, err string
	status   int
}

// gv runs a command to its end.
func gv(t *testing.T, home string, args ...string) said {
	t.Helper()
	return run(t, command(t, home, args...))
}

func run(t *testing.T, cmd *exec.Cmd) said {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns its trimmed output.
func ok(t *testing.T, home string, args ...string) string {
	t.Helper()
	s := gv(t, home, args...)
	if s.status != 0 {
		t.Fatalf("grapevine %s: status %d\n%s%s", strings.Join(args, " "), s.status, s.out, s.err)
	}
	return strings.TrimSpace(s.out)
}

// asked decodes the JSON that a command prints.
func asked(t *testing.T, home string, v any, args ...string) {
	t.Helper()
	if raw := ok(t, home, append(args, "--json")...); json.Unmarshal([]byte(raw), v) != nil {
		t.Fatalf("grapevine %s --json printed %s", strings.Join(args, " "), raw)
	}
}

// daemon is a node that a test has started by hand.
type daemon struct {
	*client.Client
	cmd  *exec.Cmd
	dir  string
	p2p  string
	log  *os.File
	done chan error
}

// startNode starts a node on a data directory and free ports and waits until
// it answers.
func startNode(t *testing.T, dir string, args ...string) *daemon {
	t.Helper()
	d := launchNode(t, dir, args...)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if now := process.Running(dir); now.RPC != "" {
			c, err := client.DialCookie("http://"+now.RPC, filepath.Join(dir, ".cookie"))
			if err == nil && c.Call(t.Context(), "getblockcount", nil) == nil {
				d.Client = c
				break
			}
		}
		if time.Now().After(deadline) || d.ended() {
			t.Fatalf("the node does not answer:\n%s", d.says(t))
		}
	}
	_, rest, _ := strings.Cut(d.says(t), "listening for peers")
	_, rest, _ = strings.Cut(rest, "addr=")
	d.p2p, _, _ = strings.Cut(rest, "\n")
	return d
}

// launchNode starts it and waits for nothing.
func launchNode(t *testing.T, dir string, args ...string) *daemon {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{dir: dir, log: log, done: make(chan error, 1)}
	d.cmd = command(t, t.TempDir(), append([]string{"node", "--datadir", dir, "--listen", "127.0.0.1:0", "--rpclisten", "127.0.0.1:0"}, args...)...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- d.cmd.Wait() }()
	t.Cleanup(func() {
		d.kill()
		log.Close()
	})
	return d
}

func (d *daemon) ended() bool {
	select {
	case err := <-d.done:
		d.done <- err
		return true
	default:
		return false
	}
}

// kill is kill -9, and waits.
func (d *daemon) kill() {
	d.cmd.Process.Kill()
	err := <-d.done
	d.done <- err
}

// wait returns the exit status, or fails the test after limit.
func (d *daemon) wait(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case err := <-d.done:
		d.done <- err
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("it runs still after %v:\n%s", limit, d.says(t))
		return -1
	}
}

func (d *daemon) says(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(d.log.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (d *daemon) call(t *testing.T, method string, result any, params ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := d.Call(ctx, method, result, params...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// mine makes n blocks to the node's own wallet.
func (d *daemon) mine(t *testing.T, n int) {
	t.Helper()
	var to string
	d.call(t, "getnewaddress", &to)
	d.call(t, "generatetoaddress", nil, n, to)
}

// eventually polls until fn holds.
func eventually(t *testing.T, what string, fn func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !fn(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
