package swarm_test

import (
	"context"
	stdnet "net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// impostor is a stranger on an honest node's own machine that says to be that node,
// in every way there is.
func impostor(t testing.TB, net *simnet.Net, honest string, n *node) *rawPeer {
	t.Helper()
	its := at(honest)
	conn, err := net.Host(its.Addr().String()).Dial(t.Context(), at(n.addr))
	if err != nil {
		t.Fatal(err)
	}
	s := &rawPeer{conn, t, 0}
	t.Cleanup(func() { s.Close() })
	v := version()
	v.ProtocolVersion = msg.FeatureVersion
	if err := s.say(v); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.await("verack"); !ok {
		t.Fatal("no handshake")
	}
	ip := stdnet.IP(its.Addr().AsSlice())
	mine := &wire.MsgAddr{AddrList: []*wire.NetAddress{wire.NewNetAddressTimestamp(now(), 9, ip, its.Port())}}
	s.say(&msg.Feature{ID: msg.FeatureHave}, &wire.MsgVerAck{}, mine,
		&msg.Twin{Nonce: v.Nonce, At: at(n.addr), Yes: true},
		&msg.Twin{Nonce: v.Nonce, At: at(n.addr)})
	go func() { // whatever is asked is answered with yes
		for {
			m, ok := s.await(msg.CmdTwin)
			if !ok {
				return
			}
			yes := *m.(*msg.Twin)
			yes.Yes = true
			s.say(&yes)
		}
	}()
	return s
}

// outbound counts the connections that n has dialled to these addresses, and how
// many of them are older than since.
func outbound(n *node, addrs []string) (count int, oldest time.Time) {
	for _, p := range n.Peers() {
		for _, a := range addrs {
			if p.Addr == a && !p.Inbound() {
				if count++; oldest.IsZero() || p.Connected.After(oldest) {
					oldest = p.Connected
				}
			}
		}
	}
	return count, oldest
}

// Strangers say the addresses of honest nodes as their own. No honest connection is
// closed by that, and an honest node that comes back is dialled again.
func TestT65_ClaimedAddressesCloseNoHonestConnection(t *testing.T) {
	for _, strangers := range []int{1, 3, 125} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			dialsNobody := connects("10.0.0.99:1")
			var honest []string
			var nodes []*node
			for i := 2; i <= 4; i++ {
				nodes = append(nodes, start(t, net, i, dialsNobody))
				honest = append(honest, nodes[len(nodes)-1].addr)
			}
			n := start(t, net, 1, func(c *swarm.Config) { c.Bootstrap = honest })
			eventually(t, "three outbound connections", func() bool { k, _ := outbound(n, honest); return k == 3 })
			begun := now()
			for i := range strangers {
				impostor(t, net, honest[i%3], n)
			}
			time.Sleep(2 * time.Minute)
			if k, youngest := outbound(n, honest); k != 3 || youngest.After(begun) {
				t.Errorf("%d strangers: %d of 3 honest connections are left, the youngest is of %v", strangers, k, youngest.Sub(begun))
			}
			if err := nodes[0].end(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "noticed", func() bool { k, _ := outbound(n, honest); return k == 2 })
			start(t, net, 2, dialsNobody)
			eventually(t, "an honest node that comes back is dialled", func() bool { k, _ := outbound(n, honest); return k == 3 })
		})
	}
}

// An address that strangers have said before the node knew it is dialled too.
func TestT65_ClaimedAddressesAreDialled(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1)
		for range 5 {
			impostor(t, net, "10.0.0.2:18444", n)
		}
		time.Sleep(time.Second)
		honest := start(t, net, 2, connects("10.0.0.99:1"))
		eventually(t, "the honest node is dialled", func() bool { k, _ := outbound(n, []string{honest.addr}); return k == 1 })
		if err := n.AddNode(honest.addr, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if k, _ := outbound(n, []string{honest.addr}); k != 1 {
			t.Errorf("%d connections to the honest node", k)
		}
	})
}

// Who says to be a target keeps it from being dialled for half a minute, not for good.
func TestT65_AClaimedTargetIsDialledByAndBy(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, connects("10.0.0.99:1"))
		impostor(t, net, "10.0.0.2:18444", n)
		honest := start(t, net, 2, connects("10.0.0.99:1"))
		time.Sleep(time.Second)
		if err := n.AddNode(honest.addr, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Second)
		if k, _ := outbound(n, []string{honest.addr}); k != 0 {
			t.Error("it was dialled at once")
		}
		time.Sleep(2 * time.Second)
		if k, _ := outbound(n, []string{honest.addr}); k != 1 {
			t.Errorf("%d connections to the honest node", k)
		}
	})
}

// A stranger says an honest node's address as its own, and the address book is full of some where nobody is:
// the honest node is dialled all the same, by and by.
func TestT65_ClaimedAddressesAreDialledThoughTheBookIsFull(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) {
			for i := range 100 {
				c.Book.Add(p2p.Addr{At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 9, byte(i)}), 18444)}, "a stranger")
			}
		})
		impostor(t, net, "10.0.0.2:18444", n)
		honest := start(t, net, 2, connects("10.0.0.99:1"))
		for range 10 {
			time.Sleep(time.Minute)
			if k, _ := outbound(n, []string{honest.addr}); k == 1 {
				return
			}
		}
		t.Error("the honest node was not dialled in ten minutes")
	})
}

