package hostile_test

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// sharer connects an attacker that says it shares what it holds (gvhave).
func (h *harness) sharer(i int, then ...wire.Message) *hostile.Peer {
	h.t.Helper()
	p := h.connectFrom(attackerIP(i))
	v := hostile.Version()
	v.ProtocolVersion = msg.FeatureVersion
	p.Listen()
	_ = p.Say(v)
	if _, err := p.Await("verack", time.Second); err != nil {
		h.t.Fatal(err)
	}
	_ = p.Say(append([]wire.Message{&msg.Feature{ID: msg.FeatureHave}, &wire.MsgVerAck{}}, then...)...)
	return p
}

// invalid is a block on the target's tip that takes a satoshi too much.
func (h *harness) invalid() chaintest.Mined { return h.block(h.tip(), chaintest.Fees(1)) }

// survives says how many of so many invalid blocks are taken before the node hangs
// up; say sends one.
func survives(p *hostile.Peer, most int, say func()) int {
	for i := range most {
		say()
		select {
		case <-p.Gone():
			return i
		case <-time.After(200 * time.Millisecond):
		}
	}
	return most
}

func TestT64_InvalidBlocksOfWhoSaysItShares(t *testing.T) {
	underAttack(t, func(t *testing.T, h *harness) {
		push := func(p *hostile.Peer) func() {
			return func() { _ = p.Say(&msg.Block{Block: h.invalid().Block}) }
		}
		stock := h.attacker(1)
		if n := survives(stock, 300, push(stock)); n != 0 {
			t.Errorf("a stock peer pushed %d invalid blocks and stayed", n)
		}
		sharer := h.sharer(2)
		if n := survives(sharer, 300, push(sharer)); n != 0 {
			t.Errorf("a peer that shares pushed %d invalid blocks and stayed", n)
		}

		// Asked for: it may serve above its own verified tip.
		for i, row := range []struct {
			what   string
			peer   *hostile.Peer
			before int
		}{
			{"a stock peer", h.attacker(3), 0},
			{"a peer that shares", h.sharer(4, msg.NewHave(h.tip().Hash, 0)), 2},
			{"one that answers late", h.sharer(5, msg.NewHave(h.tip().Hash, 0)), 2},
		} {
			n := survives(row.peer, 300, func() {
				m := h.invalid()
				_ = row.peer.Say(hostile.Headers(m.Node), msg.NewHave(m.Node.Hash, 0))
				if _, err := row.peer.Await("getdata", time.Second); err != nil {
					t.Fatalf("%s is not asked for its block: %v", row.what, err)
				}
				if i == 2 {
					time.Sleep(2 * time.Minute) // it was given up meanwhile, and perhaps asked again
				}
				_ = row.peer.Say(&msg.Block{Block: m.Block})
			})
			if n != row.before {
				t.Errorf("%s was asked for %d invalid blocks before the one that ended it, want %d", row.what, n, row.before)
			}
		}

		// Short forms travel before anybody has validated the block.
		forms := h.sharer(6, msg.NewHave(h.tip().Hash, 0))
		if n := survives(forms, 100, func() { _ = forms.Say(short(h.invalid())) }); n != 100 {
			t.Errorf("who pushed short forms of invalid blocks was dropped after %d", n)
		}
	})
}

// Short forms travel before they are validated. However many invalid blocks travel so,
// with payments that the next node has to ask for, honest nodes keep each other.
func TestT64_InvalidShortFormsDoNotPartHonestNodes(t *testing.T) {
	inLine(t, 3, chain.RegTest(), func(t *testing.T, w *network) {
		time.Sleep(10 * time.Second)
		s := &spoiler{network: w, coin: w.coin(0)}
		before := w.honestPairs()
		for i := range 8 {
			w.target = w.all[i%3]
			hidden := chaintest.SpendOne(t, s.coin, chaintest.NewKey(uint32(100+i)).P2WPKH(), 1000)
			m := w.block(w.tip(), chaintest.With(hidden), chaintest.Fees(1_000_000))
			p := w.attacker(i, &msg.SendCmpct{Announce: true, Version: 2})
			time.Sleep(200 * time.Millisecond)
			_ = p.Say(msg.Compact(m.Block, 7, []int{0, 1}))
			time.Sleep(5 * time.Second)
			for k, r := range w.all {
				if r.Swarm.Status().BestHeader.Hash == m.Node.Hash {
					t.Errorf("block %d: node %d does not know that it is invalid", i, k)
				}
			}
		}
		w.target = w.all[0]
		m := s.next()
		s.submit(m)
		s.within(2*time.Second, "a good block is at the other end", s.have(m))
		w.stillPaired(before)
	})
}
