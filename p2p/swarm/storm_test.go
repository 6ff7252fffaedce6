package swarm_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// here is the one address that everybody on this machine shares.
const here = "127.0.0.1"

// storm makes 1,230 connections a second to n until ctx ends. What each of them
// does is its own business.
func storm(ctx context.Context, t testing.TB, net *simnet.Net, n *node, does func(*rawPeer)) {
	tick := time.NewTicker(time.Second / 1230)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		conn, err := net.Host(here).Dial(ctx, at(n.addr))
		if err != nil {
			continue
		}
		s := &rawPeer{Conn: conn, t: t}
		go func() {
			defer s.Close()
			stop := context.AfterFunc(ctx, func() { s.Close() })
			defer stop()
			does(s)
		}()
	}
}

// An honest newcomer gets in, and gets a fresh block, while its own machine makes
// 1,230 connections a second.
func TestT80_ANewcomerGetsInDuringAStorm(t *testing.T) {
	swallow := func(s *rawPeer) { io.Copy(io.Discard, s) }
	for what, does := range map[string]func(*rawPeer){
		"says nothing":       swallow,
		"hangs up":           func(*rawPeer) {},
		"says version alone": func(s *rawPeer) { s.say(version()); swallow(s) },
		"greets and is mute": func(s *rawPeer) { s.say(version(), &wire.MsgVerAck{}); swallow(s) },
		"answers pings": func(s *rawPeer) {
			s.say(version(), &wire.MsgVerAck{})
			for {
				m, ok := s.await("ping")
				if !ok {
					return
				}
				s.say(wire.NewMsgPong(m.(*wire.MsgPing).Nonce))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
				n := startOn(t, net.Host(here), here+":18444")
				old := startOn(t, net.Host(here), here+":18445", connects(n.addr))
				eventually(t, "an honest peer is there", func() bool { return len(old.Peers()) == 1 })
				time.Sleep(time.Minute)
				since := old.Peers()[0].Connected
				ctx, over := context.WithCancel(t.Context())
				ended := make(chan struct{})
				go func() { defer close(ended); storm(ctx, t, net, n, does) }()
				time.Sleep(2 * time.Second)
				begun := time.Now()
				fresh := startOn(t, net.Host(here), here+":18446", connects(n.addr))
				m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
				if err := n.SubmitBlock(t.Context(), m.Block); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the block is at the newcomer", func() bool { return fresh.height() == 1 })
				if d := time.Since(begun); d > 10*time.Second {
					t.Errorf("the newcomer is in after %v", d)
				}
				if c := len(n.Peers()); c > 125 {
					t.Errorf("%d peers, at most 125 were allowed", c)
				}
				eventually(t, "the block is at the old peer", func() bool { return old.height() == 1 })
				if ps := old.Peers(); len(ps) != 1 || !ps[0].Connected.Equal(since) {
					t.Error("the old peer lost its place meanwhile")
				}
				over()
				<-ended
				time.Sleep(time.Second)
			})
		})
	}
}

// Places are as many as were promised, and not one more: for peers that have come
// in, and for those that have not greeted yet.
func TestT40_NotOneInboundPeerTooMany(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) { c.MaxPeers, c.MaxOutbound = 20, 4 })
		for i := range 40 {
			s, err := visit(t, net, i, n)
			if err != nil {
				t.Fatalf("stranger %d: %v", i, err)
			}
			go func() {
				for {
					m, ok := s.await("ping")
					if !ok {
						return
					}
					s.say(wire.NewMsgPong(m.(*wire.MsgPing).Nonce))
				}
			}()
			time.Sleep(time.Second)
			if c, want := len(n.Peers()), min(i+1, 16); c > 16 || c < want-1 {
				t.Fatalf("%d peers after %d strangers: there are 16 places", c, i+1)
			}
		}
		if c := len(n.Peers()); c != 16 {
			t.Errorf("%d peers, 16 may come in", c)
		}
		before := net.Connections()
		for i := range 300 {
			conn, err := net.Host("10.77.0.1").Dial(t.Context(), at(n.addr))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			go func() {
				defer conn.Close()
				io.Copy(io.Discard, conn)
			}()
			time.Sleep(50 * time.Millisecond)
			if c := net.Connections() - before; c != min(i+1, 256) {
				t.Fatalf("%d connections have not greeted after %d came", c, i+1)
			}
		}
		time.Sleep(time.Second)
		if c := net.Connections() - before; c != 256 {
			t.Errorf("%d connections have not greeted, 256 may wait", c)
		}
	})
}
