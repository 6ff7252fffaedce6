package addrbook

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/aead/siphash"
)

// Reachable tells whether a node of our network may be at this address:
// anywhere locally, else only where the internet routes.
func (b *Book) Reachable(ip net.IP) bool {
	if ip.IsUnspecified() || ip.IsMulticast() || ip.Equal(net.IPv4bcast) {
		return false
	}
	return b.cfg.Local || Routable(ip)
}

// Routable tells whether the internet routes to ip (Core's IsRoutable).
func Routable(ip net.IP) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() {
		return false
	}
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return false
	}
	a = a.Unmap()
	for _, no := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001:db8::/32", "2001:10::/28",
	} {
		if netip.MustParsePrefix(no).Contains(a) {
			return false
		}
	}
	return true
}

// Group is the part of the network that one operator is likely to own: the /16
// of IPv4, the /32 of IPv6 (Core's GetGroup without an AS map).
func Group(ip net.IP) string {
	if v4 := ip.To4(); v4 != nil {
		return string(v4[:2])
	}
	if len(ip) == net.IPv6len {
		return string(ip[:4])
	}
	return ""
}

// group is Group of an address or "host:port"; locally each is a group of its own.
func (b *Book) group(source string) string {
	if b.cfg.Local {
		return source
	}
	if host, _, err := net.SplitHostPort(source); err == nil {
		source = host
	}
	if ip := parse(source); ip != nil {
		return Group(ip)
	}
	return source
}

func parse(host string) net.IP {
	ip := net.ParseIP(host)
	if v4 := ip.To4(); v4 != nil {
		return v4
	}
	return ip
}

// slotOf is where an entry belongs. The secret key keeps others from aiming at a bucket.
func (b *Book) slotOf(e *entry) slot {
	key, group := Key(e.addr), b.group(Key(e.addr))
	if e.tried {
		n := b.hash("tried", key) % triedPerGroup
		bucket := b.hash("tried bucket", group, number(n)) % triedBuckets
		return slot{true, int(bucket), int(b.hash("tried place", number(bucket), key) % bucketSize)}
	}
	n := b.hash("new", e.source, group) % newPerSource
	bucket := b.hash("new bucket", e.source, number(n)) % newBuckets
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
