package hostile_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/testnet/hostile"
	"grapevine/testnet/simnet"
)

// What must hold in every row, whatever the attacker does.
const (
	heapMost  = 64 << 20         // bytes over what the node needs in peace
	pingMost  = time.Second      // until an honest peer's ping is answered
	blockMost = 5 * time.Second  // until a fresh block has reached an honest peer, and one of its own us
	leaveMost = 10 * time.Second // after the attacker has left, until nothing of it is left
)

// harness is a whole node under attack, in virtual time: the target, an honest
// whole node that is connected to it, and a friend who pings.
type harness struct {
	t         *testing.T
	params    *chain.Params
	net       *simnet.Net
	target    *runningNode
	honest    *runningNode
	friend    *hostile.Peer
	key       *chaintest.Key    // has all coins of the base chain
	base      []chaintest.Mined // what both nodes begin with
	attackers []*hostile.Peer   // attackers, all of them
	mined     uint64            // makes blocks differ
	peace     footprint         // before the attack
	rss       *rss
	wanted    int64  // bytes beside it that the attack's own making and honest work take in this process
	dir       string // for a node that is to be started again
	seed      uint64 // of the nodes' own randomness
	opened    uint64 // nodes so far
}

// runningNode is a running whole node.
type runningNode struct {
	*node.Node
	addr string
	stop func() error
}

// setting changes the target's Config.
type setting func(*node.Config)

// Who lives where; attackers come from 66.0.0.0/8.
const (
	targetIP = "8.1.1.1"
	honestIP = "8.2.1.1"
	friendIP = "8.3.1.1"
)

// baseBlocks are enough for ten coins that can be spent.
const baseBlocks = 110

// underAttack runs an attack against a whole node, and what must hold while it lasts
// and when it is over.
func underAttack(t *testing.T, attack func(t *testing.T, h *harness), settings ...setting) {
	t.Helper()
	underAttackOn(t, chain.RegTest(), attack, settings...)
}

// full says that every row is to be tried at the size that the table names;
// otherwise a part of it will do.
func full() bool { return os.Getenv("GRAPEVINE_FULL") != "" }

// underAttackOn is underAttack on another network.
func underAttackOn(t *testing.T, params *chain.Params, attack func(t *testing.T, h *harness), settings ...setting) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, params, settings...)
		before := measure(h.net)
		h.peace = before
		h.rss = newRSS(t)
		over := h.watch()
		attack(t, h)
		over()
		h.served()
		if now := measure(h.net); now.heap > h.peace.heap+heapMost {
			t.Errorf("the heap has grown by %d MiB", (now.heap-h.peace.heap)>>20)
		}
		h.rss.check(h.wanted)
		h.everybodyLeaves()
		h.settles(before)
	})
}

// firstDay is when virtual time begins. It is before any day on which these
// tests run in real time.
var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func emptyHarness(t *testing.T, params *chain.Params) *harness {
	// A synctest clock begins in 2000; regtest's genesis is of 2011.
	time.Sleep(time.Until(firstDay))
	return &harness{
		t: t, params: params, key: chaintest.NewKey(1), dir: t.TempDir(),
		net: simnet.New(simnet.Config{Latency: 20 * time.Millisecond, Spread: time.Millisecond}),
	}
}

// publicly is a network with the proof of work of regtest and the manners of a
// public one: groups of addresses count, and announcements wait for privacy's sake.
func publicly() *chain.Params {
	p := chain.RegTest()
	std := *p.Params
	std.Net, std.GenerateSupported, std.DNSSeeds = 0x0badcafe, false, nil
	p.Params = &std
	return p
}

func newHarness(t *testing.T, params *chain.Params, settings ...setting) *harness {
	h := emptyHarness(t, params)
	h.target = h.open(targetIP, settings...)
	h.found()
	h.honest = h.open(honestIP, knows(h.target))
	h.within(time.Minute, "the honest node has the chain", h.agreed)
	h.friend = h.connectFrom(friendIP)
	if err := h.friend.Greet(hostile.Version()); err != nil {
		t.Fatal(err)
	}
	h.attackers = nil // the friend stays
	time.Sleep(time.Second)
	return h
}

