package swarm

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// By its address a peer is known again that we have dialled, by its network group one that
// has come; nobody by an address that many share, and nobody whom people trust.
func TestPeersAreKnownAgainByWhereTheyComeFrom(t *testing.T) {
	book, err := addrbook.Open(addrbook.Config{Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at      string
		kind    p2p.Kind
		onion   bool
		may     p2p.Permissions
		main    string
		regtest string
	}{
		{at: "44.4.5.6:1", kind: p2p.Inbound, main: "group \x01\x2c\x04", regtest: "44.4.5.6"},
		{at: "44.4.5.6:1", kind: p2p.FullRelay, main: "44.4.5.6", regtest: "44.4.5.6"},
		{at: "44.4.5.6:1", kind: p2p.Inbound, may: p2p.MayStay},
		{at: "127.0.0.1:1", kind: p2p.Inbound},
		{at: "10.0.0.2:1", kind: p2p.Inbound, onion: true},
		{kind: p2p.Manual},
	} {
		r := &remote{Link: p2p.Link{Kind: c.kind, Permissions: c.may}, onion: c.onion}
		if c.at != "" {
			r.at = netip.MustParseAddrPort(c.at)
		}
		for params, want := range map[*chain.Params]string{chain.MainNet(): c.main, chain.RegTest(): c.regtest} {
			l := &loop{cfg: &Config{Params: params, Book: book}}
			if got := l.originOf(r); got != want {
				t.Errorf("%s %s on %s: %q, want %q", c.kind, c.at, params.Name, got, want)
			}
		}
	}
}

// Who comes over I2P does not pay for one of the many others whose names begin with the same four bits.
func TestNeighboursOnAnOverlayDoNotOweForEachOther(t *testing.T) {
	book, err := addrbook.Open(addrbook.Config{Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{cfg: &Config{Params: chain.MainNet(), Book: book}}
	for network, size := range map[string]int{p2p.I2P: 32, p2p.CJDNS: 16} {
		seen := map[string]bool{}
		for i := range 3 {
			id := make([]byte, size)
			id[0], id[size-1] = 0xfc, byte(i)
			a, ok := p2p.OverlayAddr(network, id)
			if !ok {
				t.Fatal(network)
			}
			seen[l.originOf(&remote{Link: p2p.Link{Kind: p2p.Inbound}, at: netip.AddrPortFrom(a, 0)})] = true
		}
		if len(seen) != 3 || seen[""] {
			t.Errorf("%s: %v", network, seen)
		}
	}
}
