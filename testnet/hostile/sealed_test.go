package hostile_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/testnet/hostile"
)

// Nodes speak the encrypted transport to each other (BIP324), so attackers may too.

// seals exchanges keys on a connection on which nothing was said.
func (h *harness) seals(p *hostile.Peer) {
	h.t.Helper()
	if err := p.Seal(7, 5); err != nil {
		h.t.Fatal(err)
	}
}

// sealed is an attacker over the encrypted transport.
func (h *harness) sealed(i int) *hostile.Peer {
	h.t.Helper()
	p := h.connectFrom(attackerIP(i))
	h.seals(p)
	if err := p.Greet(hostile.Version()); err != nil {
		h.t.Fatalf("attacker %d, encrypted: %v", i, err)
	}
	time.Sleep(200 * time.Millisecond) // its first ping is answered: no pong among what the caller makes
	return p
}

// either is an attacker of which every other one is encrypted.
func (h *harness) either(i int) *hostile.Peer {
	h.t.Helper()
	if i%2 == 1 {
		return h.sealed(i)
	}
	return h.attacker(i)
}

// sealedLength is the beginning of a packet whose content has so many bytes. The
// length is encrypted by a stream: what an empty packet begins with is that stream.
func sealedLength(p *hostile.Peer, n uint32) []byte {
	b := p.Packet(nil, false)[:3]
	return []byte{b[0] ^ byte(n), b[1] ^ byte(n>>8), b[2] ^ byte(n>>16)}
}

func TestT2_BadPackets(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		named := func(command string, payload []byte) []byte {
			return append(append([]byte{0}, (command + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")[:12]...), payload...)
		}
		ping := named("ping", make([]byte, 8))
		packet := func(content []byte) func(p *hostile.Peer) []byte {
			return func(p *hostile.Peer) []byte { return p.Packet(content, false) }
		}
		forged := func(at int) func(p *hostile.Peer) []byte {
			return func(p *hostile.Peer) []byte {
				b := p.Packet(ping, false)
				b[(at+len(b))%len(b)] ^= 1
				return b
			}
		}
		for i, row := range []struct {
			what string
			make func(p *hostile.Peer) []byte
		}{
			{"a forged tag", forged(-1)},
			{"forged content", forged(5)},
			{"a forged header", forged(3)},
			{"a decoy with a forged tag", func(p *hostile.Peer) []byte {
				b := p.Packet(ping, true)
				b[len(b)-1] ^= 1
				return b
			}},
			{"50,001 announced", packet(append([]byte{14, 0xfd, 0x51, 0xc3}, make([]byte, 50_001*36)...))},
		} {
			p := h.sealed(i)
			p.Write(row.make(p))
			h.falls(p, 2*time.Second, row.what)
		}
		p := h.sealed(98)
		p.Write(bytes.Repeat(p.Packet(ping, false), 2)) // its length says something else now
		h.falls(p, 70*time.Second, "a packet twice")
		p = h.sealed(97)
		for _, content := range [][]byte{
			nil, ping[:9], named("pi\x01g", nil),
			append(bytes.Clone(ping), 0), append([]byte{18}, make([]byte, 9)...), // bytes after the message
			append([]byte{14, 0xfd, 0xff, 0}, make([]byte, 3*36)...), append([]byte{14}, bytes.Repeat([]byte{0xff}, 9)...), // counts that are not there
		} {
			p.Write(p.Packet(content, false))
		}
		h.stays(p, "who says no name, half a name, and one that is no text")
		p = h.sealed(99)
		for id := range 256 {
			if id > 37 { // above what anybody has given out
				p.Write(p.Packet([]byte{byte(id), 1, 2, 3}, false))
			}
		}
		h.stays(p, "who uses short ids of the future")
		for range 300 { // past a change of keys
			p.Write(p.Packet(make([]byte, 10_000), true))
		}
		p.Write(p.Packet(nil, true))
		p.Write(p.Packet(ping[:9], true)) // what a decoy holds is nobody's business
		h.stays(p, "who sends decoys")
	})
}

// ended is closed when the node has ended this connection, on which nothing that
// is heard matters.
func ended(p *hostile.Peer) <-chan struct{} {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, p.Conn) // however it ends
	}()
	return gone
}

func over(t *testing.T, gone <-chan struct{}, within time.Duration, what string) {
	t.Helper()
	select {
	case <-gone:
	case <-time.After(within):
		t.Errorf("%s: still connected after %v", what, within)
	}
}

// Neither a key exchange that never ends nor a packet that never ends holds a place.
func TestT7_KeysThatDrip(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		noise := make([]byte, 64+4095+16+1)
		rand.NewChaCha8([32]byte{1}).Read(noise)
		drip := func(p *hostile.Peer, b []byte, every time.Duration) {
			for _, c := range b {
				if _, err := p.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(every)
			}
		}
		endless := h.connectFrom(attackerIP(0))
		endless.Write(noise)
		over(t, ended(endless), time.Second, "garbage without an end")

		late := map[string]<-chan struct{}{}
		connect := func(i int, what string, seal bool) *hostile.Peer {
			p := h.connectFrom(attackerIP(i))
			if seal {
				h.seals(p)
			}
			late[what] = ended(p)
			return p
		}
		slow := connect(1, "a key that drips", false)
		connect(2, "half a key", false).Write(noise[:32])
		connect(3, "a key and no more", false).Write(noise[:64])
		connect(4, "as much garbage as may be, and no more", false).Write(noise[:64+4095+15])
		garbage := connect(5, "garbage that drips", false)
		garbage.Write(noise[:64])
		connect(6, "keys, and no version", true)
		decoys := connect(7, "decoys and no version", true)
		go drip(slow, noise[:64], time.Second)
		go drip(garbage, noise[64:], 20*time.Millisecond)
		go func() {
			for {
				if _, err := decoys.Write(decoys.Packet(make([]byte, 1000), true)); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		}()
		dripping := h.sealed(20)
		dripping.Answer(func(*hostile.Peer, wire.Message) {}) // no pong among the drops
		go drip(dripping, dripping.Frame("inv", make([]byte, 2000)), time.Second)
		h.served()
		time.Sleep(50 * time.Second)
		for what, gone := range late {
			select {
			case <-gone:
				t.Errorf("%s: gone before its time: nothing was tried", what)
			default:
			}
		}
		time.Sleep(11 * time.Second)
		for what, gone := range late {
			over(t, gone, time.Second, what)
		}
		h.falls(dripping, 2*time.Minute, "a packet that drips")
	})
}

// A node that dials us by the encrypted transport and one that does not are
// served alike.
func TestSealedPeersAreServed(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.sealed(1)
		p.Say(&wire.MsgGetHeaders{})
		p.Say(hostile.GetData(wire.InvTypeWitnessBlock, h.base[5].Node.Hash))
		if _, err := p.Await("block", time.Second); err != nil {
			t.Error(err)
		}
		for _, info := range h.target.Swarm.Peers() {
			if info.UserAgent == "/stranger/" && info.Transport != 2 && info.Addr == p.LocalAddr().String() {
				t.Errorf("%s speaks transport %d", info.Addr, info.Transport)
			}
		}
	})
}
