package blocks

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// branchRig is a rig whose verified chain is own blocks long, all held; path is
// another of n blocks from genesis, of which nothing is.
func branchRig(own, n int) *rig {
	r := newRig(n)
	tip := r.tree.Genesis()
	for i := range own {
		h := wire.BlockHeader{PrevBlock: tip.Node.Hash, Bits: chain.RegTest().PowLimitBits, Nonce: uint32(i + 1)}
		tip = r.tree.Insert(chain.NewHeaderNode(tip.Node, h))
		tip.Stored = true
	}
	r.tree.SetTip(tip)
	return r
}

// take answers the first request of a source. The body is stored; the branch is
// connected when it outweighs the verified chain.
func (r *rig) take(p *Source) {
	e := p.flights[0].e
	r.Deliver(p, e, 300)
	e.Stored = true
	r.connect()
}

func (r *rig) connect() {
	tip := r.tree.Tip()
	for h := 1; h < len(r.path) && r.path[h].Stored; h++ {
		if r.path[h].Node.Work.Cmp(tip.Node.Work) > 0 {
			tip = r.path[h]
		}
	}
	if tip != r.tree.Tip() {
		r.tree.SetTip(tip)
		r.Connected()
	}
	r.Changed()
}

// fetchAll answers what is asked, at random, until nothing is in flight.
func (r *rig) fetchAll(t *testing.T, rnd *rand.Rand, sources ...*Source) {
	t.Helper()
	for idle := 0; idle < 10; {
		asked := len(r.plan(t)) + r.count
		r.wait(10 * time.Millisecond)
		for _, p := range sources {
			for range rnd.IntN(20) + 1 {
				if len(p.flights) > 0 {
					r.take(p)
				}
			}
		}
		if idle++; asked > 0 {
			idle = 0
		}
	}
}

// A branch that starts to outweigh only at its end is fetched whole, however
// long it is: the window counts from the last block held of it.
func TestT63_ADeepBranchIsFetchedToItsEnd(t *testing.T) {
	for _, n := range []int{1, 2, window - 1, window, window + 1, 2*window + 1, 5000} {
		for _, peers := range []int{1, 4} {
			for _, have := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d blocks, %d peers, have %v", n, peers, have), func(t *testing.T) {
					r := branchRig(n-1, n)
					var sources []*Source
					for range peers {
						p := r.source(have)
						if have {
							r.OnHave(p, r.path[n], haveAll(r.path[n]))
						}
						sources = append(sources, p)
					}
					r.fetchAll(t, rand.New(rand.NewPCG(1, uint64(n))), sources...)
					if r.tree.Tip() != r.path[n] {
						t.Errorf("tip is at %d, %d of the branch are held", r.tree.Tip().Node.Height, r.heldOf())
					}
				})
			}
		}
	}
}

func (r *rig) heldOf() (n int) {
	for _, e := range r.path[1:] {
		if e.Stored {
			n++
		}
	}
	return n
}

// What is held of a branch when the node starts again counts.
func TestT63_AHalfFetchedBranchIsGoneOnWithAfterARestart(t *testing.T) {
	for _, held := range []int{1, window - 1, window, window + 1, 2999} {
		r := branchRig(2999, 3000)
		for _, e := range r.path[1 : held+1] {
			e.Stored = true
		}
		p := r.source(false)
		r.refreshRoute()
		r.wait(time.Second) // the first blocks of a sync are asked for in no order
		first := r.plan(t)[p]
		if len(first) == 0 || first[0] != r.path[held+1] {
			t.Fatalf("%d held: %d are asked for", held, len(first))
		}
		for _, e := range first {
			if e.Stored {
				t.Errorf("%d held: the one at %d is asked for again", held, e.Node.Height)
			}
		}
		r.fetchAll(t, rand.New(rand.NewPCG(2, 0)), p)
		if r.tree.Tip() != r.path[3000] {
			t.Errorf("%d held: tip is at %d", held, r.tree.Tip().Node.Height)
		}
	}
}

