package blocks

import (
	"grapevine/chain/headertree"
	"grapevine/p2p/gossip/headers"
)

// way is the part of the way to a header that may be asked for now: from the last
// block that we hold, as far as the window reaches.
//
// A branch beside the verified chain cannot be connected before it outweighs
// that, be it thousands of blocks long, so the window moves on with what is held.
// Where the branch has more work than the verified tip it is the ledger's turn:
// from there on the window stands still until blocks are connected. So what is
// stored and not verified is bounded by the work of our own chain and a window.
type way struct {
	goal *headers.Entry   // where it leads
	base *headers.Entry   // connected, or held with all before it [pindexLastCommonBlock]
	path []*headers.Entry // what follows, lowest first

	cursor int // of path: all before it is stored, validated or in flight
	held   int // of path: so many are held that base may move on
}

// Reopen says that e may be asked for again.
func (f *Fetcher) Reopen(e *headers.Entry) {
	r := &f.route
	if len(r.path) > 0 {
		if i := int(e.Node.Height - r.path[0].Node.Height); i >= 0 {
			r.cursor, r.held = min(r.cursor, i), min(r.held, i)
		}
	}
	f.dirty = true
}

// forget makes the ways that lead over e, whose body is no longer held, begin at
// the verified chain again.
func (f *Fetcher) forget(e *headers.Entry) {
	ways := []*way{&f.route}
	for _, p := range f.sources {
		ways = append(ways, &p.branch)
	}
	for _, w := range ways {
		if e.IsAncestorOf(w.base) {
			*w = way{}
		}
	}
}

// refreshRoute follows the tip and the best header.
func (f *Fetcher) refreshRoute() {
	first := len(f.route.path) == 0
	if f.refresh(&f.route, f.tree.Best()) {
		f.have.fresh = false
		f.routes++
		if first {
			f.began = f.now
			for _, p := range f.sources {
				p.newcomer = false
			}
		}
	}
}

// refresh follows what is held on the way to goal, and says whether the way has
// changed. A long one is walked anew only when an eighth of the window has been
// passed, so that a step costs O(1).
func (f *Fetcher) refresh(w *way, goal *headers.Entry) (changed bool) {
	base := f.baseOf(w, goal)
	if w.goal == goal {
		passed := int(base.Node.Height - w.base.Node.Height)
		full := len(w.path) == window && w.path[window-1] != goal
		if passed == 0 || full && passed < window/8 {
			return false
		}
	}
	base = f.heldAfter(base, goal)
	*w = way{goal: goal, base: base, path: f.windowAfter(base, goal)}
	return true
}

// baseOf is where a way to goal may begin, as far as the last walk has shown.
func (f *Fetcher) baseOf(w *way, goal *headers.Entry) *headers.Entry {
	fork := f.tree.Tip()
	if !fork.IsAncestorOf(goal) {
		fork = f.tree.Fork(fork, goal)
	}
	if w.base == nil || !w.base.IsAncestorOf(goal) {
		return fork
	}
	for w.held < len(w.path) && f.passes(w.path[w.held]) {
		w.held++
	}
	base := w.base
	if w.held > 0 && w.path[w.held-1].IsAncestorOf(goal) {
		base = w.path[w.held-1]
	}
	if base.IsAncestorOf(fork) {
		return fork
	}
	return base
}

// heldAfter is the last block on the way from base to goal up to which all is held.
func (f *Fetcher) heldAfter(base, goal *headers.Entry) *headers.Entry {
	for base != goal {
		for _, e := range f.windowAfter(base, goal) {
			if !f.passes(e) {
				return base
			}
			base = e
		}
	}
	return base
}

// passes says whether the window may move on past e: its body is held, and it
// does not outweigh the verified tip, or it would be connected.
func (f *Fetcher) passes(e *headers.Entry) bool {
	return e.Stored && e.Node.Work.Cmp(f.tree.Tip().Node.Work) <= 0
}

// windowAfter is what follows base on the way to goal, a window at most
// [BLOCK_DOWNLOAD_WINDOW].
func (f *Fetcher) windowAfter(base, goal *headers.Entry) []*headers.Entry {
	if goal.Node.Height-base.Node.Height > window {
		goal = f.tree.Ancestor(goal, base.Node.Height+window)
	}
	return headertree.Between(base, goal)
}
