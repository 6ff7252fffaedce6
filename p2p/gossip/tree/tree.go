package tree

import (
	"fmt"
	"slices"

	"grapevine/chain"
	"grapevine/p2p"
)

// Badness says whether and why a header is not to be built on.
type Badness uint8

const (
	Good   Badness = iota
	ByHand         // invalidateblock: our opinion, nobody's offence
	ByRule         // it or an ancestor breaks a rule
)

// Entry is a header with what we think of it.
type Entry struct {
	Node   *chain.HeaderNode
	Parent *Entry     // nil for genesis
	Bad    Badness    // of a bad header all descendants are bad
	Stored bool       // the body may be served
	Lost   bool       // it was stored and is damaged: it is to come again
	Valid  bool       // it has been on our verified chain
	Busy   bool       // the body waits for judgement or is judged
	From   p2p.PeerID // who sent the stored body, for its offence should it not connect

	order int32 // index in Tree.all: parents before children, first seen first
}

// Needed says whether the body is still to be asked from somebody. A lost one is
// needed even to leave a branch that was made invalid by hand.
func (e *Entry) Needed() bool { return !e.Stored && !e.Busy && (e.Bad == Good || e.Lost) }

// IsAncestorOf says whether e is on d's way to genesis, d included.
func (e *Entry) IsAncestorOf(d *Entry) bool {
	return d != nil && e.Node.Height <= d.Node.Height && d.Node.Ancestor(e.Node.Height) == e.Node
}

// Between lists the entries above low up to high, lowest first; low must be an
// ancestor of high.
func Between(low, high *Entry) []*Entry {
	var path []*Entry
	for e := high; e != nil && e != low; e = e.Parent {
		path = append(path, e)
	}
	slices.Reverse(path)
	return path
}

// Tree is all headers that are worth memory. It only grows.
type Tree struct {
	byHash map[chain.Hash]*Entry
	all    []*Entry
	best   *Entry // most work of those not bad, first seen among equals
	tip    *Entry // verified
}

// New makes a tree of headers, parents first; the first is genesis, and the tip
// for the time being.
func New(headers []*chain.HeaderNode) *Tree {
	t := &Tree{byHash: make(map[chain.Hash]*Entry, len(headers))}
	for _, n := range headers {
		t.Insert(n)
	}
	t.tip = t.all[0]
	return t
}

// Find gives the entry of a hash, nil when it is not known.
func (t *Tree) Find(h chain.Hash) *Entry { return t.byHash[h] }

// Genesis is the first of all.
func (t *Tree) Genesis() *Entry { return t.all[0] }

// Best has the most work of all that are not bad, the first seen among equals.
func (t *Tree) Best() *Entry { return t.best }

// Tip is the end of the verified chain.
func (t *Tree) Tip() *Entry { return t.tip }

// Len counts all headers.
func (t *Tree) Len() int { return len(t.all) }

// Each calls fn for all, parents first.
func (t *Tree) Each(fn func(*Entry)) {
	for _, e := range t.all {
		fn(e)
	}
}

// Insert adds a node, with ancestors that are missing, and gives its entry; what
// is known already stays. A child of a bad header is bad.
func (t *Tree) Insert(n *chain.HeaderNode) *Entry {
	if e := t.byHash[n.Hash]; e != nil {
		return e
	}
	e := &Entry{}
	if n.Parent != nil {
		e.Parent = t.Insert(n.Parent)
		e.Bad = e.Parent.Bad
		if n.Parent != e.Parent.Node {
			n = chain.NewHeaderNode(e.Parent.Node, n.Header) // another room's: ours hang together by pointers
		}
	}
	e.Node, e.order = n, int32(len(t.all))
	t.byHash[n.Hash] = e
	t.all = append(t.all, e)
	if e.Bad == Good && (t.best == nil || n.Work.Cmp(t.best.Node.Work) > 0) {
		t.best = e
	}
	return e
}

// SetTip moves the verified chain: all of it is valid, and stored unless lost.
func (t *Tree) SetTip(e *Entry) {
	t.tip = e
	for ; e != nil && !(e.Valid && (e.Stored || e.Lost)); e = e.Parent {
		e.Valid, e.Stored = true, !e.Lost
		e.From = p2p.Self
	}
	if t.best.Bad != Good || t.tip.Node.Work.Cmp(t.best.Node.Work) > 0 {
		t.choose()
	}
}

// Mark makes e and all that build on it bad. Rare, so a walk over all will do.
func (t *Tree) Mark(e *Entry, why Badness) {
	if e.Bad >= why {
		return
	}
	e.Bad = why
	for _, d := range t.all[e.order+1:] {
		d.Bad = max(d.Bad, d.Parent.Bad)
	}
	t.choose()
}

// Unmark takes the mark from e, its ancestors and its descendants.
func (t *Tree) Unmark(e *Entry) {
	for a := e; a != nil; a = a.Parent {
		a.Bad = Good
	}
	for _, d := range t.all[e.order+1:] {
		if d.Bad != Good && e.IsAncestorOf(d) {
			d.Bad = Good
		}
	}
	t.choose()
}

func (t *Tree) choose() {
	t.best = t.tip
	for _, e := range t.all {
		if e.Bad == Good && (t.best.Bad != Good || e.Node.Work.Cmp(t.best.Node.Work) > 0) {
			t.best = e
		}
	}
}

// Ancestor is the entry at a height on e's way to genesis, nil when there is none.
func (t *Tree) Ancestor(e *Entry, height int32) *Entry {
	if n := e.Node.Ancestor(height); n != nil {
		return t.byHash[n.Hash]
	}
	return nil
}

// Fork is the last entry that a and b have in common.
func (t *Tree) Fork(a, b *Entry) *Entry {
	if n := chain.Fork(a.Node, b.Node); n != nil {
		return t.byHash[n.Hash]
	}
	return t.all[0]
}

// Follow lists at most n entries on the way to end, after the first that the
// locator names there (genesis when it names none), up to the stop hash: the
// answer to getheaders and getblocks.
func (t *Tree) Follow(end *Entry, locator []*chain.Hash, stop chain.Hash, n int32) []*Entry {
	from := t.all[0]
	for _, h := range locator {
		if e := t.byHash[*h]; e != nil && e.IsAncestorOf(end) {
			from = e
			break
		}
	}
	if end.Node.Height > from.Node.Height+n {
		end = t.Ancestor(end, from.Node.Height+n)
	}
	run := Between(from, end)
	for i, e := range run {
		if e.Node.Hash == stop {
			return run[:i+1]
		}
	}
	return run
}

// Check proves what must hold between the entries.
func (t *Tree) Check() error {
	for i, e := range t.all {
		switch {
		case t.byHash[e.Node.Hash] != e || int(e.order) != i:
			return fmt.Errorf("header %s is not where it should be", e.Node.Hash)
		case e.Parent == nil && i > 0, e.Parent != nil && (e.Parent.order >= e.order || e.Node.Parent != e.Parent.Node):
			return fmt.Errorf("header %s comes before its parent", e.Node.Hash)
		case e.Parent != nil && e.Bad < e.Parent.Bad:
			return fmt.Errorf("good header %s on a bad one", e.Node.Hash)
		case e.Bad == Good && e.Node.Work.Cmp(t.best.Node.Work) > 0:
			return fmt.Errorf("header %s has more work than the best", e.Node.Hash)
		}
	}
	if t.best.Bad != Good && t.best != t.tip {
		return fmt.Errorf("best header %s is bad", t.best.Node.Hash)
	}
	return nil
}
