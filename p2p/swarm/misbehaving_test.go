package swarm_test

import (
	"io"
	stdnet "net"
	"net/netip"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// offender listens at addr and breaks a rule on every connection.
func offender(t testing.TB, net *simnet.Net, addr string) {
	t.Helper()
	l, err := net.Host(at(addr).Addr().String()).Listen(t.Context(), at(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s := &rawPeer{Conn: conn, t: t}
			s.say(version(), &wire.MsgVerAck{})
			s.Write(frame("inv", append([]byte{0xfd, 0x51, 0xc3}, make([]byte, 50_001*36)...)))
			go func() {
				defer conn.Close()
				io.Copy(io.Discard, conn)
			}()
		}
	}()
}

// Who misbehaves is discouraged: neither dialled nor let in again. Whom people have
// asked for is tried again, and may come in.
func TestWhoMisbehavesIsDiscouragedButNotWhomPeopleAskedFor(t *testing.T) {
	for _, byHand := range []bool{false, true} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			const bad = "10.0.0.7:18444"
			offender(t, net, bad)
			book := countDials(net.Host("10.0.0.1"))
			n := start(t, net, 1, func(c *swarm.Config) {
				if c.Net = book; byHand {
					c.AddNode = []string{bad}
				} else {
					c.Bootstrap = []string{bad}
				}
			})
			time.Sleep(5 * time.Minute)
			book.mu.Lock()
			dialled := len(book.at[at(bad)])
			book.mu.Unlock()
			if byHand && dialled < 10 || !byHand && dialled != 1 {
				t.Errorf("asked for by hand: %v; dialled %d times in five minutes", byHand, dialled)
			}
			if _, err := visitFrom(t, net.Host("10.0.0.7"), n, 0); (err == nil) != byHand {
				t.Errorf("asked for by hand: %v; it comes in: %v", byHand, err)
			}
			if _, err := visitFrom(t, net.Host("10.0.0.8"), n, 0); err != nil {
				t.Errorf("another address: %v", err)
			}
		})
	}
}

// Of each peer a tenth of an address is taken a second: locally after a thousand, on
// a public network after one.
func TestT38_AddressesOfAPeerAreTakenAtATenthASecond(t *testing.T) {
	for _, isPublic := range []bool{false, true} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			ahead := func(c *swarm.Config) { c.Clock = func() time.Time { return now().Add(3 * time.Hour) } } // setmocktime fills no bucket
			n := start(t, net, 1, connects("10.0.0.99:1"), ahead)
			magic, burst := wire.TestNet, 1000
			if isPublic {
				n = startOn(t, net.Host("8.0.1.1"), "8.0.1.1:8333", public(t, 1, nil), connects("9.9.9.9"), ahead)
				magic, burst = wire.MainNet, 1
			}
			s, err := visitFrom(t, net.Host("44.4.4.4"), n, magic)
			if err != nil {
				t.Fatal(err)
			}
			say := func(hosts ...byte) {
				m := &wire.MsgAddr{}
				for _, h := range hosts {
					m.AddrList = append(m.AddrList, wire.NewNetAddressTimestamp(now(), 9, stdnet.IPv4(45, h, 1, 1), 8333))
				}
				s.say(m)
				time.Sleep(50 * time.Millisecond)
			}
			known := func(h byte) bool {
				for _, a := range n.Book().All() {
					if a.At.Addr() == netip.AddrFrom4([4]byte{45, h, 1, 1}) {
						return true
					}
				}
				return false
			}
			last := byte(2)
			say(make([]byte, burst-1)...) // the same address each time: it costs as much
			say(last, last+1)
			if known(last) == known(last+1) || !isPublic && !known(last) { // on a public network they are shuffled
				t.Errorf("public %v: of two addresses when one is left: %v %v", isPublic, known(last), known(last+1))
			}
			for _, p := range n.Connections() { // as getpeerinfo shows it
				if heard := p.Addr == s.LocalAddr().String(); heard && (p.AddrsTaken != uint64(burst) || p.AddrsLimited != 1 || !p.AddrRelay) {
					t.Errorf("public %v: %d addresses taken, %d not, relay %v", isPublic, p.AddrsTaken, p.AddrsLimited, p.AddrRelay)
				} else if !heard && p.AddrsTaken+p.AddrsLimited != 0 {
					t.Errorf("public %v: %s is said to have told %d", isPublic, p.Addr, p.AddrsTaken)
				}
			}
			time.Sleep(9 * time.Second)
			if say(10); known(10) {
				t.Errorf("public %v: taken after 9 s", isPublic)
			}
			time.Sleep(time.Second)
			if say(11, 12); known(11) == known(12) || !isPublic && !known(11) {
				t.Errorf("public %v: after 10 s %v, another at once %v", isPublic, known(11), known(12))
			}
		})
	}
}
