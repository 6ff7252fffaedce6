package tree

import (
	"errors"
	"sync"

	"grapevine/chain"
	"grapevine/chain/archive"
)

// Status is what is known of a header: bits.
type Status uint8

const (
	HaveBody Status = 1 << iota // the body is stored
	Active                      // in the verified chain
	Valid                       // was connected once: every rule holds
	Invalid                     // breaks a rule, was marked by hand, or builds on such a block
)

// Flags of a header's record on disk.
const (
	flagValid  = 1 << iota // was connected once
	flagFailed             // its body breaks a rule
	flagByHand             // marked by hand
	flagLost               // its stored body is damaged

	flagsBad = flagFailed | flagByHand
)

// Entry is a header at its place in the tree. Node, Parent and Num never
// change; the rest is the writer's to read.
type Entry struct {
	Node   *chain.HeaderNode
	Parent *Entry
	Num    uint32 // of its record
	Body   uint32 // number of its body, and of the undo record; 0: none
	Size   uint32 // bytes of the body

	kids   []*Entry
	flags  uint8
	bad    bool  // it or an ancestor is marked
	linked bool  // its body and those of all ancestors that are not in the verified chain are stored
	why    error // *chain.RuleError if the rules marked it
}

// Bad says whether e is invalid, or builds on such a block.
func (e *Entry) Bad() bool { return e.bad }

// Has says whether e's body is stored, and not known to be damaged.
func (e *Entry) Has() bool { return e.Body != 0 && e.flags&flagLost == 0 }

// Valid says whether e was connected once.
func (e *Entry) Valid() bool { return e.flags&flagValid != 0 }

// Reason is what a block that is Bad is refused with.
func (e *Entry) Reason() error {
	switch {
	case e.why != nil:
		return e.why
	case e.flags&flagByHand != 0:
		return chain.Broken(chain.ErrBadParent, "block %s was marked invalid by hand", e.Node.Hash)
	}
	return chain.Broken(chain.ErrBadParent, "builds on an invalid block")
}

// Record is what is kept of e on disk.
func (e *Entry) Record() archive.Header {
	h := archive.Header{Header: e.Node.Header, Flags: e.flags, Body: e.Body, Size: e.Size}
	var re *chain.RuleError
	if errors.As(e.why, &re) {
		h.Why = string(re.Rule) + "\n" + re.Detail
	}
	return h
}

// Walk calls fn for e and everything that builds on it, parents first, as long
// as fn says to go on below. It is the writer's.
func (e *Entry) Walk(fn func(*Entry) (below bool)) {
	stack := []*Entry{e}
	for len(stack) > 0 {
		last := len(stack) - 1
		at := stack[last]
		stack = stack[:last]
		if fn(at) {
			stack = append(stack, at.kids...)
		}
	}
}

// Tree is all headers, in the order of their numbers.
type Tree struct {
	mu       sync.RWMutex // held by the writer while it changes what follows
	byHash   map[chain.Hash]*Entry
	all      []*Entry
	active   []*chain.HeaderNode // the verified chain, by height
	best     *Entry              // most work, not bad; first seen wins
	nextBody uint32

	// The writer's alone:
	candidates map[*Entry]struct{} // perhaps hopeful: see Goal
	goal       *Entry              // the best of them, as last found
}

// New is an empty tree.
func New() *Tree {
	return &Tree{byHash: map[chain.Hash]*Entry{}, nextBody: 1, candidates: map[*Entry]struct{}{}}
}

// Tip is the verified tip.
func (t *Tree) Tip() *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.tip()
}

func (t *Tree) tip() *chain.HeaderNode { return t.active[len(t.active)-1] }

// BestHeader is the header with the most work that is not bad.
func (t *Tree) BestHeader() *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.best.Node
}

// AtHeight is the verified chain's block of that height; nil above the tip.
func (t *Tree) AtHeight(height int32) *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if height < 0 || int(height) >= len(t.active) {
		return nil
	}
	return t.active[height]
}

// Entry finds a header.
func (t *Tree) Entry(hash chain.Hash) (e *Entry, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok = t.byHash[hash]
	return e, ok
}

// Numbered is the header with that record; nil if there is none.
func (t *Tree) Numbered(num uint32) *Entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if int(num) >= len(t.all) {
		return nil
	}
	return t.all[num]
}

// Len is the number of headers.
func (t *Tree) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.all)
}

// Lookup finds a header and what is known of it.
func (t *Tree) Lookup(hash chain.Hash) (node *chain.HeaderNode, st Status, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byHash[hash]
	if !ok {
		return nil, 0, false
	}
	return e.Node, t.status(e), true
}

func (t *Tree) status(e *Entry) (s Status) {
	if e.Has() {
		s |= HaveBody
	}
	if t.isActive(e.Node) {
		s |= Active
	}
	if e.Valid() {
		s |= Valid
	}
	if e.bad {
		s |= Invalid
	}
	return s
}

func (t *Tree) isActive(n *chain.HeaderNode) bool {
	h := int(n.Height)
	return h < len(t.active) && t.active[h] == n
}

// IsActive says whether n is in the verified chain.
func (t *Tree) IsActive(n *chain.HeaderNode) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.isActive(n)
}

// BodyOf is the number of a stored body; ok is false when there is none.
func (t *Tree) BodyOf(hash chain.Hash) (body uint32, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, ok := t.byHash[hash]
	if !ok || !e.Has() {
		return 0, false
	}
	return e.Body, true
}

// Owners are the headers by the number of their body, and the number that the
// next body will have.
func (t *Tree) Owners() (owners map[uint32]*chain.HeaderNode, next uint32) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	owners = map[uint32]*chain.HeaderNode{}
	for _, e := range t.all {
		if e.Body != 0 {
			owners[e.Body] = e.Node
		}
	}
	return owners, t.nextBody
}

// Nodes are all headers that are bad, or all that are not, parents first.
func (t *Tree) Nodes(bad bool) (nodes []*chain.HeaderNode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.all {
		if e.bad == bad {
			nodes = append(nodes, e.Node)
		}
	}
	return nodes
}

// ChainTip is the end of a branch, as Core's getchaintips tells it.
type ChainTip struct {
	Node      *chain.HeaderNode
	BranchLen int32  // blocks since the fork from the verified chain
	Status    string // active, valid-fork, valid-headers, headers-only, invalid
}

// Tips are the ends of all branches.
func (t *Tree) Tips() (tips []ChainTip) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	tip := t.tip()
	for _, e := range t.all {
		if len(e.kids) == 0 || e.Node == tip {
			branch := e.Node.Height - chain.Fork(e.Node, tip).Height
			tips = append(tips, ChainTip{e.Node, branch, t.branch(e)})
		}
	}
	return tips
}

func (t *Tree) branch(e *Entry) string {
	switch {
	case t.isActive(e.Node):
		return "active"
	case e.bad:
		return "invalid"
	case !e.linked:
		return "headers-only"
	case e.Valid():
		return "valid-fork"
	}
	return "valid-headers"
}
