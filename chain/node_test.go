package chain_test

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// randomTree grows headers, each on a parent not far from the tip, with times
// that go back and forth.
func randomTree(rnd *rand.Rand, n int) []*chain.HeaderNode {
	nodes := []*chain.HeaderNode{chain.RegTest().Genesis()}
	for range n {
		parent := nodes[max(0, len(nodes)-1-rnd.Intn(5)*rnd.Intn(40))]
		h := wire.BlockHeader{PrevBlock: parent.Hash, Nonce: rnd.Uint32(), Bits: 0x207fffff,
			Timestamp: parent.Header.Timestamp.Add(time.Duration(rnd.Intn(1200)-300) * time.Second)}
		nodes = append(nodes, chain.NewHeaderNode(parent, h))
	}
	return nodes
}

// path is the way from genesis to n by Parent alone.
func path(n *chain.HeaderNode) (p []*chain.HeaderNode) {
	for ; n != nil; n = n.Parent {
		p = append(p, n)
	}
	slices.Reverse(p)
	return p
}

func TestAncestorsAndForksAgreeWithWalkingParents(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	nodes := randomTree(rnd, 3000)
	for range 300 {
		a, b := nodes[rnd.Intn(len(nodes))], nodes[rnd.Intn(len(nodes))]
		pa, pb := path(a), path(b)
		for range 20 {
			h := int32(rnd.Intn(len(pa)))
			if a.Ancestor(h) != pa[h] {
				t.Fatalf("ancestor of %d at %d differs", a.Height, h)
			}
		}
		if a.Ancestor(-1) != nil || a.Ancestor(a.Height+1) != nil || a.Ancestor(a.Height) != a {
			t.Fatal("heights outside are not refused")
		}
		k := 0
		for k < len(pa) && k < len(pb) && pa[k] == pb[k] {
			k++
		}
		if chain.Fork(a, b) != pa[k-1] {
			t.Fatalf("fork of %d and %d is not at %d", a.Height, b.Height, k-1)
		}
		if a.IsAncestorOf(b) != (k == len(pa)) {
			t.Fatal("IsAncestorOf differs")
		}
	}
	other := chain.NewHeaderNode(nil, wire.BlockHeader{Nonce: 7})
	if chain.Fork(nodes[9], other) != nil {
		t.Fatal("two trees have a fork")
	}
}

func TestMedianTimeIsTheMiddleOfTheLastEleven(t *testing.T) {
	nodes := randomTree(rand.New(rand.NewSource(2)), 500)
	for _, n := range nodes {
		p := path(n)
		var times []int64
		for _, m := range p[max(0, len(p)-11):] {
			times = append(times, m.Header.Timestamp.Unix())
		}
		slices.Sort(times)
		if got, want := n.MedianTimePast(), times[len(times)/2]; got != want {
			t.Fatalf("height %d: got %d, want %d", n.Height, got, want)
		}
	}
}

func TestWorkAddsUp(t *testing.T) {
	nodes := randomTree(rand.New(rand.NewSource(3)), 200)
	for _, n := range nodes {
		var want chain.Work
		for range n.Height + 1 {
			want = want.Add(chain.WorkOf(0x207fffff))
		}
		if n.Work != want {
			t.Fatalf("height %d: got %s, want %s", n.Height, n.Work, want)
		}
	}
	if nodes[1].Work.Cmp(nodes[0].Work) != 1 || nodes[0].Work.Cmp(nodes[1].Work) != -1 || nodes[0].Work.Cmp(nodes[0].Work) != 0 {
		t.Fatal("comparison is wrong")
	}
	carry := chain.Work{0, 0, 0, 1<<64 - 1}.Add(chain.Work{0, 0, 0, 1})
	if carry != (chain.Work{0, 0, 1, 0}) {
		t.Fatalf("carry is lost: %s", carry)
	}
}

func TestHeaderHashIsWires(t *testing.T) {
	rnd := rand.New(rand.NewSource(5))
	for range 200 {
		h := wire.BlockHeader{Version: int32(rnd.Uint32()), Bits: rnd.Uint32(), Nonce: rnd.Uint32(),
			Timestamp: time.Unix(int64(rnd.Uint32()), 0)}
		rnd.Read(h.PrevBlock[:])
		rnd.Read(h.MerkleRoot[:])
		if chain.HeaderHash(&h) != h.BlockHash() {
			t.Fatalf("%+v", h)
		}
	}
}

// Whether bits change or not, work is the sum of what each header's are worth.
func TestWorkFollowsChangesOfDifficulty(t *testing.T) {
	rnd := rand.New(rand.NewSource(6))
	node := chain.MainNet().Genesis()
	want := chain.WorkOf(node.Header.Bits)
	bits := []uint32{0x1d00ffff, 0x1b0404cb, 0x1a05db8b, 0}
	for range 500 {
		h := wire.BlockHeader{PrevBlock: node.Hash, Bits: node.Header.Bits, Nonce: rnd.Uint32()}
		if rnd.Intn(3) == 0 {
			h.Bits = bits[rnd.Intn(len(bits))]
		}
		node = chain.NewHeaderNode(node, h)
		if want = want.Add(chain.WorkOf(h.Bits)); node.Work != want {
			t.Fatalf("height %d: %s, want %s", node.Height, node.Work, want)
		}
	}
}

func TestWorkTimesIsAddingOftenAndIsReadAsItIsPrinted(t *testing.T) {
	rnd := rand.New(rand.NewSource(4))
	for range 200 {
		w := chain.Work{0, rnd.Uint64() >> 8, rnd.Uint64(), rnd.Uint64()}
		k, sum := rnd.Intn(200), chain.Work{}
		for range k {
			sum = sum.Add(w)
		}
		if got := w.Times(uint64(k)); got != sum {
			t.Fatalf("%s × %d is %s, want %s", w, k, got, sum)
		}
		if got, err := chain.ParseWork(w.String()); err != nil || got != w {
			t.Fatalf("%s is read as %s, %v", w, got, err)
		}
	}
	if got, err := chain.ParseWork("0x1f"); err != nil || got != (chain.Work{0, 0, 0, 31}) {
		t.Errorf("0x1f is read as %s, %v", got, err)
	}
	for _, bad := range []string{"", "0x", "g", "-1", "+1", "1 ", "1_0", strings.Repeat("1", 65)} {
		if got, err := chain.ParseWork(bad); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
}

func TestLocatorThinsOutTowardsGenesis(t *testing.T) {
	node := chain.RegTest().Genesis()
	if got := chain.Locator(node); len(got) != 1 || got[0] != node.Hash {
		t.Fatalf("at genesis: %v", got)
	}
	for i := range 100_000 {
		node = chain.NewHeaderNode(node, wire.BlockHeader{PrevBlock: node.Hash, Nonce: uint32(i)})
	}
	locator := chain.Locator(node)
	if len(locator) > 30 {
		t.Fatalf("%d hashes for 100,000 headers", len(locator))
	}
	for i, h := range locator[:10] {
		if node.Ancestor(node.Height-int32(i)).Hash != h {
			t.Fatalf("hash %d is not the %d-th last header's", i, i)
		}
	}
	if locator[len(locator)-1] != node.Ancestor(0).Hash {
		t.Fatal("genesis is missing")
	}
}
