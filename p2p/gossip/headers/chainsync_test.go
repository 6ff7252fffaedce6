package headers

import (
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
)

// word is what a peer is known to have, by its own word.
type word func() *Entry

func (w word) Has(*Entry)   {}
func (w word) Best() *Entry { return w() }

// watched is a talk on a public network, and ten headers: locally nobody is watched.
func watched(t *testing.T) (*Sync, []*Entry) {
	p := chain.RegTest()
	std := *p.Params
	std.Net = 0x0badcafe
	p.Params = &std
	var es []*Entry
	tr := NewTree([]*chain.HeaderNode{p.Genesis()})
	for _, b := range chaintest.Grow(t, p, p.Genesis(), chaintest.Times(10)) {
		es = append(es, tr.Insert(b.Node))
	}
	return New(p, tr, rand.New(rand.NewPCG(1, 0)), slog.New(slog.DiscardHandler)), es
}

// Who has said that it is at our tip is protected from then on, however our tip moves; who
// only keeps up with what our tip was is left alone, but not protected.
func TestProtectedIsWhoWasAtOurTip(t *testing.T) {
	s, es := watched(t)
	now := time.Unix(1000, 0)
	s.Now(now)
	s.tree.SetTip(es[1])
	var atTip, behind *Entry
	first := s.Join(&p2p.Link{ID: 1, Kind: p2p.FullRelay}, word(func() *Entry { return atTip }))
	second := s.Join(&p2p.Link{ID: 2, Kind: p2p.FullRelay}, word(func() *Entry { return behind }))
	atTip, behind = es[1], es[0]
	for i, talk := range []*Talk{first, second} {
		s.OnHeaders(talk, []*wire.BlockHeader{&es[1-i].Node.Header})
	}
	s.tree.SetTip(es[3])
	s.TipMoved()
	behind = es[1] // where our tip was when it was seen to be behind
	s.OnHeaders(second, []*wire.BlockHeader{&es[1].Node.Header})
	if !first.sync.protected || second.sync.protected || second.sync.mark != es[3] {
		t.Errorf("protected: %v, %v", first.sync.protected, second.sync.protected)
	}
	gone := func() (dropped []p2p.PeerID) {
		s.Tick()
		for _, a := range s.Actions() {
			if d, ok := a.(p2p.Drop); ok {
				dropped = append(dropped, d.Peer)
			}
		}
		return dropped
	}
	gone()
	asked := now.Add(20*time.Minute + time.Second)
	for _, step := range []struct {
		at   time.Time
		want int
	}{{now.Add(20 * time.Minute), 0}, {asked, 0}, {asked.Add(2 * time.Minute), 0}, {asked.Add(2*time.Minute + time.Second), 1}} {
		s.Now(step.at)
		if got := gone(); len(got) != step.want || len(got) == 1 && got[0] != 2 {
			t.Errorf("after %v dropped %v", step.at.Sub(now), got)
		}
	}
}

// Four peers of those at our tip are protected, and the fifth is not.
func TestFourPeersAreProtected(t *testing.T) {
	s, es := watched(t)
	s.Now(time.Unix(1000, 0))
	s.tree.SetTip(es[1])
	for id := range p2p.PeerID(5) {
		talk := s.Join(&p2p.Link{ID: id + 1, Kind: p2p.FullRelay}, word(func() *Entry { return es[1] }))
		s.OnHeaders(talk, []*wire.BlockHeader{&es[1].Node.Header})
	}
	s.TipMoved()
	if n := s.protected(); n != 4 {
		t.Errorf("%d are protected", n)
	}
}

// A peer that is silent is asked once and dropped once; one that is always a
// block behind, but moves, is left alone.
func TestWhoMovesIsLeftAlone(t *testing.T) {
	s, es := watched(t)
	tr := s.tree
	now, at := time.Unix(1000, 0), 0
	s.Now(now)
	tr.SetTip(es[0])
	blocksOnly := func(id p2p.PeerID) *p2p.Link { return &p2p.Link{ID: id, Kind: p2p.BlocksOnly} }
	s.Join(blocksOnly(1), word(func() *Entry { return nil }))
	mover := s.Join(blocksOnly(2), word(func() *Entry { return es[max(at-1, 0)] }))
	inbound := s.Join(&p2p.Link{ID: 3, Kind: p2p.Inbound}, word(func() *Entry { return nil }))
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

// orphan is a header with work whose parent nobody knows.
func orphan(s *Sync, n byte) *wire.BlockHeader {
	h := &wire.BlockHeader{PrevBlock: chain.Hash{n}, Bits: s.params.PowLimitBits, Timestamp: time.Unix(1000, 0)}
	for chain.CheckWork(s.params, h) != nil {
		h.Nonce++
	}
	return h
}

// Ten messages of headers that lead nowhere are forgiven, the eleventh ends the connection.
func TestTenMessagesMayLeadNowhere(t *testing.T) {
	s, _ := watched(t)
	s.Now(time.Unix(1000, 0))
	talk := s.Join(&p2p.Link{ID: 1, Kind: p2p.FullRelay}, word(func() *Entry { return nil }))
	for i := range 11 {
		s.OnHeaders(talk, []*wire.BlockHeader{orphan(s, byte(i+1))})
		dropped := slices.ContainsFunc(s.Actions(), func(a p2p.Action) bool { _, is := a.(p2p.Drop); return is })
		if dropped != (i == 10) {
			t.Fatalf("after %d messages dropped: %v", i+1, dropped)
		}
	}
}

// Of one peer 20,000 headers are kept beside our chain, by as little work as anybody's; one
// more has to be part of what outweighs it.
func TestTwentyThousandHeadersBesideOurChain(t *testing.T) {
	s, es := watched(t)
	s.tree.SetTip(es[9])
	talk := &Talk{side: 19_000}
	if got := s.leastWork(talk, 1000); got != s.memoryWork() {
		t.Errorf("20,000 need the work %s", got)
	}
	if got := s.leastWork(talk, 1001); got.Cmp(es[9].Node.Work) <= 0 {
		t.Errorf("one more needs the work %s only", got)
	}
}
