package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"grapevine/db"
	"grapevine/p2p"
	"grapevine/testnet"
)

// Gate is the network that a node sees.
type Gate struct {
	under p2p.Network

	mu    sync.Mutex
	rules map[netip.AddrPort]testnet.Pair // by where the other node listens
	conns map[*conn]bool                  // that were dialled and stand
}

var _ p2p.Network = (*Gate)(nil)

// maxRules bounds a file or call: a network has fewer nodes.
const maxRules = 10_000

// maxFile is in bytes, for as many.
const maxFile = 16 << 20

// newGate makes a gate that changes nothing.
func newGate(under p2p.Network) *Gate {
	return &Gate{under: under, rules: map[netip.AddrPort]testnet.Pair{}, conns: map[*conn]bool{}}
}

// Open makes a gate with the rules of a file, if it is there.
func Open(under p2p.Network, path string) (*Gate, error) {
	g := newGate(under)
	raw, err := db.ReadFile(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("links of this node: %w", err)
	}
	if _, err := g.SetLinks(raw); err != nil {
		return nil, fmt.Errorf("links of this node: %s: %w", path, err)
	}
	return g, nil
}

// where names a node by where it listens: on this machine its port says all.
func where(at netip.AddrPort) netip.AddrPort {
	if at.Addr().Unmap().IsLoopback() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// read checks rules as JSON.
func read(raw []byte) (map[netip.AddrPort]testnet.Pair, error) {
	var list []testnet.Pair
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("rules of links: %w", err)
	}
	if len(list) > maxRules {
		return nil, fmt.Errorf("rules of links: %d are more than %d", len(list), maxRules)
	}
	rules := map[netip.AddrPort]testnet.Pair{}
	for _, p := range list {
		at, err := netip.ParseAddrPort(p.Node)
		if err != nil {
			return nil, fmt.Errorf("rules of links: node %q: want where it listens, as 127.0.0.1:18444", p.Node)
		}
		if err := errors.Join(p.Out.Check(), p.In.Check()); err != nil {
			return nil, fmt.Errorf("rules of links: node %s: %w", p.Node, err)
		}
		if _, twice := rules[where(at)]; twice {
			return nil, fmt.Errorf("rules of links: node %s stands twice", p.Node)
		}
		p.Node = where(at).String()
		rules[where(at)] = p
	}
	return rules, nil
}

// SetLinks takes rules in place of those before, and changes the connections that
// stand. It tells which nodes were cut off and can be reached again.
func (g *Gate) SetLinks(raw []byte) (opened []netip.AddrPort, err error) {
	rules, err := read(raw)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	for at, old := range g.rules {
		if new := rules[at]; (old.Out.Cut || old.In.Cut) && !new.Out.Cut && !new.In.Cut {
			opened = append(opened, at)
		}
	}
	g.rules = rules
	var standing []*conn
	for c := range g.conns {
		standing = append(standing, c)
	}
	g.mu.Unlock()
	for _, c := range standing {
		c.follow()
	}
	slices.SortFunc(opened, netip.AddrPort.Compare)
	return opened, nil
}

// Links are the rules, in order.
func (g *Gate) Links() any {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := []testnet.Pair{}
	for _, p := range g.rules {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b testnet.Pair) int { return strings.Compare(a.Node, b.Node) })
	return list
}

func (g *Gate) pair(at netip.AddrPort) testnet.Pair {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rules[at]
}

// Listen is the network's own: who is at the other end shapes the connection.
func (g *Gate) Listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	return g.under.Listen(ctx, at)
}

// Dial connects, after the round trip that the rules add.
func (g *Gate) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	at := where(to)
	cut := &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}
	pair := g.pair(at)
	if pair.Out.Cut || pair.In.Cut {
		return nil, cut
	}
	if trip := delay(pair.Out) + delay(pair.In); trip > 0 {
		timer := time.NewTimer(trip)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("dial %v: %w", to, ctx.Err())
		}
	}
	under, err := g.under.Dial(ctx, to)
	if err != nil {
		return nil, err
	}
	c := newConn(g, under, at)
	g.mu.Lock()
	g.conns[c] = true
	g.mu.Unlock()
	if pair = c.follow(); pair.Out.Cut || pair.In.Cut { // meanwhile
		return nil, errors.Join(cut, c.Close())
	}
	return c, nil
}

func (g *Gate) forget(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

// delay is the time that a byte takes on its way, drawn anew for each.
func delay(w testnet.Way) time.Duration {
	d := time.Duration(w.Latency)
	if w.Jitter > 0 {
		d += time.Duration((2*rand.Float64() - 1) * float64(w.Jitter))
	}
	return d
}
