package gossip

import (
	"fmt"
	"testing"

	"grapevine/p2p/msg"
)

// takes says whether a block that peer 1 sends unasked is taken.
func (r *rig) takes(name string) bool {
	r.says(1, &msg.Block{Block: r.w.blockNamed(name)})
	e := r.n.s.tree.Find(r.w.nodes[name].Hash)
	return e.Busy || e.Stored
}

// Who sends blocks in a row is not refused because they come faster than they are
// validated; past a block that is missing it is 288 as past the tip.
func TestUnrequestedBlocksInARowAreTakenBeforeTheTipMoves(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 1300, 100)
	r := newRig(t, w)
	r.check = false
	r.joins(1, true)
	r.says(1, r.headers(numbered("a", 1300)...)) // it sends more than it is asked for
	taken := func(i int) bool { return r.takes(fmt.Sprint("a", i)) }
	for i := 1; i <= 900; i++ {
		if !taken(i) {
			t.Fatalf("block %d of those in a row is not taken", i)
		}
	}
	if taken(902 + maxAhead - 1) { // 901 is missing: our tip will be 900
		t.Error("a block 289 past the last in a row is taken")
	}
	if !taken(901 + maxAhead - 1) {
		t.Error("a block 288 past the last in a row is not taken")
	}
}

// A branch that lacks a block below our tip does not move it: past that tip it is 288, however many
// of its blocks are here.
func TestUnrequestedBlocksAboveAGapBelowTheTipAreCountedFromTheTip(t *testing.T) {
	w := newWorld()
	w.grow("a", "g", 2, 100)
	w.grow("b", "g", 400, 100)
	r := newRig(t, w)
	r.check = false
	r.give(r.n, numbered("a", 2)...)
	r.joins(1, true)
	r.says(1, r.headers(numbered("b", 400)...))
	for i := 2; i <= 2+maxAhead+1; i++ { // never b1
		if taken := r.takes(fmt.Sprint("b", i)); taken != (i <= 2+maxAhead) {
			t.Fatalf("block %d, our tip is 2: taken %v", i, taken)
		}
	}
}
