package addrbook

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"grapevine/p2p"
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

// unroutable are what Core does not take for routed [CNetAddr::IsRoutable, IsValid]. Of what nobody
// can listen at, as groups of receivers (224.0.0.0/4), Reachable sorts out more.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), // IsLocal
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"), // RFC1918, private
	netip.MustParsePrefix("100.64.0.0/10"),                                      // RFC6598, behind a provider
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/64"), // RFC3927, RFC4862: one link's
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), // RFC5737, for documents
	netip.MustParsePrefix("198.18.0.0/15"),                                       // RFC2544, for measuring
	netip.MustParsePrefix("255.255.255.255/32"), netip.MustParsePrefix("::/128"), // IsValid
	netip.MustParsePrefix("::1/128"),                                             // IsLocal
	netip.MustParsePrefix("2001:10::/28"), netip.MustParsePrefix("2001:20::/28"), // RFC4843, RFC7343: names of keys
	netip.MustParsePrefix("2001:db8::/32"), // RFC3849, for documents
	netip.MustParsePrefix("fc00::/7"),      // RFC4193, private
}

// Routable tells whether the internet, or an overlay of it, routes to an address [IsRoutable].
func Routable(a netip.Addr) bool {
	if network, _ := p2p.Overlay(a); network != "" {
		return true
	}
	a = a.Unmap().WithZone("") // a prefix contains no address of a zone
	return a.IsValid() && !slices.ContainsFunc(unroutable, func(p netip.Prefix) bool { return p.Contains(a) })
}

// NetworkOf is Core's word for where an address lies.
func NetworkOf(a netip.Addr) string {
	network, _ := p2p.Overlay(a)
	switch {
	case network != "":
		return network
	case !a.IsValid() || !Routable(a):
		return p2p.Unrouted
	case a.Is4():
		return p2p.IPv4
	}
	return p2p.IPv6
}

// Core's numbers of networks, with which a group begins [Network].
const (
	classUnrouted = iota
	classIPv4
	classIPv6
	classOnion
	classI2P
	classCJDNS
)

// groupOf is the part of the network that one operator is likely to own, in the bytes that
// Core has for it: the network's number, then the /16 of IPv4, the /32 of IPv6 (the /36 of Hurricane Electric's
// tunnels), of an overlay the first four bits (of CJDNS behind its common eight), for there names cost nothing. What
// is not routed is one group [GetGroup, GetNetClass].
func groupOf(a netip.Addr) string {
	switch network, id := p2p.Overlay(a); network {
	case p2p.CJDNS:
		return string([]byte{classCJDNS, id[0], id[1] | 0x0f})
	case p2p.Onion:
		return string([]byte{classOnion, id[0] | 0x0f})
	case p2p.I2P:
		return string([]byte{classI2P, id[0] | 0x0f})
	}
	if !Routable(a) {
		return string([]byte{classUnrouted})
	}
	if four := p2p.LinkedIPv4(a); four.Is4() {
		ip := four.As4()
		return string(append([]byte{classIPv4}, ip[:2]...))
	}
	ip := a.As16()
	group := append([]byte{classIPv6}, ip[:4]...)
	if tunnels := [4]byte{0x20, 0x01, 0x04, 0x70}; [4]byte(ip[:4]) == tunnels { // strangers all over the world share this /32 [IsHeNet]
		group = append(group, ip[4]|0x0f)
	}
	return string(group)
}

// Group is the part of the network that one operator is likely to own: the autonomous system
// of an address that the map knows, else its network group.
func (b *Book) Group(a netip.Addr) string {
	if as := b.cfg.ASMap.Of(a); as != 0 {
		return string(binary.LittleEndian.AppendUint32([]byte{classIPv6}, as))
	}
	return groupOf(a)
}

// groupAt is Group of an address; locally each is a group of its own.
func (b *Book) groupAt(at netip.AddrPort) string {
	if b.cfg.Local {
		return at.String()
	}
	return b.Group(at.Addr())
}

// group is groupAt of who told us, an address or the name of a seed.
func (b *Book) group(source string) string {
	if b.cfg.Local {
		return source
	}
	if a, err := netip.ParseAddrPort(source); err == nil {
		return b.Group(a.Addr())
	}
	if at, ok := p2p.ParseOverlay(source); ok {
		return b.Group(at)
	}
	if a, err := netip.ParseAddr(source); err == nil {
		return b.Group(a)
	}
	return source
}
