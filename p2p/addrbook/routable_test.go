package addrbook_test

import (
	"net/netip"
	"testing"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// Each range that is not routed, at its first and last address and one beyond either end
// [CNetAddr::IsRoutable]. "" is no address, or one of the next range.
func TestRoutableIsWhatCoreTakesForRouted(t *testing.T) {
	for _, r := range []struct{ what, before, first, last, after string }{
		{"this network, IsLocal", "", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
		{"RFC1918", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
		{"RFC6598", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
		{"loopback, IsLocal", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
		{"RFC3927", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
		{"RFC1918", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
		{"RFC5737", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
		{"RFC1918", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
		{"RFC2544", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
		{"RFC5737", "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
		{"RFC5737", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
		{"INADDR_NONE", "255.255.255.254", "255.255.255.255", "255.255.255.255", ""},
		{"RFC1918, mapped", "::ffff:9.255.255.255", "::ffff:10.0.0.0", "::ffff:10.255.255.255", "::ffff:11.0.0.0"},
		{"unspecified and loopback", "", "::", "::1", "::2"},
		{"RFC4843 and RFC7343", "2001:f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:10::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", "2001:30::"},
		{"RFC3849", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
		{"RFC4193", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"},
		{"RFC4862", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "fe80::ffff:ffff:ffff:ffff", "fe80:0:0:1::"},
	} {
		for text, want := range map[string]bool{r.before: true, r.first: false, r.last: false, r.after: true} {
			if a, err := netip.ParseAddr(text); text != "" && (err != nil || addrbook.Routable(a) != want) {
				t.Errorf("%s: %s is routable: %v (%v)", r.what, text, !want, err)
			}
		}
	}
	for text, want := range map[string]string{
		"192.0.0.0": p2p.IPv4, "192.88.99.1": p2p.IPv4, "240.0.0.0": p2p.IPv4, "239.255.255.255": p2p.IPv4, "1.1.1.1": p2p.IPv4,
		"64:ff9b::808:808": p2p.IPv6, "2001::1": p2p.IPv6, "2002:a00::1": p2p.IPv6, "fec0::1": p2p.IPv6, "2001:470::1": p2p.IPv6,
		"fe80::1%eth0": p2p.Unrouted, "10.0.0.1": p2p.Unrouted,
	} {
		if got := addrbook.NetworkOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is of %s, want %s", text, got, want)
		}
	}
	if addrbook.Routable(netip.Addr{}) {
		t.Error("no address at all is routable")
	}
}
