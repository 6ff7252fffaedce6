package swarm

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"grapevine/p2p"
)

func addrOf(s string) netip.Addr { return netip.MustParseAddr(s) }

// inbound is a peer with a merit that wants transactions too.
func inbound(id int, began time.Time, m merit) *remote {
	return &remote{Link: p2p.Link{ID: p2p.PeerID(id), Kind: p2p.Inbound, Hello: p2p.Hello{Relay: true}}, began: began, merit: m}
}

// crowd is n idle attackers of one network group, youngest last.
func crowd(n int, group string) []*remote {
	begun := time.Unix(1_700_000_000, 0)
	var cs []*remote
	for i := range n {
		cs = append(cs, inbound(i+1, begun.Add(time.Duration(i)*time.Second), merit{group: group, minPing: 50 * time.Millisecond}))
	}
	return cs
}

func TestT40_UsefulPeersKeepTheirSlots(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	young := begun.Add(time.Hour)
	cs := crowd(100, "evil")
	honest := []*remote{
		inbound(201, young, merit{group: "near", minPing: time.Millisecond}),
		inbound(202, young, merit{group: "blocks", minPing: time.Second, lastBlock: young}),
		inbound(203, young, merit{group: "txs", minPing: time.Second, lastTx: young}),
		inbound(204, begun.Add(-time.Hour), merit{group: "old", minPing: time.Second}),
		inbound(205, young, merit{group: "another", minPing: time.Second}),
	}
	cs = append(cs, honest...)
	for round := range 20 {
		rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
		r := evict(cs, false)
		if r == nil || r.ID > 200 {
			t.Fatalf("round %d: %v makes room", round, r)
		}
		cs = slices.DeleteFunc(cs, func(o *remote) bool { return o == r })
	}
}

// Each merit protects so many and no more, in Core's order.
func TestT40_EachMeritProtectsSoMany(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	at := func(i int) time.Time { return begun.Add(time.Duration(i) * time.Second) }
	for _, c := range []struct {
		merit string
		most  int
		give  func(c *remote, i int)
	}{
		{"a rank that nobody can guess", 4, func(c *remote, i int) { c.rank = uint64(i) }},
		{"a low ping", 8, func(c *remote, i int) { c.minPing = time.Duration(i + 1) }},
		{"transactions", 4, func(c *remote, i int) { c.lastTx = at(100 - i) }},
		{"blocks, from who wants nothing else", 8 + 4, func(c *remote, i int) { c.Relay, c.lastBlock = false, at(100-i) }},
		{"blocks", 4, func(c *remote, i int) { c.lastBlock = at(100 - i) }},
	} {
		// The twenty with the merit are the youngest of all, in one group; the
		// others are old, and four of them are protected by their rank.
		var cs []*remote
		for i := range 20 {
			x := inbound(i+1, begun.Add(time.Hour), merit{group: "young", rank: 1 << 40})
			c.give(x, i)
			cs = append(cs, x)
		}
		for i := range 100 {
			cs = append(cs, inbound(i+101, begun, merit{group: fmt.Sprint(i), rank: uint64(1000 + i)}))
		}
		gone := map[p2p.PeerID]bool{}
		for range 20 {
			r := evict(slices.Clone(cs), false)
			if r == nil || r.ID > 100 {
				break
			}
			gone[r.ID] = true
			cs = slices.DeleteFunc(cs, func(o *remote) bool { return o == r })
		}
		left := 20 - len(gone)
		if left < c.most || left > c.most+1 { // a single one is no larger a group than the others
			t.Errorf("%s protects %d, want %d", c.merit, left, c.most)
		}
		for i := range c.most {
			if gone[p2p.PeerID(i+1)] {
				t.Errorf("%s: number %d had to go", c.merit, i+1)
			}
		}
	}
}

