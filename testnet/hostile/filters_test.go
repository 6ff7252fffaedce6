package hostile_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/node"
	"grapevine/p2p/msg"
	"grapevine/testnet/hostile"
)

// hears waits for a message that we do not read ourselves, and reads it as wire does.
func hears(t *testing.T, p *hostile.Peer, m wire.Message) {
	t.Helper()
	got, err := p.Await(m.Command(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	raw := got.(*msg.Opaque).Payload
	if err := m.BtcDecode(bytes.NewReader(raw), 70016, wire.WitnessEncoding); err != nil {
		t.Fatalf("%s: %v", m.Command(), err)
	}
}

// A light client gets the headers of filters and the filters, which fit each other
// from the first block on, and so do a hundred at once. Who asks wrongly has to go.
func TestT77_FiltersAreServed(t *testing.T) {
	clients := 20
	if full() {
		clients = 100
	}
	underAttack(t, func(t *testing.T, h *harness) {
		offered := h.target.Swarm.Services()
		if offered&wire.SFNodeCF == 0 {
			t.Errorf("services %v", offered)
		}
		tip, basic := h.tip(), wire.GCSFilterRegular
		for i := range clients {
			p := h.attacker(i)
			p.Say(wire.NewMsgGetCFHeaders(basic, 0, &tip.Hash), wire.NewMsgGetCFilters(basic, 0, &tip.Hash),
				wire.NewMsgGetCFCheckpt(basic, &tip.Hash))
			var hs wire.MsgCFHeaders
			hears(t, p, &hs)
			if len(hs.FilterHashes) != int(tip.Height)+1 || hs.StopHash != tip.Hash || hs.PrevFilterHeader != (chain.Hash{}) {
				t.Fatalf("%d hashes up to %v", len(hs.FilterHashes), hs.StopHash)
			}
			prev := hs.PrevFilterHeader
			for height, want := range hs.FilterHashes {
				var f wire.MsgCFilter
				hears(t, p, &f)
				node := tip.Ancestor(int32(height))
				if f.BlockHash != node.Hash || chainhash.DoubleHashH(f.Data) != *want {
					t.Fatalf("filter of block %d: %v", height, f.BlockHash)
				}
				prev = chainhash.DoubleHashH(slices.Concat(want[:], prev[:]))
				if _, header, ok, err := h.target.Ledger.Filter(node.Hash); err != nil || !ok || header != prev {
					t.Fatalf("header of the filter of block %d: %v %v %v", height, header, ok, err)
				}
			}
			var points wire.MsgCFCheckpt
			hears(t, p, &points)
			if len(points.FilterHeaders) != 0 || points.StopHash != tip.Hash {
				t.Errorf("%d checkpoints below 1000", len(points.FilterHeaders))
			}
		}
		for i, m := range []wire.Message{
			wire.NewMsgGetCFilters(basic, uint32(tip.Height)+1, &tip.Hash),
			wire.NewMsgGetCFilters(basic, 0, &chain.Hash{9}),
			wire.NewMsgGetCFilters(7, 0, &tip.Hash),
			wire.NewMsgGetCFHeaders(basic, uint32(tip.Height)+1, &tip.Hash),
			wire.NewMsgGetCFHeaders(7, 0, &tip.Hash),
			wire.NewMsgGetCFCheckpt(basic, &chain.Hash{9}),
		} {
			p := h.attacker(1000 + i)
			p.Say(m)
			h.falls(p, time.Second, m.Command())
		}
	}, func(c *node.Config) { c.FilterIndex = true })
	underAttack(t, func(t *testing.T, h *harness) { // filters that we do not keep are not offered
		if h.target.Swarm.Services()&wire.SFNodeCF != 0 {
			t.Error("filters are offered")
		}
		p, tip := h.attacker(1), h.tip().Hash
		p.Say(wire.NewMsgGetCFilters(wire.GCSFilterRegular, 0, &tip))
		h.falls(p, time.Second, "who asks for filters")
	})
}
