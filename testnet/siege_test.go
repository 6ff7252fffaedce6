package testnet_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
)

// A siege is a town of two whole nodes, 0 under attack and 1 its honest peer,
// and strangers who say what they like, byte by byte. Whatever they do, the same
// must hold at the end of every attack:
//
//   - the heap has grown by less than 64 MiB;
//   - meanwhile an honest stranger's ping is answered within a second, and a
//     block passes between the two nodes within five, both ways;
//   - ten seconds after the attackers have left their goroutines and
//     connections are gone.
//
// An attack that panics or hangs the node fails by itself.

type siege struct {
	*town
	hosts     int
	strangers []*stranger
}

const (
	heapBound  = 64 << 20
	pingBound  = time.Second
	blockBound = 5 * time.Second
	leaveBound = 10 * time.Second
)

func besiege(t *testing.T, attack func(t *testing.T, s *siege)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &siege{town: newTown(t, 2)}
		defer s.stopAll()
		s.within(time.Minute, "the honest peer is there", func() bool { return len(s.nodes[0].Swarm.Peers()) == 1 })
		s.mine(0, 3)
		s.within(time.Minute, "one tip", s.agreed())
		time.Sleep(time.Second)
		goroutines, heap := runtime.NumGoroutine(), heapNow()

		attack(t, s)

		if grown := heapNow() - heap; grown > heapBound {
			t.Errorf("the heap has grown by %d MiB", grown>>20)
		}
		s.stillServes()
		for _, x := range s.strangers {
			x.Close()
		}
		time.Sleep(leaveBound)
		s.within(time.Second, "goroutines are gone", func() bool { return runtime.NumGoroutine() <= goroutines+5 })
		if c := s.net.Connections(); c != 1 {
			t.Errorf("%d connections are open, one is honest", c)
		}
		s.sound()
	})
}

// mine makes blocks that pay to anybody: making a wallet costs more than many a siege.
func (s *siege) mine(i, n int) {
	s.t.Helper()
	if made, err := s.nodes[i].Miner.Generate(s.t.Context(), n, chaintest.OpTrue(), 0); err != nil || len(made) != n {
		s.t.Fatalf("node %d made %d of %d blocks: %v", i, len(made), n, err)
	}
}

func heapNow() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// stillServes checks what honest peers must not notice.
func (s *siege) stillServes() {
	s.t.Helper()
	honest := s.visit()
	begun := time.Now()
	honest.say(&wire.MsgPing{Nonce: 4711})
	for {
		m, ok := honest.await("pong")
		if !ok {
			s.t.Error("an honest stranger was cut off")
			break
		}
		if m.(*wire.MsgPong).Nonce == 4711 {
			break
		}
	}
	if d := time.Since(begun); d > pingBound {
		s.t.Errorf("a ping was answered after %v", d)
	}
	for _, from := range []int{0, 1} {
		s.mine(from, 1)
		s.within(blockBound, fmt.Sprintf("node %d's fresh block is at the other", from), s.agreed())
	}
}

// stranger is a connection to node 0 that the test speaks on.
type stranger struct {
	net.Conn
	s *siege
}

// dial connects without a word, from a host of its own.
func (s *siege) dial() *stranger {
	s.t.Helper()
	s.hosts++
	host := fmt.Sprintf("10.66.%d.%d", s.hosts/250, s.hosts%250+1)
	conn, err := s.net.Host(host).Dial(s.t.Context(), ip(0)+":18444")
	if err != nil {
		s.t.Fatal(err)
	}
	x := &stranger{conn, s}
	s.strangers = append(s.strangers, x)
	return x
}

// visit connects and greets.
func (s *siege) visit() *stranger {
	s.t.Helper()
	x := s.dial()
	x.say(hello())
	if _, ok := x.await("verack"); !ok {
		s.t.Fatal("no handshake")
	}
	x.say(&wire.MsgVerAck{})
	return x
}

func hello() *wire.MsgVersion {
	return &wire.MsgVersion{
		ProtocolVersion: 70016, Services: wire.SFNodeNetwork | wire.SFNodeWitness, Nonce: 99, UserAgent: "/stranger/",
		AddrYou: wire.NetAddress{IP: net.IPv6zero}, AddrMe: wire.NetAddress{IP: net.IPv6zero}, Timestamp: time.Now(),
	}
}

// deaf reads everything and forgets it, until the connection ends.
func (x *stranger) deaf() *stranger {
	go io.Copy(io.Discard, x)
	return x
}

// say sends messages and reports whether the connection still stood.
func (x *stranger) say(ms ...wire.Message) bool {
	for _, m := range ms {
		command, payload, err := msg.Encode(m)
		if err != nil {
			x.s.t.Fatal(err)
		}
		if !x.raw(frame(command, payload)) {
			return false
		}
	}
	return true
}

// raw sends bytes, for ten seconds at most.
func (x *stranger) raw(b []byte) bool {
	x.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, err := x.Write(b)
	return err == nil
}

// await reads up to a message of this name; false when the connection ends or
// a minute has passed.
func (x *stranger) await(command string) (wire.Message, bool) {
	x.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		h := make([]byte, 24)
		if _, err := io.ReadFull(x, h); err != nil {
			return nil, false
		}
		payload := make([]byte, binary.LittleEndian.Uint32(h[16:]))
		if _, err := io.ReadFull(x, payload); err != nil {
			return nil, false
		}
		if string(bytes.TrimRight(h[4:16], "\x00")) == command {
			m, err := msg.Decode(command, payload)
			return m, err == nil
		}
	}
}

// dropped waits until node 0 has hung up.
func (x *stranger) dropped(why string) {
	x.s.t.Helper()
	x.SetReadDeadline(time.Now().Add(3 * time.Minute))
	if _, err := io.Copy(io.Discard, x); err != nil && isTimeout(err) {
		x.s.t.Errorf("still connected after %s", why)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}

func frame(command string, payload []byte) []byte {
	b := make([]byte, 24, 24+len(payload))
	binary.LittleEndian.PutUint32(b, uint32(wire.TestNet))
	copy(b[4:16], command)
	binary.LittleEndian.PutUint32(b[16:], uint32(len(payload)))
	copy(b[20:], chainhash.DoubleHashB(payload)[:4])
	return append(b, payload...)
}

// on mines a block on node 0's tip that nobody has seen.
func (s *siege) on(opts ...chaintest.Option) chaintest.Mined {
	return chaintest.Mine(s.t, chain.RegTest(), s.nodes[0].Ledger.Tip(), opts...)
}

// expectTip waits for node 0 to have this tip.
func (s *siege) expectTip(b *chain.Block, what string) {
	s.t.Helper()
	s.within(10*time.Second, what, func() bool { return s.nodes[0].Ledger.Tip().Hash == b.Hash })
}
