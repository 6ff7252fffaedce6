package swarm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	stdnet "net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/gossip"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// public makes a node one of the main network, with this address book.
func public(t testing.TB, seed uint64, d *db.DB) setting {
	return func(c *swarm.Config) {
		p := chain.MainNet()
		book, err := addrbook.Open(addrbook.Config{DB: d, Now: now, Rand: rand.New(rand.NewPCG(seed, 9))})
		if err != nil {
			t.Fatal(err)
		}
		c.Params, c.Book, c.NoFixedSeeds = p, book, true // nobody is there
		c.State = gossip.New(gossip.Config{
			Params: p, Headers: []*chain.HeaderNode{p.Genesis()}, Tip: p.Genesis(), Rand: rand.New(rand.NewPCG(seed, 8)),
		})
	}
}

// host is a public address in a network group of its own.
func host(i int) string { return fmt.Sprintf("8.%d.1.1", i) }

// crowdOf runs n nodes of the main network that dial nobody.
func crowdOf(t testing.TB, net *simnet.Net, n int) (crowd []*node) {
	for i := range n {
		crowd = append(crowd, startOn(t, net.Host(host(i)), host(i)+":8333", public(t, uint64(i), nil), connects("9.9.9.9")))
	}
	return crowd
}

func ips(hosts []string) (list []netip.Addr) {
	for _, h := range hosts {
		list = append(list, netip.MustParseAddr(h))
	}
	return list
}

// hosts are the first n of the crowd's.
func hosts(n int) (list []string) {
	for i := range n {
		list = append(list, host(i))
	}
	return list
}

func kinds(n *node) map[p2p.Kind]int {
	count := map[p2p.Kind]int{}
	for _, p := range n.Peers() {
		count[p.Kind]++
	}
	return count
}

func TestT39_PeersAreChosenFromManyGroupsAndAnchorsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.db")
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowd := crowdOf(t, net, 30)
		run := func(settings ...setting) *node {
			d, err := db.Open(path, addrbook.Name, addrbook.Schema, db.Options{NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { d.Close() })
			n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", append(settings, public(t, 77, d))...)
			inner := n.end
			n.end = func() error { return errors.Join(inner(), d.Close()) }
			return n
		}
		n := run(func(c *swarm.Config) {
			c.Lookup = func(_ context.Context, seed string) ([]netip.Addr, error) {
				if !strings.HasPrefix(seed, "x9.") {
					return nil, errors.New("asked without a filter: " + seed)
				}
				list := append(hosts(30), "10.1.1.1", "0.0.0.0") // these two not to be dialled
				for i := range 50 {                              // one operator's
					list = append(list, fmt.Sprintf("8.7.%d.1", i+2))
				}
				return ips(list), nil
			}
		})
		eventually(t, "all slots are filled", func() bool {
			k := kinds(n)
			return k[p2p.FullRelay] == 8 && k[p2p.BlocksOnly] == 2
		})
		groups := map[string]bool{}
		var anchors []string
		for _, p := range n.Peers() {
			group := strings.Join(strings.Split(p.Addr, ".")[:2], ".")
			if groups[group] {
				t.Errorf("two peers in %s", group)
			}
			groups[group] = true
			if p.Kind == p2p.BlocksOnly {
				anchors = append(anchors, p.Addr)
			}
			if _, told := p.SentPerMsg["getaddr"]; told != (p.Kind == p2p.FullRelay) {
				t.Errorf("%s: getaddr sent: %v", p.Kind, told)
			}
		}
		eventually(t, "two peers are asked for no transactions", func() bool {
			silent := 0
			for _, c := range crowd {
				for _, p := range c.Peers() {
					if !p.Relay {
						silent++
					}
				}
			}
			return silent == 2
		})
		for _, p := range n.Peers() {
			if p.Kind == p2p.BlocksOnly && p.SentPerMsg["addrv2"]+p.RecvPerMsg["addrv2"] > 0 {
				t.Errorf("addresses were told where only blocks are")
			}
		}
		time.Sleep(20 * time.Minute)
		if k := kinds(n); k[p2p.FullRelay] != 8 || k[p2p.BlocksOnly] != 2 || k[p2p.Feeler] != 0 {
			t.Errorf("after a while %v", k)
		}
		time.Sleep(11 * time.Minute)
		if k := kinds(n); k[p2p.FullRelay] != 9 {
			t.Errorf("with a stale tip %v", k)
		}
		if err := n.Deliver(t.Context(), gossip.TipChanged{Tip: newTip()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if k := kinds(n); k[p2p.FullRelay] != 8 || k[p2p.BlocksOnly] != 2 {
			t.Errorf("when the tip has moved again %v", k)
		}
		if err := n.end(); err != nil {
			t.Fatal(err)
		}
		if err := run().end(); err != nil { // too short a run to find any others
			t.Fatal(err)
		}
		n = run()
		time.Sleep(2 * time.Second)
		var again []string
		for _, p := range n.Peers() {
			if p.Kind == p2p.BlocksOnly {
				again = append(again, p.Addr)
			}
		}
		slices.Sort(anchors)
		slices.Sort(again)
		if !slices.Equal(anchors, again) {
			t.Errorf("anchors %v, after the restart %v", anchors, again)
		}
		bad := subnet(at(anchors[0]).Addr().String())
		if err := n.SetBan(bad, now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		n.Book().SetAnchors([]netip.AddrPort{at(anchors[0]), at(anchors[1])})
		if err := n.end(); err != nil {
			t.Fatal(err)
		}
		n = run()
		eventually(t, "two others", func() bool { return kinds(n)[p2p.BlocksOnly] == 2 })
		if slices.ContainsFunc(n.Peers(), func(p p2p.PeerInfo) bool { return p.Addr == anchors[0] }) {
			t.Error("a banned anchor was dialled")
		}
		if err := n.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// Whom people ask for takes up its network group: nobody else of it is chosen.
func TestT39_AGroupThatPeopleChoseIsTaken(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 1)
		startOn(t, net.Host("8.0.2.2"), "8.0.2.2:8333", public(t, 100, nil), connects("9.9.9.9"))
		n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), knows(host(0)+":8333"),
			func(c *swarm.Config) { c.Bootstrap = []string{"8.0.2.2:8333"} })
		time.Sleep(time.Hour)
		if p := n.Peers(); len(p) != 1 || p[0].Kind != p2p.Manual {
			t.Errorf("%d peers in one group", len(p))
		}
	})
}

