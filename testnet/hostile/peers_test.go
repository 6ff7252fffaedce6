package hostile_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/p2p"
	"grapevine/testnet/hostile"
)

// addrs are n random addresses, all in one /16 if group is not 0.
func addrs(n, from int, group byte) *wire.MsgAddrV2 {
	m := &wire.MsgAddrV2{}
	for i := range n {
		h := randomHash(from + i)
		ip := []byte{11 + h[3]%90, h[4], h[5], h[6]}
		if group != 0 {
			ip[0], ip[1] = 77, group
		}
		m.AddrList = append(m.AddrList, wire.NetAddressV2FromBytes(time.Now(), wire.SFNodeNetwork|wire.SFNodeWitness, ip, 8333))
	}
	return m
}

func TestT38_FloodOfAddresses(t *testing.T) {
	messages := 10 // of each of five peers
	if full() {
		messages = 2000 // ten million addresses
	}
	underAttackOn(t, publicly(), func(t *testing.T, h *harness) {
		before, begun := h.target.Swarm.Book().Len(), time.Now()
		for i := range 5 {
			p := h.attacker(i)
			for k := range messages {
				if err := p.Say(addrs(1000, (i*messages+k)*1000, 0)); err != nil {
					t.Fatal(err)
				}
			}
		}
		h.served()
		time.Sleep(10 * time.Second)
		// One at once and a tenth a second of each of the five.
		most := 5 * (2 + int(time.Since(begun)/(10*time.Second)))
		if n := h.target.Swarm.Book().Len() - before; n == 0 || n > most {
			t.Errorf("of %d addresses %d were believed, at most %d should be", 5000*messages, n, most)
		}
		p := h.attacker(50)
		p.Say(addrs(1000, 1, 0))
		h.stays(p, "a thousand addresses")
		whole := 1001 * 30 // bytes, and none is missing
		p.Raw("addr", append([]byte{0xfd, 0xe9, 0x03}, make([]byte, whole)...))
		h.falls(p, time.Second, "a thousand and one addresses")
	})
}

