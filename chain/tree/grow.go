package tree

import (
	"fmt"
	"strings"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/db"
)

// What follows changes the tree and is the writer's.

// Begin plants genesis, with its body.
func (t *Tree) Begin(genesis *chain.HeaderNode, size int) *Entry {
	e := t.insert(genesis)
	e.flags = flagValid
	t.Store(e, size)
	t.SetActive(genesis, func() {})
	return e
}

// Load adds a header from its record. Records come in the order of their
// numbers; Loaded follows the last.
func (t *Tree) Load(num uint32, h archive.Header) error {
	if int(num) != len(t.all) {
		return fmt.Errorf("%w: header %d follows header %d", db.ErrCorrupt, num, len(t.all)-1)
	}
	var parent *chain.HeaderNode
	if num > 0 {
		p := t.byHash[h.Header.PrevBlock]
		if p == nil {
			return fmt.Errorf("%w: header %d has no parent", db.ErrCorrupt, num)
		}
		parent = p.Node
	}
	e := t.insert(chain.NewHeaderNode(parent, h.Header))
	e.flags, e.Body, e.Size = h.Flags, h.Body, h.Size
	if e.flags&flagFailed != 0 {
		rule, detail, _ := strings.Cut(h.Why, "\n")
		e.why = &chain.RuleError{Rule: chain.Rule(rule), Detail: detail}
	}
	e.bad = e.bad || e.flags&flagsBad != 0
	t.nextBody = max(t.nextBody, e.Body+1)
	return nil
}

// Loaded ends loading; tip is the end of the verified chain.
func (t *Tree) Loaded(tip *chain.HeaderNode) {
	t.SetActive(tip, func() {})
	for _, e := range t.all {
		e.linked = t.isActive(e.Node) || e.Has() && e.Parent.linked
	}
	t.ChooseBest()
}

// Add takes a header and those before it that are not known yet. It returns
// its entry, nil if it hangs on another genesis, and what is new, parents first.
func (t *Tree) Add(n *chain.HeaderNode) (e *Entry, added []*Entry) {
	if e := t.byHash[n.Hash]; e != nil {
		return e, nil
	}
	var path []*chain.HeaderNode
	for ; n != nil && t.byHash[n.Hash] == nil; n = n.Parent {
		path = append(path, n)
	}
	if n == nil {
		return nil, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := len(path) - 1; i >= 0; i-- {
		e = t.insert(path[i])
		added = append(added, e)
	}
	return e, added
}

// insert makes an entry for a header whose parent is in the tree already. A
// node that hangs on somebody else's copy of the tree is made again on ours, so
// that nodes here can be compared by pointer.
func (t *Tree) insert(node *chain.HeaderNode) *Entry {
	e := &Entry{Node: node, Num: uint32(len(t.all))}
	if node.Parent != nil {
		e.Parent = t.byHash[node.Parent.Hash]
		if node.Parent != e.Parent.Node {
			e.Node = chain.NewHeaderNode(e.Parent.Node, node.Header)
		}
		e.Parent.kids = append(e.Parent.kids, e)
		e.bad = e.Parent.bad
	}
	t.byHash[node.Hash] = e
	t.all = append(t.all, e)
	t.consider(e)
	return e
}

func (t *Tree) consider(e *Entry) {
	if !e.bad && (t.best == nil || e.Node.Work.Cmp(t.best.Node.Work) > 0) {
		t.best = e
	}
}

// ChooseBest looks for the best header again.
func (t *Tree) ChooseBest() {
	t.best = nil
	for _, e := range t.all {
		t.consider(e)
	}
}

// NextBody is the number that e's body will have when it is stored: a new one,
// or that of the damaged one.
func (t *Tree) NextBody(e *Entry) uint32 {
	if e.Body != 0 {
		return e.Body
	}
	return t.nextBody
}

// Store notes that e's body, of that many bytes, was stored as NextBody. Blocks
// that waited for it become candidates.
func (t *Tree) Store(e *Entry, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Body == 0 {
		e.Body = t.nextBody
		t.nextBody++
	}
	e.Size = uint32(size)
	e.flags &^= flagLost
	t.link(e)
}

// link makes candidates of e and what builds on it, as far as bodies are there.
func (t *Tree) link(e *Entry) {
	if e.Parent != nil && !e.Parent.linked {
		return
	}
	e.Walk(func(at *Entry) bool {
		if at.linked || !at.Has() && !t.isActive(at.Node) {
			return false
		}
		at.linked = true
		t.propose(at)
		return true
	})
}

// Lose notes that e's stored body is damaged. A block of the verified chain
// stays there; what builds on another waits for the body to come again. If a
// move was under way meanwhile, Lose is called again when it is done.
func (t *Tree) Lose(e *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.flags |= flagLost
	if t.isActive(e.Node) {
		t.link(e)
		return
	}
	e.Walk(func(at *Entry) (below bool) {
		below, at.linked = at.linked, false
		return below
	})
}

// SetActive makes the path to node the verified chain. also runs under the
// tree's lock, so that readers see both changes or none.
func (t *Tree) SetActive(node *chain.HeaderNode, also func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := int(node.Height)
	for len(t.active) <= h {
		t.active = append(t.active, nil)
	}
	t.active = t.active[:h+1]
	for at := node; at != nil && t.active[at.Height] != at; at = at.Parent {
		t.active[at.Height] = at
	}
	also()
}

// SetValid notes that e was connected; false if that was known.
func (t *Tree) SetValid(e *Entry) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed = !e.Valid()
	e.flags |= flagValid
	return changed
}

// MarkFailed notes that e breaks a rule, and what builds on it with it.
func (t *Tree) MarkFailed(e *Entry, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.flags |= flagFailed
	e.why = why
	t.spread(e)
}

// MarkByHand marks e, and what builds on it.
func (t *Tree) MarkByHand(e *Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.flags |= flagByHand
	t.spread(e)
}

// Unmark takes the marks from e, its ancestors and what builds on it, and
// returns those that had one.
func (t *Tree) Unmark(e *Entry) (changed []*Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	unmark := func(at *Entry) {
		if at.flags&flagsBad != 0 {
			at.flags &^= flagsBad
			at.why = nil
			changed = append(changed, at)
		}
	}
	e.Walk(func(at *Entry) bool { unmark(at); return true })
	top := e
	for at := e.Parent; at != nil; at = at.Parent {
		if at.flags&flagsBad != 0 {
			top = at
		}
		unmark(at)
	}
	t.spread(top)
	t.ProposeAll()
	return changed
}

// spread sets or clears bad below e, after a flag of e was changed.
func (t *Tree) spread(e *Entry) {
	e.Walk(func(at *Entry) bool {
		at.bad = at.flags&flagsBad != 0 || at.Parent != nil && at.Parent.bad
		return true
	})
	t.ChooseBest()
}
