package addrbook

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/aead/siphash"
)

// Reachable tells whether a node of our network may be at this address:
// anywhere locally, else only where the internet routes.
func (b *Book) Reachable(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return b.cfg.Local || Routable(a)
}

// unroutable are the parts of the network that look like others and are not routed.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2001:10::/28"),
}

// Routable tells whether the internet routes to an address [IsRoutable].
func Routable(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() {
		return false
	}
	return !slices.ContainsFunc(unroutable, func(p netip.Prefix) bool { return p.Contains(a) })
}

// NetworkOf is Core's word for where an address lies.
func NetworkOf(a netip.Addr) string {
	switch {
	case !a.IsValid() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast():
		return "not_publicly_routable"
	case a.Is4():
		return "ipv4"
	}
	return "ipv6"
}

// Group is the part of the network that one operator is likely to own: the /16
// of IPv4, the /32 of IPv6 (Core's GetGroup without an AS map).
func Group(a netip.Addr) string {
	switch a = a.Unmap(); {
	case a.Is4():
		ip := a.As4()
		return string(ip[:2])
	case a.Is6():
		ip := a.As16()
		return string(ip[:4])
	}
	return ""
}

// group is Group of who told us, an address or the name of a seed; locally each is a
// group of its own.
func (b *Book) group(source string) string {
	if b.cfg.Local {
		return source
	}
	if a, err := netip.ParseAddrPort(source); err == nil {
		return Group(a.Addr())
	}
	if a, err := netip.ParseAddr(source); err == nil {
		return Group(a)
	}
	return source
}

// slotOf is where an entry belongs. The secret key keeps others from aiming at a bucket.
func (b *Book) slotOf(e *entry) slot {
	key := e.addr.At.String()
	group := b.group(key)
	if e.tried {
		n := b.hash("tried", key) % triedPerGroup
		bucket := b.hash("tried bucket", group, number(n)) % triedBuckets
		return slot{true, int(bucket), int(b.hash("tried place", number(bucket), key) % bucketSize)}
	}
	source := b.group(e.source)
	n := b.hash("new", source, group) % newPerSource
	bucket := b.hash("new bucket", source, number(n)) % newBuckets
	return slot{false, int(bucket), int(b.hash("new place", number(bucket), key) % bucketSize)}
}

func (b *Book) hash(parts ...string) uint64 {
	var buf []byte
	for _, p := range parts {
		buf = binary.AppendUvarint(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	var key [siphash.KeySize]byte
	copy(key[:], b.key)
	return siphash.Sum64(buf, &key)
}

func number(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
