package swarm_test

import (
	"context"
	"errors"
	"fmt"
	stdnet "net"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

func TestTwoNodesShareATransactionAndABlock(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, connects("10.0.0.99:1")) // it dials nobody back
		b := start(t, net, 2, knows(a.addr))
		eventually(t, "both connected", func() bool { return len(a.Peers()) == 1 && len(b.Peers()) == 1 })

		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		if err := b.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the block is at the other", func() bool { return a.height() == 1 })

		tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
		if err := a.SubmitTx(t.Context(), tx); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the transaction is at the other", func() bool { return b.has(tx.ID) })

		p := b.Peers()[0]
		if p.Inbound() || p.Kind != p2p.Manual || p.Addr != a.addr || !p.WTxIDRelay || !p.AddrV2 || p.UserAgent != "/test:0/" {
			t.Errorf("peer of b: %+v", p)
		}
		if p.Ping < 10*time.Millisecond || p.Ping > 50*time.Millisecond {
			t.Errorf("ping %v, the network's round trip is 10ms", p.Ping)
		}
		sum := uint64(0)
		for _, n := range p.SentPerMsg {
			sum += n
		}
		if sum != p.BytesSent || p.SentPerMsg["block"]+p.SentPerMsg["cmpctblock"] == 0 {
			t.Errorf("sent %d bytes: %v", p.BytesSent, p.SentPerMsg)
		}
		if tot := b.Totals(); tot.BytesSent != p.BytesSent || tot.BytesRecv != p.BytesRecv {
			t.Errorf("totals %+v, the only peer %d and %d", tot, p.BytesSent, p.BytesRecv)
		}
	})
}

func TestNodesThatKnowOneAddressFindEachOther(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		nodes := []*node{start(t, net, 1)}
		for i := 2; i <= 5; i++ {
			nodes = append(nodes, start(t, net, i, knows(nodes[0].addr)))
		}
		eventually(t, "each knows all others", func() bool {
			for _, n := range nodes {
				if len(n.Peers()) < len(nodes)-1 {
					return false
				}
			}
			return true
		})
		time.Sleep(time.Minute)
		for _, n := range nodes {
			if c := len(n.Peers()); c != len(nodes)-1 {
				t.Errorf("%s has %d connections to %d others", n.addr, c, len(nodes)-1)
				for _, p := range n.Peers() {
					t.Logf("  %s in=%v manual=%v listens=%s", p.Addr, p.Inbound(), p.Kind == p2p.Manual, p.Listens)
				}
			}
		}
	})
}

func TestTwoNodesNeedOneConnection(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		var nodes []*node
		for i := 1; i <= 6; i++ {
			var everybody []setting
			for j := 1; j <= 6; j++ {
				if j != i {
					everybody = append(everybody, knows(fmt.Sprintf("10.0.0.%d:18444", j)))
				}
			}
			nodes = append(nodes, start(t, net, i, everybody...))
		}
		time.Sleep(time.Minute)
		for _, n := range nodes {
			if c := len(n.Peers()); c != 5 {
				t.Errorf("%s has %d connections to 5 others", n.addr, c)
			}
			for _, p := range n.Peers() {
				if d := now().Sub(p.Connected); d < 50*time.Second {
					t.Errorf("%s: connection of %v only", n.addr, d)
				}
			}
		}
	})
}

func TestEncryptedWithWhoKnowsItAndPlainWithTheRest(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		encrypt := func(c *swarm.Config) { c.Encrypt = true }
		plain := start(t, net, 1, connects("10.0.0.99:1"))
		a := start(t, net, 2, encrypt, connects("10.0.0.99:1"))
		b := start(t, net, 3, encrypt, connects(a.addr), connects(plain.addr))
		time.Sleep(2 * time.Second)
		transports := func() map[string]int {
			got := map[string]int{}
			for _, p := range b.Peers() {
				got[p.Addr] = p.Transport
			}
			return got
		}
		if got := transports(); got[a.addr] != 2 || got[plain.addr] != 1 {
			t.Errorf("transports of %v", got)
		}
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		if err := a.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the block is at the plain node", func() bool { return plain.height() == 1 })
		if err := b.Disconnect(plain.addr); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		eventually(t, "connected again", func() bool { return transports()[plain.addr] == 1 })
		if d := time.Since(begun); d > 500*time.Millisecond {
			t.Errorf("took %v: the plain node was not remembered", d)
		}
	})
}

func TestConnectMeansTheseAndNoOthers(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1)
		start(t, net, 2, knows(a.addr))
		c := start(t, net, 3, connects(a.addr))
		time.Sleep(time.Minute)
		for _, p := range c.Peers() {
			if !p.Inbound() && p.Addr != a.addr {
				t.Errorf("dialled %s", p.Addr)
			}
		}
	})
}

func TestAnAddedNodeIsDialledUntilItIsThere(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, knows("10.0.0.2:18444"))
		time.Sleep(30 * time.Second)
		b := start(t, net, 2)
		eventually(t, "connected", func() bool { return len(a.Peers()) == 1 })
		if err := b.end(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "noticed", func() bool { return len(a.Peers()) == 0 })
		start(t, net, 2)
		eventually(t, "connected again", func() bool { return len(a.Peers()) == 1 })
	})
}

