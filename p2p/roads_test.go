package p2p

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestWhereAProxyIs(t *testing.T) {
	names := func(_ context.Context, host string) ([]netip.Addr, error) {
		if host != "tor.example" {
			return nil, fmt.Errorf("%s is not known", host)
		}
		return []netip.Addr{netip.MustParseAddr("10.0.0.9")}, nil
	}
	for text, want := range map[string]string{
		"127.0.0.1": "127.0.0.1:9050", "127.0.0.1:1": "127.0.0.1:1", "[::1]:99": "[::1]:99", "tor.example:7": "10.0.0.9:7",
		"unix:/run/tor": "unix:/run/tor", "unix:" + strings.Repeat("x", 107): "unix:" + strings.Repeat("x", 107),
		"unix:" + strings.Repeat("x", 108): "", "unix:": "", "other.example": "", "abc..abc:1": "", "127.0.0.1:65536": "",
		"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion": "",
	} {
		p, err := ParseProxy(text, 9050, names)
		if p.String() != want || (err == nil) != (want != "") || p.IsValid() != (want != "") {
			t.Errorf("%s: %q %v, want %q", text, p, err, want)
		}
	}
	if _, err := ParseProxy("tor.example", 1, nil); err == nil {
		t.Error("a name where none is looked up")
	}
}

func TestWhichNetworksAreReached(t *testing.T) {
	proxy := Proxy{At: netip.MustParseAddrPort("127.0.0.1:9050")}
	for _, c := range []struct {
		roads Roads
		want  string
	}{
		{Roads{}, "ipv4 ipv6"},
		{Roads{Proxy: proxy, Onion: proxy}, "ipv4 ipv6 onion"},
		{Roads{Proxy: proxy}, "ipv4 ipv6"},
		{Roads{Onion: proxy, OnlyNets: []string{Onion}}, "onion"},
		{Roads{OnlyNets: []string{Onion, IPv6}}, "ipv6"},
		{Roads{SAM: proxy, CJDNS: true}, "ipv4 ipv6 i2p cjdns"},
	} {
		var got []string
		for _, network := range Networks() {
			if c.roads.Reaches(network) {
				got = append(got, network)
			}
		}
		if strings.Join(got, " ") != c.want || !c.roads.Reaches(Unrouted) {
			t.Errorf("%+v reaches %v, want %s", c.roads, got, c.want)
		}
	}
}
