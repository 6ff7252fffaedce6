package ledger

import (
	"fmt"
	"strings"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/headertree"
	"grapevine/db"
)

// What follows changes the tree and is the writer's.

// begin takes genesis, with its body, as connected.
func (t *tree) begin(b *chain.Block) *entry {
	e := t.headers.Genesis()
	e.valid = true
	t.store(e, b)
	return e
}

// load adds a header from its record. Records come in the order of their
// numbers; Loaded follows the last.
func (t *tree) load(num uint32, h archive.Header) error {
	e := t.headers.Genesis()
	hash := chain.HeaderHash(&h.Header)
	switch parent := t.headers.Find(h.Header.PrevBlock); {
	case num == 0 && hash != e.Node.Hash:
		return fmt.Errorf("%w: it holds another network's chain, from genesis %s", db.ErrSchema, hash)
	case num == 0:
	case int(num) != t.headers.Len():
		return fmt.Errorf("%w: header %d follows header %d", db.ErrCorrupt, num, t.headers.Len()-1)
	case parent == nil:
		return fmt.Errorf("%w: header %d has no parent", db.ErrCorrupt, num)
	default:
		e = t.headers.Restore(chain.NewHeaderNode(parent.Node, h.Header), marksOf(h.Flags)...)
	}
	e.Body, e.Size, e.Txs = h.Body, h.Size, h.Txs
	e.valid, e.lost, e.pruned = h.Flags&flagValid != 0, h.Flags&flagLost != 0, h.Flags&flagPruned != 0
	e.bare = h.Flags&flagBare != 0
	if h.Flags&flagFailed != 0 {
		rule, detail, _ := strings.Cut(h.Why, "\n")
		e.why = &chain.RuleError{Rule: chain.Rule(rule), Detail: detail}
	}
	t.nextBody = max(t.nextBody, e.Body+1)
	return nil
}

func marksOf(flags uint8) (marks []headertree.Badness) {
	if flags&flagFailed != 0 {
		marks = append(marks, headertree.ByRule)
	}
	if flags&flagByHand != 0 {
		marks = append(marks, headertree.ByHand)
	}
	return marks
}

// Loaded ends loading; tip is the end of the verified chain.
func (t *tree) Loaded(tip *entry) {
	t.headers.SetTip(tip)
	for _, e := range t.headers.All() {
		t.notePruned(e)
		e.linked = t.headers.IsActive(e.Node) || e.has() && e.Parent.linked
		e.count()
	}
}

// Add takes a header and those before it that are not known yet. It returns
// its entry, nil if it hangs on another genesis, and what is new, parents first.
func (t *tree) Add(n *chain.HeaderNode) (e *entry, added []*entry) {
	if e := t.headers.Find(n.Hash); e != nil {
		return e, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.headers.Len()
	if e = t.headers.Insert(n); e == nil {
		return nil, nil
	}
	return e, t.headers.All()[before:]
}

// NextBody is the number that e's body will have when it is stored: a new one,
// or that of the damaged one.
func (t *tree) NextBody(e *entry) uint32 {
	if e.Body != 0 {
		return e.Body
	}
	return t.nextBody
}

// store notes that e's body was stored as NextBody. Blocks that waited for it become
// candidates.
func (t *tree) store(e *entry, b *chain.Block) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Body == 0 {
		e.Body = t.nextBody
		t.nextBody++
	}
	e.Size, e.Txs = uint32(len(b.Raw)), uint32(len(b.Txs))
	e.lost = false
	t.link(e)
}

// link makes candidates of e and what builds on it, as far as bodies are there.
func (t *tree) link(e *entry) {
	if e.Parent != nil && !e.Parent.linked {
		return
	}
	t.headers.Walk(e, func(at *entry) bool {
		if at.linked || !at.has() && !t.headers.IsActive(at.Node) {
			return false
		}
		at.linked = true
		at.count()
		t.propose(at)
		return true
	})
}

// lose notes that e's stored body is damaged. A block of the verified chain
// stays there; what builds on another waits for the body to come again. If a
// move was under way meanwhile, Lose is called again when it is done.
func (t *tree) lose(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.lost = true
	if t.headers.IsActive(e.Node) {
		t.link(e)
		return
	}
	t.headers.Walk(e, func(at *entry) (below bool) {
		below, at.linked = at.linked, false
		return below
	})
}

// setActive makes the path to tip the verified chain. also runs under the
// tree's lock, so that readers see both changes or none.
func (t *tree) setActive(tip *entry, also func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed = maxWork(t.passed, t.headers.Tip().Node.Work)
	t.headers.SetTip(tip)
	also()
}

// setValid notes that e was connected; false if that was known.
func (t *tree) setValid(e *entry) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, e.valid = !e.valid, true
	return changed
}

// markFailed notes that e breaks a rule, and what builds on it with it.
func (t *tree) markFailed(e *entry, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.why = why
	t.headers.Mark(e, headertree.ByRule)
}

// markByHand marks e, and what builds on it.
func (t *tree) markByHand(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.headers.Mark(e, headertree.ByHand)
}

// prefer makes e the winner among those with equal work.
func (t *tree) prefer(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.preferred++
	e.precious = t.preferred
	t.propose(e)
}

// unmark takes the marks from e, its ancestors and what builds on it, and
// returns those that had one.
func (t *tree) unmark(e *entry) (changed []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed = t.headers.Unmark(e)
	for _, at := range changed {
		at.why = nil
	}
	t.proposeAll()
	return changed
}