func TestCallsAreAnsweredWhenTheSwarmStops(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) { c.ValidateTx = make(chan p2p.ValidateTx) })
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
		got := make(chan error)
		go func() { got <- n.SubmitTx(context.Background(), tx) }()
		time.Sleep(time.Second)
		if err := n.end(); err != nil {
			t.Error(err)
		}
		if err := <-got; !errors.Is(err, chain.ErrShutdown) {
			t.Errorf("the transaction under way: %v", err)
		}
		if err := n.SubmitTx(context.Background(), tx); !errors.Is(err, chain.ErrShutdown) {
			t.Errorf("a later one: %v", err)
		}
		if err := n.Deliver(context.Background()); err != nil {
			t.Errorf("delivering nothing: %v", err)
		}
		if n.Peers() != nil {
			t.Error("peers after the end")
		}
	})
}

func TestConnectAddRemoveDisconnect(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a, b := start(t, net, 1, func(c *swarm.Config) { c.Connect = []string{"10.0.0.99"} }), start(t, net, 2, connects("10.0.0.99"))
		if err := a.connect(b.addr); err != nil {
			t.Fatal(err)
		}
		if err := a.connect(b.addr); err != nil {
			t.Errorf("connecting twice: %v", err)
		}
		if err := a.connect("10.0.0.77"); err == nil {
			t.Error("connected to nobody")
		}
		if n := len(a.Peers()); n != 1 {
			t.Fatalf("%d peers", n)
		}
		if err := a.Disconnect("10.0.0.55"); !errors.Is(err, swarm.ErrNotConnected) {
			t.Errorf("disconnecting a stranger: %v", err)
		}
		if err := a.Disconnect("10.0.0.2"); err != nil {
			t.Error(err)
		}
		eventually(t, "disconnected", func() bool { return len(a.Peers())+len(b.Peers()) == 0 })
		if err := a.AddNode("10.0.0.2", false); err != nil {
			t.Error(err)
		}
		if err := a.AddNode(b.addr, false); !errors.Is(err, swarm.ErrNodeAdded) {
			t.Errorf("adding twice: %v", err)
		}
		eventually(t, "connected", func() bool { return len(a.Peers()) == 1 })
		if err := a.RemoveNode(b.addr); err != nil {
			t.Error(err)
		}
		if err := a.RemoveNode(b.addr); !errors.Is(err, swarm.ErrNodeNotAdded) {
			t.Errorf("removing twice: %v", err)
		}
		a.DisconnectNumber(a.Peers()[0].Number)
		time.Sleep(time.Minute)
		if len(a.Peers()) != 0 {
			t.Error("a removed node came back")
		}
	})
}

func TestTheBannedHaveToGo(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1)
		b := start(t, net, 2, knows(a.addr))
		c := start(t, net, 3, knows(a.addr))
		eventually(t, "connected", func() bool { return len(a.Peers()) == 2 && len(c.Peers()) == 2 })
		if err := a.SetBan(subnet("10.0.0.2"), now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, p := range a.Peers() {
			if p.Addr != c.addr && p.Listens != c.addr {
				t.Errorf("still connected: %s", p.Addr)
			}
		}
		if len(b.Peers()) != 1 {
			t.Errorf("b has %d peers, c alone is left", len(b.Peers()))
		}
		time.Sleep(time.Hour)
		eventually(t, "connected again", func() bool { return len(a.Peers()) == 2 })
	})
}

func TestOurAddressIsSaidOnceADay(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, connects("10.0.0.99:1"))
		b := start(t, net, 2, connects(a.addr))
		eventually(t, "connected", func() bool { return len(b.Peers()) == 1 })
		said := func() uint64 { return b.Peers()[0].SentPerMsg["addrv2"] }
		time.Sleep(time.Second)
		once := said()
		time.Sleep(25 * time.Hour)
		if n := said(); once == 0 || n != 2*once {
			t.Errorf("%d bytes of addresses at first, %d a day later", once, n)
		}
	})
}

// Ten addresses come one by one to a node of a local network in which everybody is
// connected to everybody. All hear of them within two seconds, and nobody is told each by
// each neighbour.
func TestLocallyFreshAddressesGoRoundTogether(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		const others, fresh = 11, 10
		var nodes []*node
		var books []*addrbook.Book
		for i := 1; i <= 1+others; i++ {
			all := []setting{func(c *swarm.Config) { books = append(books, c.Book) }, connects("10.0.0.99:1")}
			for j := 1; j < i; j++ {
				all = append(all, connects(fmt.Sprintf("10.0.0.%d:18444", j)))
			}
			nodes = append(nodes, start(t, net, i, all...))
			time.Sleep(19 * time.Millisecond) // they do not think at the same moments
		}
		eventually(t, "all are connected", func() bool { return len(nodes[0].Peers()) == others && len(nodes[others].Peers()) == others })
		time.Sleep(time.Minute)
		before := addrsSaid(nodes)
		s, err := visit(t, net, 1, nodes[0])
		if err != nil {
			t.Fatal(err)
		}
		for i := range fresh {
			m := &wire.MsgAddrV2{AddrList: []*wire.NetAddressV2{wire.NetAddressV2FromBytes(now(), 9, stdnet.IPv4(10, 1, 1, byte(i)), 18444)}}
			if err := s.say(m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		for i, b := range books {
			have := 0
			for _, a := range b.All() {
				if a.At.Addr().As4()[1] == 1 {
					have++
				}
			}
			if have != fresh {
				t.Errorf("node %d knows %d of %d addresses", i, have, fresh)
			}
		}
		const one = 24 + 1 + 4 + 1 + 1 + 1 + 4 + 2 // bytes of a message with one address
		if each := uint64(fresh * (others + others*(others-1)) * one); addrsSaid(nodes)-before > each/3 {
			t.Errorf("%d bytes were said; each address by itself, by each to all, takes %d", addrsSaid(nodes)-before, each)
		}
	})
}
