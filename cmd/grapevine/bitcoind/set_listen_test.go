package bitcoind

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/node"
)

// What -connect makes of the options that lead to addresses is told, and done.
func TestSeedsBesideConnect(t *testing.T) {
	const nodes, names = "-seednode is ignored when -connect is used", "-dnsseed is ignored when -connect is used and -proxy is specified"
	for _, c := range []struct {
		line string
		asks bool
		told []string
	}{
		{"-listen=0 -listenonion=0", true, nil},
		{"-connect=a.example", false, nil},
		{"-connect=a.example -dnsseed=1", true, nil},
		{"-connect=a.example -seednode=b.example", false, []string{nodes}},
		{"-noconnect -seednode=b.example", false, nil},
		{"-connect=0 -seednode=b.example", false, nil},
		{"-connect=a.example -dnsseed=1 -proxy=1.2.3.4", true, []string{names}},
		{"-connect=a.example -proxy=1.2.3.4", false, nil},
		{"-dnsseed=1 -proxy=1.2.3.4", true, nil},
	} {
		a := args.New(known(), t.TempDir())
		if err := a.Parse(append([]string{"-regtest", "-datadir=" + t.TempDir()}, strings.Fields(c.line)...)); err != nil {
			t.Fatal(err)
		}
		a.Select("regtest")
		s := &setup{Args: a, chain: "regtest", cfg: &node.Config{Policy: policy.Core31(), Log: slog.New(slog.DiscardHandler)}, log: &logSwitch{}, warn: func(string) {}}
		s.soften()
		if err := s.network(); err != nil {
			t.Fatal(err)
		}
		err := s.apply()
		var told []string
		for _, line := range s.Notes {
			if strings.Contains(line, "is ignored when") {
				told = append(told, line)
			}
		}
		if err != nil || s.cfg.NoDNSSeeds == c.asks || !s.cfg.SeedsBesideConnect || !slices.Equal(told, c.told) {
			t.Errorf("%s: %v, seeds are not asked: %v, told %q", c.line, err, s.cfg.NoDNSSeeds, told)
		}
		if seeds := s.cfg.Params.DNSSeeds; len(seeds) != 1 || seeds[0].Host != "dummySeed.invalid." {
			t.Errorf("%s: seeds %v", c.line, seeds)
		}
	}
}

// What a swarm tells of its seeds is told in Core's sentences.
func TestSeedsAreToldInCoresSentences(t *testing.T) {
	table := words()
	for _, c := range []struct {
		event string
		attrs fields
		want  string
	}{
		{"DNS seeds wait for the network", fields{}, "Waiting for network to be reactivated before querying DNS seeds."},
		{"DNS seeds wait", fields{"seconds": slog.IntValue(11)}, "Waiting 11 seconds before querying DNS seeds."},
		{"asking a DNS seed", fields{"seed": slog.StringValue("a.example")}, "Loading addresses from DNS seed a.example"},
		{"DNS seeds were asked", fields{"addresses": slog.IntValue(0)}, "0 addresses found from DNS seeds"},
		{"DNS seeds are not needed", fields{"addresses": slog.IntValue(0)}, "P2P peers available. Skipped DNS seeding."},
		{"DNS seeds are not needed", fields{"addresses": slog.IntValue(9)}, "9 addresses found from DNS seeds\nP2P peers available. Finished DNS seeding."},
		{"seed nodes come before DNS seeds", fields{"seconds": slog.IntValue(30)}, "-seednode enabled. Trying the provided seeds for 30 seconds before defaulting to the dnsseeds."},
		{"seed nodes have led to enough peers", nil, "P2P peers available. Finished fetching data from seed nodes."},
		{"seed nodes have not led to enough peers", nil, "Couldn't connect to enough peers via seed nodes. Handing fetch logic to the DNS seeds."},
		{"DNS seeds are spared by seed nodes", nil, "Skipping DNS seeds. Enough peers have been found"},
		{noSeedAnswers, nil, ""},
	} {
		if w, ok := table[c.event]; !ok || w.level != slog.LevelInfo || w.category != "" || w.say(c.attrs) != c.want {
			t.Errorf("%s is not told as %q", c.event, c.want)
		}
	}
}

// Tor's peers have a listener of their own at -port's next, unless -bind says where peers are listened for;
// RPC cannot be there too.
func TestWhereTorsPeersAreListenedFor(t *testing.T) {
	const all, onion = "[::]:18444", "127.0.0.1:18445"
	for _, c := range []struct {
		line string
		want []string
		fail string
	}{
		{"", []string{all, onion}, ""},
		{"-port=30000", []string{"[::]:30000", "127.0.0.1:30001"}, ""},
		{"-bind=1.2.3.4", []string{"1.2.3.4:18444"}, ""},
		{"-bind=1.2.3.4=onion", []string{"1.2.3.4:18445"}, ""},
		{"-whitebind=1.2.3.4:7", []string{"1.2.3.4:7", onion}, ""},
		{"-whitebind=1.2.3.4:7 -bind=1.2.3.4:8", []string{"1.2.3.4:8", "1.2.3.4:7"}, ""},
		{"-rpcport=18445", []string{all, onion}, onion},
		{"-rpcport=18445 -server=0", []string{all, onion}, ""},
		{"-rpcport=18445 -bind=127.0.0.1:1", []string{"127.0.0.1:1"}, ""},
		{"-rpcallowip=1.2.3.4 -rpcbind=[::1]:7 -bind=[::1]:7", []string{"[::1]:7"}, "[::1]:7"},
	} {
		cfg, err := applied(t, strings.Fields(c.line)...)
		var at []string
		for _, b := range cfg.Binds {
			at = append(at, b.At)
		}
		wrong := c.fail == "" && err != nil || c.fail != "" && (err == nil || !strings.HasPrefix(err.Error(), "Unable to bind to "+c.fail+" on this computer."))
		if wrong || !slices.Equal(at, c.want) {
			t.Errorf("%q: %q, %v; want %q", c.line, at, err, c.want)
		}
	}
}

// A seed node's address that cannot be one is passed over, as Core does when it dials; a signet's first
// contacts stand in the place of its seeds.
func TestSeedNodesAreTakenAsTheyCome(t *testing.T) {
	for _, c := range []struct {
		chain, line string
		want        []string
		seeds       bool // DNS seeds are left
	}{
		{"main", "-seednode= -seednode=a.example -seednode=1.2.3.4:x", []string{"a.example"}, true},
		{"signet", "-seednode=a.example -signetseednode=b.example:7 -signetseednode=", []string{"a.example", "b.example:7"}, false},
		{"signet", "", nil, true},
		{"main", "-signetseednode=b.example", nil, true},
	} {
		cfg, err := appliedOn(t, c.chain, strings.Fields(c.line)...)
		if err != nil || !slices.Equal(cfg.SeedNodes, c.want) || len(cfg.Params.DNSSeeds) > 0 != c.seeds {
			t.Errorf("%s %s: %v, seed nodes %q, DNS seeds %v", c.chain, c.line, err, cfg.SeedNodes, cfg.Params.DNSSeeds)
		}
	}
}
