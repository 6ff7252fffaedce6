package addrbook

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"grapevine/p2p"
)

// halves is a map whose first bit divides the addresses: those of 8000::/1 are of system 2,
// the others, IPv4's among them, of system 1.
func halves(t *testing.T) *p2p.ASMap {
	t.Helper()
	// JUMP over 17 bits, RETURN 1, which has 17, RETURN 2
	bits := "10" + "0" + "00000" + "0" + "0" + strings.Repeat("0", 15) + "0" + "0" + strings.Repeat("0", 14) + "1"
	raw := make([]byte, (len(bits)+7)/8)
	for i, c := range bits {
		if c == '1' {
			raw[i/8] |= 1 << (i % 8)
		}
	}
	m, err := p2p.ParseASMap(raw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// With a map, addresses of one autonomous system are one group, however far apart; names
// of overlays are of none.
func TestGroupsFollowTheMap(t *testing.T) {
	b, err := Open(Config{Rand: rand.New(rand.NewPCG(1, 2)), ASMap: halves(t)})
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddr
	if b.Group(a("44.4.4.4")) != b.Group(a("2a00::1")) || b.Group(a("44.4.4.4")) == b.Group(a("a000::1")) {
		t.Error("groups do not follow the map")
	}
	onion, _ := p2p.ParseOverlay("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion")
	if b.Group(onion) != groupOf(onion) || b.AS(onion) != 0 || b.AS(a("a000::1")) != 2 || b.AS(a("1.2.3.4")) != 1 {
		t.Error("the map speaks of names, or not of addresses")
	}
	if b.group("44.4.4.4:1") != b.group("2a00::1") {
		t.Error("who told us is not of its system")
	}
}

// The log says how the map fits once a day, and that the book is whole at every second use.
func TestTheBookIsLookedAt(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(1_700_000_000, 0)
	b, err := Open(Config{
		Rand: rand.New(rand.NewPCG(1, 2)), ASMap: halves(t), CheckEvery: 2, Now: func() time.Time { return now },
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	count := func(event string) int { return strings.Count(log.String(), event) }
	for i := range 300 {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(20 + i%100), byte(i), 7, 7}), 8333)
		b.Add(p2p.Addr{At: at, Seen: now.Unix()}, fmt.Sprintf("%d.1.1.1:1", 20+i%7))
		if i%3 == 0 {
			b.Good(at)
		}
		if i%10 == 0 {
			b.Forget(at)
		}
	}
	if n := count("book is checked"); n < 150 || count("book is whole") != n || count("not whole") > 0 {
		t.Errorf("checked %d times, whole %d times", n, count("book is whole"))
	}
	if count("systems looked at") != 1 {
		t.Error("not looked at when it was opened")
	}
	now = now.Add(healthEvery - 1)
	b.Save()
	if now = now.Add(1); count("systems looked at") != 1 {
		t.Error("looked at too soon")
	}
	b.Save()
	if count("systems looked at") != 2 || count("systems=1 unmapped=0") != 1 {
		t.Errorf("a day later: %s", log.String()[max(log.Len()-300, 0):])
	}
	b.order[0].at.pos ^= 1
	b.All()
	b.All()
	if count("not whole") != 1 {
		t.Error("a book that is not whole is not noticed")
	}
	b.order[0].at.pos ^= 1
}