// A stranger whom an honest node has dialled passes its greeting on to another: the
// honest node says that it has dialled elsewhere.
func TestT65_WhoPassesAGreetingOnIsNotTakenForItsAuthor(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		b := start(t, net, 1, connects("10.0.0.2:18444"))
		relay, err := net.Host("10.0.0.2").Listen(t.Context(), netip.MustParseAddrPort("10.0.0.2:20000"))
		if err != nil {
			t.Fatal(err)
		}
		defer relay.Close()
		go func() {
			for {
				in, err := relay.Accept()
				if err != nil {
					return
				}
				out, err := net.Host("10.0.0.2").Dial(context.Background(), at(b.addr))
				if err != nil {
					in.Close()
					continue
				}
				t.Cleanup(func() { in.Close(); out.Close() })
				go pour(in, out)
				go pour(out, in)
			}
		}()
		a := start(t, net, 2, connects("10.0.0.2:20000"))
		eventually(t, "a and b are connected, and by the stranger too", func() bool { return len(b.Peers()) == 2 && len(a.Peers()) == 2 })
		begun := now()
		time.Sleep(time.Minute)
		if k, youngest := outbound(b, []string{a.addr}); k != 1 || youngest.After(begun) {
			t.Errorf("%d connections that b has dialled to a are left, of %v", k, youngest.Sub(begun))
		}
	})
}

func pour(from, to stdnet.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// dials is a network that counts who is dialled, by the time since it was made.
type dials struct {
	p2p.Network
	begun time.Time
	mu    *sync.Mutex
	at    map[netip.AddrPort][]time.Duration
}

func countDials(n p2p.Network) dials {
	return dials{Network: n, begun: time.Now(), mu: &sync.Mutex{}, at: map[netip.AddrPort][]time.Duration{}}
}

func (d dials) Dial(ctx context.Context, to netip.AddrPort) (stdnet.Conn, error) {
	d.mu.Lock()
	d.at[to] = append(d.at[to], time.Since(d.begun))
	d.mu.Unlock()
	return d.Network.Dial(ctx, to)
}

// most is the largest number of dials within any minute.
func (d dials) most() (most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []time.Duration
	for _, at := range d.at {
		all = append(all, at...)
	}
	for _, from := range all {
		n := 0
		for _, at := range all {
			if at >= from && at < from+time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func TestT66_UnknownPortsOfThisMachineAreDialledSeldom(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		book := countDials(net.Host("10.0.0.1"))
		honest := start(t, net, 2, connects("10.0.0.99:1"))
		n := start(t, net, 1, func(c *swarm.Config) { c.Net, c.Bootstrap = book, []string{honest.addr} })
		for i := range 20 {
			s, err := visit(t, net, i, n)
			if err != nil {
				t.Fatal(err)
			}
			m := &wire.MsgAddr{}
			for port := range 1000 {
				m.AddrList = append(m.AddrList, wire.NewNetAddressTimestamp(now(), 9, stdnet.IPv4(10, 0, 0, 1), uint16(1000+1000*i+port)))
			}
			s.say(m)
		}
		time.Sleep(10 * time.Minute)
		if k := book.most(); k > 60 || k < 30 {
			t.Errorf("%d dials in a minute, 60 at most are promised, and some are wanted", k)
		}
		// Who was there before is not kept waiting.
		if err := n.Disconnect(honest.addr); err != nil {
			t.Fatal(err)
		}
		eventually(t, "an address that was good is dialled", func() bool { k, _ := outbound(n, []string{honest.addr}); return k == 1 })
	})
}

// A connection asked for by people, for once, stands beside one that the same node
// has dialled, as in Core.
func TestOneTryTowardsWhoHasDialledUsMakesASecondConnection(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, connects("10.0.0.99:1"))
		b := start(t, net, 2, connects(a.addr))
		eventually(t, "connected", func() bool { return len(a.Peers()) == 1 })
		time.Sleep(time.Second)
		if err := a.connect(b.addr); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if k := len(a.Peers()); k != 2 {
			t.Errorf("%d connections, two are wanted", k)
		}
		if err := a.connect(b.addr); err != nil {
			t.Fatal(err)
		}
		if k := len(a.Peers()); k != 2 {
			t.Errorf("%d connections when asked for once more", k)
		}
	})
}

// A target that has dialled us is shown as connected all the time, before we dial it and when that has proven who it is.
func TestATargetThatHasDialledUsIsShown(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) { c.AddNode = []string{"10.0.0.2:18444"} })
		time.Sleep(time.Second) // it has been tried in vain
		start(t, net, 2, func(c *swarm.Config) { c.AddNode = []string{n.addr} })
		time.Sleep(2 * time.Second)
		missed := 0
		for range 4000 {
			if n.AddedNodes()[0].Peer == nil {
				missed++
			}
			time.Sleep(10 * time.Millisecond)
		}
		if missed > 5 { // a handshake takes so long
			t.Errorf("for %d hundredths of forty seconds it is not shown", missed)
		}
		if p := n.Peers(); len(p) != 1 || !p[0].Inbound() || !p[0].Proven {
			t.Errorf("%d connections: %+v", len(p), p)
		}
	})
}

// Who says to be a target that is not there is shown as it only until that has been dialled.
func TestT65_AnImpostorIsNotShownAsATargetForGood(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) { c.AddNode = []string{"10.0.0.2:18444"} })
		impostor(t, net, "10.0.0.2:18444", n)
		time.Sleep(40 * time.Second)
		if len(n.Peers()) != 1 || n.AddedNodes()[0].Peer != nil {
			t.Errorf("%d peers; of the target %+v is shown", len(n.Peers()), n.AddedNodes()[0].Peer)
		}
	})
}
