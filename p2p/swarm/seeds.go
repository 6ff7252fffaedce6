package swarm

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"grapevine/p2p"
)

// DNS seeds are asked only when the address book does not do: at once when it is
// empty, else a few at a time and each time after a wait in which two peers that relay
// transactions and addresses end it, as in Core; and again while they do not answer,
// for a node may start before its network does.
const (
	seedsAfter     = 11 * time.Second // [DNSSEEDS_DELAY_FEW_PEERS]
	seedsAfterMany = 5 * time.Minute  // with so many addresses [DNSSEEDS_DELAY_MANY_PEERS]
	manyAddrs      = 1000             // [DNSSEEDS_DELAY_PEER_THRESHOLD]
	seedsAgain     = time.Minute
	enoughPeers    = 2                // [TARGET_OUTBOUND_CONNECTIONS]
	seedsAtOnce    = 3                // [DNSSEEDS_TO_QUERY_AT_ONCE]
	seedNodesTime  = 30 * time.Second // that nodes named for it have before the DNS seeds [SEEDNODE_TIMEOUT]
)

// seeder is what the loop knows of them.
type seeder struct {
	names []p2p.HostPort // that the user gave; like seeds, they are looked up
	left  []p2p.HostPort // not asked yet in this round
	begun time.Time      // this round
	next  time.Time      // when to go on

	until   time.Time // the end of the wait before the next are asked; zero: none
	asking  bool      // answers are awaited
	answers int       // addresses that they gave
	found   bool      // one of them a node can have
	done    bool      // they have answered, or are not needed
	warned  bool
	held    bool // the log has that they wait for the network

	nodesAt   time.Time // since when seed nodes are tried, as people see the time
	nodesDone bool      // they have had their time, or there are none

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
	l.seeds.nodesDone = len(l.cfg.SeedNodes) == 0
	l.seeds.done = l.cfg.Lookup == nil || l.cfg.NoDNSSeeds || l.cfg.local() && len(l.seeds.names) == 0 ||
		l.dial.only && !l.cfg.SeedsBesideConnect
}

func (l *loop) plant(source string, a p2p.Addr) {
	a.Services = needed
	l.cfg.Book.Add(a, source)
}

// askSeeds asks the network's DNS seeds when it is time [ThreadDNSAddressSeed].
func (l *loop) askSeeds(now time.Time) {
	s := &l.seeds
	if s.done || s.asking || now.Before(s.next) || l.seedNodesFirst() {
		return
	}
	atOnce, fresh := seedsAtOnce, s.until.IsZero() && len(s.left) == 0
	if fresh {
		l.shuffleSeeds(now)
	}
	known := l.cfg.Book.Len()
	switch {
	case fresh && (l.cfg.ForceDNSSeeds || known == 0) && !l.cfg.Proxy.IsValid():
		atOnce = len(s.left)
	case s.until.IsZero() && l.waitForPeers(now, known), !s.until.IsZero() && l.seedsSpared(now):
		return
	}
	s.until = time.Time{}
	names := s.left[:min(atOnce, len(s.left))]
	s.left = s.left[len(names):]
	for _, name := range names {
		l.seedsSay("asking a DNS seed", "seed", strings.TrimPrefix(name.Host, filterOf(needed)))
	}
	l.ask(now, names)
}

// holdSeeds says once that nobody is asked while the network is off.
func (l *loop) holdSeeds() {
	if !l.seeds.done && !l.seeds.held {
		l.seeds.held = true
		l.cfg.Log.Info("DNS seeds wait for the network")
	}
}

// shuffleSeeds begins a round. As in Core the order is another each time: no seed is
// always the first to fill the book.
func (l *loop) shuffleSeeds(now time.Time) {
	s := &l.seeds
	s.begun, s.left = now, slices.Clone(s.names)
	if !l.cfg.local() {
		s.left = append(s.left, seedNames(l.cfg.Params, needed)...)
	}
	l.cfg.Rand.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
}

// seedsSay logs a step of the first round: the later ones are its repetition.
func (l *loop) seedsSay(event string, attrs ...any) {
	if !l.seeds.warned {
		l.cfg.Log.Info(event, attrs...)
	}
}

