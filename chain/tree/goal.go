package tree

// propose notes a block that might become the tip.
func (t *Tree) propose(e *Entry) {
	if len(t.active) == 0 || !t.Hopeful(e) {
		return
	}
	t.candidates[e] = struct{}{}
	if t.goal != nil && better(e, t.goal) {
		t.goal = e
	}
}

// Hopeful says whether e could be connected and has more work than the tip.
func (t *Tree) Hopeful(e *Entry) bool {
	return e.linked && !e.bad && e.Node.Work.Cmp(t.tip().Work) > 0
}

// ProposeAll looks at every block again: after loading, and when the tip went
// back, so that branches that were too short may win.
func (t *Tree) ProposeAll() {
	for _, e := range t.all {
		t.propose(e)
	}
}

// Goal is the block with the most work that could be connected; nil when none
// has more than the tip. At equal work the first seen wins: what was connected
// before, then the body that came first. As long as the last answer is hopeful
// it stands, so that a long row of blocks is not looked through for each of them.
func (t *Tree) Goal() *Entry {
	if t.goal != nil && t.Hopeful(t.goal) {
		return t.goal
	}
	t.goal = nil
	for e := range t.candidates {
		if !t.Hopeful(e) {
			delete(t.candidates, e)
		} else if t.goal == nil || better(e, t.goal) {
			t.goal = e
		}
	}
	return t.goal
}

func better(a, b *Entry) bool {
	if c := a.Node.Work.Cmp(b.Node.Work); c != 0 {
		return c > 0
	}
	if va, vb := a.Valid(), b.Valid(); va != vb {
		return va
	}
	return a.Body < b.Body
}
