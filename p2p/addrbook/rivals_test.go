package addrbook

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"grapevine/p2p"
)

// contested is a book in which a newer address should have the place in tried
// of an older one, which was good five hours ago.
func contested(t *testing.T, now *time.Time) (b *Book, old, rival *entry) {
	t.Helper()
	b, err := Open(Config{Now: func() time.Time { return *now }, Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	good := func(i int) {
		a := addr(fmt.Sprintf("8.7.%d.%d", i/200, i%200+1), 8333, now.Unix())
		b.Add(a, fmt.Sprintf("20.%d.9.9:1", i%200))
		b.Good(a.At)
	}
	for i := range 300 {
		good(i)
	}
	b.rivals = nil
	*now = now.Add(5 * time.Hour)
	for i := 300; len(b.rivals) == 0; i++ {
		good(i)
	}
	rival = b.known[b.rivals[0]]
	return b, b.incumbent(rival), rival
}

func key(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func addr(host string, port uint16, seen int64) p2p.Addr {
	return p2p.Addr{At: netip.AddrPortFrom(netip.MustParseAddr(host), port), Services: 9, Seen: seen}
}

func none(p2p.Addr) bool { return false }

func TestT39_AnOldAddressIsTestedBeforeItGoes(t *testing.T) {
	for _, c := range []struct {
		what     string
		look     func(b *Book, old *entry, now *time.Time)
		replaced bool
	}{
		{"it answers", func(b *Book, old *entry, now *time.Time) {
			b.Attempt(old.addr.At)
			b.Good(old.addr.At)
		}, false},
		{"it does not answer", func(b *Book, old *entry, now *time.Time) {
			b.Attempt(old.addr.At)
			*now = now.Add(2 * time.Minute)
		}, true},
		{"it is being looked at", func(b *Book, old *entry, now *time.Time) {
			b.Attempt(old.addr.At)
			*now = now.Add(30 * time.Second)
		}, false},
		{"nobody looks for an hour", func(b *Book, old *entry, now *time.Time) { *now = now.Add(time.Hour) }, true},
		{"it is connected", func(b *Book, old *entry, now *time.Time) {
			b.PickFeeler(func(a p2p.Addr) bool { return a == old.addr }, none)
			*now = now.Add(time.Hour)
		}, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			now := time.Unix(1_700_000_000, 0)
			b, old, rival := contested(t, &now)
			if !old.tried || rival.tried {
				t.Fatal("the newer one has pushed the older out at once")
			}
			if a, ok := b.PickFeeler(none, none); !ok || a != old.addr {
				t.Fatalf("the feeler goes to %v, %v is to be tested", a, old.addr)
			}
			c.look(b, old, &now)
			b.PickFeeler(none, none)
			if rival.tried != c.replaced || old.tried == c.replaced {
				t.Errorf("replaced: %v", rival.tried)
			}
		})
	}
}

func TestRivalsAreFew(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b, _, _ := contested(t, &now)
	for i := range 3000 {
		a := addr(fmt.Sprintf("8.7.%d.%d", 20+i/200, i%200+1), 8333, now.Unix())
		b.Add(a, fmt.Sprintf("20.%d.9.9:1", i%250))
		b.Good(a.At)
	}
	if len(b.rivals) != maxRivals {
		t.Errorf("%d rivals wait", len(b.rivals))
	}
}

// Test networks have no feelers that could settle who is to have a place.
func TestLocallyNobodyWaitsForAPlace(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b, err := Open(Config{Now: func() time.Time { return now }, Rand: rand.New(rand.NewPCG(1, 2)), Local: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		a := addr("127.0.0.1", uint16(20_000+i), now.Unix())
		if b.Add(a, "127.0.0.1:1"); b.known[a.At] == nil {
			continue
		}
		if b.Good(a.At); !b.known[a.At].tried {
			t.Errorf("%s was good and waits", a.At)
		}
	}
}

// A node without a network must not come to think badly of everybody.
func TestWhileNobodyAnswersFailuresCountOnce(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b, err := Open(Config{Now: func() time.Time { return now }, Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		b.Add(addr(fmt.Sprintf("8.%d.8.8", i), 8333, now.Unix()), "9.9.9.9:1")
	}
	e := b.known[key("8.0.8.8:8333")]
	try := func(n int) {
		for range n {
			now = now.Add(time.Hour)
			b.Attempt(key("8.0.8.8:8333"))
		}
	}
	if try(20); e.failures != 1 || e.terrible(now.Unix()+100) {
		t.Errorf("%d failures while no other address was good", e.failures)
	}
	b.Good(key("8.1.8.8:8333"))
	if try(20); e.failures != 2 {
		t.Errorf("%d failures, one of them since another was good", e.failures)
	}
}
