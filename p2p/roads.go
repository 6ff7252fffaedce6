package p2p

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// TorPort is where Tor's SOCKS5 proxy usually listens [DEFAULT_TOR_SOCKS_PORT].
const TorPort = 9050

// Proxy is a SOCKS5 proxy (RFC 1928), such as Tor has [-proxy, -onion]. The zero value is none.
type Proxy struct {
	At     netip.AddrPort
	Socket string // path of a local socket, in the place of At
	// Isolate gives every connection other credentials, so that Tor uses another circuit
	// for each [-proxyrandomize].
	Isolate bool
}

// IsValid tells whether there is a proxy.
func (p Proxy) IsValid() bool { return p.Socket != "" || p.At.IsValid() }

// String is where it is, as people write it.
func (p Proxy) String() string {
	switch {
	case p.Socket != "":
		return "unix:" + p.Socket
	case p.At.IsValid():
		return p.At.String()
	}
	return ""
}

// Roads are the ways to other networks, and through others. The zero value dials IP
// addresses directly, and nothing else.
type Roads struct {
	Proxy    Proxy    // to IP addresses that the internet routes, and to names [-proxy]
	Onion    Proxy    // to onion services; none is not Proxy: who sets them says both [-onion]
	SAM      Proxy    // an I2P router's bridge, to I2P destinations [-i2psam]
	CJDNS    bool     // addresses of fc00::/8 are CJDNS, and this machine has it [-cjdnsreachable]
	OnlyNets []string // networks to which we dial by our own choice; none: all there is a road to [-onlynet]
}

// Through is the proxy of a network; the zero value: none.
func (r Roads) Through(network string) Proxy {
	switch network {
	case IPv4, IPv6, CJDNS:
		return r.Proxy
	case Onion:
		return r.Onion
	case I2P:
		return r.SAM
	}
	return Proxy{}
}

// Reaches tells whether nodes of a network are dialled by our own choice [g_reachable_nets, ReachableNets].
func (r Roads) Reaches(network string) bool {
	if network == Unrouted {
		return true
	}
	if len(r.OnlyNets) > 0 && !slices.Contains(r.OnlyNets, network) {
		return false
	}
	switch network {
	case Onion, I2P:
		return r.Through(network).IsValid()
	case CJDNS:
		return r.CJDNS
	}
	return true
}

// Internet tells whether nodes at addresses of the internet are dialled by our own choice:
// DNS seeds name no others.
func (r Roads) Internet() bool { return r.Reaches(IPv4) || r.Reaches(IPv6) }

// Place takes an address for what it is where we are: those of fc00::/8 may be CJDNS's.
func (r Roads) Place(at netip.AddrPort) netip.AddrPort {
	if !r.CJDNS {
		return at
	}
	return netip.AddrPortFrom(ViaCJDNS(at.Addr()), at.Port())
}

const lookUpTime = 10 * time.Second // for the name of a proxy

var errNoLookup = errors.New("names are not looked up here")

// maxSocket bounds the path of a local socket, its ending zero included (sun_path of Linux).
const maxSocket = 108

// ParseProxy reads where a proxy is: HOST[:PORT] or unix:PATH. A name is looked up now, and
// once: nobody may lead us elsewhere later.
func ParseProxy(text string, port uint16, lookup func(context.Context, string) ([]netip.Addr, error)) (Proxy, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" || len(path) >= maxSocket {
			return Proxy{}, fmt.Errorf("the path of a socket has 1 to %d bytes", maxSocket-1)
		}
		return Proxy{Socket: path}, nil
	}
	to, err := ParseHostPort(text, port)
	if err != nil {
		return Proxy{}, err
	}
	if at, ok := to.AddrPort(); ok {
		if network, _ := Overlay(at.Addr()); network != "" {
			return Proxy{}, errors.New("a proxy has an IP address")
		}
		return Proxy{At: at}, nil
	}
	if lookup == nil {
		return Proxy{}, fmt.Errorf("%s: %w", to.Host, errNoLookup)
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookUpTime)
	defer cancel()
	ips, err := lookup(ctx, to.Host)
	if err != nil {
		return Proxy{}, err
	}
	if len(ips) == 0 {
		return Proxy{}, fmt.Errorf("%s has no address", to.Host)
	}
	return Proxy{At: netip.AddrPortFrom(ips[0].Unmap(), to.Port)}, nil
}
