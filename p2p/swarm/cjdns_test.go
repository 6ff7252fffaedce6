package swarm_test

import (
	"net/netip"
	"testing"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// Where this machine is one of CJDNS, an address of fc00::/8 is of that network whoever
// has dialled whom, by number or by name, and wherever we show it.
func TestPeersOfCJDNSAreOfThatNetworkWhoeverDials(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		cjdns := func(c *swarm.Config) {
			c.CJDNS, c.Discover = true, true
			c.External = []netip.AddrPort{at("[fc00::9]:0")}
		}
		a := startOn(t, net.Host("fc00::1"), "[fc00::1]:18444", cjdns)
		b := startOn(t, net.Host("fc00::2"), "[fc00::2]:18444", cjdns, func(c *swarm.Config) { c.DialNobody = true })
		if err := a.connect(b.addr); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both have greeted", func() bool { return len(b.Peers()) == 1 })
		for _, n := range []*node{a, b} {
			p := n.Peers()[0]
			if at, err := p2p.ParseHostPort(p.Addr, 1); p.Network != p2p.CJDNS || err != nil || at.Host[:4] != "fc00" {
				t.Errorf("%s: peer %q (inbound %v) is of %q: %v", n.addr, p.Addr, p.Inbound(), p.Network, err)
			}
			for _, own := range n.Locals() {
				if network, _ := p2p.Overlay(own.Addr()); network != p2p.CJDNS {
					t.Errorf("%s: our own address %v is of %q", n.addr, own, network)
				}
			}
			if len(n.Locals()) != 2 {
				t.Errorf("%s: our own addresses: %v", n.addr, n.Locals())
			}
		}
		if err := a.connect(b.addr); err != nil || len(a.Peers()) != 1 { // connected already
			t.Errorf("%d connections: %v", len(a.Peers()), err)
		}
		if err := b.Disconnect(b.Peers()[0].Addr); err != nil {
			t.Errorf("who is told by the name that is shown: %v", err)
		}
		time.Sleep(time.Second)
	})
}
