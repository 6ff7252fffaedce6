package swarm

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// What is built in are addresses of nodes, of each network there is.
func TestFixedSeedsAreAddressesOfNodes(t *testing.T) {
	for magic, want := range map[wire.BitcoinNet]map[string]int{
		wire.MainNet:  {p2p.IPv4: 512, p2p.IPv6: 512, p2p.Onion: 512, p2p.I2P: 512, p2p.CJDNS: 8},
		wire.TestNet3: {p2p.IPv4: 124, p2p.IPv6: 52, p2p.Onion: 134, p2p.CJDNS: 1},
		wire.TestNet4: {p2p.IPv4: 9},
		wire.TestNet:  {},
	} {
		got := map[string]int{}
		for _, at := range fixedSeedsOf(magic) {
			network := addrbook.NetworkOf(at.Addr())
			if got[network]++; !addrbook.Routable(at.Addr()) || (at.Port() == 0) != (network == p2p.I2P) {
				t.Errorf("%v: %v", magic, at)
			}
		}
		for network, n := range want {
			if got[network] != n {
				t.Errorf("%v: %d of %s, want %d", magic, got[network], network, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%v: %v", magic, got)
		}
	}
}

// They are the last resort: after a minute, at once if nobody else is asked, and only of
// networks of which nobody is known and to which there is a road.
func TestFixedSeedsAreTheLastResort(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	made := func(change func(*Config)) *loop {
		cfg := &Config{Params: chain.MainNet(), Rand: rand.New(rand.NewPCG(1, 2)), Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return now }}
		cfg.Book, _ = addrbook.Open(addrbook.Config{Rand: rand.New(rand.NewPCG(3, 4)), Now: cfg.Clock})
		change(cfg)
		l := &loop{cfg: cfg}
		l.bootstrap(now)
		return l
	}
	l := made(func(*Config) {})
	began := now
	if l.plantFixed(); l.cfg.Book.Len() != 0 {
		t.Error("the seeds have no time to answer")
	}
	now = began.Add(fixedAfter - 1)
	if l.plantFixed(); l.cfg.Book.Len() != 0 {
		t.Error("the seeds have no minute to answer")
	}
	now = began.Add(fixedAfter)
	if l.plantFixed(); l.cfg.Book.Len() < 800 || l.cfg.Book.Len() > 1024 {
		t.Errorf("%d addresses after a minute", l.cfg.Book.Len())
	}
	for what, c := range map[string]struct {
		change func(*Config)
		some   bool
	}{
		"nobody else is asked": {func(c *Config) { c.NoDNSSeeds = true }, true},
		"a node is named":      {func(c *Config) { c.NoDNSSeeds, c.AddNode = true, []string{"node.example"} }, false},
		"they are not wanted":  {func(c *Config) { c.NoDNSSeeds, c.NoFixedSeeds = true, true }, false},
		"regtest":              {func(c *Config) { c.NoDNSSeeds, c.Params = true, chain.RegTest() }, false},
		"only to CJDNS": {func(c *Config) {
			c.NoDNSSeeds, c.CJDNS, c.OnlyNets = true, true, []string{p2p.CJDNS}
		}, true},
	} {
		l := made(c.change)
		if l.plantFixed(); (l.cfg.Book.Len() > 0) != c.some {
			t.Errorf("%s: %d addresses", what, l.cfg.Book.Len())
		}
		for _, a := range l.cfg.Book.All() {
			if network := addrbook.NetworkOf(a.At.Addr()); !l.cfg.Reaches(network) {
				t.Errorf("%s: an address of %s", what, network)
			}
		}
	}
}
