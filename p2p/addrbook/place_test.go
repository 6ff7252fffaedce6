package addrbook_test

import (
	"net/netip"
	"testing"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// With the key that is no secret an address stands where it stands in Core's addrman: these are the
// places of Core's own test of getrawaddrman.
func TestAddressesStandWhereTheyStandInCore(t *testing.T) {
	c := newClock()
	b := open(t, c, func(cfg *addrbook.Config) { cfg.Fixed = true })
	parse := func(host string) netip.Addr {
		if a, ok := p2p.ParseOverlay(host); ok {
			return a
		}
		return p2p.ViaCJDNS(netip.MustParseAddr(host))
	}
	for _, w := range []struct {
		host        string
		port        uint16
		tried       bool
		bucket, pos int
	}{
		{"2.0.0.0", 8333, false, 82, 8},
		{"fc00:1:2:3:4:5:6:7", 8333, false, 336, 24},
		{"c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p", 8333, false, 963, 46},
		{"2803:0:1234:abcd::1", 45324, false, 613, 6},
		{"1.2.3.4", 8333, true, 6, 33},
		{"1233:3432:2434:2343:3234:2345:6546:4534", 8333, true, 197, 34},
		{"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", 8333, true, 72, 61},
		{"nrfj6inpyf73gpkyool35hcmne5zwfmse3jl3aw23vk7chdemalyaqad.onion", 45324, true, 139, 46},
	} {
		at := netip.AddrPortFrom(parse(w.host), w.port)
		b.Add(p2p.Addr{At: at, Seen: c.now().Unix(), Services: 9}, at.String())
		if w.tried {
			b.Good(at)
		}
		found := false
		for _, e := range b.Table() {
			if e.At == at {
				found = true
				if e.Tried != w.tried || e.Bucket != w.bucket || e.Position != w.pos {
					t.Errorf("%s stands at %v %d/%d, want %v %d/%d", w.host, e.Tried, e.Bucket, e.Position, w.tried, w.bucket, w.pos)
				}
			}
		}
		if !found {
			t.Errorf("%s is not in the book", w.host)
		}
	}
}

// A group is what one operator is likely to own: of Hurricane Electric's tunnels a /36, and all that is not
// routed is one.
func TestGroupsAreCores(t *testing.T) {
	b := open(t, newClock(), nil)
	for _, c := range []struct {
		x, y string
		same bool
	}{
		{"1.2.3.4", "1.2.255.1", true}, {"1.2.3.4", "1.3.3.4", false},
		{"1.2.3.4", "2002:102:ffff::1", true}, // 6to4
		{"2a01:1::1", "2a01:1:ffff::1", true}, {"2a01:1::1", "2a01:2::1", false},
		{"2001:470::1", "2001:470:fff::1", true}, {"2001:470::1", "2001:470:1000::1", false},
		{"10.0.0.1", "127.0.0.1", true}, {"10.0.0.1", "fe80::1", true},
	} {
		if same := b.Group(netip.MustParseAddr(c.x)) == b.Group(netip.MustParseAddr(c.y)); same != c.same {
			t.Errorf("%s and %s are of one group: %v", c.x, c.y, same)
		}
	}
}
