package ledger

import (
	"errors"
	"sync"

	"grapevine/chain"
	"grapevine/chain/archive"
)

// Flags of a header's record on disk.
const (
	flagValid  = 1 << iota // was connected once
	flagFailed             // its body breaks a rule
	flagByHand             // Invalidate
)

// entry is a header with what the ledger thinks of it. Only the writer changes
// it, under the tree's lock; others read under the lock.
type entry struct {
	node   *chain.HeaderNode
	parent *entry
	kids   []*entry
	num    uint32 // of its record
	body   uint32 // number of its body; 0: none
	size   uint32 // bytes of the body
	flags  uint8
	bad    bool  // it or an ancestor is marked
	linked bool  // its body and those of all its ancestors are stored
	why    error // *chain.RuleError if the rules marked it

	// The writer's alone:
	fresh   *chain.Block // the decoded body, while it is soon to be connected
	waiting []uint64     // who waits for a verdict on it
	queued  bool         // in the pipeline
}

func (e *entry) active(t *tree) bool {
	h := int(e.node.Height)
	return h < len(t.active) && t.active[h] == e.node
}

func (e *entry) status(t *tree) (s Status) {
	if e.body != 0 {
		s |= HaveBody
	}
	if e.active(t) {
		s |= Active
	}
	if e.flags&flagValid != 0 {
		s |= Valid
	}
	if e.bad {
		s |= Invalid
	}
	return s
}

func (e *entry) record() archive.Header {
	h := archive.Header{Header: e.node.Header, Flags: e.flags, Body: e.body, Size: e.size}
	var re *chain.RuleError
	if errors.As(e.why, &re) {
		h.Why = string(re.Rule) + "\n" + re.Detail
	}
	return h
}

// tree is all headers that were ever taken, in the order of their numbers.
type tree struct {
	mu     sync.RWMutex
	byHash map[chain.Hash]*entry
	all    []*entry
	active []*chain.HeaderNode // the verified chain, by height
	best   *entry              // most work, not bad; first seen wins

	nextBody uint32
}

func newTree() *tree { return &tree{byHash: map[chain.Hash]*entry{}, nextBody: 1} }

func (t *tree) tip() *chain.HeaderNode { return t.active[len(t.active)-1] }

// lookup is for readers.
func (t *tree) lookup(h chain.Hash) (*entry, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byHash[h]
	return e, ok
}

// bodyOf is the number of a stored body; for readers.
func (t *tree) bodyOf(h chain.Hash) (body uint32, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byHash[h]
	return bodyNumber(e), ok && e.body != 0
}

func bodyNumber(e *entry) uint32 {
	if e == nil {
		return 0
	}
	return e.body
}

// insert makes an entry for a header whose parent is in the tree already. A
// node that hangs on somebody else's copy of the tree is made again on ours, so
// that nodes here can be compared by pointer.
func (t *tree) insert(node *chain.HeaderNode) *entry {
	e := &entry{node: node, num: uint32(len(t.all))}
	if node.Parent != nil {
		e.parent = t.byHash[node.Parent.Hash]
		if node.Parent != e.parent.node {
			e.node = chain.NewHeaderNode(e.parent.node, node.Header)
		}
		e.parent.kids = append(e.parent.kids, e)
		e.bad = e.parent.bad
	}
	t.byHash[node.Hash] = e
	t.all = append(t.all, e)
	t.consider(e)
	return e
}

func (t *tree) consider(e *entry) {
	if !e.bad && (t.best == nil || e.node.Work.Cmp(t.best.node.Work) > 0) {
		t.best = e
	}
}

// walk calls fn for e and everything that builds on it, parents first, as long
// as fn says to go on below.
func (e *entry) walk(fn func(*entry) (below bool)) {
	stack := []*entry{e}
	for len(stack) > 0 {
		last := len(stack) - 1
		at := stack[last]
		stack = stack[:last]
		if fn(at) {
			stack = append(stack, at.kids...)
		}
	}
}

// link notes that e's body is stored, and with it perhaps those that waited
// for it. It returns what is linked now, parents first.
func (t *tree) link(e *entry) (now []*entry) {
	if e.parent != nil && !e.parent.linked {
		return nil
	}
	e.walk(func(at *entry) bool {
		if at.body == 0 || at.linked {
			return false
		}
		at.linked = true
		now = append(now, at)
		return true
	})
	return now
}

// mark sets or clears bad below e, after a flag of e was changed.
func (t *tree) mark(e *entry) {
	e.walk(func(at *entry) bool {
		at.bad = at.flags&(flagFailed|flagByHand) != 0 || at.parent != nil && at.parent.bad
		return true
	})
	t.chooseBest()
}

// chooseBest looks for the best header again.
func (t *tree) chooseBest() {
	t.best = nil
	for _, at := range t.all {
		t.consider(at)
	}
}

// setActive makes the path to node the verified chain.
func (t *tree) setActive(node *chain.HeaderNode) {
	h := int(node.Height)
	for len(t.active) <= h {
		t.active = append(t.active, nil)
	}
	t.active = t.active[:h+1]
	for at := node; at != nil && t.active[at.Height] != at; at = at.Parent {
		t.active[at.Height] = at
	}
}
