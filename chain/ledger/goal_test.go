package ledger

import (
	"math/rand/v2"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// naive keeps what a Tree should say, by looking at everything each time.
type naive struct {
	order  []*chain.HeaderNode // as added
	bodies []*chain.HeaderNode // as stored
	failed map[*chain.HeaderNode]bool
	valid  map[*chain.HeaderNode]bool
	lost   map[*chain.HeaderNode]bool
	tip    *chain.HeaderNode
}

func naiveOf(genesis *chain.HeaderNode) *naive {
	return &naive{order: []*chain.HeaderNode{genesis}, bodies: []*chain.HeaderNode{genesis}, tip: genesis,
		failed: map[*chain.HeaderNode]bool{}, valid: map[*chain.HeaderNode]bool{genesis: true}, lost: map[*chain.HeaderNode]bool{}}
}

func (n *naive) bad(at *chain.HeaderNode) bool {
	for ; at != nil; at = at.Parent {
		if n.failed[at] {
			return true
		}
	}
	return false
}

func (n *naive) linked(at *chain.HeaderNode) bool {
	for ; at != nil; at = at.Parent {
		if !at.IsAncestorOf(n.tip) && (n.stored(at) < 0 || n.lost[at]) {
			return false
		}
	}
	return true
}

func (n *naive) stored(at *chain.HeaderNode) int {
	for i, b := range n.bodies {
		if b == at {
			return i
		}
	}
	return -1
}

// goal is the linked good block with the most work; then one that was connected
// before, then the body that came first; nil if that is the tip or has less.
func (n *naive) goal() (best *chain.HeaderNode) {
	for _, valid := range []bool{true, false} {
		for _, b := range n.bodies {
			if n.valid[b] == valid && !n.bad(b) && n.linked(b) && b.Height >= n.tip.Height &&
				(best == nil || b.Height > best.Height) {
				best = b
			}
		}
	}
	if best == n.tip {
		return nil
	}
	return best
}

func (n *naive) best() (best *chain.HeaderNode) {
	for _, h := range n.order {
		if !n.bad(h) && (best == nil || h.Height > best.Height) {
			best = h
		}
	}
	return best
}

func child(parent *chain.HeaderNode, nonce uint32) *chain.HeaderNode {
	h := wire.BlockHeader{PrevBlock: parent.Hash, Nonce: nonce, Bits: chaincfg.RegressionNetParams.PowLimitBits}
	return chain.NewHeaderNode(parent, h)
}

func TestRandomTreesSayWhatTheNaiveOneSays(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		genesis := chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header)
		tr := newTree(genesis)
		tr.begin(blockOf(100))
		n := naiveOf(genesis)
		for step := range 150 {
			change(tr, n, rng, uint32(step))
			compare(t, tr, n)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
	}
}

func change(tr *tree, n *naive, rng *rand.Rand, step uint32) {
	any := n.order[rng.IntN(len(n.order))]
	e, _ := tr.entry(any.Hash)
	switch k := rng.IntN(12); {
	case k < 4:
		c := child(any, step)
		tr.Add(c)
		n.order = append(n.order, c)
	case k < 7:
		if n.stored(any) < 0 {
			n.bodies = append(n.bodies, any)
		} else if !n.lost[any] {
			return
		}
		tr.store(e, blockOf(100))
		delete(n.lost, any)
	case k == 7:
		if any.Parent != nil && !any.IsAncestorOf(n.tip) {
			n.failed[any] = true
			if rng.IntN(2) == 0 {
				tr.markByHand(e)
			} else {
				tr.markFailed(e, chain.Broken(chain.ErrCoinbaseAmount, "%d", step))
			}
		}
	case k == 8:
		tr.unmark(e)
		for at := range n.failed {
			if at.IsAncestorOf(any) || any.IsAncestorOf(at) {
				delete(n.failed, at)
			}
		}
	case k == 9:
		n.lose(tr, e)
	case k == 10: // a bad branch is left, a block or a few at a time
		for range rng.IntN(4) {
			if n.tip.Parent != nil && n.stored(n.tip) >= 0 && !n.lost[n.tip] {
				n.tip = n.tip.Parent
				back, _ := tr.entry(n.tip.Hash)
				tr.setActive(back, func() {})
			}
		}
	default:
		if goal := tr.Goal(); goal != nil {
			if rng.IntN(2) == 0 { // while the move is under way
				n.lose(tr, e)
			}
			n.move(tr, goal)
		}
	}
}

func (n *naive) lose(tr *tree, e *entry) {
	if e.has() && e.Parent != nil {
		tr.lose(e)
		n.lost[e.Node] = true
	}
}

// move makes goal the tip, as the ledger does once all is validated.
func (n *naive) move(tr *tree, goal *entry) {
	before := n.tip
	tr.setActive(goal, func() {})
	tr.setValid(goal)
	n.tip, n.valid[goal.Node] = goal.Node, true
	for _, at := range []*chain.HeaderNode{before, goal.Node} {
		for fork := chain.Fork(before, goal.Node); at != fork; at = at.Parent {
			if n.lost[at] {
				e, _ := tr.entry(at.Hash)
				tr.lose(e)
			}
		}
	}
}