// found gives the target the base chain.
func (h *harness) found() {
	h.t.Helper()
	parent, begun := h.params.Genesis(), time.Now().Add(-baseBlocks*chaintest.BlockInterval)
	for i := range baseBlocks {
		at := begun.Add(time.Duration(i) * chaintest.BlockInterval).Truncate(time.Second)
		h.base = append(h.base, h.block(parent, chaintest.At(at), chaintest.PayTo(h.key.P2WPKH())))
		parent = h.base[i].Node
		if err := h.target.Swarm.SubmitBlock(h.t.Context(), h.base[i].Block); err != nil {
			h.t.Fatal(err)
		}
	}
}

func knows(r *runningNode) setting {
	return func(c *node.Config) { c.AddNode = append(c.AddNode, r.addr) }
}

// chooses lets the target dial the honest node: attackers come in, they are not
// chosen.
func chooses(c *node.Config) { c.AddNode = []string{honestIP + ":18444"} }

// open starts a whole node at ip.
func (h *harness) open(ip string, settings ...setting) *runningNode {
	h.t.Helper()
	h.opened++
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], h.seed)
	binary.LittleEndian.PutUint64(seed[8:], h.opened)
	cfg := node.Config{
		Params: h.params, DataDir: h.t.TempDir(), Listen: ip + ":18444",
		TxIndex: true, Version: "test", Net: h.net.Host(ip), NoSync: true,
		Rand: rand.NewChaCha8(seed),
	}
	if os.Getenv("LOG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", ip)
	}
	for _, s := range settings {
		s(&cfg)
	}
	return start(h.t, cfg)
}

func start(t *testing.T, cfg node.Config) *runningNode {
	t.Helper()
	n, err := node.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	<-n.Ready()
	r := &runningNode{Node: n, addr: cfg.Listen, stop: sync.OnceValue(func() error {
		cancel()
		return <-done
	})}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("%s ended with %v", r.addr, err)
		}
	})
	return r
}

// connectFrom connects an attacker; it has said nothing yet.
func (h *harness) connectFrom(ip string) *hostile.Peer {
	h.t.Helper()
	p, err := hostile.Dial(h.t.Context(), h.net.Host(ip), h.target.addr, h.params.Net)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { p.Close() })
	h.attackers = append(h.attackers, p)
	return p
}

// attacker connects the i-th attacker, each from an address of its own, and greets.
func (h *harness) attacker(i int, then ...wire.Message) *hostile.Peer {
	h.t.Helper()
	p := h.connectFrom(attackerIP(i))
	if err := p.Greet(hostile.Version(), then...); err != nil {
		h.t.Fatalf("attacker %d: %v", i, err)
	}
	return p
}

func attackerIP(i int) string { return fmt.Sprintf("66.%d.%d.%d", i/62500, i/250%250, i%250+1) }

// door lets in whoever dials addr; meet greets them.
func (h *harness) door(addr string, meet func(*hostile.Peer)) {
	h.t.Helper()
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		h.t.Fatal(err)
	}
	l, err := h.net.Host(host).Listen(h.t.Context(), netip.MustParseAddrPort(addr))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			meet(hostile.New(conn, h.params.Net))
		}
	}()
}

// falls fails unless the target ends this connection in time.
func (h *harness) falls(p *hostile.Peer, within time.Duration, what string) {
	h.t.Helper()
	select {
	case <-p.Gone():
	case <-time.After(within):
		h.t.Errorf("%s: still connected after %v", what, within)
	}
}

// stays fails if the target has ended this connection, or does not answer on it.
func (h *harness) stays(p *hostile.Peer, what string) {
	h.t.Helper()
	if err := ping(p, 2*time.Second); err != nil {
		h.t.Errorf("%s: %v", what, err)
	}
}

func ping(p *hostile.Peer, within time.Duration) error {
	var nonce [8]byte
	binary.LittleEndian.PutUint64(nonce[:], 4711)
	if err := p.Raw("ping", nonce[:]); err != nil {
		return err
	}
	_, err := p.Await("pong", within)
	return err
}

