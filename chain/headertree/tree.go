package headertree

import "grapevine/chain"

// Tree is headers with what their owner keeps of each. It only grows. It takes
// no lock: one goroutine changes it, and while it does nobody reads.
type Tree[E Entry[E]] struct {
	make   func() E
	byHash map[chain.Hash]E
	all    []E
	active []E // the verified chain, by height
	best   E   // see Best
}

// New plants genesis, which is the verified tip for the time being. make makes
// an entry of the owner's.
func New[E Entry[E]](genesis *chain.HeaderNode, make func() E) *Tree[E] {
	t := &Tree[E]{make: make, byHash: map[chain.Hash]E{}}
	t.best = t.grow(genesis, 0)
	t.active = []E{t.best}
	return t
}

// Find gives the entry of a hash, nil when it is not known.
func (t *Tree[E]) Find(h chain.Hash) E { return t.byHash[h] }

// All are the entries in the order of their numbers, parents first. The slice is
// the tree's own.
func (t *Tree[E]) All() []E { return t.all }

// Len counts the entries.
func (t *Tree[E]) Len() int { return len(t.all) }

// Genesis is the first of all.
func (t *Tree[E]) Genesis() E { return t.all[0] }

// Tip is the end of the verified chain.
func (t *Tree[E]) Tip() E { return t.active[len(t.active)-1] }

// Best has the most work of all that are not bad [m_best_header]. Among equals it
// is the first seen; when marks have changed, the verified tip before that.
func (t *Tree[E]) Best() E { return t.best }

// AtHeight is the verified chain's entry of that height, nil where there is none [CChain, m_chain].
func (t *Tree[E]) AtHeight(height int32) (e E) {
	if height < 0 || int(height) >= len(t.active) {
		return e
	}
	return t.active[height]
}

// IsActive says whether n is in the verified chain.
func (t *Tree[E]) IsActive(n *chain.HeaderNode) bool {
	e := t.byHash[n.Hash]
	var none E
	return e != none && t.AtHeight(n.Height) == e
}

// Ancestor is the entry at a height on e's way to genesis, nil when there is none.
func (t *Tree[E]) Ancestor(e E, height int32) (none E) {
	if n := e.place().Node.Ancestor(height); n != nil {
		return t.byHash[n.Hash]
	}
	return none
}

// Fork is the last entry that a and b have in common.
func (t *Tree[E]) Fork(a, b E) E {
	return t.byHash[chain.Fork(a.place().Node, b.place().Node).Hash]
}

// Insert adds a header, with ancestors that are not known yet, and gives its
// entry: nil if it hangs on another genesis. What is known already stays. A
// header that builds on a bad one is bad.
func (t *Tree[E]) Insert(n *chain.HeaderNode) (e E) {
	var none E
	var path []*chain.HeaderNode
	for ; n != nil; n = n.Parent {
		if e = t.byHash[n.Hash]; e != none {
			break
		}
		path = append(path, n)
	}
	if n == nil {
		return none
	}
	for i := len(path) - 1; i >= 0; i-- {
		e = t.grow(path[i], 0)
		t.consider(e)
	}
	return e
}

// Restore adds a header as it was before a restart, with the marks that it
// itself had. Its parent must be in the tree.
func (t *Tree[E]) Restore(n *chain.HeaderNode, marked ...Badness) E {
	var own marks
	for _, why := range marked {
		own |= bit(why)
	}
	e := t.grow(n, own)
	t.consider(e)
	return e
}

// grow makes the entry of a header whose parent is in the tree. A node that
// hangs on somebody else's copy of the tree is made again on ours, so that nodes
// of one tree can be compared by pointer.
func (t *Tree[E]) grow(n *chain.HeaderNode, own marks) E {
	e := t.make()
	p := e.place()
	p.Num, p.marks, p.Bad = uint32(len(t.all)), own, own.worst()
	if n.Parent != nil {
		parent := t.byHash[n.Parent.Hash]
		up := parent.place()
		if n.Parent != up.Node {
			n = chain.NewHeaderNode(up.Node, n.Header)
		}
		p.Parent, p.Bad = parent, max(p.Bad, up.Bad)
		p.sibling, up.kid = up.kid, e
	}
	p.Node = n
	t.byHash[n.Hash] = e
	t.all = append(t.all, e)
	return e
}

// SetTip moves the verified chain.
func (t *Tree[E]) SetTip(tip E) {
	h := int(tip.place().Node.Height)
	for len(t.active) <= h {
		var none E
		t.active = append(t.active, none)
	}
	clear(t.active[h+1:])
	t.active = t.active[:h+1]
	var none E
	for e := tip; e != none && t.active[e.place().Node.Height] != e; e = e.place().Parent {
		t.active[e.place().Node.Height] = e
	}
	t.consider(tip)
}

// Walk calls fn for e and everything that builds on it, parents first, as long
// as fn says to go on below.
func (t *Tree[E]) Walk(e E, fn func(E) (below bool)) {
	stack := []E{e}
	for len(stack) > 0 {
		last := len(stack) - 1
		at := stack[last]
		stack = stack[:last]
		if !fn(at) {
			continue
		}
		var none E
		for kid := at.place().kid; kid != none; kid = kid.place().sibling {
			stack = append(stack, kid)
		}
	}
}
