package electrum

import (
	"net"
	"net/netip"
)

// addressOf is the address that a client comes from: of IPv6 the network of 64 bits, which one host has to
// itself.
func addressOf(conn net.Conn) netip.Prefix {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := at.Addr().Unmap(), 64
	if addr.Is4() {
		bits = 32
	}
	p, _ := addr.Prefix(bits) // the bits fit
	return p
}

// byAddress adds up what count counts of each client. mu is held.
func (s *Server) byAddress(count func(*client) int) map[netip.Prefix]int {
	sums := map[netip.Prefix]int{}
	for c := range s.clients {
		sums[c.from] += count(c)
	}
	return sums
}

// greediest is the address that has the most.
func greediest(sums map[netip.Prefix]int) (most netip.Prefix) {
	for from, n := range sums {
		if n > sums[most] {
			most = from
		}
	}
	return most
}

// givesWay is who gives a newcomer its place: one of the address that has the most, if that is more than
// the newcomer's would then have; else one that has not introduced itself, of an address that has no less
// than the newcomer's. Of those who may it is the one who has been there the longest, and who has
// introduced itself comes last. Nil: there is none. mu is held.
func (s *Server) givesWay(newcomer *client) (out *client) {
	has := s.byAddress(func(*client) int { return 1 })
	most, own := greediest(has), has[newcomer.from]
	unfair := has[most] > own+1
	for c := range s.clients {
		known := c.known.Load()
		switch {
		case unfair && c.from != most, !unfair && (known || has[c.from] < own):
		case out == nil, out.known.Load() && !known, out.known.Load() == known && c.since.Before(out.since):
			out = c
		}
	}
	return out
}

// makeRoom takes the subscriptions of the client that has the most of them, if its address has more than
// twice as many as that of who asks for one more; false: it has not. mu is held.
func (s *Server) makeRoom(asks *client) bool {
	has := s.byAddress(func(c *client) int { return len(c.subs) })
	most := greediest(has)
	if has[most] <= 2*(has[asks.from]+1) {
		return false
	}
	var out *client
	for c := range s.clients {
		if c.from == most && (out == nil || len(c.subs) > len(out.subs)) {
			out = c
		}
	}
	s.putOut(out)
	return true
}

// putOut hangs up on a client, which holds nothing from now on. mu is held.
func (s *Server) putOut(c *client) {
	c.out = true
	c.hangUp()
	s.drop(c)
}
