package swarm_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// socksProxy is a SOCKS5 proxy on the virtual network, which knows names.
type socksProxy struct {
	t     *testing.T
	net   p2p.Network
	names map[string]string // to HOST:PORT

	mu    sync.Mutex
	asked []string // HOST CREDENTIALS
}

func (p *socksProxy) run(l net.Listener) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		wg.Go(func() { p.serve(conn) })
	}
}

func (p *socksProxy) serve(conn net.Conn) {
	defer conn.Close()
	read := func(n int) []byte {
		b := make([]byte, n)
		_, _ = io.ReadFull(conn, b) // what is missing is zero
		return b
	}
	said := func() string { return string(read(int(read(1)[0]))) }
	read(4) // version, two methods
	conn.Write([]byte{5, 2})
	read(1)
	credentials := said()
	if credentials != said() {
		p.t.Error("name and password differ")
	}
	conn.Write([]byte{1, 0})
	read(4)
	host := said()
	read(2)
	p.mu.Lock()
	p.asked = append(p.asked, host+" "+credentials)
	p.mu.Unlock()
	to, err := p.net.Dial(context.Background(), netip.MustParseAddrPort(p.names[host]))
	if err != nil {
		p.t.Error(err)
		return
	}
	defer to.Close()
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		io.Copy(to, conn)
		to.Close()
	})
	io.Copy(conn, to)
	conn.Close()
}

const proxyAddr = "10.0.0.99:9050"

// startProxy runs a proxy until the test ends, and a node from 10.0.0.2 on behind each of the names.
func startProxy(t *testing.T, simulated *simnet.Net, names ...string) *socksProxy {
	t.Helper()
	host := simulated.Host(at(proxyAddr).Addr().String())
	listener, err := host.Listen(t.Context(), at(proxyAddr))
	if err != nil {
		t.Fatal(err)
	}
	proxy := &socksProxy{t: t, net: host, names: map[string]string{}}
	for i, name := range names {
		proxy.names[name] = start(t, simulated, 2+i).addr
	}
	done := make(chan struct{})
	go func() { proxy.run(listener); close(done) }()
	t.Cleanup(func() { listener.Close(); <-done })
	return proxy
}

// throughProxy has a node reach all others through it.
func throughProxy(c *swarm.Config) {
	c.Proxy = p2p.Proxy{At: at(proxyAddr), Isolate: true}
	c.Onion = c.Proxy
}

// With a proxy names are looked up where it is, addresses that the internet routes and
// onion services are reached through it, each with credentials of its own, and the
// nodes of this machine are reached directly.
func TestPeersAreReachedThroughAProxy(t *testing.T) {
	const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	inVirtualTime(t, func(t *testing.T, simulated *simnet.Net) {
		names := []string{"node.example", "44.4.4.4", onion}
		proxy := startProxy(t, simulated, names...)
		near := start(t, simulated, 7)

		a := start(t, simulated, 1, throughProxy, func(c *swarm.Config) {
			c.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
				t.Errorf("%s is looked up here", host)
				return nil, io.EOF
			}
		})
		for _, name := range append(names, near.addr) {
			if err := a.connect(name); err != nil {
				t.Fatal(err)
			}
		}
		networks := map[string]string{}
		for _, p := range a.Peers() {
			name, _, _ := strings.Cut(p.Addr, ":") // the near one may have dialled us meanwhile
			networks[name] = p.Network
		}
		want := map[string]string{"node.example": p2p.Unrouted, "44.4.4.4": p2p.IPv4, onion: p2p.Onion, "10.0.0.7": p2p.Unrouted}
		for name, network := range want {
			if networks[name] != network {
				t.Errorf("%s is of %q, want %q", name, networks[name], network)
			}
		}
		proxy.mu.Lock()
		defer proxy.mu.Unlock()
		different := map[string]bool{}
		for _, line := range proxy.asked {
			host, credentials, _ := strings.Cut(line, " ")
			if proxy.names[host] == "" || credentials == "" || different[credentials] {
				t.Errorf("the proxy was asked for %q", line)
			}
			different[credentials] = true
		}
		if len(proxy.asked) != len(names) {
			t.Errorf("asked %v", proxy.asked)
		}
		if err := a.end(); err != nil {
			t.Error(err)
		}
	})
}

// A ban by name ends the connection to that onion service, and nobody else's.
func TestAnOnionServiceIsBannedByItsName(t *testing.T) {
	const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"
	inVirtualTime(t, func(t *testing.T, simulated *simnet.Net) {
		names := []string{onion, "44.4.4.4"}
		startProxy(t, simulated, names...)
		a := start(t, simulated, 1, throughProxy)
		for _, name := range names {
			if err := a.connect(name); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.SetBan(subnet(onion), now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		of := map[string]bool{}
		for _, p := range a.Peers() {
			of[p.Network] = true
		}
		if of[p2p.Onion] || !of[p2p.IPv4] {
			t.Errorf("peers are of %v", of)
		}
		if err := a.end(); err != nil {
			t.Error(err)
		}
	})
}

// Without a road nothing is asked of anybody.
func TestNoRoadNoDial(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, simulated *simnet.Net) {
		a := start(t, simulated, 1)
		for _, name := range []string{"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", "c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p"} {
			if err := a.connect(name); err == nil || !strings.Contains(err.Error(), "no proxy leads to network") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
