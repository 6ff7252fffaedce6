package swarm_test

import (
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

func grant(t testing.TB, text string) p2p.Grant {
	t.Helper()
	g, err := p2p.ParseGrant(text, p2p.Implicit(true, false))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestPermissionsComeFromTheAddressAndTheDoor(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, func(c *swarm.Config) {
			c.Whitelist = []p2p.Grant{grant(t, "addr@10.0.0.0/8"), grant(t, "mempool,out@10.0.0.3")}
			c.Binds = []p2p.Bind{{At: "10.0.0.1:7", Permissions: p2p.MayBloom, Onion: true}}
		})
		start(t, net, 2, connects("10.0.0.1:7"))
		c := start(t, net, 3)
		if err := a.connect(c.addr); err != nil {
			t.Fatal(err)
		}
		eventually(t, "both are there", func() bool { return len(a.Peers()) == 2 })
		for _, p := range a.Peers() {
			want := "mempool"
			if p.Inbound() {
				want = "bloomfilter,addr"
			}
			if got := strings.Join(p.Permissions.Names(), ","); got != want || p.Network == p2p.Onion != p.Inbound() {
				t.Errorf("%s inbound %v: %s, want %s; onion %v", p.Addr, p.Inbound(), got, want, p.Network == p2p.Onion)
			}
		}
	})
}

func TestWhoMayStayStays(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, func(c *swarm.Config) { c.Whitelist = []p2p.Grant{grant(t, "noban@10.66.0.3")} })
		for i, stays := range map[int]bool{2: true, 3: false} {
			r, err := visit(t, net, i, a)
			if err != nil {
				t.Fatal(err)
			}
			r.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{{Bits: 1}}}) // no proof of work
			time.Sleep(time.Minute)
			if got := len(a.Peers()) == 1; got != stays {
				t.Errorf("visitor %d stays: %v, want %v", i, got, stays)
			}
			r.Close()
			time.Sleep(time.Minute)
		}
		if err := a.SetBan(subnet("10.0.0.0/8"), now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := visit(t, net, 2, a); err != nil {
			t.Errorf("who may stay is let in in spite of a ban: %v", err)
		}
		if _, err := visit(t, net, 3, a); err == nil {
			t.Error("the banned is let in")
		}
	})
}

func TestNobodyIsDialledButWhomPeopleAskFor(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		b, c := start(t, net, 2), start(t, net, 3)
		a := start(t, net, 1, knows(b.addr), func(cfg *swarm.Config) {
			cfg.DialNobody, cfg.Bootstrap = true, []string{c.addr}
		})
		time.Sleep(10 * time.Minute)
		peers := slices.DeleteFunc(a.Peers(), func(p p2p.PeerInfo) bool { return p.Inbound() })
		if len(peers) != 1 || peers[0].Addr != b.addr || peers[0].Number != 0 {
			t.Errorf("connected to %v", peers)
		}
	})
}

func TestTheNetworkStartsSwitchedOff(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		b := start(t, net, 2)
		a := start(t, net, 1, knows(b.addr), func(cfg *swarm.Config) { cfg.StartsIdle = true })
		time.Sleep(time.Minute)
		if len(a.Peers()) != 0 || a.Active() {
			t.Error("connected while the network is switched off")
		}
		if err := a.SetActive(true); err != nil {
			t.Fatal(err)
		}
		eventually(t, "connected", func() bool { return len(a.Peers()) == 1 })
	})
}

func TestOurAddressIsWhatPeopleSay(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		a := start(t, net, 1, func(c *swarm.Config) {
			c.External = []netip.AddrPort{at("2.2.2.2:0"), at("[2::2]:30000")}
		})
		want := []netip.AddrPort{at("2.2.2.2:18444"), at("[2::2]:30000")}
		if got := a.Locals(); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// The clock that people set moves handshakes, pings and silence; it stands still otherwise.
func TestTheClockThatPeopleSetEndsSilentConnections(t *testing.T) {
	for what, c := range map[string]struct {
		peerTimeout time.Duration
		jump        time.Duration
		greets      bool
		stays       bool
	}{
		"greeted, just below the time of silence": {0, 20 * time.Minute, true, true},
		"greeted, beyond it":                      {0, 20*time.Minute + time.Second, true, false},
		"not greeted, at the limit":               {3 * time.Second, 3 * time.Second, false, true},
		"not greeted, beyond it":                  {3 * time.Second, 4 * time.Second, false, false},
		"patient with everybody":                  {24 * time.Hour, time.Hour, true, true},
	} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			var set atomic.Int64
			clock := func() time.Time { return time.Unix(set.Load(), 0) }
			set.Store(now().Add(365 * 24 * time.Hour).Unix())
			a := start(t, net, 1, func(cfg *swarm.Config) { cfg.Clock, cfg.PeerTimeout = clock, c.peerTimeout })
			if c.greets {
				r, err := visit(t, net, 2, a)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
			} else {
				conn, err := net.Host("10.0.0.2").Dial(t.Context(), at(a.addr))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
			}
			time.Sleep(5 * time.Second)
			if n := len(a.Connections()); n != 1 {
				t.Fatalf("%s: %d connections while the clock stands still", what, n)
			}
			set.Add(int64(c.jump.Seconds()))
			time.Sleep(5 * time.Second)
			if got := len(a.Connections()) == 1; got != c.stays {
				t.Errorf("%s: stays %v, want %v", what, got, c.stays)
			}
		})
	}
}

func TestPingsFollowTheClockThatPeopleSet(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		var set atomic.Int64
		set.Store(now().Unix() + 1000)
		a := start(t, net, 1, func(cfg *swarm.Config) { cfg.Clock = func() time.Time { return time.Unix(set.Load(), 0) } })
		r, err := visit(t, net, 2, a)
		if err != nil {
			t.Fatal(err)
		}
		answer := func(after int64) {
			m, ok := r.await("ping")
			if !ok {
				t.Fatal("no ping")
			}
			set.Add(after)
			r.say(wire.NewMsgPong(m.(*wire.MsgPing).Nonce))
			time.Sleep(time.Second)
		}
		answer(3)
		if p := a.Peers()[0]; p.Ping != 3*time.Second || p.MinPing != 3*time.Second {
			t.Errorf("%v %v, want 3 s", p.Ping, p.MinPing)
		}
		set.Add(121)
		answer(1)
		if err := a.Ping(); err != nil {
			t.Fatal(err)
		}
		answer(7)
		if p := a.Peers()[0]; p.Ping != 7*time.Second || p.MinPing != time.Second || p.PingWait != 0 {
			t.Errorf("%v %v %v, want 7 s, 1 s and none under way", p.Ping, p.MinPing, p.PingWait)
		}
	})
}

// The clock that people see says nothing of when to dial: peers asked for are dialled
// at once, however far that is from the machine's.
func TestPeersAreDialledWhateverClockPeopleSee(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, 0, time.Hour} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			b := start(t, net, 1)
			a := start(t, net, 2, knows(b.addr), func(cfg *swarm.Config) { cfg.Clock = func() time.Time { return now().Add(ahead) } })
			time.Sleep(2 * time.Minute)
			if n := len(a.Peers()); n != 1 {
				t.Errorf("%v ahead: %d peers", ahead, n)
			}
		})
	}
}
