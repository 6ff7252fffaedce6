package hostile_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/cmd/node"
	"grapevine/testnet/hostile"
)

// chainOf makes n blocks of size bytes, the last one when a test begins.
func (h *harness) chainOf(n, size int) []chaintest.Mined {
	ms := make([]chaintest.Mined, 0, n)
	parent, begun := h.params.Genesis(), firstDay.Add(-time.Duration(n)*time.Minute)
	for i := range n {
		at := begun.Add(time.Duration(i) * time.Minute).Truncate(time.Second)
		m := h.block(parent, chaintest.At(at), bulky(size))
		ms, parent = append(ms, m), m.Node
	}
	return ms
}

// syncTime is how long a newcomer takes for a chain from two honest sources of
// so many bytes a second each, and from those besides.
func syncTime(t *testing.T, ms []chaintest.Mined, rate int64, beside ...func(h *harness, addr string)) (took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		h := emptyHarness(t, chain.RegTest())
		var know []string
		for _, ip := range []string{"8.50.1.1", "8.51.1.1"} {
			r := h.open(ip)
			h.net.Host(ip).SetUpload(rate)
			for _, m := range ms {
				if err := r.Swarm.SubmitBlock(t.Context(), m.Block); err != nil {
					t.Fatal(err)
				}
			}
			know = append(know, r.addr)
		}
		for i, lurk := range beside {
			addr := attackerIP(i) + ":18444"
			lurk(h, addr)
			know = append(know, addr)
		}
		begun := time.Now()
		h.target = h.open(targetIP, func(c *node.Config) { c.Connect, c.PlainTransport = know, true })
		last := ms[len(ms)-1].Node.Hash
		h.within(30*time.Minute, "the newcomer has the chain", func() bool { return h.tip().Hash == last })
		took = time.Since(begun)
		if err := h.target.stop(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second) // those who drip notice
	})
	return took
}

// pacer is a peer at addr that has the chain too and sends each block it is
// asked for at 1 kB a second; asked counts them.
func pacer(ms []chaintest.Mined, asked *atomic.Int64) func(h *harness, addr string) {
	return func(h *harness, addr string) {
		h.door(addr, func(p *hostile.Peer) {
			h.t.Cleanup(func() { p.Close() })
			p.Answer(paced(ms, asked))
			p.Listen()
		})
	}
}

func paced(ms []chaintest.Mined, count *atomic.Int64) func(p *hostile.Peer, m wire.Message) {
	asked := make(chan chain.Hash, 4096)
	began := false
	return func(p *hostile.Peer, m wire.Message) {
		switch m := m.(type) {
		case *wire.MsgVersion:
			p.Say(hostile.Version(), &wire.MsgVerAck{})
		case *wire.MsgPing:
			p.Say(wire.NewMsgPong(m.Nonce))
		case *wire.MsgGetHeaders:
			known := slices.IndexFunc(ms, func(b chaintest.Mined) bool { return b.Node.Hash == *m.BlockLocatorHashes[0] })
			rest := ms[known+1:]
			p.Say(hostile.Headers(nodes(rest[:min(len(rest), 2000)])...))
		case *wire.MsgGetData:
			count.Add(int64(len(m.InvList)))
			for _, iv := range m.InvList {
				select {
				case asked <- iv.Hash:
				default:
				}
			}
			if !began {
				began = true
				go drip(p, ms, asked)
			}
		}
	}
}

// drip sends what is asked for, a kilobyte a second.
func drip(p *hostile.Peer, ms []chaintest.Mined, asked chan chain.Hash) {
	for {
		var h chain.Hash
		select {
		case h = <-asked:
		case <-p.Gone():
			return
		}
		i := slices.IndexFunc(ms, func(b chaintest.Mined) bool { return b.Node.Hash == h })
		if i < 0 {
			continue
		}
		for b := p.Frame("block", ms[i].Block.Raw); len(b) > 0; {
			n := min(len(b), 1000)
			if _, err := p.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
			time.Sleep(time.Second)
		}
	}
}

func TestT16_BlocksThatDripDuringASync(t *testing.T) {
	h := &harness{t: t, params: chain.RegTest()}
	blocks, rate := 100, int64(50_000)
	if full() {
		blocks, rate = 1025, 250_000
	}
	ms := h.chainOf(blocks, 20_000)
	without := syncTime(t, ms, rate)
	var asked atomic.Int64
	with := syncTime(t, ms, rate, pacer(ms, &asked))
	t.Logf("%v without the attacker, %v with it, which was asked for %d blocks", without, with, asked.Load())
	if asked.Load() == 0 {
		t.Error("the attacker was never asked: nothing was tried")
	}
	if with > without*13/10 {
		t.Errorf("an attacker that sends a kilobyte a second makes the sync take %v, without it %v", with, without)
	}
}