func TestT40_SlotsFullOfIdlers(t *testing.T) {
	seconds := 1
	if full() {
		seconds = 30
	}
	underAttack(t, func(t *testing.T, h *harness) {
		h.makes(int64(seconds) * 1000 * 4096)
		for i := range 1000 * seconds {
			p := h.connectFrom(attackerIP(i))
			if i%2 == 0 {
				p.Say(hostile.Version(), &wire.MsgVerAck{})
			}
			if len(h.attackers) > 200 { // the node has long hung up on the first
				h.attackers[0].Close()
				h.attackers = h.attackers[1:]
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute + time.Second) // those that never greeted have fallen
		for i := range 60 {
			h.connectFrom(attackerIP(100_000 + i)).Greet(hostile.Version())
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(h.target.Swarm.Peers()); n != 32 {
			t.Errorf("%d peers: 32 may come in, and the idlers want all places", n)
		}
		if !slices.ContainsFunc(h.target.Swarm.Peers(), func(p p2p.PeerInfo) bool { return strings.HasPrefix(p.Addr, honestIP) }) {
			t.Error("the honest node was evicted")
		}
		// All places are taken, and the idlers stay.
		for i := range 3 {
			late := h.connectFrom(fmt.Sprintf("8.%d.1.1", 77+i))
			if err := late.Greet(hostile.Version()); err != nil {
				t.Errorf("an honest newcomer: %v", err)
				continue
			}
			h.stays(late, "an honest newcomer")
			time.Sleep(30 * time.Second)
			h.stays(late, "an honest newcomer, half a minute later")
		}
	}, func(c *node.Config) { c.MaxPeers = 40 })
}

// A million of them are the business of p2p/swarm: it remembers 10,000.
func TestT41_OffendersFromThousandsOfAddresses(t *testing.T) {
	n := 1500
	if full() {
		n = 200_000
	}
	underAttack(t, func(t *testing.T, h *harness) {
		h.makes(int64(n) * 1024) // hosts
		for i := range n {
			h.offends(attackerIP(i))
			if i%100 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		p := h.connectFrom(attackerIP(n - 7))
		p.Listen()
		h.falls(p, time.Second, "an offender who comes back")
		h.stays(h.attacker(n+100), "somebody new")
	})
}

// makes says that an attack's own making takes so many bytes in this process.
func (h *harness) makes(bytes int64) {
	h.peace.heap += bytes
	h.wanted += bytes
}

// offends connects, breaks a rule and goes.
func (h *harness) offends(ip string) {
	p, err := hostile.Dial(h.t.Context(), h.net.Host(ip), h.target.addr, h.params.Net)
	if err != nil {
		h.t.Fatal(err)
	}
	p.Write(announce(p, 0xffff_ffff))
	p.Close()
}

func TestT42_AddressesAskedAgainAndAgain(t *testing.T) {
	underAttackOn(t, publicly(), func(t *testing.T, h *harness) {
		for i := range 30 {
			p := h.attacker(1000 + 300*i)
			p.Say(addrs(1, i, 0))
		}
		time.Sleep(time.Second)
		answers := map[string]bool{}
		for i := range 5 {
			p := h.attacker(i)
			time.Sleep(200 * time.Millisecond)
			before := p.Heard("addr")
			for range 100 {
				p.Say(&wire.MsgGetAddr{})
			}
			time.Sleep(time.Second)
			if n := p.Heard("addr") - before; n != 1 {
				t.Errorf("getaddr a hundred times is answered %d times", n)
			}
			answers[lastAddrs(p)] = true
		}
		if len(answers) != 1 {
			t.Errorf("five connections got %d different answers: they can be told to reach one node", len(answers))
		}
	})
}

// lastAddrs is the last addr message heard, without its times.
func lastAddrs(p *hostile.Peer) string {
	var last string
	for {
		m, err := p.Await("addr", time.Millisecond)
		if err != nil {
			return last
		}
		var b strings.Builder
		for _, a := range m.(*wire.MsgAddr).AddrList {
			fmt.Fprintln(&b, a.IP, a.Port)
		}
		last = b.String()
	}
}

func TestT43_LiesAboutTheTime(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		const year = 365 * 24 * time.Hour
		for i, skew := range []time.Duration{-70 * year, 70 * year, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour, 2 * time.Hour} {
			v := hostile.Version()
			v.Timestamp = time.Now().Add(skew)
			p := h.connectFrom(attackerIP(i))
			if err := p.Greet(v); err != nil {
				t.Fatalf("clock %v wrong: %v", skew, err)
			}
			h.stays(p, fmt.Sprintf("clock %v wrong", skew))
		}
		// Our clock alone says what is from the future.
		late := h.block(h.tip(), chaintest.At(time.Now().Add(2*time.Hour+time.Minute).Truncate(time.Second)))
		good := h.block(h.tip(), chaintest.At(time.Now().Add(2*time.Hour-time.Minute).Truncate(time.Second)))
		p := h.attacker(50)
		serve(p, late)
		p.Say(hostile.Headers(late.Node))
		time.Sleep(time.Second)
		if _, _, ok := h.target.Ledger.Lookup(late.Node.Hash); ok {
			t.Error("a header two hours and a minute ahead of our clock was taken")
		}
		if err := h.target.Swarm.SubmitBlock(t.Context(), good.Block); err != nil {
			t.Errorf("a block an hour and 59 minutes ahead of our clock: %v", err)
		}
		h.within(blockMost, "it is everywhere", h.agreed)
	})
}

func TestT45_PingsPongsAndFilters(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		p := h.attacker(1)
		time.Sleep(time.Second)
		before := p.Heard("pong")
		for i := range 5000 {
			p.Raw("ping", binary.LittleEndian.AppendUint64(nil, uint64(i)))
			p.Say(&wire.MsgPong{Nonce: uint64(i)}, &wire.MsgPong{})
		}
		time.Sleep(time.Second)
		if n := p.Heard("pong") - before; n > 5000 {
			t.Errorf("5,000 pings were answered %d times", n)
		}
		for i := range 5000 {
			p.Say(wire.NewMsgFeeFilter(int64(i)), wire.NewMsgFeeFilter(-1), wire.NewMsgFeeFilter(1<<62))
		}
		h.stays(p, "who pings and filters")
	})
}

