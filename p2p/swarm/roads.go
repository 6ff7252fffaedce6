package swarm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// reachable tells whether an address may be dialled by our own choice.
func (l *loop) reachable(a netip.Addr) bool { return l.cfg.Reaches(addrbook.NetworkOf(a)) }

// dialAt connects to an address, by the road of its network [ConnectThroughProxy].
func (s *Swarm) dialAt(ctx context.Context, at netip.AddrPort) (net.Conn, error) {
	at = s.cfg.Place(at)
	network, to := addrbook.NetworkOf(at.Addr()), p2p.HostPortOf(at)
	proxy := s.cfg.Through(network)
	switch {
	case network == p2p.I2P && proxy.IsValid():
		return s.sam.dial(ctx, s.hurried(), to)
	case proxy.IsValid():
		return s.dialThrough(ctx, proxy, to)
	case network == p2p.Onion, network == p2p.I2P:
		return nil, fmt.Errorf("%v: no proxy leads to network %s", to, network)
	case network == p2p.CJDNS:
		at = netip.AddrPortFrom(at.Addr().WithZone(""), at.Port())
	}
	return s.hurried().Dial(ctx, at)
}

// dialThrough has a proxy connect to a host, by whatever name, with credentials of their
// own if it is to keep connections apart.
func (s *Swarm) dialThrough(ctx context.Context, proxy p2p.Proxy, to p2p.HostPort) (net.Conn, error) {
	conn, err := connect(ctx, proxy, s.hurried())
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", proxy, err)
	}
	credentials := ""
	if proxy.Isolate {
		credentials = strconv.FormatUint(rand.Uint64(), 10)
	}
	ctx, cancel := context.WithTimeout(ctx, proxyTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = socks5(conn, to, credentials)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("proxy %s to %s: %w", proxy, to, err)
	}
	return &proxied{conn, remoteName(to.String())}, nil
}

func (s *Swarm) hurried() hurried { return hurried{s.cfg.Net, s.cfg.dialTimeout()} }

// hurried bounds the time that dialling takes.
type hurried struct {
	p2p.Network
	within time.Duration
}

func (h hurried) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, h.within)
	defer cancel()
	return h.Network.Dial(ctx, to)
}
