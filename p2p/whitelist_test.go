package p2p

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestGrantsAreReadAsCoreReadsThem(t *testing.T) {
	for _, c := range []struct {
		text    string
		want    string // names, or the error's text
		in, out bool
		net     string
	}{
		{"127.0.0.1", "noban,relay,mempool,download", true, false, "127.0.0.1/32"},
		{"@127.0.0.1", "", true, false, "127.0.0.1/32"},
		{"noban@127.0.0.1", "noban,download", true, false, "127.0.0.1/32"},
		{"noban,out@127.0.0.1", "noban,download", false, true, "127.0.0.1/32"},
		{"noban,out,in@10.0.0.7/8", "noban,download", true, true, "10.0.0.0/8"},
		{"forcerelay@::1", "forcerelay,relay", true, false, "::1/128"},
		{"bloom,addr,,@1.2.3.4/255.255.0.0", "bloomfilter,addr", true, false, "1.2.0.0/16"},
		{"all@127.0.0.1", "bloomfilter,noban,forcerelay,relay,mempool,download,addr", true, false, "127.0.0.1/32"},
		{"in,out@127.0.0.1", "Only direction was set, no permissions: 'in,out@127.0.0.1'", false, false, ""},
		{"oopsie@127.0.0.1", "Invalid P2P permission: 'oopsie'", false, false, ""},
		{"noban@127.0.0.1:230", "Invalid netmask specified in -whitelist: '127.0.0.1:230'", false, false, ""},
		{"noban@1.2.3.4/33", "Invalid netmask specified in -whitelist: '1.2.3.4/33'", false, false, ""},
		{"noban@1.2.3.4/32", "noban,download", true, false, "1.2.3.4/32"},
		{"noban@1.2.3.4/255.0.255.0", "Invalid netmask specified in -whitelist: '1.2.3.4/255.0.255.0'", false, false, ""},
		{"", "Invalid netmask specified in -whitelist: ''", false, false, ""},
	} {
		g, err := ParseGrant(c.text, Implicit(true, false))
		got := strings.Join(g.Names(), ",")
		if err != nil {
			got = err.Error()
		}
		if got != c.want || err == nil && (g.In != c.in || g.Out != c.out || g.Net.String() != c.net) {
			t.Errorf("%q: %q %v %v %v, want %q %v %v %s", c.text, got, g.In, g.Out, g.Net, c.want, c.in, c.out, c.net)
		}
	}
}

func TestWhitebindNeedsAnAddressAndAPort(t *testing.T) {
	for text, want := range map[string]string{
		"noban@127.0.0.1/10":     "Cannot resolve -whitebind address: '127.0.0.1/10'",
		"noban@127.0.0.1":        "Need to specify a port with -whitebind: '127.0.0.1'",
		"noban@node.example:1":   "Cannot resolve -whitebind address: 'node.example:1'",
		"noban,out@127.0.0.1:10": `whitebind may only be used for incoming connections ("out" was passed)`,
		"noban@127.0.0.1:10":     "",
		"[::1]:10":               "",
	} {
		_, p, err := ParseWhitebind(text, Implicit(false, false))
		switch {
		case err != nil && err.Error() != want:
			t.Errorf("%q: %v, want %q", text, err, want)
		case err == nil && (want != "" || !p.May(MayStay)):
			t.Errorf("%q: taken with %v, want %q", text, p.Names(), want)
		}
	}
}

func TestGrantsAddUpByDirection(t *testing.T) {
	var grants []Grant
	for _, text := range []string{"mempool@10.0.0.0/8", "noban,out@10.0.0.1", "addr,in,out@10.0.0.1"} {
		g, err := ParseGrant(text, 0)
		if err != nil {
			t.Fatal(err)
		}
		grants = append(grants, g)
	}
	for _, c := range []struct {
		addr    string
		inbound bool
		want    []string
	}{
		{"10.0.0.1", true, []string{"mempool", "addr"}},
		{"10.0.0.1", false, []string{"noban", "download", "addr"}},
		{"::ffff:10.0.0.2", true, []string{"mempool"}},
		{"11.0.0.1", true, []string{}},
	} {
		if got := Granted(grants, netip.MustParseAddr(c.addr), c.inbound).Names(); !slices.Equal(got, c.want) {
			t.Errorf("%s inbound %v: %v, want %v", c.addr, c.inbound, got, c.want)
		}
	}
}

