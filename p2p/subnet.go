package p2p

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Subnet is a part of the network: the IP addresses that begin alike, or one node of an
// overlay, which has no neighbours [CSubNet]. The zero value contains nobody. Equal
// subnets are equal values.
type Subnet struct {
	at   netip.Addr // the first one; a node of an overlay has its zone (overlay.go)
	bits int        // all of them for one address
}

// subnetOf is one address alone.
func subnetOf(a netip.Addr) Subnet { return Subnet{a, a.BitLen()} }

// ParseSubnet reads an address or a subnet in each of Core's forms: 1.2.3.4,
// 1.2.3.0/24, 1.2.3.0/255.255.255.0, the same of IPv6, and the name of an onion service
// or an I2P destination [LookupSubNet].
func ParseSubnet(s string) (Subnet, bool) {
	host, mask, masked := strings.Cut(s, "/")
	if a, ok := ParseOverlay(host); ok {
		return subnetOf(a), !masked
	}
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		host = strings.TrimSuffix(inner, "]")
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return Subnet{}, false
	}
	a = a.Unmap()
	if !masked {
		return subnetOf(a), true
	}
	bits, ok := maskBits(mask, a)
	if !ok {
		return Subnet{}, false
	}
	first, err := a.Prefix(bits)
	return Subnet{first.Addr(), bits}, err == nil
}

// maskBits reads what stands behind the stroke: a length, or ones and then zeros of the
// address' own family.
func maskBits(mask string, a netip.Addr) (int, bool) {
	if m, err := netip.ParseAddr(mask); err == nil {
		ones, bits := net.IPMask(m.AsSlice()).Size()
		return ones, bits == a.BitLen()
	}
	bits, err := strconv.ParseUint(mask, 10, 8)
	return int(bits), err == nil && mask[0] != '+' && int(bits) <= a.BitLen()
}

// ParseSubnet reads a subnet where these are the roads: an address of fc00::/8 may be
// CJDNS's, which has no subnets.
func (r Roads) ParseSubnet(s string) (Subnet, bool) {
	n, ok := ParseSubnet(s)
	if !ok || !r.CJDNS || ViaCJDNS(n.at) == n.at {
		return n, ok
	}
	return subnetOf(ViaCJDNS(n.at)), !strings.Contains(s, "/")
}

// ReadSubnet reads what String has written.
func ReadSubnet(text string) (Subnet, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return Subnet{p.Addr(), p.Bits()}, nil
	}
	n, ok := Roads{CJDNS: true}.ParseSubnet(text)
	if network, _ := Overlay(n.at); !ok || network == "" {
		return Subnet{}, fmt.Errorf("%q is neither a subnet nor a node of an overlay", text)
	}
	return n, nil
}

// String is the subnet with its length, or the name of a node of an overlay [CSubNet::ToString].
func (n Subnet) String() string {
	if network, _ := Overlay(n.at); network != "" {
		return HostOf(n.at)
	}
	return netip.PrefixFrom(n.at, n.bits).String()
}

// First is its first address, of one node that node's.
func (n Subnet) First() netip.Addr { return n.at }

// Contains tells whether an address lies within. Nodes of CJDNS have addresses of IPv6, so
// a subnet of that may hold them too.
func (n Subnet) Contains(a netip.Addr) bool {
	in := false
	Surrounding(a, func(around Subnet) bool {
		in = around == n
		return !in
	})
	return in
}

// Surrounding names all subnets in which an address lies, the narrowest first, until
// yield has seen enough: one for each length that there is, and none for no address.
func Surrounding(a netip.Addr, yield func(Subnet) bool) {
	a = a.Unmap()
	if network, _ := Overlay(a); network != "" && (!yield(subnetOf(a)) || network != CJDNS) {
		return
	}
	a = a.WithZone("")
	for bits := a.BitLen(); bits >= 0; bits-- {
		p, err := a.Prefix(bits)
		if err != nil || !yield(Subnet{p.Addr(), bits}) {
			return
		}
	}
}

// Compare orders subnets by address, wide ones first.
func (n Subnet) Compare(m Subnet) int {
	if c := n.at.Compare(m.at); c != 0 {
		return c
	}
	return n.bits - m.bits
}