// Who asks and asks and never reads an answer is not read itself once a mebibyte
// of answers waits, and dropped when it has not taken 16 KiB of them in a minute.
func TestT45_PingsWhosePongsAreNotRead(t *testing.T) {
	deaf := 4
	if full() {
		deaf = 20
	}
	underAttack(t, func(t *testing.T, h *harness) {
		ping := bytes.Repeat(h.friend.Frame("ping", make([]byte, 8)), 512)
		begun, over := time.Now(), make(chan time.Duration, deaf)
		for i := range deaf {
			p := h.connectFrom(attackerIP(i))
			p.Say(hostile.Version(), &wire.MsgVerAck{})
			go func() {
				p.SetWriteDeadline(begun.Add(10 * time.Minute))
				for {
					if _, err := p.Conn.Write(ping); err != nil {
						over <- time.Since(begun)
						return
					}
				}
			}()
		}
		waits := 0
		for range 40 {
			time.Sleep(time.Second)
			h.queuesShort()
			for _, p := range h.target.Swarm.Peers() {
				waits = max(waits, p.Queued)
			}
		}
		if waits < 1<<20 {
			t.Errorf("at most %d KiB have waited: nothing was tried", waits>>10)
		}
		h.served()
		for range deaf {
			if d := <-over; d > 2*time.Minute+5*time.Second {
				t.Errorf("who does not read was dropped only after %v", d)
			}
		}
		t.Logf("%d KiB have waited for one peer at most; the last was gone after %v", waits>>10, time.Since(begun))
	})
}

func TestT46_ComingAndGoing(t *testing.T) {
	n := 400
	if full() {
		n = 10_000
	}
	underAttack(t, func(t *testing.T, h *harness) {
		next := h.block(h.tip())
		for i := range n {
			p := h.connectFrom(attackerIP(i % 50))
			h.attackers = h.attackers[:0]
			switch i % 4 {
			case 0: // gone before a word
			case 1:
				p.Say(hostile.Version())
			case 2:
				p.Say(hostile.Version(), &wire.MsgVerAck{}, hostile.Headers(next.Node))
				p.Raw("inv", vectors(1000, i, wire.InvTypeBlock, wtx))
			case 3:
				p.Say(hostile.Version(), &wire.MsgVerAck{}, &wire.MsgGetAddr{}, hostile.GetData(wire.InvTypeWitnessBlock, h.base[i%baseBlocks].Node.Hash))
				b := p.Frame("block", next.Block.Raw)
				p.Write(b[:len(b)/2])
			}
			if i%2 == 0 {
				time.Sleep(time.Duration(i%7) * 10 * time.Millisecond)
			}
			if i%5 == 0 {
				h.net.Reset(attackerIP(i % 50))
			}
			p.Close()
		}
	})
}

// Who leaves after half of a block, and who has not what it announced, cost
// nothing: the block is asked elsewhere at once.
func TestT47_HalfABlock(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		for i, treason := range []func(p *hostile.Peer, b chaintest.Mined){
			func(p *hostile.Peer, b chaintest.Mined) {
				f := p.Frame("block", b.Block.Raw)
				p.Write(f[:len(f)/2])
				time.Sleep(100 * time.Millisecond)
				p.Close()
			},
			func(p *hostile.Peer, b chaintest.Mined) {
				p.Say(&wire.MsgNotFound{InvList: hostile.Inv(wire.InvTypeWitnessBlock, b.Node.Hash).InvList})
			},
		} {
			m := h.block(h.tip(), bulky(50_000))
			p, q := h.attacker(2*i), h.attacker(2*i+1)
			p.Answer(func(p *hostile.Peer, heard wire.Message) {
				if _, ok := heard.(*wire.MsgGetData); ok {
					time.Sleep(200 * time.Millisecond) // q has announced it too by then
					treason(p, m)
				}
			})
			serve(q, m)
			p.Say(hostile.Headers(m.Node))
			time.Sleep(50 * time.Millisecond)
			q.Say(hostile.Headers(m.Node))
			h.within(time.Second, "the block came from who has it", func() bool { return h.tip().Hash == m.Node.Hash })
			if p.Heard("getdata") == 0 {
				t.Error("the attacker was never asked: nothing was tried")
			}
		}
	})
}
