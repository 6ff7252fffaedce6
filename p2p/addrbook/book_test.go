package addrbook_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"grapevine/db"
	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// clock is the time of a book under test.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func open(t testing.TB, c *clock, change func(*addrbook.Config)) *addrbook.Book {
	t.Helper()
	cfg := addrbook.Config{Now: c.now, Rand: rand.New(rand.NewPCG(1, 2))}
	if change != nil {
		change(&cfg)
	}
	b, err := addrbook.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func local(c *addrbook.Config) { c.Local = true }

func newClock() *clock { return &clock{time.Unix(1_700_000_000, 0)} }

// at is an address, at none when host is not one.
func at(c *clock, host string) p2p.Addr {
	a, _ := netip.ParseAddr(host)
	return p2p.Addr{At: netip.AddrPortFrom(a, 8333), Services: 9, Seen: c.t.Unix()}
}

func on(c *clock, host string, port int) p2p.Addr {
	a := at(c, host)
	a.At = netip.AddrPortFrom(a.At.Addr(), uint16(port))
	return a
}

func key(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func host(a p2p.Addr) string { return a.At.Addr().String() }

func nobody(p2p.Addr) bool { return false }

func TestOnlyReachableAddressesAreKept(t *testing.T) {
	c := newClock()
	for host, want := range map[string]struct{ public, local bool }{
		"8.8.8.8": {true, true}, "2001:4860::1": {true, true}, "::ffff:8.8.4.4": {true, true},
		"127.0.0.1": {false, true}, "10.1.2.3": {false, true}, "192.168.1.1": {false, true}, "::1": {false, true},
		"fd00::1": {false, true}, "100.64.0.1": {false, true}, "192.0.2.1": {false, true}, "2001:db8::1": {false, true},
		"0.0.0.0": {false, false}, "::": {false, false}, "224.0.0.1": {false, false}, "255.255.255.255": {false, false},
		"example.com": {false, false}, "": {false, false},
	} {
		if got := open(t, c, nil).Add(at(c, host), "9.9.9.9:1"); got != want.public {
			t.Errorf("public network: %q kept: %v", host, got)
		}
		if got := open(t, c, local).Add(at(c, host), "9.9.9.9:1"); got != want.local {
			t.Errorf("local network: %q kept: %v", host, got)
		}
	}
	if open(t, c, nil).Add(on(c, "8.8.8.8", 0), "9.9.9.9:1") {
		t.Error("port 0 was kept")
	}
}

func TestAddReportsWhatIsNew(t *testing.T) {
	c := newClock()
	b := open(t, c, nil)
	if !b.Add(at(c, "8.8.8.8"), "9.9.9.9:1") || b.Add(at(c, "8.8.8.8"), "7.7.7.7:1") || b.Add(at(c, "::ffff:8.8.8.8"), "7.7.7.7:1") {
		t.Error("an address is new once")
	}
	if b.Len() != 1 {
		t.Errorf("%d addresses", b.Len())
	}
}

func TestT39_OneSpeakerFillsOnlyItsBuckets(t *testing.T) {
	c := newClock()
	b := open(t, c, nil)
	r := rand.New(rand.NewPCG(3, 4))
	public := func() string {
		for {
			ip := netip.AddrFrom4([4]byte{byte(r.IntN(223) + 1), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
			if addrbook.Routable(ip) {
				return ip.String()
			}
		}
	}
	for range 60_000 {
		b.Add(at(c, public()), "9.9.9.9:1")
	}
	if n := b.Len(); n > 64*64 {
		t.Errorf("one speaker placed %d addresses", n)
	}
	before := b.Len()
	for i := range 100 {
		b.Add(at(c, public()), fmt.Sprintf("20.%d.9.9:1", i))
	}
	if n := b.Len() - before; n < 60 {
		t.Errorf("of 100 honest addresses %d found a place", n)
	}
	for i := range 50_000 {
		b.Add(on(c, "45.45.1.1", i+1), "45.45.1.1:1")
	}
	if n := b.Len(); n > 256*64 {
		t.Errorf("%d addresses in all", n)
	}
}

func TestT42_GetaddrIsAnsweredTheSameForADay(t *testing.T) {
	c := newClock()
	b := open(t, c, nil)
	for i := range 8000 {
		b.Add(at(c, fmt.Sprintf("%d.%d.1.1", 11+i%80, i/80)), fmt.Sprintf("%d.7.1.1:1", 101+i%100))
	}
	first := b.Answer("")
	if n, want := len(first), (b.Len()*23+99)/100; n != min(want, 1000) || n == 0 {
		t.Errorf("%d of %d addresses, want %d", n, b.Len(), want)
	}
	b.Add(at(c, "8.8.8.8"), "9.9.9.9:1")
	c.t = c.t.Add(21*time.Hour - time.Second)
	if !reflect.DeepEqual(first, b.Answer("")) {
		t.Error("another answer within a day")
	}
	c.t = c.t.Add(6*time.Hour + time.Second)
	if reflect.DeepEqual(first, b.Answer("")) {
		t.Error("the same answer after a day")
	}
}

func TestLocallyTheWholeBookIsTold(t *testing.T) {
	c := newClock()
	b := open(t, c, local)
	for i := range 3 {
		b.Add(at(c, fmt.Sprintf("10.0.0.%d", i+1)), "10.0.0.9:1")
		if n := len(b.Answer("")); n != i+1 {
			t.Errorf("told %d of %d", n, i+1)
		}
	}
}

func TestPickWaitsAfterFailures(t *testing.T) {
	for _, isLocal := range []bool{false, true} {
		c := newClock()
		b := open(t, c, func(cfg *addrbook.Config) { cfg.Local = isLocal })
		b.Add(at(c, "8.8.8.8"), "9.9.9.9:1")
		b.Add(at(c, "8.7.7.7"), "9.9.9.9:1")
		other := func(a p2p.Addr) bool { return host(a) == "8.7.7.7" }
		var tries []time.Duration
		for begun := c.t; c.t.Sub(begun) < 2*time.Hour; c.t = c.t.Add(time.Second) {
			b.Good(key("8.7.7.7:8333")) // others can be reached
			if a, ok := b.Pick(other); ok {
				b.Attempt(a.At)
				tries = append(tries, c.t.Sub(begun))
			}
		}
		want := []time.Duration{0, 10 * time.Minute, 30 * time.Minute, 70 * time.Minute}
		if isLocal {
			want = []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}
		}
		if len(tries) < 4 || !reflect.DeepEqual(tries[:4], want) {
			t.Errorf("local %v: tried after %v, want %v", isLocal, tries[:min(4, len(tries))], want)
		}
		b.Good(key("8.8.8.8:8333"))
		if _, ok := b.Pick(other); ok {
			t.Error("dialled twice at once")
		}
		c.t = c.t.Add(min(want[1], time.Minute)) // after a restart its place is not for strangers
		if _, ok := b.Pick(other); !ok {
			t.Error("a good address has to wait")
		}
		if _, ok := b.Pick(func(p2p.Addr) bool { return true }); ok {
			t.Error("picked what was to be skipped")
		}
	}
}

func TestT39_TriedAddressesAreNotDrownedByNewOnes(t *testing.T) {
	c := newClock()
	b := open(t, c, nil)
	for i := range 8 {
		b.Add(at(c, fmt.Sprintf("8.%d.8.8", i)), "9.9.9.9:1")
		b.Good(key(fmt.Sprintf("8.%d.8.8:8333", i)))
	}
	for i := range 4000 {
		b.Add(at(c, fmt.Sprintf("45.%d.%d.1", i/250, i%250)), "45.45.1.1:1")
	}
	c.t = c.t.Add(time.Hour)
	tried := 0
	for range 1000 {
		if a, _ := b.Pick(nobody); host(a)[:2] == "8." {
			tried++
		}
	}
	if tried < 400 {
		t.Errorf("of 1000 picks %d were addresses that had been good", tried)
	}
}

func TestTheBookSurvivesARestart(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "peers.db")
	session := func(f func(*addrbook.Book)) {
		d, err := db.Open(path, addrbook.Name, addrbook.Schema, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b := open(t, c, func(cfg *addrbook.Config) { cfg.DB = d })
		f(b)
		if err := b.Save(); err != nil {
			t.Fatal(err)
		}
	}
	var all []p2p.Addr
	session(func(b *addrbook.Book) {
		for i := range 50 {
			b.Add(at(c, fmt.Sprintf("8.%d.8.8", i)), "9.9.9.9:1")
		}
		b.Good(key("8.3.8.8:8333"))
		all = b.All()
	})
	session(func(b *addrbook.Book) {
		if got := b.All(); len(got) != len(all) || !sameAddrs(got, all) {
			t.Errorf("%d of %d came back", len(got), len(all))
		}
		c.t = c.t.Add(time.Hour)
		tried := 0
		for range 100 {
			if a, _ := b.Pick(nobody); host(a) == "8.3.8.8" {
				tried++
			}
		}
		if tried < 30 {
			t.Errorf("the only tried address was picked %d times of 100", tried)
		}
		b.Forget(key("8.4.8.8:8333"))
	})
	session(func(b *addrbook.Book) {
		if n := b.Len(); n != len(all)-1 {
			t.Errorf("%d addresses after one was forgotten, there were %d", n, len(all))
		}
	})
}

func sameAddrs(a, b []p2p.Addr) bool {
	set := map[p2p.Addr]bool{}
	for _, x := range a {
		set[x] = true
	}
	for _, x := range b {
		if !set[x] {
			return false
		}
	}
	return true
}

func TestBansHoldUntilTheyEnd(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "peers.db")
	session := func(f func(*addrbook.Book)) {
		d, err := db.Open(path, addrbook.Name, addrbook.Schema, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b := open(t, c, func(cfg *addrbook.Config) { cfg.DB = d })
		f(b)
		if err := b.Save(); err != nil {
			t.Fatal(err)
		}
	}
	ban := func(b *addrbook.Book, s string, d time.Duration) {
		if err := b.Ban(subnet(t, s), c.t.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(b *addrbook.Book, want map[string]bool) {
		t.Helper()
		for host, is := range want {
			if got := b.Banned(netip.MustParseAddr(host)); got != is {
				t.Errorf("%s banned: %v", host, got)
			}
		}
	}
	const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	const other = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"
	const i2p = "c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p"
	named := func(b *addrbook.Book, want map[string]bool) {
		t.Helper()
		for name, is := range want {
			if a, ok := p2p.ParseOverlay(name); !ok || b.Banned(a) != is {
				t.Errorf("%s banned: %v", name, !is)
			}
		}
		cjdns := p2p.ViaCJDNS(netip.MustParseAddr("fc00::1"))
		if !b.Banned(cjdns) || b.Banned(cjdns.WithZone("")) || b.Banned(p2p.ViaCJDNS(cjdns.WithZone("").Next())) {
			t.Error("the ban of a node of CJDNS")
		}
	}
	session(func(b *addrbook.Book) {
		for _, name := range []string{onion, i2p, "fc00::1"} {
			n, ok := p2p.Roads{CJDNS: true}.ParseSubnet(name)
			if err := b.Ban(n, c.t.Add(2*time.Hour)); err != nil || !ok {
				t.Fatal(name, ok, err)
			}
		}
		named(b, map[string]bool{onion: true, other: false, i2p: true})
		ban(b, "8.8.8.8", time.Hour)
		ban(b, "9.9.0.0/16", 2*time.Hour)
		ban(b, "2001:db8::/32", 2*time.Hour)
		check(b, map[string]bool{
			"8.8.8.8": true, "::ffff:8.8.8.8": true, "8.8.8.9": false, "9.9.255.1": true, "9.10.0.1": false,
			"2001:db8:1::1": true, "2001:db9::1": false,
		})
	})
	c.t = c.t.Add(90 * time.Minute)
	session(func(b *addrbook.Book) {
		check(b, map[string]bool{"8.8.8.8": false, "9.9.1.1": true})
		named(b, map[string]bool{onion: true, other: false, i2p: true})
		if n := len(b.Bans()); n != 5 {
			t.Errorf("%d bans", n)
		}
		n := subnet(t, "9.9.1.1/16")
		if !b.Unban(n) || b.Unban(n) {
			t.Error("a ban is taken back once")
		}
	})
	session(func(b *addrbook.Book) { check(b, map[string]bool{"9.9.1.1": false, "2001:db8::1": true}) })
}

// A ban of an IP address stands in the file as it always did: a subnet with its length,
// then the times. A file of an older version is read, and one of this by an older version
// too, as long as no name is banned.
func TestBansOfAnOlderFileAreRead(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "peers.db")
	d, err := db.Open(path, addrbook.Name, addrbook.Schema, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	table := db.NewTable("ban", db.String(), db.Codec[[]byte]{
		Append: func(dst []byte, v []byte) []byte { return append(dst, v...) },
		Decode: func(raw []byte) ([]byte, error) { return slices.Clone(raw), nil },
	})
	times := binary.BigEndian.AppendUint64(nil, uint64(c.t.Unix()))
	times = binary.BigEndian.AppendUint64(times, uint64(c.t.Add(time.Hour).Unix()))
	old := []string{"1.2.3.0/24", "2001:db8::/32", "8.8.8.8/32", "fc00::/8"}
	if err := d.Update(func(tx *db.Tx) error {
		for _, key := range old {
			if err := table.Put(tx, key, times); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	b := open(t, c, func(cfg *addrbook.Config) { cfg.DB = d })
	for _, host := range []string{"1.2.3.255", "2001:db8::1", "8.8.8.8", "fc00::1"} {
		if !b.Banned(netip.MustParseAddr(host)) {
			t.Errorf("%s is not banned", host)
		}
	}
	if err := b.Ban(subnet(t, "9.9.9.9"), c.t.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(); err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := d.View(func(tx *db.Tx) error {
		return table.Scan(tx, nil, func(key string, raw []byte) (bool, error) {
			keys = append(keys, key)
			return true, nil
		})
	}); err != nil || !slices.Equal(keys, []string{"1.2.3.0/24", "2001:db8::/32", "8.8.8.8/32", "9.9.9.9/32", "fc00::/8"}) {
		t.Errorf("written: %q %v", keys, err)
	}
}

func subnet(t *testing.T, s string) p2p.Subnet {
	t.Helper()
	n, ok := p2p.ParseSubnet(s)
	if !ok {
		t.Fatalf("%q is no subnet", s)
	}
	return n
}

// T41: the list of bans by hand is bounded too, and a look takes no longer when it
// is full: one for each length of a network, 33 in all, 1 µs.
func TestT41_ManyBansAreCheap(t *testing.T) {
	c := newClock()
	b := open(t, c, nil)
	nobodys := netip.MustParseAddr("7.7.7.7")
	look := func() time.Duration {
		best := time.Hour
		for range 50 { // the machine has other things to do
			begun := time.Now()
			for range 100 {
				b.Banned(nobodys)
			}
			best = min(best, time.Since(begun)/100)
		}
		return best
	}
	var short time.Duration
	for i := range addrbook.MaxBans + 10 {
		if i == 1000 {
			short = look()
		}
		if err := b.Ban(subnet(t, fmt.Sprintf("8.%d.%d.8", i/250, i%250)), c.t.Add(time.Hour)); (err != nil) != (i >= addrbook.MaxBans) {
			t.Fatalf("ban %d: %v", i, err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { b.Banned(nobodys) }); n > 1 {
		t.Errorf("a look costs %v allocations", n)
	}
	long := look()
	t.Logf("a look with 1,000 bans takes %v, with %d %v", short, addrbook.MaxBans, long)
	if long > 5*short {
		t.Errorf("a look with %d bans takes %v, with 1,000 only %v", addrbook.MaxBans, long, short)
	}
}
