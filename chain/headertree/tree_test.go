package headertree

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// kept is an entry of an owner who keeps nothing.
type kept struct{ Place[*kept] }

func plant(genesis *chain.HeaderNode) *Tree[*kept] {
	return New(genesis, func() *kept { return &kept{} })
}

// node makes a header without work; the tree checks none.
func node(parent *chain.HeaderNode, salt uint32) *chain.HeaderNode {
	h := wire.BlockHeader{Version: 4, Nonce: salt, Bits: 0x207fffff, Timestamp: time.Unix(1_600_000_000, 0)}
	if parent != nil {
		h.PrevBlock = parent.Hash
	}
	return chain.NewHeaderNode(parent, h)
}

// naive keeps the marks of a tree's headers, and looks at everything each time.
type naive struct {
	all   []*kept
	marks map[*kept]Badness // the gravest
}

func (n *naive) bad(e *kept) (worst Badness) {
	for ; e != nil; e = e.Parent {
		worst = max(worst, n.marks[e])
	}
	return worst
}

// best is the first of those with the most work that are not bad.
func (n *naive) best() (best *kept) {
	for _, e := range n.all {
		if n.bad(e) == Good && (best == nil || e.Node.Work.Cmp(best.Node.Work) > 0) {
			best = e
		}
	}
	return best
}

func (n *naive) unmark(e *kept) {
	for x := range n.marks {
		if x.IsAncestorOf(e) || e.IsAncestorOf(x) {
			delete(n.marks, x)
		}
	}
}

// Random growth, marks, reprieves and tips agree with the naive search.
func TestRandomTreesSayWhatTheNaiveOneSays(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 0))
		tr := plant(node(nil, 0))
		n := &naive{all: []*kept{tr.Genesis()}, marks: map[*kept]Badness{}}
		for i := range 300 {
			change(tr, n, r, uint32(i+1))
			compare(t, tr, n)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, i)
			}
		}
	}
}

func change(tr *Tree[*kept], n *naive, r *rand.Rand, salt uint32) {
	e := n.all[r.IntN(len(n.all))]
	switch k := r.IntN(20); {
	case k < 2 && e != tr.Genesis():
		why := []Badness{ByHand, ByRule}[r.IntN(2)]
		tr.Mark(e, why)
		n.marks[e] = max(n.marks[e], why)
	case k == 2:
		tr.Unmark(e)
		n.unmark(e)
	case k == 3:
		tr.SetTip(e)
	default:
		n.all = append(n.all, tr.Insert(node(e.Node, salt)))
	}
}

func compare(t *testing.T, tr *Tree[*kept], n *naive) {
	t.Helper()
	if err := tr.Check(); err != nil {
		t.Error(err)
	}
	if want := n.best(); tr.Best().Node.Work != want.Node.Work {
		t.Errorf("best at %d, want %d", tr.Best().Node.Height, want.Node.Height)
	}
	for _, e := range n.all {
		if e.Bad != n.bad(e) || tr.IsActive(e.Node) != e.IsAncestorOf(tr.Tip()) {
			t.Errorf("header at %d: bad %d, want %d; active %v", e.Node.Height, e.Bad, n.bad(e), tr.IsActive(e.Node))
		}
	}
}

// Core's rule for reconsiderblock: the marks of the named block, its ancestors
// and what builds on it go, and with a2's mark b3 is good again.
//
//	genesis - a1 - a2 - a3 - a4
//	             \   \- b3
//	              \- c2 - c3
func TestReconsideringABlockClearsItsAncestorsAndWhatBuildsOnThem(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	a1 := tr.Insert(node(g, 1))
	a2 := tr.Insert(node(a1.Node, 2))
	a3 := tr.Insert(node(a2.Node, 3))
	a4 := tr.Insert(node(a3.Node, 4))
	b3 := tr.Insert(node(a2.Node, 5))
	c2 := tr.Insert(node(a1.Node, 6))
	c3 := tr.Insert(node(c2.Node, 7))
	bad := func() (names []*kept) {
		for _, e := range tr.All() {
			if e.Bad != Good {
				names = append(names, e)
			}
		}
		return names
	}
	for _, c := range []struct {
		name  string
		marks []*kept
		named *kept
		still []*kept
	}{
		{"a mark above", []*kept{a2}, a3, nil},
		{"the mark itself", []*kept{a2}, a2, nil},
		{"a mark below", []*kept{a4}, a2, nil},
		{"marks above and below", []*kept{a2, a4}, a3, nil},
		{"beside it, by a mark of its own", []*kept{a2, b3}, a3, []*kept{b3}},
		{"on another branch", []*kept{a2, c2}, a3, []*kept{c2, c3}},
		{"a common ancestor's", []*kept{a1, c2}, b3, []*kept{c2, c3}},
	} {
		for _, e := range c.marks {
			tr.Mark(e, ByHand)
		}
		tr.Unmark(c.named)
		if got := bad(); !slices.Equal(got, c.still) {
			t.Errorf("%s: %d are bad still, want %d", c.name, len(got), len(c.still))
		}
		if err := tr.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, e := range tr.All() {
			tr.Unmark(e)
		}
	}
}

