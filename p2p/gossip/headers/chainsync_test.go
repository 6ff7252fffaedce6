package headers

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
)

// word is what a peer is known to have, by its own word.
type word func() *Entry

func (w word) Has(*Entry)   {}
func (w word) Best() *Entry { return w() }

// A peer that is silent is asked once and dropped once; one that is always a
// block behind, but moves, is left alone.
func TestWhoMovesIsLeftAlone(t *testing.T) {
	p := chain.RegTest()
	std := *p.Params
	std.Net = 0x0badcafe // a public network: locally nobody is watched
	p.Params = &std
	var es []*Entry
	tr := NewTree([]*chain.HeaderNode{p.Genesis()})
	for _, b := range chaintest.Grow(t, p, p.Genesis(), chaintest.Times(10)) {
		es = append(es, tr.Insert(b.Node))
	}
	s := New(p, tr, rand.New(rand.NewPCG(1, 0)), slog.New(slog.DiscardHandler))
	now, at := time.Unix(1000, 0), 0
	s.Now(now)
	tr.SetTip(es[0])
	blocksOnly := p2p.Link{Kind: p2p.BlocksOnly}
	s.Join(1, blocksOnly, word(func() *Entry { return nil }))
	mover := s.Join(2, blocksOnly, word(func() *Entry { return es[max(at-1, 0)] }))
	inbound := s.Join(3, p2p.Link{Kind: p2p.Inbound}, word(func() *Entry { return nil }))
	s.Actions() // they are asked as they join
	var asked, dropped []p2p.PeerID
	for ; at < len(es); at++ {
		tr.SetTip(es[at])
		s.TipMoved()
		for range 15 { // a block each fifteen minutes
			s.Now(now)
			s.Tick()
			for _, a := range s.Actions() {
				switch a := a.(type) {
				case p2p.Send:
					asked = append(asked, a.Peer)
				case p2p.Drop:
					dropped = append(dropped, a.Peer)
				}
			}
			now = now.Add(time.Minute)
		}
	}
	if len(asked) != 1 || asked[0] != 1 || len(dropped) != 1 || dropped[0] != 1 {
		t.Errorf("asked %v, dropped %v; the first peer is silent", asked, dropped)
	}
	s.Leave(mover)
	if s.Leave(inbound); !s.Due().IsZero() {
		t.Error("somebody who has left is waited for")
	}
}
