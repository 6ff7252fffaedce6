package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	stdnet "net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// grows gives a node a chain of so many blocks, of ten thousand bytes each.
func grows(t *testing.T, n *node, blocks int) {
	t.Helper()
	for _, m := range chaintest.Grow(t, chain.RegTest(), chain.RegTest().Genesis(), chaintest.Times(blocks), chaintest.Tamper(func(m *wire.MsgBlock) {
		m.Transactions[0].AddTxOut(wire.NewTxOut(0, make([]byte, 10_000)))
	})) {
		if err := n.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
	}
}

// newcomer starts 10.0.0.1, which is told of others and has much to sync, two blocks a second: from 10.0.0.2, which dials it.
func newcomer(t *testing.T, net *simnet.Net, blocks int, settings ...setting) *node {
	t.Helper()
	n := start(t, net, 1, settings...)
	source := start(t, net, 2, func(c *swarm.Config) { c.DialNobody, c.MaxUpload = true, 20_000 })
	grows(t, source, blocks)
	if err := source.AddNode(n.addr, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it syncs", func() bool { return n.Status().Syncing })
	return n
}

// quiet starts nodes that dial nobody, from 10.0.0.first on.
func quiet(t *testing.T, net *simnet.Net, first, count int) {
	t.Helper()
	for i := range count {
		start(t, net, first+i, func(c *swarm.Config) { c.DialNobody = true })
	}
}

// told is a node that is told of those from 10.0.0.first on, but for itself.
func told(first, count int) setting {
	return func(c *swarm.Config) {
		for i := range count {
			if to := fmt.Sprintf("10.0.0.%d:18444", first+i); to != c.Listen {
				c.AddNode = append(c.AddNode, to)
			}
		}
	}
}

// within waits for ok for so long, in which the newcomer does not cease to sync.
func (n *node) within(d time.Duration, what string, ok func() bool) {
	n.t.Helper()
	for until := time.Now().Add(d); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			n.t.Errorf("not within %v: %s", d, what)
			break
		}
	}
	if !n.Status().Syncing {
		n.t.Error("it has synced meanwhile")
	}
}

// reaches says whether there is a connection to 10.0.0.i that we have dialled.
func (n *node) reaches(i int) bool {
	for _, p := range n.Peers() {
		if !p.Inbound() && p.Addr == fmt.Sprintf("10.0.0.%d:18444", i) {
			return true
		}
	}
	return false
}

// Enough connections are none to the node that is named first, which may alone have all of the chain, nor to one that people name now.
func TestWhoIsNamedFirstOrNowIsDialledThoughANewcomerSyncs(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		quiet(t, net, 60, 10)
		n := newcomer(t, net, 60, told(50, 1), told(60, 10)) // nobody is at 10.0.0.50 yet
		time.Sleep(2 * time.Second)
		quiet(t, net, 50, 1)
		n.within(6*time.Second, "who is named first is connected", func() bool { return n.reaches(50) })
		quiet(t, net, 51, 1)
		if err := n.AddNode("10.0.0.51", false); err != nil {
			t.Fatal(err)
		}
		n.within(time.Second, "who is named now is connected", func() bool { return n.reaches(51) })
	})
}

// Strangers who have dialled a newcomer, and say that they listen, do not keep it with them alone.
func TestStrangersAreNotEnoughForANewcomer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := newcomer(t, net, 60, told(50, 9)) // nobody is there yet
		for i := range 10 {
			start(t, net, 60+i, connects(n.addr))
		}
		time.Sleep(2 * time.Second)
		quiet(t, net, 51, 8)
		n.within(8*time.Second, "half of enough targets are connected", func() bool {
			reached := 0
			for i := range 9 {
				if n.reaches(50 + i) {
					reached++
				}
			}
			return reached >= 4
		})
	})
}

// guarded is a network with somebody who is asked before each dial.
type guarded struct {
	p2p.Network
	ask func(context.Context, netip.AddrPort) error
}

func (g guarded) Dial(ctx context.Context, to netip.AddrPort) (stdnet.Conn, error) {
	if err := g.ask(ctx, to); err != nil {
		return nil, err
	}
	return g.Network.Dial(ctx, to)
}

// Targets that do not answer are no connections with which a newcomer is content.
func TestSilentTargetsAreNotEnoughForANewcomer(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		const silent = 20
		var mu sync.Mutex
		asked := map[netip.AddrPort]bool{}
		n := newcomer(t, net, 60, told(50, silent), func(c *swarm.Config) {
			c.Net = guarded{net.Host("10.0.0.1"), func(ctx context.Context, to netip.AddrPort) error {
				mu.Lock()
				asked[to] = to.Addr() != at("10.0.0.2:18444").Addr() // the source is dialled by choice
				mu.Unlock()
				<-ctx.Done()
				return ctx.Err()
			}}
		})
		n.within(8*time.Second, "all targets are dialled", func() bool {
			mu.Lock()
			defer mu.Unlock()
			dialled := 0
			for _, target := range asked {
				if target {
					dialled++
				}
			}
			return dialled == silent
		})
	})
}

// Who says to be a target is doubted after half a minute (TestT65_AnImpostorIsNotShownAsATargetForGood), also by a newcomer
// that has enough connections: else it would be shown as missing until the sync is over.
func TestWhoSaysToBeATargetIsDialledThoughANewcomerSyncs(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		begun := time.Now()
		quiet(t, net, 60, 9)
		n := newcomer(t, net, 120, told(60, 9), told(50, 1), func(c *swarm.Config) {
			c.Net = guarded{net.Host("10.0.0.1"), func(_ context.Context, to netip.AddrPort) error {
				if to == at("10.0.0.50:18444") && time.Since(begun) < 5*time.Second {
					return errors.New("not yet") // it is to come to us first
				}
				return nil
			}}
		})
		start(t, net, 50, connects(n.addr))
		time.Sleep(38 * time.Second)
		n.within(time.Second, "it is shown", func() bool { return n.AddedNodes()[9].Peer != nil })
	})
}

// Where a local network is treated as a public one, a node takes itself to be syncing until there is a young block. That is no reason
// to wait for anybody while there is nothing to fetch.
func TestNodesOfANetworkWithoutBlocksDialAll(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		const others = 20
		quiet(t, net, 50, others)
		n := start(t, net, 1, told(50, others), func(c *swarm.Config) {
			genesis := c.Params.Genesis()
			c.State = gossip.New(gossip.Config{
				Params: c.Params, Headers: []*chain.HeaderNode{genesis}, Tip: genesis, Rand: rand.New(rand.NewPCG(1, 2)),
				Manners: gossip.Manners{Reserved: true},
			})
		})
		n.within(10*time.Second, "all are connected", func() bool { return len(n.Peers()) == others })
	})
}
