package swarm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// seedLog is what a node logs of its seeds, each line with the seconds since the start.
type seedLog struct {
	mu    sync.Mutex
	begun time.Time
	text  bytes.Buffer
}

// Write is io.Writer's.
func (s *seedLog) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.Contains(string(line), "seed") && !strings.Contains(string(line), "fixed") {
		_, said, _ := strings.Cut(string(line), "msg=")
		fmt.Fprintf(&s.text, "%d %s", time.Since(s.begun)/time.Second, strings.ReplaceAll(said, `"`, ""))
	}
	return len(line), nil
}

// lines are all but the names of the seeds, of which there are several.
func (s *seedLog) lines() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.text.String()) {
		line, _, _ = strings.Cut(line, " seed=")
		lines = append(lines, strings.TrimSpace(line))
	}
	return slices.Compact(lines)
}

// manyHosts are addresses of more than a thousand network groups, at which nobody is.
func manyHosts() (list []string) {
	for i := range 3000 {
		list = append(list, fmt.Sprintf("%d.%d.1.1", 60+i/256, i%256))
	}
	return list
}

// DNS seeds are asked when Core asks them: after a while that depends on how many addresses
// are known, three at a time, and not at all once two peers of ours relay everything.
func TestSeedsAreAskedAsCoreAsksThem(t *testing.T) {
	asks := func(second int) string { return fmt.Sprintf("%d asking a DNS seed", second) }
	waits := func(second, wait int) string { return fmt.Sprintf("%d DNS seeds wait seconds=%d", second, wait) }
	const beside = true
	for what, c := range map[string]struct {
		book   []string
		opens  p2p.Kind // of the two peers that come after a second, if any
		at     time.Duration
		change func(*swarm.Config)
		want   []string
	}{
		"nothing is known": {want: []string{asks(0), "0 DNS seeds were asked addresses=0"}},
		"some are known":   {book: hosts(2), want: []string{waits(0, 11), asks(11), waits(11, 11), asks(22)}},
		"many are known":   {book: manyHosts(), want: []string{waits(0, 300), asks(300)}},
		"two peers relay": {book: hosts(2), opens: p2p.FullRelay, at: time.Second,
			want: []string{waits(0, 11), "11 DNS seeds are not needed addresses=0"}},
		"they come in a long wait": {book: manyHosts(), opens: p2p.FullRelay, at: 30 * time.Second,
			want: []string{waits(0, 300), "33 DNS seeds are not needed addresses=0"}},
		"two peers tell blocks alone": {book: hosts(2), opens: p2p.BlocksOnly, at: time.Second, want: []string{waits(0, 11), asks(11)}},
		"two were named":              {book: hosts(2), opens: p2p.Manual, at: time.Second, want: []string{waits(0, 11), asks(11)}},
		"they are forced": {book: hosts(2), opens: p2p.FullRelay, change: func(c *swarm.Config) { c.ForceDNSSeeds = true },
			want: []string{asks(0), "0 DNS seeds were asked addresses=0"}},
		"the network is off until a second has gone": {at: time.Second, change: func(c *swarm.Config) { c.StartsIdle = true },
			want: []string{"0 DNS seeds wait for the network", asks(1), "1 DNS seeds were asked addresses=0"}},
		"the network is off, and they are not wanted": {change: func(c *swarm.Config) { c.StartsIdle, c.NoDNSSeeds = true, true }},
		"they are not wanted":                         {change: func(c *swarm.Config) { c.NoDNSSeeds = true }},
		"only some are dialled":                       {change: func(c *swarm.Config) { c.SeedsBesideConnect = !beside }},
		"seed nodes are of no use":                    {book: hosts(2), change: seedNodes, want: []string{"0 seed nodes come before DNS seeds seconds=30", "30 seed nodes have not led to enough peers", waits(30, 11), asks(41)}},
		"seed nodes do": {book: hosts(2), opens: p2p.FullRelay, at: time.Second, change: seedNodes,
			want: []string{"0 seed nodes come before DNS seeds seconds=30", "1 seed nodes have led to enough peers", "1 DNS seeds are spared by seed nodes"}},
	} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			crowdOf(t, net, 2)
			log := &seedLog{begun: time.Now()}
			n := startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(cfg *swarm.Config) {
				cfg.DialNobody, cfg.SeedsBesideConnect = true, beside
				cfg.Bootstrap, cfg.Log = c.book, slog.New(slog.NewTextHandler(log, nil))
				cfg.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no network") }
				if c.change != nil {
					c.change(cfg)
				}
			})
			time.Sleep(c.at)
			if err := n.SetActive(true); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < 2 && c.opens != p2p.Inbound; i++ {
				if err := n.Open(t.Context(), swarm.Opening{To: host(i) + ":8333", Kind: c.opens}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Minute)
			got := log.lines()
			if len(got) < len(c.want) || !slices.Equal(got[:len(c.want)], c.want) || len(c.want) == 0 && len(got) > 0 {
				t.Errorf("%s: logs\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// seedNodes names one at which nobody is.
func seedNodes(c *swarm.Config) { c.SeedNodes = []string{"99.9.9.9"} }

// Addresses that come in while a seed is asked end the round when peers are found by them.
func TestSeedsEndWhenTheirAddressesAreEnough(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		crowdOf(t, net, 3)
		log := &seedLog{begun: time.Now()}
		startOn(t, net.Host("44.4.4.4"), "44.4.4.4:8333", public(t, 5, nil), func(cfg *swarm.Config) {
			cfg.Bootstrap, cfg.Log = []string{"99.1.1.1"}, slog.New(slog.NewTextHandler(log, nil))
			cfg.Lookup = func(context.Context, string) ([]netip.Addr, error) { return ips(hosts(3)), nil }
		})
		time.Sleep(10 * time.Minute)
		want := []string{"0 DNS seeds wait seconds=11", "11 asking a DNS seed", "11 DNS seeds wait seconds=11", "22 DNS seeds are not needed addresses=9"}
		if got := log.lines(); !slices.Equal(got, want) {
			t.Errorf("logs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
