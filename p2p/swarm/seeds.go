package swarm

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/p2p"
)

// DNS seeds are asked only when the address book does not do: at once when it
// is empty, else after seedsAfter with fewer than enoughPeers, as in Core; and
// again while they do not answer, for a node may start before its network does.
const (
	seedsAfter  = 11 * time.Second
	seedsAgain  = time.Minute
	enoughPeers = 2
	seedsTime   = 30 * time.Second // for all of them together
	maxPerSeed  = 256              // addresses taken from one, so that none fills the book
)

// seeder is what the loop knows of them.
type seeder struct {
	names  []string  // "host:port" that the user gave; like seeds, they are asked for by name
	next   time.Time // when they may be asked
	done   bool      // they have answered, or are not needed
	warned bool
}

// bootstrap puts the addresses that the user gave into the book.
func (l *loop) bootstrap(now time.Time) {
	for _, s := range l.cfg.Bootstrap {
		s = l.cfg.withPort(s)
		host, port, err := splitAddr(s)
		switch {
		case err == nil && net.ParseIP(host) != nil:
			l.plant("bootstrap", p2p.Addr{Host: host, Port: port, Seen: now.Unix()})
		case err == nil && l.cfg.Lookup != nil:
			l.seeds.names = append(l.seeds.names, s)
		default:
			l.cfg.Log.Warn("not an address of a node", "addr", s, "err", err)
		}
	}
	if l.cfg.Book.Len() > 0 {
		l.seeds.next = now.Add(seedsAfter)
	}
	l.seeds.done = l.cfg.Lookup == nil || l.cfg.local() && len(l.seeds.names) == 0
}

func (l *loop) plant(source string, a p2p.Addr) {
	a.Services = uint64(needed)
	l.cfg.Book.Add(a, source)
}

// askSeeds asks the network's DNS seeds, in a goroutine of its own.
func (l *loop) askSeeds(now time.Time) {
	if l.seeds.done || now.Before(l.seeds.next) {
		return
	}
	greeted := 0
	for _, r := range l.order {
		if !r.inbound && r.peer != nil {
			greeted++
		}
	}
	if l.seeds.done = l.cfg.Book.Len() > 0 && greeted >= enoughPeers; l.seeds.done {
		return
	}
	l.seeds.next = now.Add(seedsAgain)
	l.cfg.Log.Info("asking DNS seeds for addresses of nodes")
	names := slices.Clone(l.seeds.names)
	if !l.cfg.local() {
		for _, seed := range l.cfg.Params.DNSSeeds {
			names = append(names, l.cfg.withPort(seedName(seed)))
		}
	}
	l.wg.Go(func() { l.s.lookupSeeds(l.ctx, names) })
}

func (s *Swarm) lookupSeeds(ctx context.Context, names []string) {
	tctx, cancel := context.WithTimeout(ctx, seedsTime)
	defer cancel()
	found := 0
	for _, name := range names {
		host, port, err := splitAddr(name)
		if err != nil {
			continue // withPort made it
		}
		hosts, err := s.cfg.Lookup(tctx, host)
		if err != nil {
			s.cfg.Log.Debug("DNS seed does not answer", "seed", host, "err", err)
			continue
		}
		hosts = hosts[:min(len(hosts), maxPerSeed)]
		found += len(hosts)
		if s.do(ctx, func(l *loop) { l.sown(host, port, hosts) }) != nil {
			return
		}
	}
	_ = s.do(ctx, func(l *loop) { l.harvested(found) }) // nobody asks when we stop
}

// seedName asks for nodes that offer what we need, where the seed understands that.
func seedName(s chaincfg.DNSSeed) string {
	if s.HasFiltering {
		return fmt.Sprintf("x%x.%s", uint64(needed), s.Host)
	}
	return s.Host
}

// sown takes what a seed has answered. The times are Core's: three to seven days ago.
func (l *loop) sown(seed string, port uint16, hosts []string) {
	now := l.cfg.Now()
	for _, h := range hosts {
		if net.ParseIP(h) == nil {
			continue
		}
		age := 3*24*time.Hour + time.Duration(l.cfg.Rand.Int64N(int64(4*24*time.Hour)))
		l.plant(seed, p2p.Addr{Host: h, Port: port, Seen: now.Add(-age).Unix()})
	}
	l.dialAll()
}

// harvested: all seeds were asked.
func (l *loop) harvested(found int) {
	if l.seeds.done = found > 0; l.seeds.done || l.seeds.warned {
		return
	}
	l.seeds.warned = true
	l.cfg.Log.Warn("no DNS seed has given an address; name a node by --addnode HOST:PORT, or several by --peers LIST")
}
