package p2p

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Addr is where a node says it can be reached.
type Addr struct {
	At       netip.AddrPort
	Services wire.ServiceFlag
	Seen     int64 // Unix seconds when somebody last claimed it was alive
}

// AddrPortOf is one end of a connection; the zero value when it has no address.
func AddrPortOf(a net.Addr) netip.AddrPort {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// HostPort is an address as people write it: HOST[:PORT], where HOST is an IP
// address or a name.
type HostPort struct {
	Host string // an address in its usual form, without brackets, or a name
	Port uint16
}

// errHostPort says what is wanted.
var errHostPort = errors.New("want HOST or HOST:PORT, as in 127.0.0.1:18444, [::1]:18444 or node.example")

// ParseHostPort is the one reader of HOST[:PORT], for flags, RPC and files. These
// are the forms, each with or without the port, whose place port then takes:
//
//	192.0.2.1  192.0.2.1:8333  [2001:db8::1]  [2001:db8::1]:8333  node.example  node.example:8333
//
// An IPv6 address may stand without brackets when there is no port.
func ParseHostPort(s string, port uint16) (HostPort, error) {
	host, digits, found := s, "", false
	switch {
	case strings.HasPrefix(s, "["):
		inside, rest, ok := strings.Cut(s[1:], "]")
		if a, err := netip.ParseAddr(inside); !ok || err != nil || !a.Is6() || rest != "" && rest[0] != ':' {
			return HostPort{}, fmt.Errorf("%q: %w", s, errHostPort)
		}
		host, digits, found = inside, strings.TrimPrefix(rest, ":"), rest != ""
	case strings.Count(s, ":") == 1:
		host, digits, found = strings.Cut(s, ":")
	}
	if found {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || digits[0] == '+' {
			return HostPort{}, fmt.Errorf("%q: the port is a number up to 65535", s)
		}
		port = uint16(n)
	}
	if a, ok := parseIP(host); ok {
		return HostPort{a.Unmap().String(), port}, nil
	}
	if !isName(host) {
		return HostPort{}, fmt.Errorf("%q: %w", s, errHostPort)
	}
	if !found && strings.HasSuffix(strings.ToLower(host), i2pSuffix) {
		port = 0 // there are no ports [I2P_SAM31_PORT]
	}
	return HostPort{strings.ToLower(host), port}, nil
}

// parseIP reads an IP address as people write it: none has a zone by which we know an
// overlay's.
func parseIP(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && !overlayZone(a.Zone())
}

// isName tells whether a text can be a host's name: labels of letters, digits, - and
// _, and a last one that is no number, for 1.2.3 is an address with a part missing.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(strings.ToLower(l), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return len(s) <= 253 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// String is HOST:PORT, with brackets where they are needed.
func (h HostPort) String() string { return net.JoinHostPort(h.Host, strconv.Itoa(int(h.Port))) }

// AddrPort is the address, also of an onion service or an I2P destination; false when the
// host is another name.
func (h HostPort) AddrPort() (netip.AddrPort, bool) {
	if a, ok := ParseOverlay(h.Host); ok {
		return netip.AddrPortFrom(a, h.Port), true
	}
	a, ok := parseIP(h.Host)
	if !ok {
		return netip.AddrPortFrom(netip.Addr{}, h.Port), false
	}
	return netip.AddrPortFrom(a, h.Port), true
}

// DefaultPort is the network's own.
func DefaultPort(p *chain.Params) uint16 {
	n, err := strconv.ParseUint(p.DefaultPort, 10, 16)
	if err != nil {
		panic("unreachable: a network's port is a number: " + p.DefaultPort)
	}
	return uint16(n)
}
