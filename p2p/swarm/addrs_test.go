package swarm

import (
	"net/netip"
	"testing"

	"grapevine/p2p"
)

// An onion name is told to nobody but who is there, and no address of the internet to who
// came by Tor or I2P: they would be known for one node.
func TestAPeerIsToldAnAddressOfItsOwnNetwork(t *testing.T) {
	address := func(name string, port uint16) netip.AddrPort {
		at, ok := p2p.HostPort{Host: name, Port: port}.AddrPort()
		if !ok {
			t.Fatalf("%s is no address", name)
		}
		return at
	}
	onion := address("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", 8333)
	i2p := address("c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p", 0)
	v4, other4, v6, home := address("8.8.8.8", 8333), address("9.9.9.9", 8333), address("2001:4860::1", 8333), address("10.0.0.1", 8333)
	none := netip.AddrPort{}
	for _, c := range []struct {
		network string
		own     []netip.AddrPort
		want    netip.AddrPort
	}{
		{p2p.IPv4, []netip.AddrPort{onion, v6, v4, other4}, v4},
		{p2p.IPv6, []netip.AddrPort{onion, v4, v6}, v6},
		{p2p.IPv6, []netip.AddrPort{onion, v4, other4}, v4},
		{p2p.CJDNS, []netip.AddrPort{onion, v4}, v4},
		{p2p.Onion, []netip.AddrPort{v4, i2p, onion}, onion},
		{p2p.I2P, []netip.AddrPort{v4, onion, i2p}, i2p},
		{p2p.IPv4, []netip.AddrPort{onion, i2p}, none},
		{p2p.Unrouted, []netip.AddrPort{onion, i2p}, none},
		{p2p.Onion, []netip.AddrPort{v4, v6, home, i2p}, none},
		{p2p.I2P, []netip.AddrPort{v4, v6, home, onion}, none},
		{p2p.Unrouted, []netip.AddrPort{home}, home},
		{p2p.IPv4, nil, none},
	} {
		if got, ok := addressFor(c.network, c.own); got != c.want || ok != c.want.IsValid() {
			t.Errorf("a peer of %s is told %v of %v, want %v", c.network, got, c.own, c.want)
		}
	}
}
