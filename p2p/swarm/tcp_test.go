package swarm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
)

// loopback runs a node on the machine's own network.
func loopback(t testing.TB, settings ...setting) *node {
	settings = append(settings, func(c *swarm.Config) { c.Rand = rand.New(rand.NewPCG(rand.Uint64(), 0)) })
	n := startOn(t, swarm.TCP{}, "127.0.0.1:0", settings...)
	n.addr = n.Addr().String()
	return n
}

func TestALineOfNodesOverTCP(t *testing.T) {
	line := []*node{loopback(t, connects("127.0.0.1:1"))} // nobody is there: it dials no others
	for range 3 {
		line = append(line, loopback(t, connects(line[len(line)-1].addr)))
	}
	for i, n := range line {
		want := 2 - b2i(i == 0) - b2i(i == len(line)-1)
		eventually(t, "the line stands", func() bool { return len(n.Peers()) == want })
	}
	first, last := line[0], line[len(line)-1]
	p := chain.RegTest()
	blocks := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(120))
	var took []time.Duration
	for _, m := range blocks {
		begun := time.Now()
		if err := first.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		for last.height() < m.Node.Height {
			time.Sleep(100 * time.Microsecond)
			if time.Since(begun) > time.Minute {
				t.Fatal("a block did not reach the last node")
			}
		}
		took = append(took, time.Since(begun))
	}
	t.Logf("a block, first to last of four: median %v, worst %v", median(took), slices.Max(took))
	took = nil
	for _, m := range blocks[:20] {
		tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
		begun := time.Now()
		if err := first.SubmitTx(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		for !last.has(tx.ID) {
			time.Sleep(100 * time.Microsecond)
			if time.Since(begun) > time.Minute {
				t.Fatal("a transaction did not reach the last node")
			}
		}
		took = append(took, time.Since(begun))
	}
	t.Logf("a transaction, first to last of four: median %v, worst %v", median(took), slices.Max(took))
	if m := median(took); m > time.Second {
		t.Errorf("median %v", m)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func TestAPortInUseIsSaid(t *testing.T) {
	n := loopback(t)
	book, err := addrbook.Open(addrbook.Config{Rand: rand.New(rand.NewPCG(1, 1)), Local: true})
	if err != nil {
		t.Fatal(err)
	}
	p := chain.RegTest()
	s, err := swarm.New(swarm.Config{
		Params: p, Net: swarm.TCP{}, Listen: n.addr, Book: book, Rand: rand.New(rand.NewPCG(1, 2)),
		State:         gossip.New(gossip.Config{Params: p, Headers: []*chain.HeaderNode{p.Genesis()}, Rand: rand.New(rand.NewPCG(1, 3))}),
		RawBlock:      func([]byte, chain.Hash) ([]byte, error) { return nil, errors.New("none") },
		ValidateTx:    make(chan p2p.ValidateTx, 1),
		ValidateBlock: func(p2p.ValidateBlock) {},
		StoreHeaders:  func([]*chain.HeaderNode) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	var op *net.OpError
	if err := s.Run(context.Background()); !errors.As(err, &op) || op.Op != "listen" {
		t.Errorf("err = %v", err)
	}
	if err := s.SubmitTx(context.Background(), nil); !errors.Is(err, chain.ErrShutdown) {
		t.Errorf("a call after that: %v", err)
	}
}

func TestANodeKnownByNameIsNotDialledByNumberToo(t *testing.T) {
	a := loopback(t, connects("127.0.0.1:1"))
	_, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	b := loopback(t, knows("localhost:"+port), func(c *swarm.Config) { c.Lookup = lookLocal })
	eventually(t, "connected", func() bool { return len(b.Peers()) == 1 })
	time.Sleep(2 * time.Second) // a tells its own address meanwhile
	if n := len(b.Peers()); n != 1 {
		t.Errorf("%d connections to one node", n)
	}
}

// One peer under two names gets one connection, as in Core, whichever is tried first,
// and both are connected; asked for once more, none is made.
func TestAPeerOfTwoNamesGetsOneConnection(t *testing.T) {
	a := loopback(t, connects("127.0.0.1:1"))
	_, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"localhost:" + port, "127.0.0.1:" + port}
	for _, order := range [][]string{{names[0], names[1]}, {names[1], names[0]}} {
		b := loopback(t, knows(order[0]), knows(order[1]), func(c *swarm.Config) { c.Lookup = lookLocal })
		connected := func() (n int) {
			for _, x := range b.AddedNodes() {
				n += b2i(x.Peer != nil)
			}
			return n
		}
		eventually(t, "both names are connected", func() bool { return connected() == 2 })
		for _, name := range order {
			if err := b.connect(name); err != nil {
				t.Errorf("onetry of %s: %v", name, err)
			}
		}
		if n := len(b.Peers()); n != 1 {
			t.Errorf("%v: %d connections to one node", order, n)
		}
		if err := b.Disconnect(names[1]); err != nil {
			t.Error(err)
		}
		eventually(t, "both names are connected again", func() bool { return connected() == 2 && len(b.Peers()) == 1 })
		if err := b.end(); err != nil {
			t.Fatal(err)
		}
	}
}

// lookLocal knows where localhost is.
func lookLocal(_ context.Context, host string) ([]netip.Addr, error) {
	if host != "localhost" {
		return nil, errors.New("no such host")
	}
	return []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")}, nil
}
