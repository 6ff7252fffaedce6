package hostile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/msg"
	"grapevine/p2p/swarm"
	"grapevine/testnet/hostile"
)

// wtx announces and asks for a transaction by its wtxid (BIP339).
const wtx wire.InvType = 5

// randomHash is the i-th of an endless supply.
func randomHash(i int) (h chain.Hash) {
	binary.LittleEndian.PutUint64(h[:], uint64(i)*0x9e3779b97f4a7c15+1)
	return h
}

// vectors is the payload of an inv or getdata of n random hashes.
func vectors(n, from int, kinds ...wire.InvType) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0xfe}, uint32(n))
	if n <= 0xffff {
		b = binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(n))
	}
	for i := range n {
		h := randomHash(from + i)
		b = binary.LittleEndian.AppendUint32(b, uint32(kinds[i%len(kinds)]))
		b = append(b, h[:]...)
	}
	return b
}

func TestT1_HundredPeersAnnounceMuchAndSayNothing(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for i, length := range []uint32{0xffffffff, 32 << 20, msg.MaxPayload + 1} {
			p := h.attacker(i)
			p.Write(announce(p, length))
			h.falls(p, time.Second, fmt.Sprintf("%d bytes announced", length))
		}
		for i, length := range []uint32{1<<24 - 1, msg.MaxPayload + 14} {
			p := h.sealed(10 + i)
			p.Write(sealedLength(p, length))
			h.falls(p, time.Second, fmt.Sprintf("%d bytes announced, encrypted", length))
		}
		var silent []*hostile.Peer
		for i := range 50 {
			p, q := h.attacker(100+i), h.sealed(200+i)
			p.Write(announce(p, msg.MaxPayload))
			q.Write(sealedLength(q, msg.MaxPayload+13))
			silent = append(silent, p, q)
		}
		h.served()
		for _, p := range silent {
			h.falls(p, 2*time.Minute, "4 MB announced, nothing sent")
		}
	})
}

func TestT1_HalfBlocksOfManyPeers(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		const peers = 40                        // each alone within its limit, together three times the bound on memory
		block := make([]byte, msg.MaxPayload-1) // one for all: their own memory is not to count
		for i := range peers {
			p := h.either(i)
			begin := announce(p, msg.MaxPayload)
			if i%2 == 1 { // nobody can tell that it is no ciphertext before its end
				begin = sealedLength(p, msg.MaxPayload)
			}
			go func() {
				if _, err := p.Write(begin); err == nil {
					p.Write(block) // ends when we leave at the latest
				}
			}()
		}
		time.Sleep(10 * time.Second)
		h.served()
		if now := measure(h.net); now.heap > h.peace.heap+heapMost {
			t.Errorf("half of %d blocks takes %d MiB", peers, (now.heap-h.peace.heap)>>20)
		}
	})
}

// announce is the header of a block message of so many bytes.
func announce(p *hostile.Peer, length uint32) []byte {
	b := p.Frame("block", nil)
	binary.LittleEndian.PutUint32(b[16:], length)
	return b
}

func TestT2_BadFrames(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		tampered := func(p *hostile.Peer, at int) []byte {
			b := p.Frame("ping", make([]byte, 8))
			b[at] ^= 0x80
			return b
		}
		for i, row := range []struct {
			what string
			make func(p *hostile.Peer) []byte
		}{
			{"wrong magic", func(p *hostile.Peer) []byte { return tampered(p, 0) }},
			{"50,001 announced", func(p *hostile.Peer) []byte {
				return p.Frame("inv", append([]byte{0xfd, 0x51, 0xc3}, make([]byte, 50_001*36)...))
			}},
		} {
			p := h.attacker(i)
			p.Write(row.make(p))
			h.falls(p, time.Second, row.what)
		}
		p := h.attacker(99)
		p.Raw("futurething", []byte("hello"))
		h.stays(p, "who says something unknown")
		p.Write(tampered(p, 20))
		p.Write(tampered(p, 5))
		h.stays(p, "who spoils a checksum and a name")
		// What cannot be read is ignored, and what follows the end [ProcessMessages].
		for what, b := range map[string][]byte{
			"bytes after the message":   p.Frame("ping", make([]byte, 9)),
			"255 announced and 3 there": p.Frame("inv", append([]byte{0xfd, 0xff, 0}, make([]byte, 3*36)...)),
			"a count beyond everything": p.Frame("inv", bytes.Repeat([]byte{0xff}, 9)),
			"a size not minimal":        p.Frame("inv", append([]byte{0xfd, 1, 0}, make([]byte, 36)...)),
			"a tx of 2^62 inputs":       p.Frame("tx", []byte{2, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x40}),
		} {
			p.Write(b)
			h.stays(p, "who says "+what)
		}
	})
}

