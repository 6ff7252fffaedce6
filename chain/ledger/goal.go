package ledger

import "grapevine/chain"

// propose notes a block that might become the tip [TryAddBlockIndexCandidate].
func (t *tree) propose(e *entry) {
	if !t.hopeful(e) {
		return
	}
	t.candidates[e] = struct{}{}
	if t.goal != nil && better(e, t.goal) {
		t.goal = e
	}
}

// hopeful says whether e could be connected and is better than the tip. At
// equal work that is one that people prefer, or a block which was connected before the tip was and gave
// way to a mark since taken back, or to blocks since marked.
// No block beside a snapshot's that is not proven is hopeful: the coins below it are not here.
func (t *tree) hopeful(e *entry) bool {
	return e.linked && !e.bad() && better(e, t.headers.Tip()) && (t.base == nil || t.base.Node.IsAncestorOf(e.Node))
}

// proposeAll looks at every block again: after loading, and when one that is no
// candidate may have become hopeful [PruneBlockIndexCandidates].
func (t *tree) proposeAll() {
	t.passed = t.headers.Tip().Node.Work
	for _, e := range t.headers.All() {
		t.propose(e)
	}
}

// Goal is the best block that could be connected, that with the most work; nil
// when none is better than the tip [FindMostWorkChain]. At equal work the first
// seen wins: what preciousblock named last, what was connected before, then the body that
// came first.
//
// Where the tip has gone back, branches that were too short may win: all blocks
// are looked at, but only once none that the old tip would have given way to is
// left, so that a long way back is not a look at all for each block of it.
func (t *tree) Goal() *entry {
	goal := t.bestCandidate()
	if t.passed.Cmp(t.headers.Tip().Node.Work) > 0 && (goal == nil || goal.Node.Work.Cmp(t.passed) <= 0) {
		t.proposeAll()
		return t.bestCandidate()
	}
	return goal
}

// bestCandidate is the last answer as long as that is hopeful, so that a long row
// of blocks is not looked through for each of them.
func (t *tree) bestCandidate() *entry {
	if t.goal != nil && t.hopeful(t.goal) {
		return t.goal
	}
	t.goal = nil
	for e := range t.candidates {
		if !t.hopeful(e) {
			delete(t.candidates, e)
		} else if t.goal == nil || better(e, t.goal) {
			t.goal = e
		}
	}
	return t.goal
}

func maxWork(a, b chain.Work) chain.Work {
	if a.Cmp(b) > 0 {
		return a
	}
	return b
}

// better is the fork choice: the most work, then what people prefer, then what was valid
// once, then what came first.
func better(a, b *entry) bool {
	if c := a.Node.Work.Cmp(b.Node.Work); c != 0 {
		return c > 0
	}
	if a.precious != b.precious {
		return a.precious > b.precious
	}
	if va, vb := a.valid, b.valid; va != vb {
		return va
	}
	return a.Body < b.Body
}

// Goal is the best block that the stored bodies lead to, the tip if none is better.
// After a crash, and before Run, that is where the ledger stood, or better: the best
// header may be of another branch, of which not enough is here yet.
func (l *Ledger) Goal() *chain.HeaderNode {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	var best *entry
	for _, e := range l.tree.headers.All() {
		if l.tree.hopeful(e) && (best == nil || better(e, best)) {
			best = e
		}
	}
	if best == nil {
		return l.tree.headers.Tip().Node
	}
	return best.Node
}