// As Core's LookupSubNet: a mask counts where it is ones and then zeros, of the address' own family.
func TestNetsAreReadWithLengthAndWithMask(t *testing.T) {
	for s, want := range map[string]string{
		"1.2.3.4": "1.2.3.4/32", "::ffff:1.2.3.4": "1.2.3.4/32", "1.2.3.4/24": "1.2.3.0/24", "1.2.3.4/255.255.255.0": "1.2.3.0/24", "1.2.3.4/0.0.0.0": "0.0.0.0/0",
		"1.2.3.4/255.255.255.255": "1.2.3.4/32", "1:2:3::/ffff:ffff::": "1:2::/32", "::/0": "::/0", "[::1]": "::1/128", "[1:2::]/32": "1:2::/32", "[1.2.3.4]": "1.2.3.4/32",
		"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion":    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
		"PG6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion":    "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
		"c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p":      "c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p",
		"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion/16": "", "fe80::1%a.onion": "", "fe80::1%eth0": "", "fc00::1": "fc00::1/128",
		"1.2.3.4/33": "", "1.2.3.4/255.0.255.0": "", "1.2.3.4/ffff::": "", "1:2::/255.0.0.0": "", "/": "", "[": "", "[]": "", "[::1": "", "::1]": "", "1.2.3.4/": "", "/24": "", "": "", "a.b/8": "", "example.com": "", "nobody": "",
	} {
		got, ok := ParseSubnet(s)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%q: %v %v, want %q", s, got, ok, want)
		}
		if !ok {
			continue
		}
		if again, err := ReadSubnet(got.String()); err != nil || again != got {
			t.Errorf("%q, written %q: %v %v", s, got, again, err)
		}
	}
	for _, s := range []string{"", "1.2.3.4", "nobody", "2001:db8::1", "x/8", "fc00::1%cjdns"} {
		if n, err := ReadSubnet(s); err == nil {
			t.Errorf("%q is read as %v", s, n)
		}
	}
}

// A node of CJDNS is one node where this machine is of that network, and its address one of
// IPv6's elsewhere [MaybeFlipIPv6toCJDNS].
func TestNodesOfCJDNSHaveNoSubnets(t *testing.T) {
	for s, want := range map[string]string{"fc00::1": "fc00::1", "[fc00::1]": "fc00::1", "fc00::/8": "", "fd00::1": "fd00::1/128", "1.2.3.0/24": "1.2.3.0/24", "": ""} {
		n, ok := Roads{CJDNS: true}.ParseSubnet(s)
		if ok != (want != "") || ok && n.String() != want {
			t.Errorf("%q: %v %v, want %q", s, n, ok, want)
		}
	}
	one, _ := Roads{CJDNS: true}.ParseSubnet("fc00::1")
	if again, err := ReadSubnet(one.String()); err != nil || again != one {
		t.Errorf("again: %v %v", again, err)
	}
	wide, _ := ParseSubnet("fc00::/8")
	plain := netip.MustParseAddr("fc00::1")
	if !one.Contains(ViaCJDNS(plain)) || one.Contains(plain) || !wide.Contains(plain) || !wide.Contains(ViaCJDNS(plain)) || (Subnet{}).Contains(plain) {
		t.Error("who is within")
	}
	onion, _ := ParseOverlay("pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion")
	if all, _ := ParseSubnet("::/0"); all.Contains(onion) || !all.Contains(netip.MustParseAddr("fe80::1%eth0")) || all.Contains(netip.Addr{}) {
		t.Error("an onion service has no address of IPv6")
	}
}
