package chaintest_test

import (
	"errors"
	"testing"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// naive follows the most work by headers alone and refuses what the rules
// without coins refuse.
type naive struct {
	p     *chain.Params
	tip   *chain.HeaderNode
	known map[chain.Hash]bool
}

func (n *naive) Tip() *chain.HeaderNode { return n.tip }

func (n *naive) Submit(m chaintest.Mined) error {
	if n.known[m.Node.Hash] {
		return chain.ErrDuplicate
	}
	if err := check(n.p, m); err != nil {
		return err
	}
	n.known[m.Node.Hash] = true
	if m.Node.Work.Cmp(n.tip.Work) <= 0 {
		return chain.ErrInconclusive
	}
	n.tip = m.Node
	return nil
}

// failing counts what a test would have been failed for.
type failing struct {
	testing.TB
	failures int
}

func (f *failing) Fatalf(string, ...any) { f.failures++ }
func (f *failing) Helper()               {}

func TestTreesTellTheirLedger(t *testing.T) {
	p := chain.RegTest()
	n := &naive{p, p.Genesis(), map[chain.Hash]bool{}}
	tree := chaintest.NewTree(t, p, n)
	//   genesis - a1 - a2 - a3
	//                \ b1 - b2 - b3
	tree.Grow(chaintest.Genesis, "a", 3)
	if last := tree.Grow("a1", "b", 3); last != "b3" {
		t.Fatalf("the last is %s", last)
	}
	tree.AcceptRow("a", 3)
	tree.ExpectTip("a3")
	tree.Side("b1", "b2")
	tree.Reject("b2", chain.ErrDuplicate)
	tree.Accept("b3")
	tree.ExpectTip("b3")
	tree.Block("b3", "bad", chaintest.PayTo(make([]byte, 1_000_000)))
	tree.Reject("bad", chain.ErrBadBlockLength)
	tree.ExpectTip("b3")

	f := &failing{TB: t}
	strict := chaintest.NewTree(f, p, n)
	strict.Put("b3", tree.Named("b3"))
	strict.Put("a3", tree.Named("a3"))
	strict.Accept("b3")                 // a duplicate
	strict.Reject("b3", errors.New("")) // refused for another reason
	strict.ExpectTip("a3")
	strict.Named("nothing")
	if f.failures != 4 {
		t.Fatalf("%d of 4 faults were seen", f.failures)
	}
}
