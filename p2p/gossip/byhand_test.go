package gossip

import (
	"testing"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// While a block is invalid by hand, peers go on along its branch. When it is
// reconsidered, what they have said meanwhile and before is asked for at once, also
// of who says it only once.
func TestReconsideredBranchesAreAskedForAgain(t *testing.T) {
	for _, have := range []bool{false, true} {
		w := newWorld()
		w.grow("a", "g", 6, 100)
		r := newRig(t, w)
		r.give(r.n, numbered("a", 2)...)
		link := p2p.Link{Kind: p2p.FullRelay, Hello: hello()}
		link.Have = have
		r.step(r.n, joined(1, link))
		r.says(1, r.headers(numbered("a", 4)...))
		if have {
			r.says(1, msg.NewHave(w.nodes["a4"].Hash, 0))
		}
		r.step(r.n, HeaderInvalid{Node: w.nodes["a3"]})
		r.says(1, r.headers("a5", "a6"))
		r.serves(1) // what was asked for before comes now and is not wanted
		r.sent = nil
		r.step(r.n, HeaderValid{Node: w.nodes["a3"]})
		if count(r.sent, 1, "getheaders") != 1 {
			t.Errorf("have %v: no headers are asked for: %v", have, r.sent)
		}
		r.says(1, r.headers(numbered("a", 6)...))
		r.serves(1)
		want := "a6"
		if have {
			want = "a4" // it has not said that it holds more
		}
		r.wantTip(want, r.n)
	}
}

// A block that comes while the ledger is leaving its branch by hand is nobody's
// offence.
func TestABlockOnWhatIsBeingInvalidatedIsNoOffence(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 3, 100)
	r := newRig(t, w)
	r.give(r.n, numbered("a", 2)...)
	r.joins(1, false)
	r.n.s.Step(r.now, Message{1, r.headers("a3")})
	r.n.s.Step(r.now, Message{1, &msg.Block{Block: w.blockNamed("a3")}})
	acts := r.n.s.Step(r.now, BlockVerdict{w.nodes["a3"], chain.Broken(chain.ErrBadParent, "marked by hand")})
	wantKept(t, acts, 1)
	acts = r.n.s.Step(r.now, HeaderInvalid{Node: w.nodes["a2"]})
	wantKept(t, acts, 1)
}