// newTip is a header as if it were verified; too old to be told to anybody.
func newTip() *chain.HeaderNode {
	g := chain.MainNet().Genesis()
	return chain.NewHeaderNode(g, wire.BlockHeader{PrevBlock: g.Hash, Bits: g.Header.Bits, Timestamp: g.Header.Timestamp.Add(time.Hour)})
}

// Feelers go to addresses that we were never connected to, until all that
// answer are known to be good, also those of groups that we are connected to.
func TestFeelersFindOutWhichAddressesAreGood(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 20)
		all := hosts(20)
		for i := range 10 {
			all = append(all, fmt.Sprintf("8.%d.2.2", i))
			startOn(t, net.Host(all[20+i]), all[20+i]+":8333", public(t, uint64(100+i), nil), connects("9.9.9.9"))
		}
		n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(c *swarm.Config) {
			c.Lookup = func(context.Context, string) ([]netip.Addr, error) { return ips(all), nil }
		})
		untried := func() (list []string) {
			n.Book().PickFeeler(func(p2p.Addr) bool { return false }, func(a p2p.Addr) bool {
				list = append(list, a.At.Addr().String())
				return true
			})
			return list
		}
		time.Sleep(90 * time.Second)
		if list := untried(); len(list) < 15 {
			t.Errorf("only %d addresses were not looked at yet", len(list))
		}
		time.Sleep(90 * time.Minute)
		if list := untried(); len(list) > 0 {
			t.Errorf("never looked at: %v", list)
		}
		if k := kinds(n); k[p2p.FullRelay] < 8 || k[p2p.BlocksOnly] != 2 {
			t.Errorf("connections %v", k)
		}
	})
}

// DNS seeds are asked at once by who knows nobody, after a while by who reaches
// nobody, and otherwise never.
func TestSeedsAreAskedOnlyByWhoNeedsThem(t *testing.T) {
	for _, c := range []struct {
		book  []string
		after time.Duration // 0: never
	}{{nil, time.Millisecond}, {[]string{"99.1.1.1", "99.2.1.1"}, 11 * time.Second}, {hosts(3), 0}} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			crowdOf(t, net, 3)
			asked, begun := make(chan time.Duration, 100), time.Now()
			startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(cfg *swarm.Config) {
				cfg.Bootstrap = c.book
				cfg.Lookup = func(context.Context, string) ([]netip.Addr, error) {
					asked <- time.Since(begun)
					return ips(hosts(1)), nil
				}
			})
			time.Sleep(time.Minute)
			select {
			case after := <-asked:
				if c.after == 0 || after < c.after-time.Millisecond || after > c.after+time.Second {
					t.Errorf("with a book of %v the seeds were asked after %v", c.book, after)
				}
			default:
				if c.after > 0 {
					t.Errorf("with a book of %v the seeds were not asked", c.book)
				}
			}
		})
	}
}