// A source whose branch is not our best is followed as deep.
func TestT63_ADeepBranchBesideTheBestOneIsFetched(t *testing.T) {
	r := branchRig(2499, 2500)
	longer := r.tree.Genesis() // nobody here has its bodies
	for i := range 2600 {
		h := wire.BlockHeader{PrevBlock: longer.Node.Hash, Bits: chain.RegTest().PowLimitBits, Nonce: uint32(i + 1), Version: 9}
		longer = r.tree.Insert(chain.NewHeaderNode(longer.Node, h))
	}
	p := r.source(false)
	r.fetchAll(t, rand.New(rand.NewPCG(3, 0)), p)
	if r.tree.Tip() != r.path[2500] || r.tree.Best() != longer {
		t.Errorf("tip is at %d", r.tree.Tip().Node.Height)
	}
}

// Bodies beyond what is verified are bounded: of a branch that outweighs the
// verified chain, and is not connected, a window is asked for and no more.
func TestT63_BodiesThatAreNotConnectedAreBoundedByWork(t *testing.T) {
	for _, own := range []int{0, 100, 1500} {
		r := branchRig(own, own+3*window)
		p := r.source(false)
		for idle := 0; idle < 3; idle++ {
			for len(r.plan(t)) > 0 || len(p.flights) > 0 {
				idle = 0
				e := p.flights[0].e
				r.Deliver(p, e, 300)
				e.Stored = true
				r.Changed()
			}
		}
		if n := r.heldOf(); n > own+window || n <= own+window-window/8 {
			t.Errorf("%d of the branch are held beside %d of our own, want a window more", n, own)
		}
	}
}

// A body of the branch that turns out damaged is asked for again, though the
// window has passed it.
func TestT63_ABodyOfTheBranchThatIsLostIsAskedForAgain(t *testing.T) {
	r := branchRig(2999, 3000)
	for _, e := range r.path[1:2001] {
		e.Stored = true
	}
	p := r.source(false)
	r.refreshRoute()
	r.wait(time.Second)
	r.plan(t)
	lost := r.path[500]
	lost.Stored, lost.Lost = false, true
	r.Lost(lost)
	r.release(p)
	if asked := r.plan(t)[p]; len(asked) == 0 || asked[0] != lost {
		t.Fatalf("%d are asked for, not the lost one first", len(asked))
	}
	r.fetchAll(t, rand.New(rand.NewPCG(4, 0)), p)
	if r.tree.Tip() != r.path[3000] {
		t.Errorf("tip is at %d", r.tree.Tip().Node.Height)
	}
}

// The way is the same as one that is looked for anew each time.
func TestTheWayIsWhereTheNaiveOneIs(t *testing.T) {
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		r := branchRig(1200+rnd.IntN(1000), 2500)
		for step := range 400 {
			e := r.path[1+rnd.IntN(2500)]
			switch k := rnd.IntN(20); {
			case k == 0 && e.Stored && !e.IsAncestorOf(r.tree.Tip()):
				e.Stored, e.Lost = false, true
				r.Lost(e)
			case k < 3:
				r.connect()
			default:
				run := rnd.IntN(60)
				for ; e.Stored && run > 0 && int(e.Node.Height) < 2500; run-- {
					e = r.path[e.Node.Height+1]
				}
				for h := int(e.Node.Height); h < min(int(e.Node.Height)+run, 2501); h++ {
					r.path[h].Stored, r.path[h].Lost = true, false
				}
				r.Reopen(e)
			}
			r.refreshRoute()
			fork := r.tree.Fork(r.tree.Tip(), r.tree.Best())
			want := fork
			for want != r.tree.Best() {
				next := r.tree.Ancestor(r.tree.Best(), want.Node.Height+1)
				if !next.Stored || next.Node.Work.Cmp(r.tree.Tip().Node.Work) > 0 {
					break
				}
				want = next
			}
			if got := r.route.base; want.Node.Height-got.Node.Height >= window/8 || !got.IsAncestorOf(want) {
				t.Fatalf("seed %d, step %d: the way begins at %d, want %d", seed, step, got.Node.Height, want.Node.Height)
			}
			for i, e := range r.route.path {
				if e.Needed() && i < r.route.cursor || i < r.route.held && !e.Stored {
					t.Fatalf("seed %d, step %d: cursor %d, held %d are beyond block %d of the way, which is needed", seed, step, r.route.cursor, r.route.held, i)
				}
			}
		}
	}
}

// haveAll says that last and all before it are held.
func haveAll(last *headers.Entry) *msg.Have { return msg.NewHave(last.Node.Hash, 0) }
