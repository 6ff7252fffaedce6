package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grapevine/cmd/rpc/client"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// patience bounds every wait.
const patience = 60 * time.Second

// binaries are both programs, built once.
var binaries struct{ btcd, grapevine string }

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "interop-")
	if err == nil {
		binaries.btcd, binaries.grapevine = filepath.Join(dir, "btcd"), filepath.Join(dir, "grapevine")
		err = build(".", binaries.btcd, "github.com/btcsuite/btcd")
	}
	if err == nil {
		err = build(filepath.Join("..", ".."), binaries.grapevine, "./cmd/grapevine")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir, out, pkg string) error {
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = dir
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, msg)
	}
	return nil
}

// node is either of them: something with an RPC door and a P2P address.
type node struct {
	*client.Client
	name string
	p2p  string
	log  string         // file with what it says
	rpc  testnet.Member // where and as whom RPC is called; of grapevine only
}

func (n node) call(t *testing.T, method string, result any, params ...any) {
	t.Helper()
	if err := n.Call(t.Context(), method, result, params...); err != nil {
		t.Fatalf("%s: %s: %v", n.name, method, err)
	}
}

func (n node) height(t *testing.T) (h int) {
	t.Helper()
	n.call(t, "getblockcount", &h)
	return h
}

func (n node) tip(t *testing.T) (hash string) {
	t.Helper()
	n.call(t, "getbestblockhash", &hash)
	return hash
}

// wait polls until ok, or fails the test with the ends of the nodes' logs.
func wait(t *testing.T, what string, ok func() bool, nodes ...node) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			for _, n := range nodes {
				t.Logf("%s:\n%s", n.name, tail(n.log))
			}
			t.Fatalf("waited %v for %s, in vain", patience, what)
		}
	}
}

func tail(path string) []byte {
	const most = 3000
	raw, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return raw[max(0, len(raw)-most):]
}

// startGrapevine starts our node as `testnet up` would.
func startGrapevine(t *testing.T, conf ...string) node {
	t.Helper()
	network, err := process.Create(process.Config{
		Dir: t.TempDir(), Exe: binaries.grapevine, Conf: conf,
		Dial: func(m testnet.Member) (testnet.Node, error) { return client.Dial(m.RPC, m.User, m.Password) },
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := network.Add(t.Context(), testnet.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Stop(context.Background()); err != nil {
			t.Errorf("stop grapevine: %v", err)
		}
	})
	c, err := client.Dial(m.RPC, m.User, m.Password)
	if err != nil {
		t.Fatal(err)
	}
	return node{Client: c, name: "grapevine", p2p: m.P2P, log: process.LogPath(m), rpc: m}
}

// startBtcd starts a btcd. It bans by host unless told otherwise, and
// here all share one; it gossips transactions every 10 s unless told otherwise.
func startBtcd(t *testing.T, args ...string) node {
	t.Helper()
	dir := t.TempDir()
	p2p, rpc := freePort(t), freePort(t)
	log, err := os.Create(filepath.Join(dir, "out.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binaries.btcd, append([]string{
		"--configfile=/dev/null", "--regtest", "--datadir=" + dir + "/data", "--logdir=" + dir + "/logs",
		"--nodnsseed", "--nobanning", "--trickleinterval=100ms", "--notls", "--rpcuser=u", "--rpcpass=p",
		"--listen=" + p2p, "--rpclisten=" + rpc,
	}, args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-ended
		}
		log.Close()
	})
	c, err := client.Dial("http://"+rpc, "u", "p")
	if err != nil {
		t.Fatal(err)
	}
	n := node{Client: c, name: "btcd", p2p: p2p, log: log.Name()}
	wait(t, "btcd to answer", func() bool { return n.Call(t.Context(), "getblockcount", nil) == nil }, n)
	return n
}

// peers says how n sees the other: directions and what it calls itself.
func peers(t *testing.T, n node) (in, out int, agents string) {
	t.Helper()
	var list []struct {
		Inbound bool   `json:"inbound"`
		Agent   string `json:"subver"`
		Version int    `json:"version"`
	}
	n.call(t, "getpeerinfo", &list)
	var names bytes.Buffer
	for _, p := range list {
		if p.Version == 0 || p.Agent == "" {
			continue // btcd lists a peer before the handshake is done
		}
		if p.Inbound {
			in++
		} else {
			out++
		}
		names.WriteString(p.Agent)
	}
	return in, out, names.String()
}

// connect makes from dial to, once.
func connect(t *testing.T, from, to node) {
	t.Helper()
	if from.name == "btcd" {
		from.call(t, "node", nil, "connect", to.p2p, "temp")
	} else {
		from.call(t, "addnode", nil, to.p2p, "onetry")
	}
	wait(t, from.name+" to connect", func() bool {
		_, out, _ := peers(t, from)
		in, _, _ := peers(t, to)
		return out == 1 && in == 1
	}, from, to)
}

// part ends all connections of grapevine.
func part(t *testing.T, gv, other node) {
	t.Helper()
	wait(t, "both to part", func() bool {
		var list []struct {
			Addr string `json:"addr"`
		}
		gv.call(t, "getpeerinfo", &list)
		for _, p := range list {
			// It may have gone by itself meanwhile.
			_ = gv.Call(t.Context(), "disconnectnode", nil, p.Addr)
		}
		in, out, _ := peers(t, other)
		return len(list) == 0 && in+out == 0
	}, gv, other)
}

// mine makes blocks at n; btcd pays its --miningaddr.
func mine(t *testing.T, n node, blocks int) {
	t.Helper()
	if n.name == "btcd" {
		n.call(t, "generate", nil, blocks)
		return
	}
	var to string
	n.call(t, "getnewaddress", &to)
	n.call(t, "generatetoaddress", nil, blocks, to)
}

// together waits until both stand on one block, and on which height.
func together(t *testing.T, a, b node, height int) {
	t.Helper()
	wait(t, fmt.Sprintf("both to be at block %d", height), func() bool {
		return a.height(t) == height && b.height(t) == height && a.tip(t) == b.tip(t)
	}, a, b)
}

func has(list []string, s string) bool {
	return strings.Contains(strings.Join(list, " "), s)
}