func compare(t *testing.T, tr *tree, n *naive) {
	t.Helper()
	goal, want := tr.Goal(), n.goal()
	if (goal == nil) != (want == nil) || goal != nil && goal.Node != want {
		t.Errorf("goal %v, want %v", goal, want)
	}
	if want == nil {
		want = n.tip
	}
	if got := (&Ledger{tree: tr}).Goal(); got != want { // for who asks before there is a writer
		t.Errorf("goal %d, want %d", got.Height, want.Height)
	}
	if tr.BestHeader().Work != n.best().Work || n.bad(tr.BestHeader()) || tr.Tip() != n.tip {
		t.Errorf("best at %d, tip at %d; want %d and %d", tr.BestHeader().Height, tr.Tip().Height, n.best().Height, n.tip.Height)
	}
	for _, h := range n.order {
		e, ok := tr.entry(h.Hash)
		if !ok || e.bad() != n.bad(h) || e.linked != n.linked(h) || tr.isActive(h) != h.IsAncestorOf(n.tip) {
			t.Errorf("block at %d: bad %v, linked %v, active %v", h.Height, e.bad(), e.linked, tr.isActive(h))
		}
		if e.bad() && e.reason() == nil {
			t.Errorf("no reason for the bad block at %d", h.Height)
		}
	}
}

// What is written and read again is the same tree.
func TestRecordsMakeTheTreeAgain(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	genesis := chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header)
	tr := newTree(genesis)
	tr.begin(blockOf(100))
	n := naiveOf(genesis)
	for step := range uint32(300) {
		change(tr, n, rng, step)
	}
	again := newTree(genesis)
	for i := range tr.Len() {
		if err := again.load(uint32(i), tr.numbered(uint32(i)).record()); err != nil {
			t.Fatal(err)
		}
	}
	tip, _ := again.entry(tr.Tip().Hash)
	again.Loaded(tip)
	if again.nextBody != tr.nextBody || again.BestHeader().Hash != tr.BestHeader().Hash {
		t.Error("next body or best header differ")
	}
	for i := range tr.Len() {
		a, b := tr.numbered(uint32(i)), again.numbered(uint32(i))
		if a.Node.Hash != b.Node.Hash || a.Bad != b.Bad || a.linked != b.linked || a.record().Flags != b.record().Flags || a.Body != b.Body {
			t.Errorf("header %d became %+v, was %+v", i, b, a)
		}
		if a.why != nil && (b.why == nil || a.why.Error() != b.why.Error()) {
			t.Errorf("header %d is bad for %v, was for %v", i, b.why, a.why)
		}
	}
	if err := again.load(uint32(tr.Len()+5), tr.numbered(1).record()); err == nil {
		t.Error("a gap in the numbers was taken")
	}
}

func TestForeignGenesisIsRefused(t *testing.T) {
	tr := newTree(chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header))
	tr.begin(blockOf(100))
	other := chain.NewHeaderNode(nil, chaincfg.MainNetParams.GenesisBlock.Header)
	if e, added := tr.Add(child(other, 1)); e != nil || added != nil {
		t.Error("a header of another network was taken")
	}
	if _, ok := tr.entry(other.Hash); ok {
		t.Error("its genesis is there")
	}
}

// When the tip has gone back, a branch that was too short for the old tip goes
// before one that came since, if it is better: it has more work, or came first.
func TestBranchesThatWereTooShortCountWhenTheTipGoesBack(t *testing.T) {
	for _, c := range []struct{ first, since int }{{4, 3}, {5, 5}, {5, 3}} {
		genesis := chain.NewHeaderNode(nil, chaincfg.RegressionNetParams.GenesisBlock.Header)
		tr := newTree(genesis)
		tr.begin(blockOf(100))
		row := func(nonce uint32, n int) (last *entry) {
			at := genesis
			for range n {
				at = child(at, nonce)
				last, _ = tr.Add(at)
				tr.store(last, blockOf(100))
			}
			return last
		}
		tip := row(1, 5)
		tr.setActive(tip, func() {})
		short := row(2, c.first)
		if tr.Goal() != nil {
			t.Fatal("a branch with no more work is the goal")
		}
		tr.markFailed(tip.Parent.Parent, chain.Broken(chain.ErrCoinbaseAmount, ""))
		tr.setActive(tr.headers.AtHeight(3), func() {})
		tr.setActive(tr.headers.AtHeight(2), func() {})
		row(3, c.since)
		if goal := tr.Goal(); goal != short {
			t.Errorf("%+v: the goal is the branch that came since", c)
		}
	}
}

// blockOf is a block of so many bytes.
func blockOf(n int) *chain.Block { return &chain.Block{Raw: make([]byte, n)} }
