package swarm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/swarm"
	"grapevine/testnet/simnet"
)

// rawPeer is a peer that the test speaks for, byte by byte.
type rawPeer struct {
	net.Conn
	t     testing.TB
	magic wire.BitcoinNet // zero: regtest's
}

func frame(command string, payload []byte) []byte {
	b := make([]byte, 24, 24+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(wire.TestNet))
	copy(b[4:16], command)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
	copy(b[20:], chainhash.DoubleHashB(payload)[:4])
	return append(b, payload...)
}

func (s *rawPeer) say(ms ...wire.Message) error {
	for _, m := range ms {
		command, payload, err := msg.Encode(m)
		if err != nil {
			return err
		}
		b := frame(command, payload)
		if s.magic != 0 {
			binary.LittleEndian.PutUint32(b, uint32(s.magic))
		}
		if _, err := s.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// await reads until a message of this name; nil and false when the connection ends.
func (s *rawPeer) await(command string) (wire.Message, bool) {
	for {
		h := make([]byte, 24)
		if _, err := io.ReadFull(s, h); err != nil {
			return nil, false
		}
		payload := make([]byte, binary.LittleEndian.Uint32(h[16:]))
		if _, err := io.ReadFull(s, payload); err != nil {
			return nil, false
		}
		if string(bytes.TrimRight(h[4:16], "\x00")) == command {
			m, err := msg.Decode(command, payload)
			return m, err == nil
		}
	}
}

// visit connects a rawPeer at 10.66.i.1 to the node and greets.
func visit(t testing.TB, net *simnet.Net, i int, n *node) (*rawPeer, error) {
	return visitFrom(t, net.Host(fmt.Sprintf("10.66.%d.%d", i/250, i%250+1)), n, 0)
}

func visitFrom(t testing.TB, from p2p.Network, n *node, magic wire.BitcoinNet) (*rawPeer, error) {
	conn, err := from.Dial(t.Context(), at(n.addr))
	if err != nil {
		return nil, err
	}
	s := &rawPeer{conn, t, magic}
	t.Cleanup(func() { s.Close() })
	if err := s.say(version()); err != nil {
		return nil, err
	}
	if _, ok := s.await("verack"); !ok {
		return nil, errors.New("no handshake")
	}
	return s, s.say(&wire.MsgVerAck{})
}

func version() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: 70016, Services: wire.SFNodeNetwork | wire.SFNodeWitness, Nonce: 99, UserAgent: "/stranger/",
		AddrYou: wire.NetAddress{IP: net.IPv6zero}, AddrMe: wire.NetAddress{IP: net.IPv6zero}, Timestamp: now(),
	}
}

func TestT8_WeDoNotTalkToOurselves(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, knows("10.0.0.1:18444"))
		time.Sleep(10 * time.Second)
		if len(n.Peers()) != 0 {
			t.Errorf("connected to ourselves: %+v", n.Peers())
		}
	})
}

func TestT40_HonestNewcomersGetIn(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1, func(c *swarm.Config) { c.MaxPeers, c.MaxOutbound = 40, 8 })
		old := start(t, net, 2, connects(n.addr))
		eventually(t, "an honest peer is there", func() bool { return len(old.Peers()) == 1 })
		for i := range 1000 { // idle attackers; half of them never greet
			conn, err := net.Host(fmt.Sprintf("10.66.%d.%d", i/250, i%250+1)).Dial(t.Context(), at(n.addr))
			if err == nil {
				s := &rawPeer{Conn: conn, t: t}
				t.Cleanup(func() { s.Close() })
				if i%2 == 0 {
					s.say(version(), &wire.MsgVerAck{})
				}
			}
			time.Sleep(time.Millisecond)
			if c := net.Connections(); c > 2200 {
				t.Fatalf("%d connections", c)
			}
		}
		if c := len(n.Peers()); c > 40 {
			t.Errorf("%d peers, at most 40 were allowed", c)
		}
		fresh := start(t, net, 3, connects(n.addr))
		time.Sleep(time.Second)
		if len(fresh.Peers()) != 1 {
			t.Fatal("an honest newcomer did not get in")
		}
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		if err := n.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the block is at the newcomer", func() bool { return fresh.height() == 1 })
		eventually(t, "the block is at the old peer", func() bool { return old.height() == 1 })
		for _, p := range old.Peers() {
			if time.Since(p.Connected.Add(-later)) < time.Second {
				t.Error("the old peer lost its slot meanwhile")
			}
		}
	})
}

func TestT46_ChurnLeavesNothingBehind(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1)
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		if err := n.SubmitBlock(t.Context(), m.Block); err != nil {
			t.Fatal(err)
		}
		before := runtime.NumGoroutine()
		inv := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeTx, &m.Block.Hash)}}
		ask := &wire.MsgGetData{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeWitnessBlock, &m.Block.Hash)}}
		for i := range 2000 {
			conn, err := net.Host(fmt.Sprintf("10.66.%d.%d", i/250, i%250+1)).Dial(t.Context(), at(n.addr))
			if err != nil {
				t.Fatal(err)
			}
			s := &rawPeer{Conn: conn, t: t}
			switch i % 4 {
			case 0: // hang up at once
			case 1:
				s.say(version())
			case 2:
				s.say(version(), &wire.MsgVerAck{}, inv, ask)
			case 3:
				s.say(version(), &wire.MsgVerAck{}, inv, ask)
				s.await("block")
				b := frame("tx", make([]byte, 1000))
				s.Write(b[:500])
			}
			s.Close()
		}
		time.Sleep(10 * time.Second)
		if after := runtime.NumGoroutine(); after > before+10 { // the runtime and other tests have some too
			t.Errorf("%d goroutines, there were %d", after, before)
		}
		if c := net.Connections(); c != 0 {
			t.Errorf("%d connections", c)
		}
		if st := n.Status(); st.Peers != 0 || len(n.Peers()) != 0 {
			t.Errorf("gossip still has %d peers", st.Peers)
		}
	})
}

