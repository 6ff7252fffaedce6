package p2p

import (
	"crypto/sha3"
	"encoding/base32"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Networks by Core's names [GetNetworkName].
const (
	IPv4     = "ipv4"
	IPv6     = "ipv6"
	Onion    = "onion"
	I2P      = "i2p"
	CJDNS    = "cjdns"
	Unrouted = "not_publicly_routable"
)

// Networks are those that the internet or an overlay routes, in Core's order.
func Networks() []string { return []string{IPv4, IPv6, Onion, I2P, CJDNS} }

// ParseNetworks reads names of networks [ParseNetwork].
func ParseNetworks(names []string) (networks []string, err error) {
	for _, name := range names {
		network := strings.ToLower(name)
		if !slices.Contains(Networks(), network) {
			return nil, fmt.Errorf("Unknown network specified in -onlynet: '%s'", name) //lint:ignore ST1005 Core's words
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// Nodes of Tor and I2P have no IP address but a name, made of 32 bytes. They travel in the
// same type as the others: an address of OnionCat's or GarliCat's part of IPv6, which holds
// the first bytes, with the name as its zone. CJDNS has addresses of IPv6, in fc00::/8, and
// they say by the zone "cjdns" that it is this network that is meant. Nothing but the
// functions of this file makes such zones: strangers' bytes have none, and what people
// write is refused with one.
const (
	onionSuffix = ".onion"
	i2pSuffix   = ".b32.i2p"
	cjdnsZone   = CJDNS
	cjdnsFirst  = 0xfc // byte of each of its addresses [CJDNS_PREFIX]
	idSize      = 32
)

// OnionPrefix is what of IPv6 OnionCat has.
func OnionPrefix() []byte { return []byte{0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43} }
func i2pPrefix() []byte   { return []byte{0xfd, 0x60, 0xdb, 0x4d, 0xdd, 0xb5} }

func nameText() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

func named(prefix, id []byte, zone string) netip.Addr {
	var raw [16]byte
	copy(raw[copy(raw[:], prefix):], id)
	return netip.AddrFrom16(raw).WithZone(zone)
}

// OverlayAddr is the address of a network that BIP155 numbers, from its bytes; false when
// they are not such.
func OverlayAddr(network string, id []byte) (netip.Addr, bool) {
	switch {
	case network == Onion && len(id) == idSize:
		return named(OnionPrefix(), id, onionName(id)), true
	case network == I2P && len(id) == idSize:
		return named(i2pPrefix(), id, nameText().EncodeToString(id)+i2pSuffix), true
	case network == CJDNS && len(id) == 16 && id[0] == cjdnsFirst:
		return netip.AddrFrom16([16]byte(id)).WithZone(cjdnsZone), true
	}
	return netip.Addr{}, false
}

// onionName is the name of an onion service of the third version, by its public key
// (rend-spec-v3, section 6).
func onionName(key []byte) string {
	sum := sha3.Sum256(slices.Concat([]byte(".onion checksum"), key, []byte{3}))
	return nameText().EncodeToString(slices.Concat(key, sum[:2], []byte{3})) + onionSuffix
}

// ParseOverlay reads the name of an onion service or of an I2P destination; false when it
// is none.
func ParseOverlay(name string) (netip.Addr, bool) {
	name = strings.ToLower(name)
	if text, ok := strings.CutSuffix(name, onionSuffix); ok {
		raw, err := nameText().DecodeString(text)
		if err != nil || len(raw) != idSize+3 || onionName(raw[:idSize]) != name {
			return netip.Addr{}, false
		}
		return OverlayAddr(Onion, raw[:idSize])
	}
	if text, ok := strings.CutSuffix(name, i2pSuffix); ok {
		raw, err := nameText().DecodeString(text)
		if err != nil || nameText().EncodeToString(raw) != text {
			return netip.Addr{}, false
		}
		return OverlayAddr(I2P, raw)
	}
	return netip.Addr{}, false
}

// Overlay is the network of such an address, with its bytes as BIP155 has them; "" for
// others, also for one whose zone only looks like a name.
func Overlay(a netip.Addr) (network string, id []byte) {
	zone := a.Zone()
	switch {
	case zone == "":
	case zone == cjdnsZone:
		if raw := a.As16(); raw[0] == cjdnsFirst {
			return CJDNS, raw[:]
		}
	case strings.HasSuffix(zone, onionSuffix):
		if raw, _ := nameText().DecodeString(strings.TrimSuffix(zone, onionSuffix)); len(raw) == idSize+3 {
			return Onion, raw[:idSize]
		}
	case strings.HasSuffix(zone, i2pSuffix):
		if raw, _ := nameText().DecodeString(strings.TrimSuffix(zone, i2pSuffix)); len(raw) == idSize {
			return I2P, raw
		}
	}
	return "", nil
}

// overlayZone tells whether a zone is of the kind that only this file makes.
func overlayZone(zone string) bool {
	return zone == cjdnsZone || strings.HasSuffix(zone, onionSuffix) || strings.HasSuffix(zone, i2pSuffix)
}

// ViaCJDNS takes an address of fc00::/8 for one of CJDNS [MaybeFlipIPv6toCJDNS].
func ViaCJDNS(a netip.Addr) netip.Addr {
	if !a.Is6() || a.Zone() != "" || a.As16()[0] != cjdnsFirst {
		return a
	}
	return a.WithZone(cjdnsZone)
}

// HostOf is an address as people write it: a name where it has one.
func HostOf(a netip.Addr) string {
	switch network, _ := Overlay(a); network {
	case Onion, I2P:
		return a.Zone()
	case CJDNS:
		return a.WithZone("").String()
	}
	return a.String()
}

// HostPortOf is where a node is, as people write it.
func HostPortOf(at netip.AddrPort) HostPort { return HostPort{HostOf(at.Addr()), at.Port()} }
