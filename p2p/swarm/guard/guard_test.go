package guard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"grapevine/p2p"
)

// crowd is n idle attackers of one network group, youngest last.
func crowd(n int, group string) []Candidate {
	begun := time.Unix(1_700_000_000, 0)
	var cs []Candidate
	for i := range n {
		cs = append(cs, Candidate{
			ID: p2p.PeerID(i + 1), Group: group, MinPing: 50 * time.Millisecond,
			Began: begun.Add(time.Duration(i) * time.Second),
		})
	}
	return cs
}

func TestT40_UsefulPeersKeepTheirSlots(t *testing.T) {
	begun := time.Unix(1_700_000_000, 0)
	cs := crowd(100, "evil")
	honest := []Candidate{
		{ID: 201, Group: "near", MinPing: time.Millisecond},
		{ID: 202, Group: "blocks", MinPing: time.Second, LastBlock: begun.Add(time.Hour)},
		{ID: 203, Group: "txs", MinPing: time.Second, LastTx: begun.Add(time.Hour)},
		{ID: 204, Group: "old", MinPing: time.Second, Began: begun.Add(-time.Hour)},
		{ID: 205, Group: "another", MinPing: time.Second},
	}
	for i := range honest {
		if honest[i].Began.IsZero() {
			honest[i].Began = begun.Add(time.Hour)
		}
	}
	cs = append(cs, honest...)
	for round := range 20 {
		rand.New(rand.NewPCG(uint64(round), 0)).Shuffle(len(cs), func(i, j int) { cs[i], cs[j] = cs[j], cs[i] })
		id, ok := Evict(cs, false)
		if !ok || id > 200 {
			t.Fatalf("round %d: %d makes room", round, id)
		}
		for i := range cs {
			if cs[i].ID == id {
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
		give  func(c *Candidate, i int)
	}{
		{"a rank that nobody can guess", 4, func(c *Candidate, i int) { c.Rank = uint64(i) }},
		{"a low ping", 8, func(c *Candidate, i int) { c.MinPing = time.Duration(i + 1) }},
		{"transactions", 4, func(c *Candidate, i int) { c.LastTx = at(100 - i) }},
		{"blocks, from who wants nothing else", 8 + 4, func(c *Candidate, i int) { c.Blocks, c.LastBlock = true, at(100-i) }},
		{"blocks", 4, func(c *Candidate, i int) { c.LastBlock = at(100 - i) }},
	} {
		// The twenty with the merit are the youngest of all, in one group; the
		// others are old, and four of them are protected by their rank.
		var cs []Candidate
		for i := range 20 {
			x := Candidate{ID: p2p.PeerID(i + 1), Group: "young", Rank: 1 << 40, Began: begun.Add(time.Hour)}
			c.give(&x, i)
			cs = append(cs, x)
		}
		for i := range 100 {
			cs = append(cs, Candidate{ID: p2p.PeerID(i + 101), Group: fmt.Sprint(i), Rank: uint64(1000 + i), Began: begun})
		}
		gone := map[p2p.PeerID]bool{}
		for range 20 {
			id, ok := Evict(slices.Clone(cs), false)
			if !ok || id > 100 {
				break
			}
			gone[id] = true
			cs = slices.DeleteFunc(cs, func(c Candidate) bool { return c.ID == id })
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
		cs[i].Rank = uint64(i)
	}
	if id, _ := Evict(cs, true); id != 12+24+1 {
		t.Errorf("%d goes, 37 is the oldest without a merit", id)
	}
}

func TestTheYoungestOfTheLargestGroupGoes(t *testing.T) {
	cs := crowd(60, "evil")
	if id, _ := Evict(cs, false); id != 60 {
		t.Errorf("%d goes, 60 is the youngest", id)
	}
	if _, ok := Evict(crowd(5, "few"), false); ok {
		t.Error("one of five protected peers has to go")
	}
	if _, ok := Evict(nil, false); ok {
		t.Error("nobody goes")
	}
}

// T41: of a million offenders the last 10,000 are remembered, and a look takes
// no longer than after a thousand (11 ns and 8 ns; a list of them would take
// hundreds of times as long).
func TestT41_OutcastsAreBounded(t *testing.T) {
	const all, look = 1_000_000, 1000
	now := time.Unix(1_700_000_000, 0)
	few, many, last := NewOutcasts(), NewOutcasts(), make([]string, 0, look)
	for i := range all {
		host := fmt.Sprintf("8.%d.%d.%d", i>>16, i>>8&255, i&255)
		many.Add(host, now)
		if i >= all-look {
			few.Add(host, now)
			last = append(last, host)
		}
	}
	if len(many.until) != maxOutcasts || len(many.queue) != maxOutcasts || cap(many.queue) > 3*maxOutcasts {
		t.Errorf("%d and %d entries in room for %d", len(many.until), len(many.queue), cap(many.queue))
	}
	if !many.Has(last[0], now) || many.Has(last[0], now.Add(25*time.Hour)) || many.Has("8.0.0.1", now) {
		t.Error("the last ones are remembered for a day, the first ones no longer")
	}
	short, long := looks(few, last, now), looks(many, last, now)
	t.Logf("a look after %d offences takes %v, after %d %v", look, short, all, long)
	if long > 10*short {
		t.Errorf("a look after %d offences takes %v, after %d only %v", all, long, look, short)
	}
}

// looks is how long one look takes, at best: the machine has other things to do.
func looks(o *Outcasts, hosts []string, now time.Time) time.Duration {
	best := time.Hour
	for range 20 {
		begun := time.Now()
		for _, host := range hosts {
			o.Has(host, now)
		}
		best = min(best, time.Since(begun)/time.Duration(len(hosts)))
	}
	return best
}

func TestNobodyAtHomeIsAnOutcast(t *testing.T) {
	o, now := NewOutcasts(), time.Unix(1_700_000_000, 0)
	for _, host := range []string{"127.0.0.1", "::1", "127.9.9.9"} {
		if o.Add(host, now); o.Has(host, now) {
			t.Errorf("%s is an outcast", host)
		}
	}
}

func TestT38_AddressesAreTakenAtATenthASecond(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := NewBucket(1000, 0.1, now)
	taken := 0
	for range 5000 {
		if b.Take(now) {
			taken++
		}
	}
	if taken != 1000 {
		t.Errorf("%d taken at once", taken)
	}
	for i := range 3600 {
		if b.Take(now.Add(time.Duration(i) * time.Second)) {
			taken++
		}
	}
	if taken < 1355 || taken > 1361 {
		t.Errorf("%d taken within an hour", taken)
	}
}

func TestASetForgetsTheOldest(t *testing.T) {
	s := NewSet(3)
	for _, name := range []string{"a", "b", "a", "c", "d"} {
		s.Add(name)
	}
	if s.Has("a") || !s.Has("b") || !s.Has("c") || !s.Has("d") {
		t.Errorf("%v", s.known)
	}
}
