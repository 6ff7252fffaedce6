package tree

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// node makes a header without work; the tree judges none.
func node(parent *chain.HeaderNode, salt uint32) *chain.HeaderNode {
	h := wire.BlockHeader{Version: 4, Nonce: salt, Bits: 0x207fffff, Timestamp: time.Unix(1_600_000_000, 0)}
	if parent != nil {
		h.PrevBlock = parent.Hash
	}
	return chain.NewHeaderNode(parent, h)
}

// naiveBest is the obvious search: most work of those not bad, first seen among
// equals.
func naiveBest(all []*Entry, bad map[*Entry]bool) *Entry {
	var best *Entry
	for _, e := range all {
		if !bad[e] && (best == nil || e.Node.Work.Cmp(best.Node.Work) > 0) {
			best = e
		}
	}
	return best
}

// Random growth, marks and reprieves agree with the naive search.
func TestBestIsTheFirstSeenWithTheMostWork(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 0))
		tr := New([]*chain.HeaderNode{node(nil, 0)})
		all, bad := []*Entry{tr.Genesis()}, map[*Entry]bool{}
		for i := range 300 {
			e := all[r.IntN(len(all))]
			switch k := r.IntN(20); {
			case k == 0 && e != tr.Genesis():
				tr.Mark(e, ByRule)
				for _, x := range all {
					bad[x] = bad[x] || e.IsAncestorOf(x)
				}
			case k == 1:
				tr.Unmark(e)
				for x := range bad {
					if x.IsAncestorOf(e) || e.IsAncestorOf(x) {
						delete(bad, x)
					}
				}
			default:
				x := tr.Insert(node(e.Node, uint32(i+1)))
				all = append(all, x)
				bad[x] = bad[e]
			}
			if err := tr.Check(); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, i, err)
			}
			want := naiveBest(all, bad)
			if got := tr.Best(); got.Node.Work != want.Node.Work {
				t.Fatalf("seed %d, step %d: best at %d, want %d", seed, i, got.Node.Height, want.Node.Height)
			}
		}
	}
}

func TestFirstSeenStaysBestAmongEquals(t *testing.T) {
	g := node(nil, 0)
	tr := New([]*chain.HeaderNode{g})
	first := tr.Insert(node(g, 1))
	tr.Insert(node(g, 2))
	if tr.Best() != first {
		t.Error("an equal header took the place of the first seen")
	}
}

// Nodes of another room, with pointers of its own, join ours by their hashes.
func TestForeignNodesAreMadeOurs(t *testing.T) {
	g := node(nil, 0)
	tr := New([]*chain.HeaderNode{g})
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
	tr := New([]*chain.HeaderNode{g})
	path := []*Entry{tr.Genesis()}
	for i := range 50 {
		path = append(path, tr.Insert(node(path[i].Node, uint32(i+1))))
	}
	side := tr.Insert(node(path[10].Node, 1000))
	tip := path[50]
	hash := func(e *Entry) *chain.Hash { return &e.Node.Hash }
	unknown := &chain.Hash{1}
	for _, c := range []struct {
		name    string
		locator []*chain.Hash
		stop    chain.Hash
		n       int32
		want    []*Entry
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