// On a local network all newcomers have the same time: the oldest of those without
// a merit goes. Of sixty the eight nearest and the four of the lowest rank are
// protected, here the first twelve, then the older half of the rest.
func TestLocallyTheOldestWithoutMeritGoes(t *testing.T) {
	cs := crowd(60, "")
	for i := range cs {
		cs[i].rank = uint64(i)
	}
	if r := evict(cs, true); r.ID != 12+24+1 {
		t.Errorf("%d goes, 37 is the oldest without a merit", r.ID)
	}
}

func TestTheYoungestOfTheLargestGroupGoes(t *testing.T) {
	cs := crowd(60, "evil")
	if r := evict(cs, false); r.ID != 60 {
		t.Errorf("%d goes, 60 is the youngest", r.ID)
	}
	if evict(crowd(5, "few"), false) != nil {
		t.Error("one of five protected peers has to go")
	}
	if evict(nil, false) != nil {
		t.Error("nobody goes")
	}
}

// T41: of a million offenders the last 10,000 are remembered, and a look takes
// no longer than after a thousand (11 ns and 8 ns; a list of them would take
// hundreds of times as long).
func TestT41_DiscouragedAreBounded(t *testing.T) {
	const all, look = 1_000_000, 1000
	now := time.Unix(1_700_000_000, 0)
	few, many, last := newDiscouraged(), newDiscouraged(), make([]netip.Addr, 0, look)
	for i := range all {
		host := fmt.Sprintf("8.%d.%d.%d", i>>16, i>>8&255, i&255)
		many.add(addrOf(host), now)
		if i >= all-look {
			few.add(addrOf(host), now)
			last = append(last, addrOf(host))
		}
	}
	if len(many.until) != maxDiscouraged || len(many.queue) != maxDiscouraged || cap(many.queue) > 3*maxDiscouraged {
		t.Errorf("%d and %d entries in room for %d", len(many.until), len(many.queue), cap(many.queue))
	}
	if !many.has(last[0], now) || many.has(last[0], now.Add(25*time.Hour)) || many.has(addrOf("8.0.0.1"), now) {
		t.Error("the last ones are remembered for a day, the first ones no longer")
	}
	short, long := looks(few, last, now), looks(many, last, now)
	t.Logf("a look after %d offences takes %v, after %d %v", look, short, all, long)
	if long > 10*short {
		t.Errorf("a look after %d offences takes %v, after %d only %v", all, long, look, short)
	}
}

// looks is how long one look takes, at best: the machine has other things to do.
func looks(o *discouraged, hosts []netip.Addr, now time.Time) time.Duration {
	best := time.Hour
	for range 20 {
		begun := time.Now()
		for _, host := range hosts {
			o.has(host, now)
		}
		best = min(best, time.Since(begun)/time.Duration(len(hosts)))
	}
	return best
}

func TestNobodyAtHomeIsDiscouraged(t *testing.T) {
	o, now := newDiscouraged(), time.Unix(1_700_000_000, 0)
	for _, host := range []string{"127.0.0.1", "::1", "127.9.9.9"} {
		if o.add(addrOf(host), now); o.has(addrOf(host), now) {
			t.Errorf("%s is discouraged", host)
		}
	}
}

func TestT38_AddressesAreTakenAtATenthASecond(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := newBucket(1000, 0.1, now)
	taken := 0
	for range 5000 {
		if b.take(now) {
			taken++
		}
	}
	if taken != 1000 {
		t.Errorf("%d taken at once", taken)
	}
	for i := range 3600 {
		if b.take(now.Add(time.Duration(i) * time.Second)) {
			taken++
		}
	}
	if taken < 1355 || taken > 1361 {
		t.Errorf("%d taken within an hour", taken)
	}
}

func TestASetForgetsTheOldest(t *testing.T) {
	s := newSet[string](3)
	for _, name := range []string{"a", "b", "a", "c", "d"} {
		s.add(name)
	}
	if s.has("a") || !s.has("b") || !s.has("c") || !s.has("d") {
		t.Errorf("%v", s.known)
	}
}