// No seed is always the first: through a proxy, where three are asked, two nodes of the
// same list begin with others of it.
func TestSeedsAreAskedInAnotherOrderEachTime(t *testing.T) {
	var seeds []string
	for i := range 30 {
		seeds = append(seeds, fmt.Sprintf("seed%02d.example", i))
	}
	first := map[string]bool{}
	for i := range 3 {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			listener, err := net.Host("10.0.0.99").Listen(t.Context(), at("10.0.0.99:9050"))
			if err != nil {
				t.Fatal(err)
			}
			crowdOf(t, net, 1)
			proxy := &socksProxy{t: t, net: net.Host("10.0.0.99"), names: map[string]string{}}
			for _, name := range append([]string{host(0)}, seeds...) {
				proxy.names[name] = host(0) + ":8333"
			}
			done := make(chan struct{})
			go func() { proxy.run(listener); close(done) }()
			t.Cleanup(func() { listener.Close(); <-done })
			addr := fmt.Sprintf("44.4.4.%d", i)
			n := startOn(t, net.Host(addr), addr+":8333", public(t, uint64(i), nil), func(c *swarm.Config) {
				c.Bootstrap, c.Proxy = seeds, p2p.Proxy{At: at("10.0.0.99:9050"), Isolate: true}
				c.Params.DNSSeeds = nil
				c.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("not here") }
			})
			time.Sleep(time.Second)
			proxy.mu.Lock()
			asked := slices.Clone(proxy.asked)
			proxy.mu.Unlock()
			for i, line := range asked {
				asked[i], _, _ = strings.Cut(line, " ")
			}
			slices.Sort(asked)
			first[fmt.Sprint(asked)] = true
			if err := n.end(); err != nil {
				t.Error(err)
			}
		})
	}
	if len(first) < 2 {
		t.Errorf("asked each time: %v", first)
	}
}

// A node that starts before its network does is not alone for ever.
func TestSeedsThatDoNotAnswerAreAskedAgain(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 3)
		begun, asked := time.Now(), 0
		n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(cfg *swarm.Config) {
			cfg.Bootstrap = []string{"node.example:8333"}
			cfg.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
				switch {
				case host != "node.example" || time.Since(begun) < 100*time.Second:
					return nil, errors.New("no network")
				case time.Since(begun) < 150*time.Second:
					return ips([]string{"10.0.0.1"}), nil // of no use
				}
				asked++
				return ips(hosts(3)), nil
			}
		})
		time.Sleep(140 * time.Second)
		if k := len(n.Peers()); k != 0 {
			t.Errorf("%d peers without a network", k)
		}
		eventually(t, "connected", func() bool { return len(n.Peers()) == 3 })
		time.Sleep(time.Hour)
		if asked != 1 {
			t.Errorf("asked %d times after there was an answer", asked-1)
		}
	})
}

// An answer that is no news is an answer.
func TestSeedsThatNameWhomWeKnowAreNotAskedAgain(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 1)
		var asked atomic.Int64
		startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(cfg *swarm.Config) {
			cfg.Bootstrap = []string{host(0), "node.example"}
			cfg.Lookup = func(_ context.Context, seed string) ([]netip.Addr, error) {
				if seed == "node.example" {
					asked.Add(1)
				}
				return ips(hosts(1)), nil
			}
		})
		if time.Sleep(10 * time.Minute); asked.Load() != 1 {
			t.Errorf("asked %d times", asked.Load())
		}
	})
}

func TestTheBootstrapListIsEnough(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 3)
		n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(c *swarm.Config) {
			c.Bootstrap = []string{host(0), host(1) + ":8333", "not an address:at all"}
		})
		eventually(t, "connected", func() bool { return len(n.Peers()) == 2 })
	})
}

// A fresh address goes round once: were it passed on each time that it is heard,
// every node would say it to two others for as long as it is fresh.
func TestT38_AnAddressIsPassedOnOnceADay(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		var nodes []*node
		for i := range 6 {
			var all []setting
			for j := range i {
				all = append(all, connects(host(j)+":8333"))
			}
			nodes = append(nodes, startOn(t, net.Host(host(i)), host(i)+":8333", append(all, public(t, uint64(i), nil), connects("9.9.9.9"))...))
		}
		eventually(t, "all are connected", func() bool { return len(nodes[0].Peers()) == 5 && len(nodes[5].Peers()) == 5 })
		time.Sleep(time.Hour)
		before := addrsSaid(nodes)
		s, err := visitFrom(t, net.Host("44.4.4.4"), nodes[0], wire.MainNet)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			m := &wire.MsgAddrV2{AddrList: []*wire.NetAddressV2{
				wire.NetAddressV2FromBytes(now(), 9, stdnet.IPv4(45, 1, 1, 1), 8333),
				wire.NetAddressV2FromBytes(now(), 9, stdnet.IPv4(10, 1, 1, 1), 8333),
			}}
			if err := s.say(m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		const one = 24 + 1 + 4 + 1 + 1 + 1 + 4 + 2
		if n := (addrsSaid(nodes) - before) / one; n < 6 || n > 2*6 {
			t.Errorf("an address was said %d times by 6 nodes, each says it to two others", n)
		}
	})
}