func TestT3_FloodOfAnnouncements(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		rounds := 3
		if full() {
			rounds = 100
		}
		p := h.attacker(1)
		time.Sleep(time.Second)
		before := p.Heard("getheaders")
		for i := range rounds {
			p.Raw("inv", vectors(50_000, i*50_000, wire.InvTypeBlock, wtx))
			time.Sleep(100 * time.Millisecond)
		}
		h.served()
		if n := p.Heard("getheaders") - before; n > rounds {
			t.Errorf("%d getheaders for %d invs", n, rounds)
		}
		if n := p.Heard("getdata"); n > 10 {
			t.Errorf("%d getdata for what nobody has", n)
		}
		p.Raw("inv", vectors(50_001, 0, wtx))
		h.falls(p, time.Second, "50,001 announcements in one message")
	})
}

func TestT4_FloodOfRequests(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		var deaf []*hostile.Peer
		for i := range 5 {
			p := h.connectFrom(attackerIP(i)) // never listens
			p.Say(hostile.Version(), &wire.MsgVerAck{})
			deaf = append(deaf, p)
		}
		much := deaf[0].Frame("getdata", vectors(50_000, 0, 77, wire.InvTypeWitnessBlock, wtx))
		h.wanted = int64(4 * len(much)) // of ours: this one, and those of the reader
		for _, p := range deaf {
			p.SetWriteDeadline(time.Now().Add(5 * time.Second))
			for range 12 {
				p.Conn.Write(much)
			}
		}
		h.queuesShort()
		h.served()
		h.queuesShort()
		reader := h.attacker(99)
		reader.Raw("getdata", vectors(5000, 0, 77, wire.InvTypeTx))
		m, err := reader.Await("notfound", 2*time.Second)
		if nf, ok := m.(*wire.MsgNotFound); !ok || len(nf.InvList) != 5000 {
			t.Errorf("5,000 unknown things are answered by %T, %v", m, err)
		}
		same := make([]chain.Hash, 1000)
		for i := range same {
			same[i] = h.base[50].Node.Hash
		}
		reader.Say(hostile.GetData(wire.InvTypeWitnessBlock, same...))
		time.Sleep(time.Second)
		if n := reader.Heard("block"); n != 1 {
			t.Errorf("a block asked a thousand times in one message was sent %d times", n)
		}
		reader.Raw("getdata", vectors(50_001, 0, 77))
		h.falls(reader, time.Second, "50,001 requests in one message")
	})
}

// queuesShort fails if too much waits to be sent to one peer, or to all.
func (h *harness) queuesShort() {
	h.t.Helper()
	all := 0
	for _, p := range h.target.Swarm.Peers() {
		if all += p.Queued; p.Queued > 8<<20 {
			h.t.Errorf("%d KiB wait to be sent to one peer", p.Queued>>10)
		}
	}
	if all > 32<<20 {
		h.t.Errorf("%d KiB wait to be sent to all peers", all>>10)
	}
}

// bulky makes a block of about n bytes.
func bulky(n int) chaintest.Option {
	return chaintest.Tamper(func(b *wire.MsgBlock) {
		b.Transactions[0].AddTxOut(wire.NewTxOut(0, append([]byte{0x6a}, make([]byte, n)...)))
	})
}

func TestT6_WhoAsksForBlocksAndDoesNotRead(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		var big []chain.Hash
		for range 6 {
			m := h.mine(h.target, bulky(600_000))
			big = append(big, m.Node.Hash)
		}
		h.within(time.Minute, "the honest node follows", h.agreed)
		var deaf []*hostile.Peer
		for i := range 12 {
			p := h.connectFrom(attackerIP(i))
			if i%2 == 1 {
				h.seals(p)
			}
			p.Say(hostile.Version(), &wire.MsgVerAck{})
			for range 170 {
				p.Say(hostile.GetData(wire.InvTypeWitnessBlock, big...))
			}
			deaf = append(deaf, p)
		}
		h.queuesShort()
		h.served()
		if f := measure(h.net); f.heap > h.peace.heap+heapMost {
			t.Errorf("while twelve do not read the heap has grown by %d MiB", (f.heap-h.peace.heap)>>20)
		}
		time.Sleep(4 * time.Minute)
		for _, p := range deaf {
			if _, err := p.Write(p.Frame("ping", make([]byte, 8))); err == nil {
				t.Error("who has not read for four minutes is still connected")
				break
			}
		}
	})
}

