package headertree

import (
	"errors"
	"fmt"

	"grapevine/chain"
)

// Follow lists at most n entries on the way to end, after the first that the
// locator names there (genesis when it names none), up to the stop hash: the
// answer to getheaders and getblocks [FindForkInGlobalIndex].
func (t *Tree[E]) Follow(end E, locator []*chain.Hash, stop chain.Hash, n int32) []E {
	from := t.all[0]
	for _, h := range locator {
		var none E
		if e := t.byHash[*h]; e != none && e.place().IsAncestorOf(end) {
			from = e
			break
		}
	}
	if top := from.place().Node.Height + n; end.place().Node.Height > top {
		end = t.Ancestor(end, top)
	}
	run := Between(from, end)
	for i, e := range run {
		if e.place().Node.Hash == stop {
			return run[:i+1]
		}
	}
	return run
}

// Check proves what must hold between the entries.
func (t *Tree[E]) Check() error {
	for i, e := range t.all {
		if err := t.check(i, e); err != nil {
			return fmt.Errorf("header %s: %w", e.place().Node.Hash, err)
		}
	}
	best := t.best.place()
	if best.Bad != Good && t.best != t.Genesis() {
		return fmt.Errorf("best header %s is bad", best.Node.Hash)
	}
	for h, e := range t.active {
		if e.place().Node.Height != int32(h) || !e.place().IsAncestorOf(t.Tip()) {
			return fmt.Errorf("the verified chain has a foreign header at %d", h)
		}
	}
	return nil
}

func (t *Tree[E]) check(i int, e E) error {
	p := e.place()
	if t.byHash[p.Node.Hash] != e || int(p.Num) != i {
		return errors.New("is not where it should be")
	}
	bad := p.marks.worst()
	if i > 0 {
		up := p.Parent.place()
		if up.Num >= p.Num || p.Node.Parent != up.Node {
			return errors.New("comes before its parent")
		}
		bad = max(bad, up.Bad)
	}
	switch best := t.best.place(); {
	case p.Bad != bad:
		return fmt.Errorf("badness %d, want %d", p.Bad, bad)
	case p.Bad == Good && p.Node.Work.Cmp(best.Node.Work) > 0:
		return errors.New("has more work than the best")
	}
	return nil
}
