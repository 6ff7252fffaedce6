package peers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/testnet/process"
)

// kind is one of the two programs.
type kind int

const (
	ours kind = iota
	core
)

func (k kind) String() string { return [...]string{"grapevine", "Bitcoin Core"}[k] }

// user and password are those of every node; only this machine can ask.
const user, password = "u", "p"

// patience bounds every wait. It is long: a machine may be slow, and Core's sync of ten thousand
// blocks takes a while.
const patience = 20 * time.Minute

// node is a running program.
type node struct {
	*client.Client
	kind kind
	dir  string
	url  string
	p2p  string
	cmd  *exec.Cmd
	born time.Time
}

// args are a node's options; connect names the peer to dial, "": none.
func (k kind) args(dir, p2p, rpc, connect string) []string {
	if k == ours {
		a := []string{"node", "--datadir", dir, "--network", "regtest", "--listen", p2p, "--rpclisten", rpc, "--rpcuser", user, "--rpcpassword", password}
		if connect != "" {
			a = append(a, "--connect", connect)
		}
		return a
	}
	_, port, _ := strings.Cut(rpc, ":")
	a := []string{"-regtest", "-datadir=" + dir, "-bind=" + p2p, "-server", "-rpcuser=" + user, "-rpcpassword=" + password, "-rpcport=" + port,
		"-dbcache=450", "-txindex", "-blockfilterindex", "-printtoconsole=0", "-rpcworkqueue=1000", "-discover=0", "-dnsseed=0", "-fixedseeds=0",
		// On regtest it would look at all it has after each block and transaction.
		"-checkblockindex=0", "-checkmempool=0"}
	if connect != "" {
		return append(a, "-connect="+connect)
	}
	return append(a, "-connect=0")
}

// start starts a program and returns at once.
func (b *bench) start(t *testing.T, k kind, dir, connect string) *node {
	t.Helper()
	p2p, url, err := process.FreeAddresses(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "console.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n := &node{kind: k, dir: dir, url: url, p2p: p2p, born: time.Now()}
	n.cmd = exec.Command(b.exe[k], k.args(dir, p2p, strings.TrimPrefix(url, "http://"), connect)...)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.stop(t) })
	if n.Client, err = client.Dial(url, user, password); err != nil {
		t.Fatal(err)
	}
	return n
}

// stop ends the node; a second call does nothing.
func (n *node) stop(t *testing.T) {
	if n.cmd.ProcessState != nil {
		return
	}
	n.Client.Close()
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // one that has ended needs no signal
	if err := n.cmd.Wait(); err != nil {
		t.Errorf("stop %v: %v", n.kind, err)
	}
}

// call asks and fails the test if the node refuses.
func (n *node) call(t *testing.T, method string, result any, params ...any) {
	t.Helper()
	if err := n.Call(context.Background(), method, result, params...); err != nil {
		t.Fatalf("%v: %s: %v", n.kind, method, err)
	}
}

// until polls a number until it is want. Errors are those of a node that is not ready yet.
func (n *node) until(t *testing.T, method, member string, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var got any
		err := n.Call(context.Background(), method, &got)
		if object, ok := got.(map[string]any); ok {
			got = object[member]
		}
		if v, ok := got.(float64); ok && err == nil && int(v) == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v: %s %s is %v (%v), not %d", n.kind, method, member, got, err, want)
		}
	}
}

// settle waits until the indexes have followed.
func (n *node) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var all map[string]struct {
			Synced bool `json:"synced"`
		}
		n.call(t, "getindexinfo", &all)
		synced := true
		for _, index := range all {
			synced = synced && index.Synced
		}
		if synced {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v: its indexes do not follow: %v", n.kind, all)
		}
	}
}

// ticks is how often a second the kernel counts a process's time (Linux: USER_HZ).
const ticks = 100

// cpu is the processor time that the node has taken, in seconds; 0 where there is no /proc.
func (n *node) cpu() float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n.cmd.Process.Pid))
	_, after, ok := strings.Cut(string(raw), ") ")
	fields := strings.Fields(after)
	if err != nil || !ok || len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticks
}
