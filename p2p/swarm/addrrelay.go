package swarm

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
	"grapevine/p2p/msg"
)

// How addresses are told on a public network, as in Core: whatever is to be said to a
// peer waits in a queue and leaves it at times that nobody can foresee; a fresh address
// goes to two peers that are the same for a day; what a peer knows already is not said
// to it; and to who came to us nothing is said before it has said something of addresses
// itself, for it may be one of those that pass nothing on. On a local network all are told
// by the next of the chores, or with many peers by one of the next.

const (
	tellEvery    = 30 * time.Second // on average [AVG_ADDRESS_BROADCAST_INTERVAL]
	maxTellKnown = 5000             // addresses that a peer knows [m_addr_known]

	tellFew     = 8 // peers of a local network that are told by the next of the chores
	tellMore    = 4 // more of them for whom one more of the chores is waited
	tellSlowest = 4 // chores at most
)

// telling is what is to be told to one peer.
type telling struct {
	queue    []p2p.Addr // at most msg.MaxAddrs
	known    *set[netip.AddrPort]
	next     time.Time // of the next message
	own      time.Time // when our own address is said again
	answered bool      // the first message of one that we have asked has come
}

// tellSoon queues an address for a peer; when too many wait, it takes the place of any [PushAddress].
func (l *loop) tellSoon(r *remote, a p2p.Addr) {
	t := &r.telling
	switch {
	case t.known != nil && t.known.has(a.At), !r.understands(a):
	case len(t.queue) < msg.MaxAddrs:
		t.queue = append(t.queue, a)
	default:
		t.queue[l.cfg.Rand.IntN(len(t.queue))] = a
	}
}

// understands tells whether the peer takes addresses of that network: addr has room for
// those of IP alone [IsAddrCompatible].
func (r *remote) understands(a p2p.Addr) bool {
	network, _ := p2p.Overlay(a.At.Addr())
	return network == "" || r.AddrV2
}

// knows notes that a peer knows an address [AddAddressKnown].
func (t *telling) knows(at netip.AddrPort) {
	if t.known == nil {
		t.known = newSet[netip.AddrPort](maxTellKnown)
	}
	t.known.add(at)
}

// tellAll says to each peer what is due [MaybeSendAddr].
func (l *loop) tellAll(now time.Time) {
	if l.cfg.local() {
		l.tellLocally()
		return
	}
	for _, r := range l.order {
		if r.addrRelay && r.peer != nil && !r.dropped {
			l.tellDue(r, now)
		}
	}
}

// tellLocally tells all peers at once what is new, but the more of them there are the longer
// it is gathered: so each says no more to many than to some. It counts chores, for people may
// hold the clock.
func (l *loop) tellLocally() {
	if l.gathered++; l.gathered < min(1+max(len(l.order)-tellFew, 0)/tellMore, tellSlowest) {
		return
	}
	l.gathered = 0
	for _, r := range l.order {
		if r.gossips() {
			l.tellNow(r)
		}
	}
}

// tellDue says to a peer what is due.
func (l *loop) tellDue(r *remote, now time.Time) {
	t := &r.telling
	if !now.Before(t.own) {
		if !t.own.IsZero() {
			t.known = nil // or our own address would not be said again
		}
		t.own = now.Add(l.after(announceEvery))
		if own, ok := l.ownAddress(r); ok {
			l.isOurs(own.At)
			l.tellSoon(r, own)
		}
	}
	if now.After(t.next) {
		t.next = now.Add(l.after(tellEvery))
		l.tellNow(r)
	}
}

// after is a random time of this mean: the next one cannot be foretold from the last.
func (l *loop) after(mean time.Duration) time.Duration {
	return time.Duration(l.cfg.Rand.ExpFloat64() * float64(mean))
}

func (l *loop) tellNow(r *remote) {
	t := &r.telling
	var fresh []p2p.Addr
	for _, a := range t.queue {
		if t.known == nil || !t.known.has(a.At) {
			t.knows(a.At)
			fresh = append(fresh, a)
		}
	}
	t.queue = nil
	most := msg.MaxAddrs
	if l.cfg.local() {
		most = forwardMost // more would go no further
	}
	for some := range slices.Chunk(fresh, most) {
		l.sendAddrs(r, some)
	}
}

// hearAddrs takes addresses that a peer has told us.
func (l *loop) hearAddrs(r *remote, addrs []p2p.Addr) {
	now := l.cfg.Clock()
	r.addrRelay = true
	added := 0
	pass := len(addrs) <= forwardMost && r.telling.answered // what answers a getaddr goes no further
	l.cfg.Rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] })
	for _, a := range addrs {
		if !r.addrs.take(now) && !r.May(p2p.MayAskAddrs) {
			r.addrsLimited++
			continue
		}
		if !useful(a.Services) {
			continue
		}
		seen := time.Unix(a.Seen, 0)
		if a.Seen <= 100_000_000 || seen.After(now.Add(forwardAge)) {
			seen = now.Add(-5 * 24 * time.Hour)
			a.Seen = seen.Unix()
		}
		r.telling.knows(a.At)
		if l.cfg.Book.Banned(a.At.Addr()) || l.discouraged.has(a.At.Addr(), now) {
			continue
		}
		r.addrsTaken++
		if pass && seen.After(now.Add(-forwardAge)) && addrbook.Routable(a.At.Addr()) {
			l.relayAddr(r, a, now)
		}
		if !l.ownAddrs[a.At] && l.reachable(a.At.Addr()) {
			a.Seen -= int64(hearsayAge / time.Second)
			if l.cfg.Book.Add(a, r.at.String()) {
				added++
			}
		}
	}
	if added > 0 {
		l.cfg.Log.Debug("addresses added", "added", added, "of", len(addrs), "addr", r.name())
	}
	if len(addrs) < msg.MaxAddrs {
		r.telling.answered = true
	}
}

// useful: who offers this may have an address book of worth [MayHaveUsefulAddressDB].
func useful(s wire.ServiceFlag) bool {
	return s&(wire.SFNodeNetwork|wire.SFNodeNetworkLimited) != 0
}

// relayAddr is address relay (addr relay): it passes an address on to two peers, who are
// the same for it for a day [RelayAddress]: nobody can make it known more widely by saying it again.
func (l *loop) relayAddr(from *remote, a p2p.Addr, now time.Time) {
	raw, err := a.At.MarshalBinary()
	if err != nil {
		return
	}
	hash := siphash.Sum64(raw, &l.secret)
	day := (uint64(now.Unix()) + hash) / uint64(24*time.Hour/time.Second) // [ROTATE_ADDR_RELAY_DEST_INTERVAL]
	var best [forwardTo]*remote
	var ranks [forwardTo]uint64
	for _, r := range l.order {
		if r == from || !r.addrRelay || !r.gossips() || !r.understands(a) {
			continue
		}
		key := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(raw, day), uint64(r.ID))
		rank := siphash.Sum64(key, &l.secret)
		for i := range best {
			if best[i] == nil || rank > ranks[i] {
				copy(best[i+1:], best[i:])
				copy(ranks[i+1:], ranks[i:])
				best[i], ranks[i] = r, rank
				break
			}
		}
	}
	to := forwardTo
	if !l.reachable(a.At.Addr()) && hash&1 == 0 { // what we cannot judge goes less far
		to = 1
	}
	for _, r := range best[:to] {
		if r != nil {
			l.tellSoon(r, a)
		}
	}
}
