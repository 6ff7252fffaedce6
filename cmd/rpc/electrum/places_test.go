package electrum

import (
	"net"
	"testing"

	"grapevine/chain"
)

// farConn is a connection that comes from an address of our choice.
type farConn struct {
	net.Conn
	from string
}

type farAddr string

func (farAddr) Network() string  { return "tcp" }
func (a farAddr) String() string { return string(a) }

func (c farConn) RemoteAddr() net.Addr { return farAddr(c.from) }
func (farConn) Close() error           { return nil }

// come lets n clients connect from an address; those that have a place are returned.
func come(s *Server, from string, n int, known bool) (list []*client) {
	for range n {
		c := newClient(s, farConn{from: from})
		c.known.Store(known)
		if s.join(c) {
			list = append(list, c)
		}
	}
	return list
}

func here(s *Server, list []*client) (n int) {
	for _, c := range list {
		if _, is := s.clients[c]; is {
			n++
		}
	}
	return n
}

func TestOneAddressCannotHoldAllPlaces(t *testing.T) {
	s := bare(t)
	many := come(s, "[2001:db8::1]:1", maxClients/2, true)
	many = append(many, come(s, "[2001:db8::2]:1", maxClients/2-1, true)...) // the same network
	one := come(s, "192.0.2.1:5", 1, true)
	if len(s.clients) != maxClients || here(s, one) != 1 {
		t.Fatalf("%d clients", len(s.clients))
	}
	few := come(s, "192.0.2.2:5", 10, false)
	if here(s, few) != 10 || here(s, one) != 1 || here(s, many) != len(many)-10 || len(s.clients) != maxClients {
		t.Errorf("of the newcomers %d are here, of the single ones %d, of the many %d", here(s, few), here(s, one), here(s, many))
	}
	if _, is := s.clients[many[0]]; is {
		t.Error("who was there the longest did not give way")
	}
	// The many take places from nobody, though the few have not introduced themselves.
	if more := come(s, "[2001:db8::3]:1", 20, true); here(s, one) != 1 || here(s, few) != 10 || len(more) != 0 {
		t.Errorf("of the newcomers %d are here, of the single ones %d, and %d more of the many", here(s, few), here(s, one), len(more))
	}
}

func TestOneAddressCannotHoldAllSubscriptions(t *testing.T) {
	s := bare(t)
	greedy := come(s, "192.0.2.1:5", maxAllWatched/maxWatched, true)
	for i, c := range greedy {
		for n := range maxWatched {
			if !s.watch(c, chain.Hash{byte(i), byte(n), byte(n >> 8)}) {
				t.Fatalf("client %d is refused subscription %d", i, n)
			}
		}
	}
	if s.watch(greedy[0], chain.Hash{0xff}) || s.watch(come(s, "192.0.2.1:6", 1, true)[0], chain.Hash{0xff}) {
		t.Error("the greedy address has more than all may have")
	}
	c := come(s, "192.0.2.2:5", 1, true)[0]
	if !s.watch(c, chain.Hash{0xff}) || here(s, greedy) != len(greedy)-1 || s.watches != maxAllWatched-maxWatched+1 {
		t.Errorf("another address has %d subscriptions; %d greedy clients are here, %d subscriptions in all", len(c.subs), here(s, greedy), s.watches)
	}
	for _, g := range greedy {
		if g.out && (len(g.subs) > 0 || s.watch(g, chain.Hash{0xfe})) {
			t.Error("who was hung up on has subscriptions")
		}
	}
}
