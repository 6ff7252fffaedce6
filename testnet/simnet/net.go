package simnet

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"grapevine/p2p"
)

// backlog of a listener, as the kernel's usual.
const backlog = 128

// firstPort of those that are given out.
const firstPort = 49152

// Config is what all links have in common.
type Config struct {
	Latency time.Duration // one way
	// Spread is the most that a link adds to it: each connection, and each
	// direction, its own part, by its addresses alone. What happens on different
	// links then happens at different instants, in every run in the same order.
	Spread time.Duration
	Upload int64 // bytes a second of each host, 0: unlimited
}

// Net is a network. Its methods may be called at any time.
type Net struct {
	cfg Config

	mu        sync.Mutex
	listeners map[netip.AddrPort]*listener
	hosts     map[netip.Addr]*Host
	pipes     map[*pipe]bool
	side      map[netip.Addr]int // partition of a host, 0 without one
}

// New makes a network without hosts.
func New(cfg Config) *Net {
	return &Net{
		cfg:       cfg,
		listeners: map[netip.AddrPort]*listener{},
		hosts:     map[netip.Addr]*Host{},
		pipes:     map[*pipe]bool{},
		side:      map[netip.Addr]int{},
	}
}

// Host is one machine on the network.
type Host struct {
	net   *Net
	ip    netip.Addr
	mu    sync.Mutex
	ports map[netip.AddrPort]uint16 // last given out, for each destination: so who dials first does not matter
	free  time.Time                 // when the upload has nothing left to send
	rate  int64                     // bytes a second, 0: unlimited
}

var _ p2p.Network = (*Host)(nil)

// Host finds or makes the host with this IP address.
func (n *Net) Host(ip string) *Host {
	addr := netip.MustParseAddr(ip)
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.hosts[addr]
	if h == nil {
		h = &Host{net: n, ip: addr, ports: map[netip.AddrPort]uint16{}, rate: n.cfg.Upload}
		n.hosts[addr] = h
	}
	return h
}

// SetUpload changes the host's upload from now on; 0: unlimited.
func (h *Host) SetUpload(bytesPerSecond int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rate = bytesPerSecond
}

// Partition divides the network: hosts of different groups do not reach each
// other, and those in no group form one of their own. Bytes between groups wait.
func (n *Net) Partition(groups ...[]string) {
	n.mu.Lock()
	clear(n.side)
	for i, g := range groups {
		for _, ip := range g {
			n.side[netip.MustParseAddr(ip)] = i + 1
		}
	}
	n.mu.Unlock()
	n.shake()
}

// Heal ends a partition; what waited arrives.
func (n *Net) Heal() { n.Partition() }

// Reset breaks every connection of the host, as pulling its plug would.
func (n *Net) Reset(ip string) {
	addr := netip.MustParseAddr(ip)
	for _, p := range n.all() {
		if p.from.ip == addr || p.to == addr {
			p.fail(syscall.ECONNRESET)
		}
	}
}

func (n *Net) shake() {
	for _, p := range n.all() {
		p.resume()
	}
}

func (n *Net) all() []*pipe {
	n.mu.Lock()
	defer n.mu.Unlock()
	ps := make([]*pipe, 0, len(n.pipes))
	for p := range n.pipes {
		ps = append(ps, p)
	}
	return ps
}

func (n *Net) cut(a, b netip.Addr) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.side[a] != n.side[b]
}

// Connections is how many are open, for tests that look for leaks.
func (n *Net) Connections() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.pipes) / 2
}

func (h *Host) nextPort(to netip.AddrPort) uint16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ports[to] = max(h.ports[to]+1, firstPort)
	return h.ports[to]
}

// Listen takes connections at an address, which is this host's or unspecified.
func (h *Host) Listen(_ context.Context, at netip.AddrPort) (net.Listener, error) {
	if !at.Addr().IsUnspecified() && at.Addr() != h.ip {
		return nil, fmt.Errorf("listen %v: %w", at, syscall.EADDRNOTAVAIL)
	}
	port := at.Port()
	if port == 0 {
		port = h.nextPort(netip.AddrPort{})
	}
	l := &listener{
		net:    h.net,
		at:     netip.AddrPortFrom(h.ip, port),
		queue:  make(chan net.Conn, backlog),
		closed: make(chan struct{}),
	}
	h.net.mu.Lock()
	defer h.net.mu.Unlock()
	if h.net.listeners[l.at] != nil {
		return nil, fmt.Errorf("listen %v: %w", at, syscall.EADDRINUSE)
	}
	h.net.listeners[l.at] = l
	return l, nil
}

// Dial connects after one round trip.
func (h *Host) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	from := netip.AddrPortFrom(h.ip, h.nextPort(to))
	wait := time.NewTimer(2*h.net.cfg.Latency + h.net.extra(from, to))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return nil, fmt.Errorf("dial %v: %w", to, ctx.Err())
	}
	if h.net.cut(h.ip, to.Addr()) {
		return nil, fmt.Errorf("dial %v: %w", to, syscall.EHOSTUNREACH)
	}
	ours, theirs := h.net.connect(from, to)
	h.net.mu.Lock()
	l := h.net.listeners[to]
	h.net.mu.Unlock()
	if l == nil || !l.offer(theirs) {
		ours.Close()
		theirs.Close()
		return nil, fmt.Errorf("dial %v: %w", to, syscall.ECONNREFUSED)
	}
	return ours, nil
}

// connect makes both ends of a connection.
func (n *Net) connect(from, to netip.AddrPort) (ours, theirs *conn) {
	there, back := newPipe(n, from, to), newPipe(n, to, from)
	n.mu.Lock()
	n.pipes[there], n.pipes[back] = true, true
	n.mu.Unlock()
	ours = &conn{in: back, out: there, local: net.TCPAddrFromAddrPort(from), remote: net.TCPAddrFromAddrPort(to)}
	theirs = &conn{in: there, out: back, local: ours.remote, remote: ours.local}
	return ours, theirs
}

// extra is the part of Spread that this direction of a connection adds.
func (n *Net) extra(from, to netip.AddrPort) time.Duration {
	if n.cfg.Spread <= 0 {
		return 0
	}
	h := fnv.New64a()
	fmt.Fprint(h, from, to)
	return time.Duration(h.Sum64() % uint64(n.cfg.Spread))
}

type listener struct {
	net    *Net
	at     netip.AddrPort
	queue  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) offer(c net.Conn) bool {
	select {
	case <-l.closed:
		return false
	default:
	}
	select {
	case l.queue <- c:
		return true
	default:
		return false
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, fmt.Errorf("accept at %v: %w", l.at, net.ErrClosed)
	}
}

func (l *listener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.listeners, l.at)
		l.net.mu.Unlock()
		close(l.closed)
		for {
			select {
			case c := <-l.queue:
				c.Close()
			default:
				return
			}
		}
	})
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

var errReset = errors.New("connection reset by the other end")
