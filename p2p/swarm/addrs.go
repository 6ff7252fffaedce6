package swarm

import (
	"net/netip"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/msg"
	"grapevine/p2p/peer"
)

// The rate limit of addresses heard from one peer: Core's MAX_ADDR_RATE_PER_SECOND
// and MAX_ADDR_PROCESSING_TOKEN_BUCKET. A getaddr of ours allows one full answer more.
const (
	addrRate  = 0.1
	addrBurst = 1000
)

// Fresh addresses in short messages are passed on, as in Core.
const (
	announceEvery = 24 * time.Hour // Core's AVG_LOCAL_ADDRESS_BROADCAST_INTERVAL

	forwardMost = 10               // entries of a message that is passed on
	forwardAge  = 10 * time.Minute // since it was seen alive
	forwardTo   = 2                // peers; on a local network all of them
	maxPassed   = 10_000           // addresses remembered as passed on; each goes on once a day
	maxOwn      = 1000             // addresses that are ourselves: a host has few, but strangers may lead dials back to us
	hearsayAge  = 2 * time.Hour    // taken off the age of what somebody says of others
)

// introduce says our own address to a new peer, and asks an outbound one for others.
func (l *loop) introduce(r *remote) {
	if !r.gossips() {
		return
	}
	if l.cfg.local() {
		l.announce(r)
	}
	r.telling.answered = r.Inbound()
	if !r.Inbound() && (!l.dial.only || !l.cfg.local()) {
		if r.addrs.tokens < addrBurst { // on a local network they are there from the start
			r.addrs.tokens += msg.MaxAddrs
		}
		l.send(r.ID, func(p *peer.Peer) error { return p.Send(wire.NewMsgGetAddr()) })
	}
}

// gossips: addresses are told to it. Not on a connection for blocks only, ours or
// theirs, and what is told there would reach nobody else [SetupAddressRelay].
func (r *remote) gossips() bool {
	return r.peer != nil && !r.dropped && r.Kind != p2p.BlocksOnly && (!r.Inbound() || r.Relay || r.addrRelay)
}

// announce says our own address to a peer.
func (l *loop) announce(r *remote) {
	r.announced = l.cfg.Clock()
	if own, ok := l.ownAddress(r); ok {
		l.isOurs(own.At)
		l.sendAddrs(r, []p2p.Addr{own})
	}
}

// isOurs remembers that an address is ourselves. With too many of them all are
// forgotten: the true ones are soon found again.
func (l *loop) isOurs(at netip.AddrPort) {
	if len(l.ownAddrs) >= maxOwn {
		clear(l.ownAddrs)
	}
	l.ownAddrs[at] = true
}

// announceAgain says it once a day, so that it is not forgotten.
func (l *loop) announceAgain(now time.Time) {
	if !l.cfg.local() {
		return
	}
	for _, r := range l.order {
		if r.gossips() && now.Sub(r.announced) >= announceEvery {
			r.telling.known = nil // others say theirs again too
			l.announce(r)
		}
	}
}

// ownAddress is where this peer could reach us: as people have said, or our end of its
// connection with the port that we listen at. No address is told where it would show that
// two of ours, one of them hidden, are one node.
func (l *loop) ownAddress(r *remote) (p2p.Addr, bool) {
	if len(l.s.listeners) == 0 {
		return p2p.Addr{}, false
	}
	own := l.s.locals
	if len(own) == 0 {
		at := p2p.AddrPortOf(l.s.listeners[0].Addr())
		if at.Addr().IsUnspecified() {
			at = netip.AddrPortFrom(r.peer.LocalAddr().Addr(), at.Port())
		}
		own = []netip.AddrPort{l.cfg.Place(at)}
	}
	at, ok := addressFor(r.network(), slices.Concat(own, l.s.overlayAddrs()))
	if !ok || !l.cfg.Book.Reachable(at.Addr()) {
		return p2p.Addr{}, false
	}
	return p2p.Addr{At: at, Services: l.cfg.services(), Seen: l.cfg.Clock().Unix()}, true
}

// addressFor is that of our addresses that a peer of a network is told: the first of the
// same network, else one of the internet to one of the internet [GetLocal].
func addressFor(network string, own []netip.AddrPort) (at netip.AddrPort, ok bool) {
	hidden := func(network string) bool { return network == p2p.Onion || network == p2p.I2P }
	for _, a := range own {
		switch of := addrbook.NetworkOf(a.Addr()); {
		case of == network:
			return a, true
		case !ok && !hidden(of) && !hidden(network):
			at, ok = a, true
		}
	}
	return at, ok
}