// watch pings the target all the time, until the attack is over.
func (h *harness) watch() (over func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if err := ping(h.friend, pingMost); err != nil {
				h.t.Errorf("an honest peer's ping: %v", err)
				return
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	over = sync.OnceFunc(func() { close(stop); <-done })
	h.t.Cleanup(over)
	return over
}

// served fails unless fresh blocks travel between the target and the honest
// node, both ways.
func (h *harness) served() {
	h.t.Helper()
	for _, from := range []*runningNode{h.target, h.honest} {
		m := h.mine(from)
		h.within(blockMost, "a fresh block of "+from.addr+" is everywhere", func() bool {
			return h.target.Ledger.Tip().Hash == m.Node.Hash && h.agreed()
		})
	}
}

// mine makes a block on a node's own tip and gives it to it.
func (h *harness) mine(at *runningNode, opts ...chaintest.Option) chaintest.Mined {
	h.t.Helper()
	m := h.block(at.Ledger.Tip(), opts...)
	if err := at.Swarm.SubmitBlock(h.t.Context(), m.Block); err != nil {
		h.t.Errorf("%s refused a fresh block: %v", at.addr, err)
	}
	return m
}

// block makes a block that differs from all others, as early as the rules allow:
// many in a row do not reach the future.
func (h *harness) block(parent *chain.HeaderNode, opts ...chaintest.Option) chaintest.Mined {
	h.mined++
	first := []chaintest.Option{chaintest.Extra(h.mined), chaintest.At(time.Unix(parent.MedianTimePast()+1, 0))}
	return chaintest.Mine(h.t, h.params, parent, append(first, opts...)...)
}

// branch makes n blocks in a row, all different from all others.
func (h *harness) branch(parent *chain.HeaderNode, n int) []chaintest.Mined {
	ms := make([]chaintest.Mined, 0, n)
	for range n {
		m := h.block(parent)
		ms, parent = append(ms, m), m.Node
	}
	return ms
}

func nodes(ms []chaintest.Mined) []*chain.HeaderNode {
	ns := make([]*chain.HeaderNode, len(ms))
	for i, m := range ms {
		ns[i] = m.Node
	}
	return ns
}

// coin is the i-th coin of the base chain that can be spent.
func (h *harness) coin(i int) chaintest.Coin { return h.base[i].Coinbase(h.key) }

func (h *harness) tip() *chain.HeaderNode { return h.target.Ledger.Tip() }

func (h *harness) agreed() bool { return h.target.Ledger.Tip().Hash == h.honest.Ledger.Tip().Hash }

// within waits in virtual time until ok says yes.
func (h *harness) within(d time.Duration, what string, ok func() bool) {
	h.t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within %v: %s", d, what)
		}
	}
}

func (h *harness) everybodyLeaves() { h.everybodyLeavesBut(0) }

// everybodyLeavesBut leaves the first n attackers.
func (h *harness) everybodyLeavesBut(n int) {
	for _, p := range h.attackers[n:] {
		p.Close()
	}
	h.attackers = h.attackers[:n]
}

// settles fails unless all that the attackers made has gone again.
func (h *harness) settles(before footprint) {
	h.t.Helper()
	var now footprint
	for end := time.Now().Add(leaveMost); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		now = measure(h.net)
		if now.goroutines <= before.goroutines && now.connections <= before.connections {
			if here, known := len(h.target.Swarm.Peers()), h.target.Swarm.Status().Peers; here != known {
				h.t.Errorf("%d peers are here, the conversation goes on with %d", here, known)
			}
			return
		}
	}
	buf := make([]byte, 1<<20)
	h.t.Errorf("%v after the attacker has left: %d goroutines and %d connections, before it came %d and %d\n%s",
		leaveMost, now.goroutines, now.connections, before.goroutines, before.connections, buf[:runtime.Stack(buf, true)])
}

// footprint is what a process holds.
type footprint struct {
	heap        int64
	goroutines  int
	connections int
}

func measure(net *simnet.Net) footprint {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return footprint{heap: int64(m.HeapAlloc), goroutines: runtime.NumGoroutine(), connections: net.Connections()}
}

func TestPeace(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) { h.stays(h.attacker(1), "an honest peer") })
}
