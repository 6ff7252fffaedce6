package swarm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"grapevine/p2p"
)

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
		id, ok := evict(cs)
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

func TestTheYoungestOfTheLargestGroupGoes(t *testing.T) {
	cs := crowd(60, "evil")
	if id, _ := evict(cs); id != 60 {
		t.Errorf("%d goes, 60 is the youngest", id)
	}
	if _, ok := evict(crowd(5, "few")); ok {
		t.Error("one of five protected peers has to go")
	}
	if _, ok := evict(nil); ok {
		t.Error("nobody goes")
	}
}

func TestT41_OutcastsAreBounded(t *testing.T) {
	o := outcasts{until: map[string]time.Time{}}
	now := time.Unix(1_700_000_000, 0)
	for i := range 100_000 {
		o.add(fmt.Sprintf("8.%d.%d.%d", i>>16, i>>8&255, i&255), now)
	}
	if len(o.until) > maxOutcasts || len(o.queue) > maxOutcasts {
		t.Errorf("%d and %d entries", len(o.until), len(o.queue))
	}
	if !o.has("8.1.134.159", now) || o.has("8.1.134.159", now.Add(25*time.Hour)) || o.has("8.0.0.1", now) {
		t.Error("the last ones are remembered for a day, the first ones no longer")
	}
	for _, host := range []string{"127.0.0.1", "::1", "127.9.9.9"} {
		if o.add(host, now); o.has(host, now) {
			t.Errorf("%s is an outcast", host)
		}
	}
}

func TestT38_AddressesAreTakenAtATenthASecond(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := newBucket(addrBurst, addrRate, now)
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
