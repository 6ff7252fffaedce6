package hostile_test

import (
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/node"
	"grapevine/testnet/hostile"
)

// A hundred takers ask for everything again and again, each for more than it can
// get. A newcomer beside them gets its share of the node's upload, which is a
// hundredth, and is in the end where the node is.
func TestT75_ANewcomerGetsItsShareBesideAHundredTakers(t *testing.T) {
	const takers, upload, fat, blocks = 100, 400_000, 40_000, 10
	underAttack(t, func(t *testing.T, h *harness) {
		var all []*wire.InvVect
		for range blocks {
			m := h.mine(h.target, bulky(fat))
			all = append(all, wire.NewInvVect(wire.InvTypeWitnessBlock, &m.Node.Hash))
		}
		h.within(10*time.Minute, "the honest node follows", h.agreed)
		everything := &wire.MsgGetData{InvList: all}
		for i := range takers {
			p := h.attacker(i)
			p.Answer(func(p *hostile.Peer, m wire.Message) {
				if ping, ok := m.(*wire.MsgPing); ok {
					p.Say(wire.NewMsgPong(ping.Nonce))
				}
				if m.Command() != "block" {
					return
				}
				if _, err := p.Await("block", time.Second); err != nil { // it is not kept
					return
				}
				if p.Heard("block")%blocks == blocks/2 {
					p.Say(everything)
				}
			})
			p.Say(everything, everything, everything)
		}
		time.Sleep(time.Minute)
		given := func() (least, most uint64) {
			var sent []uint64
			for _, p := range h.target.Swarm.Peers() {
				if p.UserAgent == "/stranger/" && p.SentPerMsg["block"] > 0 {
					sent = append(sent, p.SentPerMsg["block"])
				}
			}
			if len(sent) != takers {
				t.Fatalf("%d takers are served, %d ask", len(sent), takers)
			}
			return slices.Min(sent), slices.Max(sent)
		}
		if least, most := given(); least == 0 || most > 3*least {
			t.Errorf("takers have got %d to %d bytes", least, most)
		}
		begun := time.Now()
		fresh := h.open("8.4.1.1", func(c *node.Config) { c.Connect, c.Listen = []string{h.target.addr}, "" })
		share := time.Duration(float64(blocks*fat) / (upload / float64(takers+1)) * float64(time.Second))
		h.within(2*share, "the newcomer has everything", func() bool { return fresh.Ledger.Tip().Hash == h.tip().Hash })
		if err := fresh.stop(); err != nil {
			t.Error(err)
		}
		t.Logf("the newcomer has everything after %v; its share of the upload allows %v", time.Since(begun), share)
	}, func(c *node.Config) { c.MaxUpload = upload })
}