func TestT47_ABlockHalfSentIsAskedElsewhere(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1)
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		liar, err := visit(t, net, 1, n)
		if err != nil {
			t.Fatal(err)
		}
		liar.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
		if _, ok := liar.await("getdata"); !ok {
			t.Fatal("the block was not asked for")
		}
		honest, err := visit(t, net, 2, n)
		if err != nil {
			t.Fatal(err)
		}
		honest.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
		b := frame("block", m.Block.Raw)
		liar.Write(b[:len(b)/2])
		time.Sleep(100 * time.Millisecond)
		liar.Close()
		begun := time.Now()
		if _, ok := honest.await("getdata"); !ok {
			t.Fatal("the block was not asked elsewhere")
		}
		if d := time.Since(begun); d > time.Second {
			t.Errorf("asked elsewhere after %v", d)
		}
		honest.say(&msg.Block{Block: m.Block})
		eventually(t, "the block is here", func() bool { return n.height() == 1 })
	})
}

func TestT47_WhatIsNotFoundIsAskedElsewhere(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1)
		m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
		tx := chaintest.SpendOne(t, m.Coinbase(nil), chaintest.OpTrue(), 1000)
		inv := &wire.MsgInv{InvList: []*wire.InvVect{wire.NewInvVect(wire.InvTypeTx, &tx.ID)}}
		liar, err := visit(t, net, 1, n)
		if err != nil {
			t.Fatal(err)
		}
		liar.say(inv)
		asked, ok := liar.await("getdata")
		if !ok {
			t.Fatal("the transaction was not asked for")
		}
		honest, err := visit(t, net, 2, n)
		if err != nil {
			t.Fatal(err)
		}
		honest.say(inv)
		liar.say(&wire.MsgNotFound{InvList: asked.(*wire.MsgGetData).InvList})
		begun := time.Now()
		if _, ok := honest.await("getdata"); !ok {
			t.Fatal("the transaction was not asked elsewhere")
		}
		if d := time.Since(begun); d > time.Second {
			t.Errorf("asked elsewhere after %v", d)
		}
		honest.say(&msg.Tx{Tx: tx})
		eventually(t, "the transaction is here", func() bool { return n.has(tx.ID) })
	})
}

func TestT42_GetaddrIsAnsweredOnce(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
		n := start(t, net, 1)
		friend := start(t, net, 2, connects(n.addr))
		eventually(t, "connected", func() bool { return len(friend.Peers()) == 1 })
		s, err := visit(t, net, 1, n)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			s.say(&wire.MsgGetAddr{})
		}
		s.SetReadDeadline(time.Now().Add(time.Minute))
		answers := 0
		for {
			m, ok := s.await("addr")
			if !ok {
				break
			}
			for _, a := range m.(*wire.MsgAddr).AddrList {
				if a.IP.String() == "10.0.0.2" {
					answers++
				}
			}
		}
		if answers != 1 {
			t.Errorf("%d answers", answers)
		}
	})
}

// T56: a clock that jumps a day, either way, or stands still.
func TestT56_ClockJumpsDropNobodyAndStopNothing(t *testing.T) {
	for what, jump := range map[string]func(time.Duration) time.Duration{
		"a day on":     func(d time.Duration) time.Duration { return d + 24*time.Hour },
		"a day back":   func(d time.Duration) time.Duration { return d - 24*time.Hour },
		"stands still": func(time.Duration) time.Duration { return 0 },
	} {
		inVirtualTime(t, func(t *testing.T, net *simnet.Net) {
			var jumped atomic.Bool
			begun := time.Now()
			clock := func() time.Time {
				d := time.Since(begun)
				if jumped.Load() {
					d = jump(d)
				}
				return begun.Add(later + d)
			}
			a := start(t, net, 1, func(c *swarm.Config) { c.Now = clock })
			b := start(t, net, 2, connects(a.addr))
			eventually(t, "connected", func() bool { return len(a.Peers()) == 1 && len(b.Peers()) == 1 })
			time.Sleep(time.Minute)
			since := b.Peers()[0].Connected
			jumped.Store(true)
			m := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
			liar, err := visit(t, net, 1, a)
			if err != nil {
				t.Fatal(err)
			}
			liar.say(&wire.MsgHeaders{Headers: []*wire.BlockHeader{&m.Block.Header}})
			if _, ok := liar.await("getdata"); !ok {
				t.Fatalf("%s: the block was not asked for", what)
			}
			// The liar keeps the block back: only a timer brings it from b.
			if err := b.SubmitBlock(t.Context(), m.Block); err != nil {
				t.Fatal(err)
			}
			eventually(t, what+": the block arrives", func() bool { return a.height() == 1 })
			time.Sleep(10 * time.Minute)
			if ps := b.Peers(); len(ps) != 1 || !ps[0].Connected.Equal(since) {
				t.Errorf("%s: the honest peer was dropped", what)
			}
		})
	}
}