func TestT7_BytesThatDrip(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		drip := func(p *hostile.Peer, b []byte) {
			for _, c := range b {
				if _, err := p.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}
		shy := h.connectFrom(attackerIP(1))
		shy.Listen()
		slow := h.attacker(2)
		mute := h.connectFrom(attackerIP(3)) // hears version, never says verack
		mute.Listen()
		mute.Say(hostile.Version())
		silent := h.connectFrom(attackerIP(4))
		silent.Listen()
		go drip(shy, shy.Frame("version", make([]byte, 86)))
		go drip(slow, slow.Frame("inv", make([]byte, 2000)))
		h.served()
		time.Sleep(61 * time.Second)
		h.falls(shy, time.Second, "a version that drips")
		h.falls(mute, time.Second, "never verack")
		h.falls(silent, time.Second, "never a byte")
		h.falls(slow, 2*time.Minute, "a message that drips")
	})
}

func TestT8_GreetingsOutOfOrder(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		version := func(edit func(*wire.MsgVersion)) *wire.MsgVersion {
			v := hostile.Version()
			edit(v)
			return v
		}
		plain, ack := hostile.Version(), &wire.MsgVerAck{}
		next := h.block(h.tip())
		for i, row := range []struct {
			what string
			say  []wire.Message
		}{
			{"protocol version 0", []wire.Message{version(func(v *wire.MsgVersion) { v.ProtocolVersion = 0 })}},
			{"protocol version -2^31", []wire.Message{version(func(v *wire.MsgVersion) { v.ProtocolVersion = -1 << 31 })}},
		} {
			p, q := h.connectFrom(attackerIP(i)), h.connectFrom(attackerIP(100+i))
			h.seals(q)
			for _, p := range []*hostile.Peer{p, q} {
				p.Listen()
				p.Say(row.say...)
				h.falls(p, time.Second, row.what)
			}
		}
		// What is early or repeated is ignored, and nothing of it is processed.
		early := &msg.Block{Block: next.Block}
		for i, row := range []struct {
			what string
			say  []wire.Message
		}{
			{"a block first", []wire.Message{early, plain, ack}},
			{"verack first", []wire.Message{ack, plain, ack}},
			{"two versions", []wire.Message{plain, plain, ack}},
			{"version after verack", []wire.Message{plain, ack, plain}},
			{"a block before verack", []wire.Message{plain, early, ack}},
		} {
			p, q := h.connectFrom(attackerIP(200+i)), h.connectFrom(attackerIP(300+i))
			h.seals(q)
			for _, p := range []*hostile.Peer{p, q} {
				p.Listen()
				p.Say(row.say...)
				h.stays(p, row.what)
			}
		}
		p := h.connectFrom(attackerIP(50))
		p.Listen()
		p.Raw("version", longVersion(1<<20))
		h.falls(p, 61*time.Second, "a user agent of 1 MB") // ignored, and the handshake has its time
		if h.tip().Hash == next.Node.Hash {
			t.Error("a block was taken from who had not greeted")
		}
		p = h.connectFrom(attackerIP(51))
		if err := p.Greet(version(func(v *wire.MsgVersion) { v.ProtocolVersion = 1<<31 - 1 })); err != nil {
			t.Fatalf("a node of the future: %v", err)
		}
		h.stays(p, "a node of the future")
		before, open := len(h.target.Swarm.Peers()), len(h.target.Swarm.Connections())
		if err := h.target.Swarm.Open(t.Context(), swarm.Opening{To: h.target.addr, Kind: p2p.Manual}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if n := len(h.target.Swarm.Connections()); n != open {
			t.Errorf("the node has met itself and did not notice: %d connections, before %d", n, open)
		}
		if n := len(h.target.Swarm.Peers()); n != before {
			t.Errorf("%d peers after it has met itself, before %d", n, before)
		}
	})
}

func longVersion(agent int) []byte {
	b := make([]byte, 80)
	binary.LittleEndian.PutUint32(b, 70016)
	b = binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(agent))
	return append(append(b, bytes.Repeat([]byte{'a'}, agent)...), 0, 0, 0, 0, 1)
}
