package gossip

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// filterState is a State of a chain of n blocks above genesis, with a peer.
func filterState(n int, filters bool) (s *State, nodes []*chain.HeaderNode, now time.Time) {
	p := chain.RegTest()
	nodes = []*chain.HeaderNode{p.Genesis()}
	for i := range n {
		last := nodes[i]
		h := wire.BlockHeader{PrevBlock: last.Hash, Bits: last.Header.Bits, Timestamp: last.Header.Timestamp.Add(time.Minute)}
		nodes = append(nodes, chain.NewHeaderNode(last, h))
	}
	tip := nodes[n]
	s = New(Config{Params: p, Headers: nodes, Tip: tip, Filters: filters, Rand: rand.New(rand.NewPCG(1, 2))})
	now = tip.Header.Timestamp
	s.Step(now, Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
	return s, nodes, now
}

// T77: filters are answered within Core's limits; who asks for what cannot be has to
// go, without an offence.
func TestT77_FiltersWithinLimits(t *testing.T) {
	const height = 2100
	basic := wire.GCSFilterRegular
	_, nodes, _ := filterState(height, true)
	at := func(h int) chain.Hash { return nodes[h].Hash }
	for what, c := range map[string]struct {
		m       wire.Message
		blocks  int // answered; 0: dropped
		before  bool
		without bool // we keep no filters
	}{
		"one filter":               {m: wire.NewMsgGetCFilters(basic, 7, ptr(at(7))), blocks: 1},
		"a thousand filters":       {m: wire.NewMsgGetCFilters(basic, 1, ptr(at(1000))), blocks: 1000},
		"a thousand and one":       {m: wire.NewMsgGetCFilters(basic, 0, ptr(at(1000)))},
		"start above stop":         {m: wire.NewMsgGetCFilters(basic, 8, ptr(at(7)))},
		"start above everything":   {m: wire.NewMsgGetCFilters(basic, 1<<32-1, ptr(at(7)))},
		"an unknown stop":          {m: wire.NewMsgGetCFilters(basic, 0, &chain.Hash{1})},
		"a wrong type":             {m: wire.NewMsgGetCFilters(1, 7, ptr(at(7)))},
		"no filters here":          {m: wire.NewMsgGetCFilters(basic, 7, ptr(at(7))), without: true},
		"2000 headers":             {m: wire.NewMsgGetCFHeaders(basic, 101, ptr(at(2100))), blocks: 2000, before: true},
		"2001 headers":             {m: wire.NewMsgGetCFHeaders(basic, 100, ptr(at(2100)))},
		"headers from the start":   {m: wire.NewMsgGetCFHeaders(basic, 0, ptr(at(5))), blocks: 6},
		"headers of a wrong type":  {m: wire.NewMsgGetCFHeaders(3, 0, ptr(at(5)))},
		"headers, start too high":  {m: wire.NewMsgGetCFHeaders(basic, 6, ptr(at(5)))},
		"headers of the unknown":   {m: wire.NewMsgGetCFHeaders(basic, 0, &chain.Hash{2})},
		"headers, none here":       {m: wire.NewMsgGetCFHeaders(basic, 0, ptr(at(5))), without: true},
		"checkpoints":              {m: wire.NewMsgGetCFCheckpt(basic, ptr(at(2100))), blocks: 2},
		"checkpoints at 2000":      {m: wire.NewMsgGetCFCheckpt(basic, ptr(at(2000))), blocks: 2},
		"checkpoints of the first": {m: wire.NewMsgGetCFCheckpt(basic, ptr(at(1000))), blocks: 1},
		"no checkpoint yet":        {m: wire.NewMsgGetCFCheckpt(basic, ptr(at(999))), blocks: -1},
		"checkpoints of a type":    {m: wire.NewMsgGetCFCheckpt(9, ptr(at(999)))},
		"checkpoints, none here":   {m: wire.NewMsgGetCFCheckpt(basic, ptr(at(999))), without: true},
	} {
		s, _, now := filterState(height, !c.without)
		acts := s.Step(now, Message{1, c.m})
		if len(acts) != 1 {
			t.Errorf("%s: %d actions", what, len(acts))
			continue
		}
		switch a := acts[0].(type) {
		case p2p.Drop:
			if c.blocks != 0 || a.Offence != "" {
				t.Errorf("%s: dropped (%s, offence %q)", what, a.Reason, a.Offence)
			}
		case p2p.SendFilters:
			if len(a.Blocks) != max(c.blocks, 0) || c.blocks == 0 || (a.Before != nil) != c.before {
				t.Errorf("%s: %d blocks, before %v", what, len(a.Blocks), a.Before)
			}
			for i := 1; i < len(a.Blocks) && a.Command != wire.CmdCFCheckpt; i++ {
				if s.tree.Find(a.Blocks[i]).Node.Parent.Hash != a.Blocks[i-1] {
					t.Fatalf("%s: out of order", what)
				}
			}
		default:
			t.Errorf("%s: %T", what, a)
		}
	}
}

func ptr[T any](x T) *T { return &x }
