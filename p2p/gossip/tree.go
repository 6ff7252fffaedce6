package gossip

import (
	"slices"

	"grapevine/chain"
	"grapevine/p2p"
)

// badness says whether and why a header is not to be built on.
type badness uint8

const (
	good      badness = iota
	badByHand         // invalidateblock: our opinion, nobody's offence
	badByRule         // it or an ancestor breaks a rule
)

// entry is a header with what we think of it.
type entry struct {
	node   *chain.HeaderNode
	parent *entry // nil for genesis
	order  int32  // index in tree.all: parents before children, first seen first
	bad    badness
	stored bool // the body may be served
	valid  bool // it has been on our verified chain

	flights *flight    // who was asked for the body, newest first
	judge   *judgement // the body that waits or is judged
	from    p2p.PeerID // who sent the stored body, for its offence should it not connect
}

// needed says whether the body is still to be asked from somebody.
func (e *entry) needed() bool { return !e.stored && e.judge == nil && e.bad == good }

// isAncestorOf says whether e is on d's way to genesis, d included.
func (e *entry) isAncestorOf(d *entry) bool {
	return d != nil && e.node.Height <= d.node.Height && d.node.Ancestor(e.node.Height).Hash == e.node.Hash
}

// tree is the tree of candidate headers. It only grows; its bound is their
// work (see worthMemory) and maxSideHeaders for each peer.
type tree struct {
	byHash map[chain.Hash]*entry
	all    []*entry
	best   *entry // most work of those not bad, first seen among equals
	tip    *entry // verified
}

func (t *tree) find(h chain.Hash) *entry { return t.byHash[h] }

// insert adds a node whose parent is known (or genesis) and gives its entry;
// what is known already stays. A child of a bad header is bad.
func (t *tree) insert(n *chain.HeaderNode) *entry {
	if e := t.byHash[n.Hash]; e != nil {
		return e
	}
	e := &entry{}
	if n.Parent != nil {
		e.parent = t.insert(n.Parent)
		e.bad = e.parent.bad
		if n.Parent != e.parent.node {
			n = chain.NewHeaderNode(e.parent.node, n.Header) // of another room: ours hang together by pointers
		}
	}
	e.node, e.order = n, int32(len(t.all))
	t.byHash[n.Hash] = e
	t.all = append(t.all, e)
	if e.bad == good && (t.best == nil || n.Work.Cmp(t.best.node.Work) > 0) {
		t.best = e
	}
	return e
}

// mark makes e and all that build on it bad. Rare, so a walk over all will do.
func (t *tree) mark(e *entry, why badness) {
	if e.bad >= why {
		return
	}
	e.bad = why
	for _, d := range t.all[e.order+1:] {
		if d.parent.bad > d.bad {
			d.bad = d.parent.bad
		}
	}
	t.chooseBest()
}

// unmark takes the mark from e, its ancestors and its descendants.
func (t *tree) unmark(e *entry) {
	for a := e; a != nil; a = a.parent {
		a.bad = good
	}
	for _, d := range t.all[e.order+1:] {
		if d.bad != good && e.isAncestorOf(d) {
			d.bad = good
		}
	}
	t.chooseBest()
}

func (t *tree) chooseBest() {
	t.best = t.tip
	for _, e := range t.all {
		if e.bad == good && (t.best == nil || t.best.bad != good || e.node.Work.Cmp(t.best.node.Work) > 0) {
			t.best = e
		}
	}
}

// onTip is whether e is on the verified chain.
func (t *tree) onTip(e *entry) bool { return e.isAncestorOf(t.tip) }

// active is the verified chain's entry at a height, nil above the tip.
func (t *tree) active(height int32) *entry {
	if n := t.tip.node.Ancestor(height); n != nil {
		return t.byHash[n.Hash]
	}
	return nil
}

// between lists the entries above low up to high, lowest first; low must be an
// ancestor of high.
func between(low, high *entry) []*entry {
	var path []*entry
	for e := high; e != nil && e != low; e = e.parent {
		path = append(path, e)
	}
	slices.Reverse(path)
	return path
}

// fork is the last entry that a and b have in common.
func (t *tree) fork(a, b *entry) *entry {
	n := chain.Fork(a.node, b.node)
	if n == nil {
		return t.all[0]
	}
	return t.byHash[n.Hash]
}
