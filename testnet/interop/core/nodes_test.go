package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/testnet/process"
)

// patience bounds every wait.
const patience = 2 * time.Minute

const user, password = "u", "p"

// node is one of the two sides.
type node struct {
	t      *testing.T
	name   string
	rpc    string // a URL
	p2p    string
	signer string // its wallet that has a key
	rich   bool   // its wallet "third" has coins
}

// in is the same for a part of the test.
func (n node) in(t *testing.T) node {
	n.t = t
	return n
}

// start runs both sides until the test is over: ours, and a bitcoind that is connected
// to it.
func start(t *testing.T) (ours, theirs node) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "bitcoind")
	build := exec.Command("go", "build", "-o", program, "./cmd/grapevine")
	build.Dir = filepath.Join("..", "..", "..")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	other := cmp.Or(os.Getenv("BITCOIND"), program)
	named := filepath.Join(dir, "grapevine")
	if err := os.Symlink(program, named); err != nil {
		t.Fatal(err)
	}
	ours, theirs = place(t, "grapevine"), place(t, "bitcoind")
	ours.rich = true
	ours.run(named, "node", "--datadir", t.TempDir(), "--listen", ours.p2p, "--rpclisten", strings.TrimPrefix(ours.rpc, "http://"), "--rpcuser", user, "--rpcpassword", password,
		"--fallbackfeerate", "10")
	theirs.run(other, "-regtest", "-datadir="+t.TempDir(), "-listen=0", "-connect="+ours.p2p, "-rpcport="+theirs.rpc[strings.LastIndexByte(theirs.rpc, ':')+1:],
		"-rpcuser="+user, "-rpcpassword="+password, "-fallbackfee=0.0001", "-printtoconsole=0")
	for _, n := range []node{ours, theirs} {
		n.await("an answer", func() bool {
			c, err := client.Dial(n.rpc, user, password)
			if err != nil {
				return false
			}
			defer c.Close()
			return c.Call(context.Background(), "getblockcount", nil) == nil
		})
	}
	theirs.await("a peer", func() bool { return len(ask[[]any](theirs, "", "getpeerinfo")) > 0 })
	return ours, theirs
}

func place(t *testing.T, name string) node {
	t.Helper()
	p2p, rpc, err := process.FreeAddresses(nil)
	if err != nil {
		t.Fatal(err)
	}
	return node{t: t, name: name, rpc: rpc, p2p: p2p, signer: "of-" + name}
}

// run starts a program, which is asked to end when the test is over.
func (n node) run(program string, args ...string) {
	n.t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env = process.WithoutSettings(os.Environ())
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		force := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		if !force.Stop() || err != nil || n.t.Failed() {
			n.t.Logf("%s ended with %v: %s", n.name, err, said.String()[max(0, said.Len()-2000):])
		}
	})
}

// await polls until ok.
func (n node) await(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("%s: not within %[3]v: %[2]s", n.name, what, patience)
		}
	}
}

// ask calls a method of a wallet; wallet "": of the node.
func ask[T any](n node, wallet, method string, params ...any) (result T) {
	n.t.Helper()
	url := n.rpc
	if wallet != "" {
		url += "/wallet/" + wallet
	}
	c, err := client.Dial(url, user, password)
	if err != nil {
		n.t.Fatal(err)
	}
	defer c.Close()
	var raw json.RawMessage
	if err := c.Call(n.t.Context(), method, &raw, params...); err != nil {
		n.t.Fatalf("%s: %s %s %v: %v", n.name, wallet, method, params, err)
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		n.t.Fatalf("%s: %s answers %s: %v", n.name, method, raw, err)
	}
	return result
}
