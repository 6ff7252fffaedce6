package ledger

// propose notes a block that might become the tip.
func (t *tree) propose(e *entry) {
	if !t.Hopeful(e) {
		return
	}
	t.candidates[e] = struct{}{}
	if t.goal != nil && better(e, t.goal) {
		t.goal = e
	}
}

// Hopeful says whether e could be connected and is better than the tip. At
// equal work that is a block which was connected before the tip was and gave
// way to a mark since taken back, or to blocks since marked.
func (t *tree) Hopeful(e *entry) bool {
	return e.linked && !e.bad() && better(e, t.headers.Tip())
}

// ProposeAll looks at every block again: after loading, and when the tip went
// back, so that branches that were too short may win.
func (t *tree) ProposeAll() {
	for _, e := range t.headers.All() {
		t.propose(e)
	}
}

// Goal is the best block that could be connected, that with the most work; nil
// when none is better than the tip. At equal work the first seen wins: what was
// connected before, then the body that came first. As long as the last answer is
// hopeful it stands, so that a long row of blocks is not looked through for each
// of them.
func (t *tree) Goal() *entry {
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

func better(a, b *entry) bool {
	if c := a.Node.Work.Cmp(b.Node.Work); c != 0 {
		return c > 0
	}
	if va, vb := a.valid, b.valid; va != vb {
		return va
	}
	return a.Body < b.Body
}
