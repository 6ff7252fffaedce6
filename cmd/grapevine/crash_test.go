package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"grapevine/cmd/grapevine/cli"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// rounds is how often the victim is killed; `make soak` asks for more.
func rounds(t *testing.T) int {
	t.Helper()
	const usual = 4
	if !soaking() {
		return usual
	}
	n, err := strconv.Atoi(os.Getenv("GRAPEVINE_TEST_ROUNDS"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// soaking: it is `make soak`, where sizes are whole.
func soaking() bool { return os.Getenv("GRAPEVINE_TEST_ROUNDS") != "" }

// crashNetwork is nodes of which the last is killed again and again.
type crashNetwork struct {
	*process.Net
	net testnet.Network
	rng *rand.Rand
}

func newCrashNetwork(t *testing.T, nodes int, s testnet.Spec) *crashNetwork {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	local, err := process.Create(process.Config{
		Dir: t.TempDir(), Exe: exe, Env: []string{asCommand + "=1"},
		Dial: func(m testnet.Member) (testnet.Node, error) { return cli.DialMember(m) },
	})
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := &crashNetwork{Net: local, rng: rand.New(rand.NewPCG(seed, 0))}
	t.Cleanup(func() {
		if err := local.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for range nodes {
		m, err := local.Add(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		c.join(t, m)
	}
	return c
}

func (c *crashNetwork) join(t *testing.T, m testnet.Member) {
	t.Helper()
	node, err := cli.DialMember(m)
	if err != nil {
		t.Fatal(err)
	}
	if m.Node < len(c.net.Nodes) {
		c.net.Nodes[m.Node] = node
		return
	}
	c.net.Members, c.net.Nodes = append(c.net.Members, m), append(c.net.Nodes, node)
}

func (c *crashNetwork) call(t *testing.T, node int, method string, result any, params ...any) {
	t.Helper()
	if err := c.net.Nodes[node].Call(t.Context(), method, result, params...); err != nil {
		t.Fatalf("node %d: %s: %v", node, method, err)
	}
}

func (c *crashNetwork) mine(t *testing.T, node, n int) {
	t.Helper()
	var to string
	c.call(t, node, "getnewaddress", &to)
	c.call(t, node, "generatetoaddress", nil, n, to)
}

// together waits until all stand on one block and hold the same coins.
func (c *crashNetwork) together(t *testing.T, round int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) {
		why := c.agree(t)
		if why == nil {
			return
		}
		if time.Now().After(deadline) {
			for _, m := range c.net.Members {
				t.Logf("node %d: %s\n%s", m.Node, c.state(t, m.Node), lastOf(t, process.LogPath(m)))
			}
			t.Fatalf("round %d: waited in vain: %v", round, why)
		}
	}
}

func (c *crashNetwork) agree(t *testing.T) error {
	t.Helper()
	var all []testnet.Snapshot
	for i, d := range c.net.Nodes {
		s, err := testnet.Inspect(t.Context(), i, d)
		if err != nil {
			return err
		}
		all = append(all, s)
	}
	return testnet.Agree(all)
}

// state is what a node thinks of the chain and its peers.
func (c *crashNetwork) state(t *testing.T, node int) string {
	t.Helper()
	var info struct{ Blocks, Headers int }
	c.call(t, node, "getblockchaininfo", &info)
	var peers []struct {
		Addr     string `json:"addr"`
		Headers  int    `json:"synced_headers"`
		Blocks   int    `json:"synced_blocks"`
		InFlight []int  `json:"inflight"`
	}
	c.call(t, node, "getpeerinfo", &peers)
	return fmt.Sprintf("%+v, peers %+v", info, peers)
}

// lastOf is the end of a log.
func lastOf(t *testing.T, path string) []byte {
	t.Helper()
	const most = 2500
	raw, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return raw[max(0, len(raw)-most):]
}

// A node is killed with -9 in the middle of what it does, and started again:
// each time it ends at the tip and with the coins of the others. Even rounds
// kill it while it syncs what the others have mined meanwhile, odd rounds while
// it mines itself.
func TestKillDashNineLosesNothing(t *testing.T) {
	c := newCrashNetwork(t, 3, testnet.Spec{})
	const victim = 2
	c.mine(t, 0, 101)
	c.together(t, -1)
	for round := range rounds(t) {
		acknowledged := ""
		if round%2 == 0 {
			c.killWhileSyncing(t, victim)
		} else {
			acknowledged = c.killWhileMining(t, victim)
		}
		m, err := c.Start(t.Context(), victim)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		c.join(t, m)
		if acknowledged != "" { // what was answered is there, before any peer could have given it back
			c.call(t, victim, "getblockheader", nil, acknowledged)
		}
		// Nobody mines before all agree: two blocks at one height would be a
		// draw, which only a further block ends.
		c.together(t, round)
		var to, txid string
		c.call(t, victim, "getnewaddress", &to)
		c.call(t, 0, "sendtoaddress", &txid, to, 0.1)
		c.mine(t, 0, 1)
		c.together(t, round)
	}
}

// killWhileSyncing kills it some milliseconds after it has begun to fetch what
// the others mined while it was down.
func (c *crashNetwork) killWhileSyncing(t *testing.T, victim int) {
	t.Helper()
	if err := c.Kill(t.Context(), victim); err != nil {
		t.Fatal(err)
	}
	c.mine(t, c.rng.IntN(2), 20+c.rng.IntN(60))
	if _, err := c.Start(t.Context(), victim); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(c.rng.IntN(40)) * time.Millisecond)
	if err := c.Kill(t.Context(), victim); err != nil {
		t.Fatal(err)
	}
}

// killWhileMining kills it while it mines and returns the last block that it
// has acknowledged.
func (c *crashNetwork) killWhileMining(t *testing.T, victim int) (last string) {
	t.Helper()
	var to string
	c.call(t, victim, "getnewaddress", &to)
	ctx, cancel := context.WithCancel(t.Context())
	mined := make(chan string, 1)
	go func() {
		last := ""
		for ctx.Err() == nil {
			var hashes []string
			if c.net.Nodes[victim].Call(ctx, "generatetoaddress", &hashes, 3, to) != nil {
				break // it was killed
			}
			last = hashes[len(hashes)-1]
		}
		mined <- last
	}()
	time.Sleep(time.Duration(10+c.rng.IntN(60)) * time.Millisecond)
	err := c.Kill(t.Context(), victim)
	cancel()
	last = <-mined
	if err != nil {
		t.Fatal(err)
	}
	return last
}