// waitForPeers begins a wait if there are addresses to dial meanwhile.
func (l *loop) waitForPeers(now time.Time, known int) bool {
	wait := seedsAfter
	switch {
	case known == 0 || l.cfg.ForceDNSSeeds:
		return false
	case known >= manyAddrs:
		wait = seedsAfterMany
	}
	l.seedsSay("DNS seeds wait", "seconds", int(wait.Seconds()))
	l.seeds.until, l.seeds.next = now.Add(wait), now.Add(seedsAfter)
	return true
}

// seedsSpared looks, in a wait, whether enough peers have been found; false at its end.
func (l *loop) seedsSpared(now time.Time) bool {
	s := &l.seeds
	if l.relaying() >= enoughPeers {
		s.done = true
		l.cfg.Log.Info("DNS seeds are not needed", "addresses", s.answers)
		return true
	}
	s.next = now.Add(seedsAfter)
	if s.next.After(s.until) {
		s.next = s.until
	}
	return now.Before(s.until)
}

// relaying counts the peers that we chose for all they say: those for blocks only tell no
// addresses, and come back by themselves at every start [GetFullOutboundConnCount].
func (l *loop) relaying() (n int) {
	for _, r := range l.order {
		if r.Kind == p2p.FullRelay && r.peer != nil && !r.dropped {
			n++
		}
	}
	return n
}

// seedNodesFirst: while they have time, nodes that were named for it are asked alone.
func (l *loop) seedNodesFirst() bool {
	s := &l.seeds
	if s.nodesDone {
		return false
	}
	now := l.cfg.Clock()
	switch {
	case s.nodesAt.IsZero():
		s.nodesAt = now
		l.cfg.Log.Info("seed nodes come before DNS seeds", "seconds", int(seedNodesTime.Seconds()))
	case now.Sub(s.nodesAt) > seedNodesTime:
		s.nodesDone = true
		l.cfg.Log.Info("seed nodes have not led to enough peers")
	case l.relaying() >= enoughPeers:
		s.nodesDone = true
		l.cfg.Log.Info("seed nodes have led to enough peers")
		if s.done = !l.cfg.ForceDNSSeeds && l.cfg.Book.Len() > 0; s.done {
			l.cfg.Log.Info("DNS seeds are spared by seed nodes")
		}
	}
	return !s.nodesDone || s.done
}

// ask looks names up in a goroutine of its own. Through a proxy they are dialled as nodes:
// who looks names up here tells what it is.
func (l *loop) ask(now time.Time, names []p2p.HostPort) {
	if l.cfg.Proxy.IsValid() {
		for _, name := range names {
			if !l.dial.only && l.connectedTo(name) == nil {
				l.dialTo(name, p2p.AddrFetch, false)
			}
		}
		l.seeds.next = now.Add(seedsAgain)
		return
	}
	l.seeds.asking = true
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
	l.seeds.answers += len(answer.addrs)
	for _, ip := range answer.addrs {
		age := 3*24*time.Hour + time.Duration(l.cfg.Rand.Int64N(int64(4*24*time.Hour)))
		l.plant(answer.name.Host, p2p.Addr{At: netip.AddrPortFrom(ip.Unmap(), answer.name.Port), Seen: now.Add(-age).Unix()})
		l.seeds.found = l.seeds.found || l.cfg.Book.Reachable(ip)
	}
	l.dialAll()
}

// seedsAsked: those that were asked have had their time. Addresses that cannot be those of
// nodes, such as a captive portal gives for every name, are no answer.
func (l *loop) seedsAsked() {
	s := &l.seeds
	if s.asking = false; len(s.left) > 0 {
		return
	}
	l.seedsSay("DNS seeds were asked", "addresses", s.answers)
	s.next = s.begun.Add(seedsAgain)
	if s.done = s.found; s.done || s.warned {
		return
	}
	s.warned = true
	l.cfg.Log.Warn("no DNS seed has given an address; name a node by --addnode HOST:PORT, or several by --peers LIST")
}