// Unmark names those whose records change, each once.
func TestUnmarkNamesThoseThatHadAMark(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	a := tr.Insert(node(g, 1))
	b := tr.Insert(node(a.Node, 2))
	c := tr.Insert(node(b.Node, 3))
	tr.Mark(a, ByHand)
	tr.Mark(c, ByHand)
	tr.Mark(c, ByRule)
	if got := tr.Unmark(b); !slices.Equal(got, []*kept{c, a}) {
		t.Errorf("%d had a mark", len(got))
	}
	if c.Marked(ByHand) || c.Marked(ByRule) || a.Marked(ByHand) {
		t.Error("a mark is still there")
	}
}

// A tree made again from its headers and their marks is the same tree.
func TestRestoredMarksSpread(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	a := tr.Restore(node(g, 1), ByHand)
	b := tr.Restore(node(a.Node, 2))
	c := tr.Restore(node(b.Node, 3), ByHand, ByRule)
	if a.Bad != ByHand || b.Bad != ByHand || b.Marked(ByHand) || c.Bad != ByRule || !c.Marked(ByHand) {
		t.Errorf("bad: %d %d %d", a.Bad, b.Bad, c.Bad)
	}
	if tr.Best() != tr.Genesis() {
		t.Error("a bad header is the best")
	}
	if err := tr.Check(); err != nil {
		t.Error(err)
	}
}

func TestForeignGenesisIsRefused(t *testing.T) {
	tr := plant(node(nil, 0))
	if e := tr.Insert(node(node(nil, 9), 1)); e != nil || tr.Len() != 1 {
		t.Error("a header of another network was taken")
	}
}

func TestFirstSeenStaysBestAmongEquals(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	first := tr.Insert(node(g, 1))
	tr.Insert(node(g, 2))
	if tr.Best() != first {
		t.Error("an equal header took the place of the first seen")
	}
}

// Nodes of another room, with pointers of its own, join ours by their hashes.
func TestForeignNodesAreMadeOurs(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	a := tr.Insert(node(g, 1))
	foreign := node(node(node(nil, 0), 1), 2)
	e := tr.Insert(foreign)
	if e.Parent != a || e.Node.Parent != a.Node {
		t.Error("a foreign node hangs on its own parents")
	}
	if err := tr.Check(); err != nil {
		t.Error(err)
	}
}

func TestFollowAnswersLocators(t *testing.T) {
	g := node(nil, 0)
	tr := plant(g)
	path := []*kept{tr.Genesis()}
	for i := range 50 {
		path = append(path, tr.Insert(node(path[i].Node, uint32(i+1))))
	}
	side := tr.Insert(node(path[10].Node, 1000))
	tip := path[50]
	hash := func(e *kept) *chain.Hash { return &e.Node.Hash }
	unknown := &chain.Hash{1}
	for _, c := range []struct {
		name    string
		locator []*chain.Hash
		stop    chain.Hash
		n       int32
		want    []*kept
	}{
		{"the first one known", []*chain.Hash{unknown, hash(path[40]), hash(path[30])}, chain.Hash{}, 2000, path[41:]},
		{"a side branch is not known", []*chain.Hash{hash(side), hash(path[10])}, chain.Hash{}, 2000, path[11:]},
		{"none known: from genesis", []*chain.Hash{unknown}, chain.Hash{}, 2000, path[1:]},
		{"no more than n", []*chain.Hash{hash(path[5])}, chain.Hash{}, 7, path[6:13]},
		{"up to the stop hash", []*chain.Hash{hash(path[5])}, *hash(path[8]), 2000, path[6:9]},
		{"nothing after the tip", []*chain.Hash{hash(tip)}, chain.Hash{}, 2000, nil},
	} {
		if got := tr.Follow(tip, c.locator, c.stop, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%s: %d entries, want %d", c.name, len(got), len(c.want))
		}
	}
}

func TestBetweenIsWithoutItsLowerEnd(t *testing.T) {
	tr := plant(node(nil, 0))
	path := []*kept{tr.Genesis()}
	for i := range uint32(3) {
		path = append(path, tr.Insert(node(path[i].Node, i)))
	}
	for low := range path {
		if got := Between(path[low], path[3]); !slices.Equal(got, path[low+1:]) {
			t.Errorf("above %d: %v", low, got)
		}
	}
	if got := Between(nil, path[3]); !slices.Equal(got, path) {
		t.Errorf("above nothing: %v, want all with genesis", got)
	}
	if got := Between(path[0], nil); got != nil {
		t.Errorf("up to nothing: %v", got)
	}
}
