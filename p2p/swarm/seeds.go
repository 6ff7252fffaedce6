package swarm

import (
	"net/netip"
	"slices"
	"time"

	"grapevine/p2p"
)

// DNS seeds are asked only when the address book does not do: at once when it
// is empty, else after seedsAfter with fewer than enoughPeers, as in Core; and
// again while they do not answer, for a node may start before its network does.
const (
	seedsAfter  = 11 * time.Second // [DNSSEEDS_DELAY_FEW_PEERS]
	seedsAgain  = time.Minute
	enoughPeers = 2
	seedsAtOnce = 3 // that are asked as nodes, through a proxy [DNSSEEDS_TO_QUERY_AT_ONCE]
)

// seeder is what the loop knows of them.
type seeder struct {
	names  []p2p.HostPort // that the user gave; like seeds, they are looked up
	next   time.Time      // when they may be asked
	found  bool           // they gave an address that a node can have
	done   bool           // they have answered, or are not needed
	warned bool

	started   time.Time // as people see the time
	fixedAt   time.Time // when it is next looked whether fixed seeds are needed
	fixedDone bool      // they are in the book, or not wanted
}

// bootstrap puts the addresses that the user gave into the book.
func (l *loop) bootstrap(now time.Time) {
	l.seeds.started = l.cfg.Clock()
	for _, text := range l.cfg.Bootstrap {
		to, err := l.cfg.hostPort(text)
		at, known := l.cfg.addrOf(to)
		switch {
		case err == nil && known:
			l.plant("bootstrap", p2p.Addr{At: at, Seen: now.Unix()})
		case err == nil && l.cfg.Lookup != nil:
			l.seeds.names = append(l.seeds.names, to)
		default:
			l.cfg.Log.Warn("not an address of a node", "addr", text, "err", err)
		}
	}
	if l.cfg.Book.Len() > 0 {
		l.seeds.next = now.Add(seedsAfter)
	}
	l.seeds.done = l.cfg.Lookup == nil || l.cfg.NoDNSSeeds || l.cfg.local() && len(l.seeds.names) == 0
	if l.cfg.ForceDNSSeeds {
		l.seeds.next = now
	}
}

func (l *loop) plant(source string, a p2p.Addr) {
	a.Services = needed
	l.cfg.Book.Add(a, source)
}

// askSeeds asks the network's DNS seeds, in a goroutine of its own [ThreadDNSAddressSeed].
func (l *loop) askSeeds(now time.Time) {
	if l.seeds.done || now.Before(l.seeds.next) {
		return
	}
	greeted := 0
	for _, r := range l.order {
		if !r.Inbound() && r.peer != nil {
			greeted++
		}
	}
	if l.seeds.done = !l.cfg.ForceDNSSeeds && l.cfg.Book.Len() > 0 && greeted >= enoughPeers; l.seeds.done {
		return
	}
	l.seeds.next = now.Add(seedsAgain)
	if !l.seeds.warned {
		l.cfg.Log.Info("asking DNS seeds for addresses of nodes")
	}
	names := slices.Clone(l.seeds.names)
	if !l.cfg.local() {
		names = append(names, seedNames(l.cfg.Params, needed)...)
	}
	// As in Core the order is another each time: no seed is always the first to fill the book.
	l.cfg.Rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if l.cfg.Proxy.IsValid() { // it looks the names up: who asks here tells what it is
		for _, name := range names[:min(len(names), seedsAtOnce)] {
			if l.connectedTo(name) == nil {
				l.dialTo(name, p2p.AddrFetch, false)
			}
		}
		return
	}
	l.wg.Go(func() {
		lookup(l.cfg.Lookup).askAll(l.ctx, names, l.cfg.Log, func(a seedAnswer) error {
			return l.s.do(l.ctx, func(l *loop) { l.takeSeed(a) })
		})
		_ = l.s.do(l.ctx, (*loop).seedsAsked) // nobody asks when we stop
	})
}

// takeSeed puts what a seed has answered into the book. The times are Core's: three
// to seven days ago.
func (l *loop) takeSeed(answer seedAnswer) {
	now := l.cfg.Now()
	for _, ip := range answer.addrs {
		age := 3*24*time.Hour + time.Duration(l.cfg.Rand.Int64N(int64(4*24*time.Hour)))
		l.plant(answer.name.Host, p2p.Addr{At: netip.AddrPortFrom(ip.Unmap(), answer.name.Port), Seen: now.Add(-age).Unix()})
		l.seeds.found = l.seeds.found || l.cfg.Book.Reachable(ip)
	}
	l.dialAll()
}

// seedsAsked: all seeds were asked. Addresses that cannot be those of nodes, such as
// a captive portal gives for every name, are no answer.
func (l *loop) seedsAsked() {
	if l.seeds.done = l.seeds.found; l.seeds.done || l.seeds.warned {
		return
	}
	l.seeds.warned = true
	l.cfg.Log.Warn("no DNS seed has given an address; name a node by --addnode HOST:PORT, or several by --peers LIST")
}
