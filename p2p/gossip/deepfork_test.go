package gossip

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// A fork that is deeper than what is kept of a peer's headers beside our chain is
// taken from an honest peer, when all of it outweighs that chain.
func TestADeepForkIsTakenWhenItOutweighs(t *testing.T) {
	w := newWorld()
	const ours, theirs = 40_000, 40_001
	w.grow("a", "g", ours, 100)
	w.grow("b", "g", theirs, 100)
	headers := []*chain.HeaderNode{w.nodes["g"]}
	for _, name := range numbered("a", ours) {
		headers = append(headers, w.nodes[name])
	}
	s := New(Config{Params: w.params, Headers: headers, Tip: headers[ours], Rand: rand.New(rand.NewPCG(1, 0))})
	s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.FullRelay, Hello: hello()}})
	seen := map[int32]bool{}
	names := append([]string{"g"}, numbered("b", theirs)...)
	at := 0
	for range 60 {
		m := &wire.MsgHeaders{}
		for _, name := range names[min(at+1, theirs+1):min(at+2001, theirs+1)] {
			m.Headers = append(m.Headers, &w.nodes[name].Header)
		}
		acts := s.Step(w.start, Message{1, m})
		wantKept(t, acts, 1)
		var info p2p.PeerInfo
		s.Describe(1, &info)
		seen[info.Presynced] = true
		for _, a := range acts {
			if g, ok := a.(p2p.Send); ok && g.Msg.Command() == wire.CmdGetHeaders {
				at = int(w.nodes[w.names[*g.Msg.(*wire.MsgGetHeaders).BlockLocatorHashes[0]]].Height)
			}
		}
	}
	if best := s.tree.Best().Node; best.Hash != w.nodes[fmt.Sprint("b", theirs)].Hash {
		t.Errorf("our best is at %d", best.Height)
	}
	if !seen[2000] || !seen[38_000] || !seen[-1] || seen[theirs] {
		t.Errorf("presynced up to %v", seen)
	}
}

// A branch that outweighs our chain only at its end is followed to that end when it has
// grown since we were led through it: what we have of it already is walked through again.
func TestABranchThatGrowsIsFollowedToItsEnd(t *testing.T) {
	w := newWorld()
	const ours, first, theirs = 4110, 4000, 4112
	w.grow("a", "g", ours, 100)
	w.grow("b", "g", theirs, 100)
	headers := []*chain.HeaderNode{w.nodes["g"]}
	for _, name := range numbered("a", ours) {
		headers = append(headers, w.nodes[name])
	}
	s := New(Config{Params: w.params, Headers: headers, Tip: headers[ours], Rand: rand.New(rand.NewPCG(1, 0)), Manners: DaemonManners()})
	has := 0 // blocks of its branch
	var answer func(acts []p2p.Action, more int)
	answer = func(acts []p2p.Action, more int) {
		for _, a := range acts {
			g, ok := a.(p2p.Send)
			if !ok || g.Msg.Command() != wire.CmdGetHeaders {
				continue
			}
			if more == 0 {
				t.Fatal("headers are asked for again and again")
			}
			at := 0 // the first of the locator that is on its branch
			for _, h := range g.Msg.(*wire.MsgGetHeaders).BlockLocatorHashes {
				if name := w.names[*h]; name[0] == 'b' && int(w.nodes[name].Height) <= has {
					at = int(w.nodes[name].Height)
					break
				}
			}
			m := &wire.MsgHeaders{}
			for _, name := range numbered("b", theirs)[at:min(at+2000, has)] {
				m.Headers = append(m.Headers, &w.nodes[name].Header)
			}
			answer(s.Step(w.start, Message{1, m}), more-1)
		}
	}
	has = first
	answer(s.Step(w.start, Joined{Link: p2p.Link{ID: 1, Kind: p2p.FullRelay, Hello: hello()}}), 20)
	has = theirs
	tip := w.nodes[fmt.Sprint("b", theirs)].Hash
	inv := wire.NewMsgInv()
	inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeBlock, &tip))
	answer(s.Step(w.start, Message{1, inv}), 20)
	if best := s.tree.Best().Node; best.Hash != tip {
		t.Errorf("our best is at %d", best.Height)
	}
	answer(s.Step(w.start, Message{1, inv}), 0) // it is known now
}

func TestT13_ForksAtLowDepthUseNoMemory(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 200, 100)
	r := newRig(t, w)
	r.check = false
	r.give(r.n, numbered("a", 200)...)
	r.joins(1, true)
	before, tip := r.n.s.tree.Len(), r.n.s.tree.Tip()
	for i := range 2000 {
		name := fmt.Sprint("low", i)
		w.block(name, "a10", 100)
		wantKept(t, r.says(1, r.headers(name)), 1)
	}
	if n := r.n.s.tree.Len(); n != before {
		t.Errorf("%d headers of old forks were kept", n-before)
	}
	// Near the tip a fork is kept, but the first seen stays the best, and one
	// peer may say any number of them, but not have us keep more than so many.
	kept := func(want int) {
		t.Helper()
		if n := r.n.s.tree.Len() - before; n != want {
			t.Errorf("%d headers of forks are kept, not %d", n, want)
		}
	}
	say := func(name, parent string) {
		w.block(name, parent, 100)
		wantKept(t, r.says(1, r.headers(name)), 1)
	}
	for i := range 20_000 {
		say(fmt.Sprint("near", i), "a199")
	}
	kept(20_000)
	say("one too many", "a199")
	kept(20_000)
	if r.n.s.tree.Best() != tip {
		t.Error("the tip flaps between equals")
	}
	say("b201", "near7") // has the most work of all
	kept(20_001)
	if r.n.s.tree.Best() == tip {
		t.Error("what outweighs our chain is not taken from who has said much beside it")
	}
}
