package headertree

// Mark marks e invalid; all that build on it are bad with it [invalidateblock,
// InvalidChainFound].
func (t *Tree[E]) Mark(e E, why Badness) {
	p := e.place()
	if p.Marked(why) || why == Good {
		return
	}
	p.marks |= bit(why)
	t.spread(e)
}

// Unmark takes the marks from e, its ancestors and all that build on it, and
// gives those that had one [ReconsiderBlock, ResetBlockFailureFlags]. A block
// beside e that was bad only for an ancestor's mark is good with it; one with a
// mark of its own stays bad.
func (t *Tree[E]) Unmark(e E) (changed []E) {
	unmark := func(at E) bool {
		p := at.place()
		had := p.marks != 0
		if had {
			changed = append(changed, at)
		}
		p.marks = 0
		return had
	}
	t.Walk(e, func(at E) bool { unmark(at); return true })
	var none E
	top := e
	for at := e.place().Parent; at != none; at = at.place().Parent {
		if unmark(at) {
			top = at
		}
	}
	t.spread(top)
	return changed
}

// spread works out again who is bad from e on, after a mark of e was changed.
func (t *Tree[E]) spread(e E) {
	var none E
	t.Walk(e, func(at E) bool {
		p := at.place()
		p.Bad = p.marks.worst()
		if p.Parent != none {
			p.Bad = max(p.Bad, p.Parent.place().Bad)
		}
		return true
	})
	t.chooseBest()
}

// chooseBest looks for the best header again, beginning with the verified tip
// [RecalculateBestHeader].
func (t *Tree[E]) chooseBest() {
	t.best = t.Genesis()
	t.consider(t.Tip())
	for _, e := range t.all {
		t.consider(e)
	}
}

// consider makes e the best header if it is better than that.
func (t *Tree[E]) consider(e E) {
	p, best := e.place(), t.best.place()
	if p.Bad == Good && p.Node.Work.Cmp(best.Node.Work) > 0 {
		t.best = e
	}
}
