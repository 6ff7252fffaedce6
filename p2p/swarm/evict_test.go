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

// crowd is n idle attackers of one network group, youngest last.
func crowd(n int, group string) []candidate {
	begun := time.Unix(1_700_000_000, 0)
	var cs []candidate
	for i := range n {
		cs = append(cs, candidate{
			id: p2p.PeerID(i + 1), group: group, minPing: 50 * time.Millisecond,
			began: begun.Add(time.Duration(i) * time.Second),
		})
	}
	return cs
}

func TestT40_UsefulPeersKeepTheirSlots(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	cs := crowd(100, "evil")
	honest := []candidate{
		{id: 201, group: "near", minPing: time.Millisecond},
		{id: 202, group: "blocks", minPing: time.Second, lastBlock: begun.Add(time.Hour)},
		{id: 203, group: "txs", minPing: time.Second, lastTx: begun.Add(time.Hour)},
		{id: 204, group: "old", minPing: time.Second, began: begun.Add(-time.Hour)},
		{id: 205, group: "another", minPing: time.Second},
	}
	for i := range honest {
		if honest[i].began.IsZero() {
			honest[i].began = begun.Add(time.Hour)
		}
	}
	cs = append(cs, honest...)
	for round := range 20 {
		rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
		id, ok := evict(cs, false)
		if !ok || id > 200 {
			t.Fatalf("round %d: %d makes room", round, id)
		}
		for i := range cs {
			if cs[i].id == id {
				cs = append(cs[:i], cs[i+1:]...)
				break
			}
		}
	}
}

// Each merit protects so many and no more, in Core's order.
func TestT40_EachMeritProtectsSoMany(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	at := func(i int) time.Time { return begun.Add(time.Duration(i) * time.Second) }
	for _, c := range []struct {
		merit string
		most  int
		give  func(c *candidate, i int)
	}{
		{"a rank that nobody can guess", 4, func(c *candidate, i int) { c.rank = uint64(i) }},
		{"a low ping", 8, func(c *candidate, i int) { c.minPing = time.Duration(i + 1) }},
		{"transactions", 4, func(c *candidate, i int) { c.lastTx = at(100 - i) }},
		{"blocks, from who wants nothing else", 8 + 4, func(c *candidate, i int) { c.blocks, c.lastBlock = true, at(100-i) }},
		{"blocks", 4, func(c *candidate, i int) { c.lastBlock = at(100 - i) }},
	} {
		// The twenty with the merit are the youngest of all, in one group; the
		// others are old, and four of them are protected by their rank.
		var cs []candidate
		for i := range 20 {
			x := candidate{id: p2p.PeerID(i + 1), group: "young", rank: 1 << 40, began: begun.Add(time.Hour)}
			c.give(&x, i)
			cs = append(cs, x)
		}
		for i := range 100 {
			cs = append(cs, candidate{id: p2p.PeerID(i + 101), group: fmt.Sprint(i), rank: uint64(1000 + i), began: begun})
		}
		gone := map[p2p.PeerID]bool{}
		for range 20 {
			id, ok := evict(slices.Clone(cs), false)
			if !ok || id > 100 {
				break
			}
			gone[id] = true
			cs = slices.DeleteFunc(cs, func(c candidate) bool { return c.id == id })
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
	if id, _ := evict(cs, true); id != 12+24+1 {
		t.Errorf("%d goes, 37 is the oldest without a merit", id)
	}
}

func TestTheYoungestOfTheLargestGroupGoes(t *testing.T) {
	cs := crowd(60, "evil")
	if id, _ := evict(cs, false); id != 60 {
		t.Errorf("%d goes, 60 is the youngest", id)
	}
	if _, ok := evict(crowd(5, "few"), false); ok {
		t.Error("one of five protected peers has to go")
	}
	if _, ok := evict(nil, false); ok {
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
