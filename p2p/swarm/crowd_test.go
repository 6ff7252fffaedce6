package swarm_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// A crowd that starts together, as `testnet up --nodes 64` does: all know one node and
// connect to it.
const crowd = 24

// hubOf starts a node and a crowd around it, ten of them a second.
func hubOf(t *testing.T, net *simnet.Net) (hub *node, others []*node) {
	hub = start(t, net, 1)
	for i := range crowd {
		others = append(others, start(t, net, 2+i, connects(hub.addr)))
		time.Sleep(100 * time.Millisecond)
	}
	return hub, others
}

// Whoever has dialled us says where it listens, and we do not dial there at once: most
// of those connections would be closed as soon as it is known that they are second ones.
// By and by each such address is dialled, for it may be another's.
func TestClaimedAddressesAreDialledByAndBy(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		hub, _ := hubOf(t, net)
		made, proven := connections(hub)
		const atOnce, meanwhile = 8, 2 // and one more every other second
		if made > crowd+atOnce+meanwhile {
			t.Errorf("%d connections of %d nodes with one", made, crowd)
		}
		if proven < atOnce {
			t.Errorf("%d of %d nodes have proven where they listen; %d at least are asked at once", proven, crowd, atOnce)
		}
		eventually(t, "all have proven where they listen", func() bool { _, k := connections(hub); return k == crowd })
	})
}

// connections is how many a node has had, and how many of its peers are known to listen where they say.
func connections(n *node) (made int64, proven int) {
	for _, p := range n.Peers() {
		made = max(made, p.Number+1)
		if p.Proven {
			proven++
		}
	}
	return made, proven
}

// With many peers, addresses that are new go to each of them in few messages.
func TestAddressesAreGatheredForACrowd(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		hub := start(t, net, 1)
		for i := range crowd {
			start(t, net, 2+i, connects(hub.addr))
		}
		time.Sleep(10 * time.Second)
		s, err := visit(t, net, 1, hub)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range crowd { // new ones, for two and a half seconds
			start(t, net, 2+crowd+i, connects(hub.addr))
			time.Sleep(100 * time.Millisecond)
		}
		time.AfterFunc(5*time.Second, func() { s.Close() })
		told, messages := map[netip.AddrPort]bool{}, 0
		for {
			m, ok := s.await("addr")
			if !ok {
				break
			}
			messages++
			for _, a := range m.(*wire.MsgAddr).AddrList {
				ip, _ := netip.AddrFromSlice(a.IP.To4())
				told[netip.AddrPortFrom(ip, a.Port)] = true
			}
		}
		for i := range crowd {
			if a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(2 + crowd + i)}), 18444); !told[a] {
				t.Errorf("%v was not told", a)
			}
		}
		if messages > 9 {
			t.Errorf("%d addresses came in %d messages", len(told), messages)
		}
	})
}

// Nodes that are each told of all others connect once to each, most of them: who has been dialled by a target
// does not dial it at once. By and by it does, for the other may be somebody else.
func TestTwoThatAreToConnectToEachOtherDoSoOnce(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		const nodes = 24
		var all []*node
		for i := range nodes {
			all = append(all, start(t, net, 1+i, told(1, nodes)))
		}
		eventually(t, "all are connected to all", func() bool {
			return !slices.ContainsFunc(all, func(n *node) bool { return len(n.Peers()) < nodes-1 })
		})
		made := int64(0)
		for _, n := range all {
			m, _ := connections(n)
			made += m
		}
		if once := int64(nodes * (nodes - 1)); made > once+once/3 { // twice as many if nobody waits
			t.Errorf("%d ends of connections, %d are enough", made, once)
		}
		eventually(t, "all know that they are", func() bool {
			return !slices.ContainsFunc(all, func(n *node) bool {
				return slices.ContainsFunc(n.AddedNodes(), func(a swarm.AddedNode) bool { return a.Peer == nil })
			})
		})
	})
}

// Newcomers that are each told of all others dial few while they sync, who has the chain among them, and not all the same ones;
// the others follow when there is nothing left to sync.
func TestNewcomersAreContentWithFewWhileTheySync(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		const nodes, enough = 16, 8
		seed := start(t, net, 1, func(c *swarm.Config) { c.DialNobody, c.MaxUpload = true, 100_000 })
		grows(t, seed, 40)
		var all []*node
		for i := range nodes {
			all = append(all, start(t, net, 2+i, knows(seed.addr), told(2, nodes)))
		}
		time.Sleep(3 * time.Second)
		ends, hubs := 0, 0
		for _, n := range all {
			peers := n.Peers()
			if ends += len(peers); len(peers) == nodes {
				hubs++
			}
			if len(peers) < enough || !slices.ContainsFunc(peers, func(p p2p.PeerInfo) bool { return p.Addr == seed.addr }) {
				t.Errorf("%s has %d peers, with the seed or without", n.addr, len(peers))
			}
			if n.height() == 40 {
				t.Error("it is over already")
			}
		}
		if ends > nodes*(nodes-2) || hubs > nodes/4 {
			t.Errorf("%d ends of connections, %d nodes are connected to all", ends, hubs)
		}
		eventually(t, "all have the chain", func() bool {
			return !slices.ContainsFunc(all, func(n *node) bool { return n.height() < 40 })
		})
		time.Sleep(5 * time.Second) // of ten: the first were not syncing any more before the last had all
		for _, n := range all {
			ends -= len(n.Peers())
		}
		if ends != 0 {
			t.Errorf("%d connections were made as soon as all was there", -ends)
		}
		eventually(t, "all are connected to all", func() bool {
			return !slices.ContainsFunc(all, func(n *node) bool { return len(n.Peers()) < nodes })
		})
	})
}

// Targets that do not answer keep the others waiting for a second or two, as few as are dialled at once.
func TestSilentTargetsHoldUpNoOthersForLong(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		honest := start(t, net, 2, connects("10.0.0.99:1"))
		begun := time.Now()
		n := start(t, net, 1, func(c *swarm.Config) {
			c.Net = guarded{net.Host("10.0.0.1"), func(ctx context.Context, to netip.AddrPort) error {
				if to == at(honest.addr) {
					return nil
				}
				<-ctx.Done() // nobody else answers
				return ctx.Err()
			}}
			for i := range 7 {
				c.AddNode = append(c.AddNode, fmt.Sprintf("10.0.9.%d:18444", i))
			}
			c.AddNode = append(c.AddNode, honest.addr)
		})
		eventually(t, "connected", func() bool { return len(n.Peers()) == 1 })
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
