package hostile_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/node"
	"grapevine/p2p"
	"grapevine/testnet/hostile"
)

// diary counts whom a node dials.
type diary struct {
	p2p.Network
	mu    *sync.Mutex
	dials map[string]int
}

func (d diary) Dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	d.mu.Lock()
	d.dials[to.String()]++
	d.mu.Unlock()
	return d.Network.Dial(ctx, to)
}

func (d diary) count(match func(addr string) bool) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for addr, k := range d.dials {
		if match(addr) {
			n += k
		}
	}
	return n
}

// Those who want to surround the victim: forty peers, 66.0.0.1 to 66.0.0.40,
// each with a few ports; a hundred hosts in one /16; and one host with a hundred ports.
// All listen, and greet whoever dials them.
const (
	poisoners = 40
	crowd     = 100
	firstPort = 1000
)

func crowded(i int) (ip string, port uint16) { return fmt.Sprintf("77.7.%d.1", i%crowd), 8333 }

func manyPorts(i int) (ip string, port uint16) { return "77.8.8.8", uint16(firstPort + i%crowd) }

func themselves(i int) func(int) (string, uint16) {
	return func(k int) (string, uint16) { return attackerIP(i), uint16(firstPort + k%4) }
}

// ourselves under many names.
func ourselves(i int) (ip string, port uint16) {
	return []string{targetIP, targetIP, "127.0.0.1", "0.0.0.0", "10.0.0.1"}[i%5], uint16(18444 + i%5)
}

// told is a message of n addresses.
func told(n, from int, who func(int) (string, uint16)) *wire.MsgAddrV2 {
	m := &wire.MsgAddrV2{}
	for i := range n {
		ip, port := who(from + i)
		m.AddrList = append(m.AddrList, wire.NetAddressV2FromBytes(
			time.Now(), wire.SFNodeNetwork|wire.SFNodeWitness, net.ParseIP(ip).To4(), port))
	}
	return m
}

// crook greets whoever dials it, as a node would.
func (h *harness) crook(ip string, port uint16) {
	h.t.Helper()
	h.door(fmt.Sprintf("%s:%d", ip, port), func(p *hostile.Peer) {
		p.Answer(func(p *hostile.Peer, m wire.Message) {
			switch m := m.(type) {
			case *wire.MsgVersion:
				p.Say(hostile.Version(), &wire.MsgVerAck{})
			case *wire.MsgPing:
				p.Say(wire.NewMsgPong(m.Nonce))
			}
		})
		p.Listen()
	})
}

// crooks opens all doors of the attackers.
func (h *harness) crooks() {
	for i := range crowd {
		h.crook(crowded(i))
		h.crook(manyPorts(i))
	}
	for i := range poisoners {
		for k := range 4 {
			h.crook(themselves(i)(k))
		}
	}
}

// poison connects the forty, who say that they are us and tell where all the
// others are, as often as they are listened to: an address each ten seconds.
func (h *harness) poison() {
	h.t.Helper()
	for i := range poisoners {
		v := hostile.Version()
		v.AddrMe.IP, v.AddrMe.Port = net.ParseIP(targetIP), 18444
		v.AddrYou.IP, v.AddrYou.Port = net.ParseIP("77.8.8.8"), firstPort
		p := h.connectFrom(attackerIP(i))
		if err := p.Greet(v); err != nil {
			h.t.Fatal(err)
		}
		sources := []func(int) (string, uint16){crowded, manyPorts, ourselves, themselves(i)}
		go func() {
			for k := 0; p.Say(told(1+k%10, i+k*7, sources[k%4])) == nil; k++ {
				time.Sleep(10 * time.Second)
			}
		}()
	}
}

// outbound counts the victim's connections by its own choice, and fails if two
// are in one network group, or lead to itself.
func (h *harness) outbound(honest []string) (good, bad int) {
	h.t.Helper()
	groups := map[string]bool{}
	for _, p := range h.target.Swarm.Peers() {
		if p.Inbound() || p.Kind == p2p.Feeler {
			continue
		}
		parts := strings.SplitN(p.Addr, ".", 3)
		if g := parts[0] + "." + parts[1]; groups[g] {
			h.t.Errorf("two outbound connections into %s.0.0/16", g)
		} else {
			groups[g] = true
		}
		if strings.HasPrefix(p.Addr, targetIP) {
			h.t.Errorf("connected to itself at %s", p.Addr)
		}
		if slices.Contains(honest, p.Addr) {
			good++
		} else {
			bad++
		}
	}
	return good, bad
}

// anchors are the victim's peers for blocks only.
func (h *harness) anchors() (addrs []string) {
	for _, p := range h.target.Swarm.Peers() {
		if p.Kind == p2p.BlocksOnly {
			addrs = append(addrs, p.Addr)
		}
	}
	slices.Sort(addrs)
	return addrs
}

// Forty peers fill the address book for hours (five minutes usually) with one
// network of a hundred hosts, one host of a hundred ports, the victim's own
// address, and themselves under four ports each. The victim has room for ten
// peers of its choice, and has ten honest ones. It keeps them; when it comes back
// after a restart, the attackers have three network groups to offer: they get
// three of its places at most, and its anchors are there at once.
func TestT39_PoisonedAddressBook(t *testing.T) {
	lasts := 5 * time.Minute
	if full() {
		lasts = 6 * time.Hour
	}
	synctest.Test(t, func(t *testing.T) {
		h := emptyHarness(t, publicly())
		t.Cleanup(func() { time.Sleep(time.Second) }) // the last connections end
		const room = 10                               // eight peers of its choice, and two for blocks only
		var honest []string
		for i := range room {
			honest = append(honest, h.open(fmt.Sprintf("8.%d.1.1", 20+i)).addr)
		}
		book := diary{mu: &sync.Mutex{}, dials: map[string]int{}}
		home := func(c *node.Config) {
			c.DataDir = h.dir
			book.Network = c.Net
			c.Net = book
		}
		h.target = h.open(targetIP, home, func(c *node.Config) { c.Bootstrap = honest })
		h.within(time.Minute, "the victim has met its friends", func() bool { good, _ := h.outbound(honest); return good == room })
		h.crooks()
		h.poison()
		for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(10 * time.Second) {
			if good, bad := h.outbound(honest); good < room || bad > 1 {
				t.Fatalf("%d honest peers of its choice and %d others are left", good, bad)
			}
		}
		anchors := h.anchors()
		places := h.target.Swarm.Book().Len()
		h.everybodyLeaves()
		time.Sleep(30 * time.Second) // all have noticed
		if err := h.target.stop(); err != nil {
			t.Error(err)
		}
		h.target = h.open(targetIP, home)
		h.within(5*time.Second, "the anchors are back", func() bool { return slices.Equal(h.anchors(), anchors) })
		h.within(2*time.Minute, "the victim is back with its friends", func() bool { good, _ := h.outbound(honest); return good >= room-3 })
		time.Sleep(lasts)
		good, bad := h.outbound(honest)
		if good < room-3 || bad > 3 {
			t.Errorf("after the restart %d of its choice are honest, %d not", good, bad)
		}
		us := book.count(func(addr string) bool { return addr == targetIP+":18444" })
		if us > 0 {
			t.Errorf("it has dialled itself %d times", us)
		}
		tried := book.count(func(addr string) bool { return strings.HasPrefix(addr, "77.") || strings.HasPrefix(addr, "66.") })
		if tried == 0 {
			t.Error("no attacker was ever dialled: nothing was tried")
		}
		t.Logf("the book has %d places; after the restart %d of its choice are honest, %d not; attackers were dialled %d times", places, good, bad, tried)
	})
}
