package swarm

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/p2p"
)

// DNS seeds are asked only when the address book does not do: at once when it
// is empty, else after seedsAfter with fewer than enoughPeers, as in Core.
const (
	seedsAfter  = 11 * time.Second
	enoughPeers = 2
	seedsTime   = 30 * time.Second // for all of them together
	maxPerSeed  = 256              // addresses taken from one, so that none fills the book
)

// bootstrap puts the addresses that the user gave into the book.
func (l *loop) bootstrap() {
	for _, s := range l.cfg.Bootstrap {
		host, port, err := splitAddr(l.cfg.withPort(s))
		if err != nil {
			l.cfg.Log.Warn("not an address of a node", "addr", s, "err", err)
			continue
		}
		l.cfg.Book.Add(p2p.Addr{Host: host, Port: port, Services: uint64(needed), Seen: l.cfg.Now().Unix()}, "bootstrap")
	}
}

// askSeeds asks the network's DNS seeds once, in a goroutine of its own.
func (l *loop) askSeeds(now time.Time) {
	if l.cfg.Lookup == nil || l.seeded || l.cfg.local() {
		return
	}
	if l.cfg.Book.Len() > 0 {
		if now.Sub(l.begun) < seedsAfter {
			return
		}
		greeted := 0
		for _, r := range l.order {
			if !r.inbound && r.peer != nil {
				greeted++
			}
		}
		if l.seeded = greeted >= enoughPeers; l.seeded {
			return
		}
	}
	l.seeded = true
	l.cfg.Log.Info("asking DNS seeds for addresses of nodes")
	l.wg.Go(func() { l.s.lookupSeeds(l.ctx) })
}

func (s *Swarm) lookupSeeds(ctx context.Context) {
	tctx, cancel := context.WithTimeout(ctx, seedsTime)
	defer cancel()
	for _, seed := range s.cfg.Params.DNSSeeds {
		hosts, err := s.cfg.Lookup(tctx, seedName(seed))
		if err != nil {
			s.cfg.Log.Debug("DNS seed does not answer", "seed", seed.Host, "err", err)
			continue
		}
		hosts = hosts[:min(len(hosts), maxPerSeed)]
		if s.do(ctx, func(l *loop) { l.sown(seed.Host, hosts) }) != nil {
			return
		}
	}
}

// seedName asks for nodes that offer what we need, where the seed understands that.
func seedName(s chaincfg.DNSSeed) string {
	if s.HasFiltering {
		return fmt.Sprintf("x%x.%s", uint64(needed), s.Host)
	}
	return s.Host
}

// sown takes what a seed has answered. The times are Core's: three to seven days ago.
func (l *loop) sown(seed string, hosts []string) {
	port, err := strconv.ParseUint(l.cfg.Params.DefaultPort, 10, 16)
	if err != nil {
		return
	}
	for _, h := range hosts {
		if net.ParseIP(h) == nil {
			continue
		}
		age := 3*24*time.Hour + time.Duration(l.cfg.Rand.Int64N(int64(4*24*time.Hour)))
		l.cfg.Book.Add(p2p.Addr{
			Host: h, Port: uint16(port), Services: uint64(needed), Seen: l.cfg.Now().Add(-age).Unix(),
		}, seed)
	}
	l.dialAll()
}