// learn takes addresses that a peer told us.
func (l *loop) learn(a p2p.LearnAddrs) {
	r := l.peers[a.From]
	if r == nil || r.dropped {
		return
	}
	if l.cfg.local() {
		l.hearLocally(r, a.Addrs)
	} else {
		l.hearAddrs(r, a.Addrs)
	}
	if r.Kind == p2p.AddrFetch && len(a.Addrs) > 1 {
		l.cfg.Log.Debug("addresses asked for have come", "peer", r.Number)
		l.dropFor(r, "the addresses asked for have come", "")
	}
}

// hearLocally is hearAddrs on a local network: what is fresh goes on to all who have not
// said it themselves by one of the next chores. When many nodes start at once, few
// messages of several addresses take the place of one for each address and neighbour.
func (l *loop) hearLocally(r *remote, addrs []p2p.Addr) {
	now := l.cfg.Clock()
	r.addrRelay = true
	for i, addr := range addrs {
		if !r.addrs.take(now) {
			r.addrsLimited += uint64(len(addrs) - i)
			break
		}
		r.addrsTaken++
		r.telling.knows(addr.At)
		if l.ownAddrs[addr.At] {
			continue
		}
		self := len(addrs) == 1 && addr.At.Addr() == r.at.Addr()
		if self && r.Inbound() && !r.claims.IsValid() {
			l.claim(r, addr.At)
		}
		if l.reachable(addr.At.Addr()) {
			l.cfg.Book.Add(addr, r.at.String())
		}
		fresh := now.Sub(time.Unix(addr.Seen, 0)).Abs() < forwardAge
		if fresh && len(addrs) <= forwardMost && l.cfg.Book.Reachable(addr.At.Addr()) && l.passOnce(addr.At, now) {
			l.forward(r, addr)
		}
	}
	if !l.dial.only {
		l.dialChosen(l.cfg.Now())
	}
}

// passOnce tells whether an address has not been passed on today: else each that
// is fresh would go round among the nodes, twice as often each time.
func (l *loop) passOnce(at netip.AddrPort, now time.Time) bool {
	today := passing{at, now.UTC().Format(time.DateOnly)}
	if l.passed.has(today) {
		return false
	}
	l.passed.add(today)
	return true
}

// passing is an address that was passed on, with the day.
type passing struct {
	at  netip.AddrPort
	day string
}

// forward passes a fresh address on to all others.
func (l *loop) forward(from *remote, a p2p.Addr) {
	for _, r := range l.order {
		if r != from && r.gossips() {
			l.tellSoon(r, a)
		}
	}
}

// tell answers getaddr; gossip knows who may ask.
func (l *loop) tell(id p2p.PeerID) {
	r := l.peers[id]
	if r == nil || r.peer == nil || !r.Inbound() && !l.cfg.local() { // others could take our fingerprint by asking
		return
	}
	r.addrRelay = true
	var answer []p2p.Addr
	if r.May(p2p.MayAskAddrs) {
		answer = l.cfg.Book.Sample()
	} else {
		answer = l.cfg.Book.Answer(r.asks())
	}
	if l.cfg.local() {
		l.sendAddrs(r, answer)
		return
	}
	r.telling.queue = nil
	for _, a := range answer {
		l.tellSoon(r, a)
	}
	l.tellDue(r, l.cfg.Clock()) // the first answer comes at once
}

// asks is the way by which a peer came to ask for addresses: each way has an answer of
// its own, so that one cannot tell by them that two lead to one node.
func (r *remote) asks() string {
	return r.network() + " " + r.peer.LocalAddr().String()
}

// network is where a peer is, by Core's name.
func (r *remote) network() string {
	if r.onion {
		return p2p.Onion
	}
	return addrbook.NetworkOf(r.at.Addr())
}

func (l *loop) sendAddrs(r *remote, addrs []p2p.Addr) {
	m := msg.AddrsOf(addrs, r.AddrV2)
	if m == nil {
		return
	}
	l.send(r.ID, func(p *peer.Peer) error { return p.Send(m) })
}
