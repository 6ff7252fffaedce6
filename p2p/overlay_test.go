package p2p

import (
	"net/netip"
	"strings"
	"testing"
)

func TestNamesOfOverlays(t *testing.T) {
	const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	const i2p = "c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p"
	for name, want := range map[string]string{
		onion: Onion, strings.ToUpper(onion): Onion, i2p: I2P,
		"qg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion": "", // another checksum
		"expyuzz4wqqyqhjn.onion": "", // the second version is gone
		onion[1:]:                "", "." + onion: "", "node.example": "", i2p[1:]: "", "a" + i2p: "",
	} {
		a, ok := ParseOverlay(name)
		network, id := Overlay(a)
		if ok != (want != "") || network != want {
			t.Errorf("%s: %v, %q", name, ok, network)
		}
		if !ok {
			continue
		}
		if again, ok := OverlayAddr(network, id); !ok || again != a || HostOf(a) != strings.ToLower(name) {
			t.Errorf("%s: again %v, written %s", name, again, HostOf(a))
		}
		at := netip.AddrPortFrom(a, 8333)
		if read, err := netip.ParseAddrPort(at.String()); err != nil || read != at {
			t.Errorf("%s as it is kept in a file: %v %v", name, read, err)
		}
		if _, err := ParseHostPort(at.String(), 1); err == nil {
			t.Errorf("%s: taken from people, who could make a false one", at)
		}
	}
	for _, size := range []int{0, 10, 31, 33} {
		if _, ok := OverlayAddr(Onion, make([]byte, size)); ok {
			t.Errorf("an onion service of %d bytes", size)
		}
	}
	to, err := ParseHostPort(i2p, 8333)
	if err != nil || to.Port != 0 {
		t.Errorf("I2P has no ports: %v %v", to, err)
	}
	if to, err := ParseHostPort(onion, 8333); err != nil || to.String() != onion+":8333" {
		t.Errorf("%v %v", to, err)
	}
	via := ViaCJDNS(netip.MustParseAddr("fc00:1:2:3:4:5:6:7"))
	if network, _ := Overlay(via); network != CJDNS || HostOf(via) != "fc00:1:2:3:4:5:6:7" {
		t.Errorf("%v is of %q", via, network)
	}
	for _, text := range []string{"fd00::1", "1.2.3.4", "2001::1"} {
		if a := netip.MustParseAddr(text); ViaCJDNS(a) != a {
			t.Errorf("%s is none of CJDNS", a)
		}
	}
}

// People may write any zone; only names that are whole are of an overlay.
func TestFalseNamesAreOfNoOverlay(t *testing.T) {
	const key = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry"
	for _, text := range []string{"fe80::1%cjdns", "::1%cjdns", "2001:db8::1%cjdns"} { // a line of this machine may be called so
		if network, id := Overlay(netip.MustParseAddr(text)); network != "" || id != nil {
			t.Errorf("%s: of %s, %x", text, network, id)
		}
	}
	if (netip.Addr{}) != ViaCJDNS(netip.Addr{}) {
		t.Error("no address became one")
	}
	for _, zone := range []string{"a.onion", ".onion", key + ".onion", key + "daa.onion", "0.onion", "a.b32.i2p", ".b32.i2p", key + ".b32.i2p"} {
		a := netip.MustParseAddr("fe80::1").WithZone(zone)
		if network, id := Overlay(a); network != "" || id != nil {
			t.Errorf("%s: of %s, %x", a, network, id)
		}
	}
	for _, host := range []string{"fe80::1%a.onion", "fe80::1%" + key + "d.onion", "fe80::1%a.b32.i2p", "fc00::1%cjdns", "::1%cjdns"} {
		if at, ok := (HostPort{Host: host, Port: 1}).AddrPort(); ok {
			t.Errorf("%s was taken for %v", host, at)
		}
		if to, err := ParseHostPort(host, 1); err == nil {
			t.Errorf("%s was read as %v", host, to)
		}
	}
	if at, ok := (HostPort{Host: "fe80::1%eth0", Port: 1}).AddrPort(); !ok || at.Addr().Zone() != "eth0" {
		t.Errorf("a link's own zone: %v %v", at, ok)
	}
}
