package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// later moves synctest's year 2000 past every block of the tests.
const later = 15 * 365 * 24 * time.Hour

func now() time.Time { return time.Now().Add(later) }

// node is a swarm with a backend that takes everything for valid whose parent it has.
type node struct {
	*swarm.Swarm
	t    testing.TB
	addr string

	txs    chan p2p.ValidateTx
	blocks chan p2p.ValidateBlock
	waits  map[chain.Hash]*chain.HeaderNode // stored, by their parent

	mu   sync.Mutex
	tip  *chain.HeaderNode
	body map[chain.Hash][]byte
	pool map[chain.Hash]bool

	end func() error
}

// setting is a change of a node's Config.
type setting func(*swarm.Config)

func knows(addr string) setting {
	return func(c *swarm.Config) { c.AddNode = append(c.AddNode, addr) }
}

func connects(addr string) setting {
	return func(c *swarm.Config) { c.Connect = append(c.Connect, addr) }
}

// start runs a node at 10.0.0.i:18444 until end is called or the test is over.
func start(t testing.TB, net *simnet.Net, i int, settings ...setting) *node {
	t.Helper()
	ip := fmt.Sprintf("10.0.0.%d", i)
	return startOn(t, net.Host(ip), ip+":18444", settings...)
}

func startOn(t testing.TB, net p2p.Network, addr string, settings ...setting) *node {
	t.Helper()
	p := chain.RegTest()
	seed := uint64(0) // nodes of one seed would take each other for themselves
	for _, c := range addr {
		seed = seed*31 + uint64(c)
	}
	n := &node{
		t: t, addr: addr,
		txs:    make(chan p2p.ValidateTx, gossip.MaxTxsValidating),
		blocks: make(chan p2p.ValidateBlock, 4096), waits: map[chain.Hash]*chain.HeaderNode{},
		tip:  p.Genesis(),
		body: map[chain.Hash][]byte{},
		pool: map[chain.Hash]bool{},
	}
	book, err := addrbook.Open(addrbook.Config{Now: now, Rand: rand.New(rand.NewPCG(seed, 1)), Local: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := swarm.Config{
		Params: p, Net: net, Listen: addr,
		State: gossip.New(gossip.Config{
			Params: p, Headers: []*chain.HeaderNode{n.tip}, Tip: n.tip, Rand: rand.New(rand.NewPCG(seed, 2)),
		}),
		RawBlock:      n.raw,
		ValidateTx:    n.txs,
		ValidateBlock: func(j p2p.ValidateBlock) { n.blocks <- j },
		StoreHeaders:  func([]*chain.HeaderNode) {},
		Book:          book,
		UserAgent:     "/test:0/",
		Have:          true,
		Rand:          rand.New(rand.NewPCG(seed, 3)),
		Now:           now,
	}
	if os.Getenv("LOG") != "" {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("node", addr)
	}
	for _, s := range settings {
		s(&cfg)
	}
	if n.Swarm, err = swarm.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	var backend sync.WaitGroup
	backend.Go(func() { n.validate(ctx) })
	go func() { ended <- n.Run(ctx) }()
	n.end = sync.OnceValue(func() error {
		cancel()
		backend.Wait()
		return <-ended
	})
	t.Cleanup(func() {
		if err := n.end(); err != nil {
			t.Errorf("%s ended with %v", addr, err)
		}
	})
	<-n.Ready()
	return n
}

func (n *node) raw(to []byte, h chain.Hash) ([]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if b, ok := n.body[h]; ok {
		return append(to, b...), nil
	}
	return nil, errors.New("not found")
}

func (n *node) validate(ctx context.Context) {
	for {
		var evs []gossip.Event
		select {
		case j := <-n.txs:
			evs = []gossip.Event{gossip.TxIn{PoolTx: chain.PoolTx{Tx: j.Tx, Fee: 1000}}, gossip.TxVerdict{Tx: j.Tx}}
			n.mu.Lock()
			n.pool[j.Tx.ID] = true
			n.mu.Unlock()
		case j := <-n.blocks:
			evs = n.validateBlock(j)
		case <-ctx.Done():
			return
		}
		if err := n.Deliver(ctx, evs...); err != nil && ctx.Err() == nil {
			n.t.Errorf("%s: deliver: %v", n.addr, err)
		}
	}
}

func (n *node) validateBlock(j p2p.ValidateBlock) []gossip.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.body[j.Block.Hash] = j.Block.Raw
	n.waits[j.Node.Parent.Hash] = j.Node
	if j.Node.Parent != n.tip {
		return []gossip.Event{gossip.BodyStored{Node: j.Node}, gossip.BlockVerdict{Node: j.Node, Err: chain.ErrInconclusive}}
	}
	for next := j.Node; next != nil; next = n.waits[next.Hash] {
		n.tip = next
	}
	return []gossip.Event{gossip.BodyStored{Node: j.Node}, gossip.TipChanged{Tip: n.tip}, gossip.BlockVerdict{Node: j.Node}}
}

// connect opens a connection as people ask for one (addnode onetry), and waits for all
// handshakes.
func (n *node) connect(addr string) error {
	err := n.Open(n.t.Context(), swarm.Opening{To: addr, Kind: p2p.Manual})
	if err == nil {
		eventually(n.t, "all have greeted", func() bool { return len(n.Peers()) == len(n.Connections()) })
	}
	return err
}

func (n *node) height() int32 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.tip.Height
}

func (n *node) has(txid chain.Hash) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pool[txid]
}

// addrsSaid is how many bytes of addresses all have said to their peers.
func addrsSaid(nodes []*node) (sum uint64) {
	for _, n := range nodes {
		for _, p := range n.Peers() {
			sum += p.SentPerMsg["addrv2"]
		}
	}
	return sum
}

// at is an address that a test has written.
func at(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// subnet is a part of the network that can be read.
func subnet(s string) p2p.Subnet {
	n, ok := p2p.ParseSubnet(s)
	if !ok {
		panic("not a subnet: " + s)
	}
	return n
}

// eventually waits until ok holds, at most a minute.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// inVirtualTime runs a test in virtual time; synctest fails it when a goroutine is left.
func inVirtualTime(t *testing.T, f func(t *testing.T, net *simnet.Net)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		net := simnet.New(simnet.Config{Latency: 5 * time.Millisecond})
		t.Cleanup(func() {
			if c := net.Connections(); c != 0 {
				t.Errorf("%d connections were left open", c)
			}
		})
		f(t, net)
	})
}

var _ = wire.MsgTx{}
