package swarm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/addrbook"
)

// listener is one address that we accept peers at.
type listener struct {
	net.Listener
	bind p2p.Bind
}

// incoming: somebody has connected.
type incoming struct {
	conn net.Conn
	bind p2p.Bind
	at   netip.AddrPort // where it is, if that is no address of the connection
}

// open listens at all addresses.
func (s *Swarm) open(ctx context.Context) (err error) {
	binds := s.cfg.Binds
	if s.cfg.Listen != "" {
		binds = append([]p2p.Bind{{At: s.cfg.Listen}}, binds...)
	}
	for _, b := range binds {
		l, failed := s.listen(ctx, b.At)
		if failed != nil && b.Any {
			at := netip.AddrPortFrom(netip.IPv4Unspecified(), netip.MustParseAddrPort(b.At).Port())
			l, failed = s.cfg.Net.Listen(ctx, at)
		}
		if failed != nil {
			return fmt.Errorf("listen for peers at %s: %w", b.At, failed)
		}
		s.listeners = append(s.listeners, listener{l, b})
		s.tellBound(b, l.Addr().String())
	}
	return s.findLocals()
}

// tellBound names the address that was asked for, since the system calls every
// address of IPv4 one of IPv6, with the port that it is.
func (s *Swarm) tellBound(b p2p.Bind, bound string) {
	asked, err := p2p.ParseHostPort(b.At, 0)
	at, errAt := netip.ParseAddrPort(bound)
	if err == nil && errAt == nil && asked.Host == "0.0.0.0" {
		bound = netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()).String()
	}
	s.cfg.Log.Info("listening for peers", "addr", bound)
	if b.Any && errAt == nil && at.Addr() == netip.IPv6Unspecified() { // one socket for both
		s.cfg.Log.Info("listening for peers", "addr", netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()).String())
	}
}

// onionListener is where those come in who come over Tor: a listener of their own, else the first.
func (s *Swarm) onionListener() (at netip.AddrPort, ok bool) {
	for _, l := range s.listeners {
		if own := p2p.AddrPortOf(l.Addr()); own.IsValid() && (!ok || l.bind.Onion) {
			if at, ok = own, true; l.bind.Onion {
				break
			}
		}
	}
	if at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return at, ok
}

func (s *Swarm) shut() {
	for _, l := range s.listeners {
		l.Close()
	}
}

// listen opens the port that peers connect to; a host's name is looked up here.
func (s *Swarm) listen(ctx context.Context, text string) (net.Listener, error) {
	if strings.HasPrefix(text, ":") {
		text = "[::]" + text // every address of this machine
	}
	to, err := s.cfg.hostPort(text)
	if err != nil {
		return nil, err
	}
	at, ok := to.AddrPort()
	if !ok {
		ips, err := s.cfg.lookUp(ctx, to.Host)
		if err != nil {
			return nil, err
		}
		at = netip.AddrPortFrom(ips[0].Unmap(), to.Port)
	}
	return s.cfg.Net.Listen(ctx, at)
}

// acceptPause is for when the process has no file descriptors left.
const acceptPause = 100 * time.Millisecond

// acceptAll takes who connects at one listener [ThreadSocketHandler].
func (s *Swarm) acceptAll(ctx context.Context, l listener, fail context.CancelCauseFunc) {
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		case err != nil:
			fail(fmt.Errorf("accept peers at %s: %w", l.bind.At, err))
			return
		}
		select {
		case s.accepted <- incoming{conn: conn, bind: l.bind}:
		case <-ctx.Done():
			conn.Close()
			return
		}
	}
}

// Addr is where we listen first, nil before Ready and when we do not.
func (s *Swarm) Addr() net.Addr {
	select {
	case <-s.ready:
	default:
		return nil
	}
	if len(s.listeners) == 0 {
		return nil
	}
	return s.listeners[0].Addr()
}

// Locals are our addresses as people have said them, and with Discover those of this
// machine that the internet routes to, and those at which overlays reach us [localaddresses]. Read after Ready.
func (s *Swarm) Locals() []netip.AddrPort { return slices.Concat(s.locals, s.overlayAddrs()) }

// findLocals fills them in once we listen.
func (s *Swarm) findLocals() error {
	port := p2p.DefaultPort(s.cfg.Params)
	if len(s.listeners) > 0 {
		port = p2p.AddrPortOf(s.listeners[0].Addr()).Port()
	}
	for _, at := range s.cfg.External {
		if at.Port() == 0 {
			at = netip.AddrPortFrom(at.Addr(), port)
		}
		s.locals = append(s.locals, s.cfg.Place(at))
	}
	if !s.cfg.Discover {
		return nil
	}
	for _, l := range s.listeners {
		at := p2p.AddrPortOf(l.Addr())
		own := []netip.Addr{at.Addr()}
		if at.Addr().IsUnspecified() {
			var err error
			if own, err = machineAddrs(); err != nil {
				return err
			}
		}
		for _, a := range own {
			if local := s.cfg.Place(netip.AddrPortFrom(a, at.Port())); addrbook.Routable(local.Addr()) && !slices.Contains(s.locals, local) {
				s.locals = append(s.locals, local)
			}
		}
	}
	return nil
}

// machineAddrs are those of this machine's interfaces.
func machineAddrs() (own []netip.Addr, err error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("addresses of this machine: %w", err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr().Unmap())
		}
	}
	return own, nil
}
