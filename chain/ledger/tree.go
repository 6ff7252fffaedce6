package ledger

import (
	"fmt"
	"sync"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/db"
)

// tree is the block index: all headers that were ever taken and what the ledger thinks of each:
// whether its body is stored, whether it is marked invalid, which of them are
// the verified chain, and which block that chain should reach next (goal.go).
// The writer alone changes it (grow.go); what only reads may be called by any.
type tree struct {
	mu       sync.RWMutex // held by the writer while it changes what follows
	headers  *headertree.Tree[*entry]
	nextBody uint32
	prunedTo int32  // the highest block of the verified chain that is pruned; -1: none [GetPruneHeight]
	base     *entry // where a snapshot stood that is not proven yet; nil: none [m_from_snapshot_blockhash]
	proven   *entry // how far its proof is

	// The writer's alone:
	candidates map[*entry]struct{} // perhaps hopeful: see Goal [setBlockIndexCandidates]
	goal       *entry              // the best of them, as last found
	preferred  uint32              // how often a block was preferred by hand
	passed     chain.Work          // what had no more was perhaps not proposed, though it has more than the tip now
}

// newTree is a tree of genesis alone; its body is not stored.
func newTree(genesis *chain.HeaderNode) *tree {
	return &tree{
		headers:  headertree.New(genesis, func() *entry { return &entry{} }),
		nextBody: 1, prunedTo: -1, candidates: map[*entry]struct{}{},
	}
}

// Tip is the verified tip.
func (t *tree) Tip() *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.headers.Tip().Node
}

// BestHeader is the header with the most work that is not bad.
func (t *tree) BestHeader() *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.headers.Best().Node
}

// AtHeight is the verified chain's block of that height; nil above the tip.
func (t *tree) AtHeight(height int32) *chain.HeaderNode {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if e := t.headers.AtHeight(height); e != nil {
		return e.Node
	}
	return nil
}

// entry finds a header.
func (t *tree) entry(hash chain.Hash) (e *entry, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e = t.headers.Find(hash)
	return e, e != nil
}

// numbered is the header with that record; nil if there is none.
func (t *tree) numbered(num uint32) *entry {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if int(num) >= t.headers.Len() {
		return nil
	}
	return t.headers.All()[num]
}

// Numbered is the header whose record has that number; nil: there is none.
func (t *tree) Numbered(num uint32) *chain.HeaderNode {
	if e := t.numbered(num); e != nil {
		return e.Node
	}
	return nil
}

// Number is that of a header's record.
func (t *tree) Number(n *chain.HeaderNode) uint32 {
	e, _ := t.entry(n.Hash)
	return e.Num
}

// durable is the header that the file names as the durable tip.
func (t *tree) durable(num uint32) (*entry, error) {
	if e := t.numbered(num); e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%w: the tip is header %d of %d", db.ErrCorrupt, num, t.Len())
}

// Len is the number of headers.
func (t *tree) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.headers.Len()
}

// Lookup finds a header and what is known of it.
func (t *tree) Lookup(hash chain.Hash) (node *chain.HeaderNode, st Status, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.headers.Find(hash)
	if e == nil {
		return nil, 0, false
	}
	return e.Node, t.status(e), true
}

func (t *tree) status(e *entry) (s Status) {
	if e.has() {
		s |= HaveBody
	}
	if t.headers.IsActive(e.Node) {
		s |= active
	}
	if e.valid {
		s |= Valid
	}
	if e.bad() {
		s |= Invalid
	}
	return s
}

// isActive says whether n is in the verified chain.
func (t *tree) isActive(n *chain.HeaderNode) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.headers.IsActive(n)
}

// bodyOf is the number of a stored body; ok is false when there is none.
func (t *tree) bodyOf(hash chain.Hash) (body uint32, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.headers.Find(hash)
	if e == nil || !e.has() {
		return 0, false
	}
	return e.Body, true
}

// numberOf is the number of e's body and of its undo record, be the body damaged; 0: there is none, or none any more.
func (t *tree) numberOf(e *entry) uint32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return e.Body
}

// Owners are the headers by the number of their body, and the number that the
// next body will have.
func (t *tree) Owners() (owners map[uint32]*chain.HeaderNode, next uint32) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	owners = map[uint32]*chain.HeaderNode{}
	for _, e := range t.headers.All() {
		if e.Body != 0 {
			owners[e.Body] = e.Node
		}
	}
	return owners, t.nextBody
}

// Nodes are all headers, parents first.
func (t *tree) Nodes() (nodes []*chain.HeaderNode) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.headers.All() {
		nodes = append(nodes, e.Node)
	}
	return nodes
}

// marked are the headers that are marked themselves, parents first, with why;
// a header that is marked twice comes once, for the rule that it breaks.
func (t *tree) marked() (marked []BadHeader) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.headers.All() {
		switch {
		case e.Marked(headertree.ByRule):
			marked = append(marked, BadHeader{e.Node, e.why})
		case e.Marked(headertree.ByHand):
			marked = append(marked, BadHeader{Node: e.Node})
		}
	}
	return marked
}

// ChainTip is the end of a branch, as Core's getchaintips tells it.
type ChainTip struct {
	Node      *chain.HeaderNode
	BranchLen int32  // blocks since the fork from the verified chain
	Status    string // active, valid-fork, valid-headers, headers-only, invalid
}

// tips are the ends of all branches.
func (t *tree) tips() (tips []ChainTip) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	tip := t.headers.Tip()
	for _, e := range t.headers.All() {
		if e.IsLeaf() || e == tip {
			branch := e.Node.Height - chain.Fork(e.Node, tip.Node).Height
			tips = append(tips, ChainTip{e.Node, branch, t.branch(e)})
		}
	}
	return tips
}

func (t *tree) branch(e *entry) string {
	switch {
	case t.headers.IsActive(e.Node):
		return "active"
	case e.bad():
		return "invalid"
	case !e.linked && !e.pruned:
		return "headers-only"
	case e.valid:
		return "valid-fork"
	}
	return "valid-headers"
}
