package ledger

import (
	"errors"
	"time"

	"grapevine/chain"
)

func isRule(err error) bool {
	var re *chain.RuleError
	return errors.As(err, &re)
}

// propose notes a block that might become the tip.
func (w *writer) propose(e *entry) {
	if !w.hopeful(e) {
		return
	}
	w.candidates[e] = struct{}{}
	if w.best != nil && better(e, w.best) {
		w.best = e
	}
}

// hopeful says whether e could be connected and has more work than the tip.
func (w *writer) hopeful(e *entry) bool {
	return e.linked && !e.bad && e.node.Work.Cmp(w.tree.tip().Work) > 0
}

// reproposeAll looks at every block again, after marks changed or the tip went
// back.
func (w *writer) reproposeAll() {
	for _, e := range w.tree.all {
		w.propose(e)
	}
}

// goal is the block with the most work that could be connected; nil when none
// has more than the tip. At equal work the first seen wins: what was connected
// before, then the body that came first. As long as the last answer is hopeful
// it stands, so that a long row of blocks is not looked through for each of them.
func (w *writer) goal() *entry {
	if w.best != nil && w.hopeful(w.best) {
		return w.best
	}
	w.best = nil
	for e := range w.candidates {
		if !w.hopeful(e) {
			delete(w.candidates, e)
		} else if w.best == nil || better(e, w.best) {
			w.best = e
		}
	}
	return w.best
}

func better(a, b *entry) bool {
	if c := a.node.Work.Cmp(b.node.Work); c != 0 {
		return c > 0
	}
	if va, vb := a.flags&flagValid, b.flags&flagValid; va != vb {
		return va != 0
	}
	return a.body < b.body
}

// fill puts the next block on the way to the goal into the pipeline.
func (w *writer) fill() (bool, error) {
	full := w.bytes >= pipelineBytes || len(w.queue) >= pipelineBlocks
	if w.failing || w.draining() || full || w.out.full() {
		return false, nil
	}
	goal := w.goal()
	if goal == nil || goal == w.head {
		return false, nil
	}
	if w.head.node.IsAncestorOf(goal.node) {
		w.enqueue(w.entryOf(goal.node.Ancestor(w.head.node.Height+1)), false)
		return true, nil
	}
	if len(w.queue) > 0 {
		return false, nil // reorganisations start at the committed tip
	}
	w.reorganise(goal)
	return true, nil
}

func (w *writer) entryOf(n *chain.HeaderNode) *entry { return w.tree.byHash[n.Hash] }

func (w *writer) enqueue(e *entry, disconnect bool) *slot {
	w.number++
	s := &slot{e: e, number: w.number, disconnect: disconnect}
	w.queue = append(w.queue, s)
	w.bytes += int64(e.size)
	e.queued = true
	w.head = e
	if disconnect {
		w.head = e.parent
	}
	if e.fresh != nil && !disconnect {
		s.block, s.stage = e.fresh, loaded
	} else {
		w.load(s)
	}
	return s
}

// reorganise queues the way from the tip to the branch of goal. The whole way
// down and up to more work than the tip has is one move, so that readers never
// see less work and a bad branch is never seen at all. If that is too large for
// memory, every block is a move of its own.
func (w *writer) reorganise(goal *entry) {
	tip := w.tree.tip()
	fork := chain.Fork(tip, goal.node)
	size := int64(0)
	for n := tip; n != fork; n = n.Parent {
		size += int64(w.entryOf(n).size)
	}
	var up []*entry // from fork to the first block with more work than the tip
	for h := fork.Height + 1; ; h++ {
		e := w.entryOf(goal.node.Ancestor(h))
		up = append(up, e)
		size += int64(e.size)
		if e.node.Work.Cmp(tip.Work) > 0 {
			break
		}
	}
	hold := size <= moveBytes
	w.disconnectTo(fork, hold)
	if !hold {
		w.log.Warn("large reorganisation, block by block", "from", tip.Height, "fork", fork.Height, "bytes", size)
		return // fill goes on from the fork
	}
	for i, e := range up {
		w.enqueue(e, false).hold = i < len(up)-1
	}
}

// disconnectTo queues the way down from the tip to n.
func (w *writer) disconnectTo(n *chain.HeaderNode, hold bool) {
	for at := w.tree.tip(); at != n; at = at.Parent {
		w.enqueue(w.entryOf(at), true).hold = hold
	}
}

// addHeader takes a header and those before it that are not known yet.
func (w *writer) addHeader(n *chain.HeaderNode) *entry {
	if e := w.tree.byHash[n.Hash]; e != nil {
		return e
	}
	var path []*chain.HeaderNode
	for ; n != nil && w.tree.byHash[n.Hash] == nil; n = n.Parent {
		path = append(path, n)
	}
	if n == nil {
		return nil // another network's: its genesis is not ours
	}
	w.tree.mu.Lock()
	defer w.tree.mu.Unlock()
	var e *entry
	for i := len(path) - 1; i >= 0; i-- {
		e = w.tree.insert(path[i])
		w.archive.SaveHeader(e.num, e.record())
	}
	return e
}

// markFailed notes that a block breaks a rule, and what builds on it with it.
func (w *writer) markFailed(e *entry, err error) {
	w.tree.mu.Lock()
	e.flags |= flagFailed
	e.why = err
	w.tree.mark(e)
	w.tree.mu.Unlock()
	w.archive.SaveHeader(e.num, e.record())
	w.out.current.Invalid = append(w.out.current.Invalid, BadHeader{e.node, err})
	e.walk(func(at *entry) bool {
		w.forget(at)
		w.answer(at, w.reason(at))
		return true
	})
}

// reason is what a block that is marked is refused with.
func (w *writer) reason(e *entry) error {
	switch {
	case e.why != nil:
		return e.why
	case e.flags&flagByHand != 0:
		return chain.Broken(chain.ErrBadParent, "block %s was marked invalid by hand", e.node.Hash)
	}
	return chain.Broken(chain.ErrBadParent, "builds on an invalid block")
}

// assumed says whether the scripts of e need no check: it was connected
// before, or is an ancestor of the block that is assumed valid, as long as that
// one is deep in the best chain we know (Core's rules for -assumevalid).
func (w *writer) assumed(e *entry) bool {
	if e.flags&flagValid != 0 {
		return true
	}
	hash := w.l.cfg.AssumeValid
	if hash == nil {
		return false
	}
	a := w.tree.byHash[*hash]
	best := w.tree.best
	return a != nil && best != nil && e.node.IsAncestorOf(a.node) && a.node.IsAncestorOf(best.node) &&
		best.node.Work.Cmp(w.l.cfg.Params.MinimumChainWork) >= 0 && deep(e.node, best.node, w.l.cfg.Params.TargetTimePerBlock)
}

// assumeDepth is how much work, at the best header's difficulty, has to lie on
// a block before its scripts are taken as good (Core: two weeks).
const assumeDepth = 14 * 24 * time.Hour

// deep says whether the work between n and best takes assumeDepth to make.
func deep(n, best *chain.HeaderNode, spacing time.Duration) bool {
	need := chain.WorkOf(best.Header.Bits)
	sum := n.Work
	for blocks := assumeDepth / spacing; blocks > 0; blocks >>= 1 {
		if blocks&1 == 1 {
			sum = sum.Add(need)
		}
		need = need.Add(need)
	}
	return best.Work.Cmp(sum) > 0
}
