package blocks

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// rig is a Fetcher over a chain of n headers that nobody validates.
type rig struct {
	*Fetcher
	joined p2p.PeerID
	path   []*headers.Entry
	at     time.Time
}

func newRig(n int) *rig {
	p := chain.RegTest()
	tr := headers.NewTree([]*chain.HeaderNode{p.Genesis()})
	r := &rig{path: []*headers.Entry{tr.Genesis()}, at: time.Unix(1_600_000_000, 0)}
	tr.SetTip(tr.Genesis())
	for i := range n {
		h := wire.BlockHeader{PrevBlock: r.path[i].Node.Hash, Bits: p.PowLimitBits}
		r.path = append(r.path, tr.Insert(chain.NewHeaderNode(r.path[i].Node, h)))
	}
	r.Fetcher = New(tr, rand.New(rand.NewPCG(1, 0)), chain.Work{})
	r.wait(0)
	return r
}

func (r *rig) wait(d time.Duration) {
	r.at = r.at.Add(d)
	r.Now(r.at)
}

// join makes a source.
func (r *rig) join(services wire.ServiceFlag, have, chosen bool) *Source {
	r.joined++
	kind := p2p.Inbound
	if chosen {
		kind = p2p.FullRelay
	}
	return r.Join(&p2p.Link{ID: r.joined, Kind: kind, Hello: p2p.Hello{Services: services, Have: have}})
}

// lates are the sources that are to be dropped now.
func (r *rig) lates() (drop []*Source) {
	here := slices.Clone(r.sources)
	for _, a := range r.Late() {
		i := slices.IndexFunc(here, func(p *Source) bool { return p.ID == a.(p2p.Drop).Peer })
		drop = append(drop, here[i])
	}
	return drop
}

// source joins one that has everything.
func (r *rig) source(have bool) *Source {
	p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, have, true)
	p.Has(r.path[len(r.path)-1])
	r.Changed()
	return p
}

// plan runs Plan and counts what is asked from each.
func (r *rig) plan(t *testing.T) map[*Source][]*headers.Entry {
	t.Helper()
	asked := map[*Source][]*headers.Entry{}
	for _, a := range r.Fetcher.plan(0) {
		asked[a.from] = append(asked[a.from], a.blocks...)
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	return asked
}

// deliver answers the first request of a source and connects what follows the tip.
func (r *rig) deliver(p *Source, size int) {
	e := p.flights[0].e
	r.Deliver(p, e, size)
	e.Stored = true
	tip := r.tree.Tip()
	for int(tip.Node.Height)+1 < len(r.path) && r.path[tip.Node.Height+1].Stored {
		tip = r.path[tip.Node.Height+1]
	}
	r.tree.SetTip(tip)
	r.Connected()
	r.Changed()
}

// Random deliveries, refusals, stalls and lost peers: no block is asked from two
// unless one is late or would come last, limits hold, and all is fetched.
func TestEverythingIsFetchedUnderAnyCircumstances(t *testing.T) {
	for seed := range uint64(20) {
		rnd, r := rand.New(rand.NewPCG(seed, 0)), newRig(400)
		var sources []*Source
		for range 4 {
			sources = append(sources, r.source(false))
		}
		steps := 0
		for ; r.tree.Tip() != r.path[400] && steps < 20_000; steps++ {
			r.wait(time.Duration(rnd.IntN(120)) * time.Millisecond)
			p := sources[rnd.IntN(len(sources))]
			switch k := rnd.IntN(40); {
			case k == 0 && len(sources) > 1:
				r.Leave(p)
				sources = append(sources[:0:0], sources...)
				for i := range sources {
					if sources[i] == p {
						sources = append(sources[:i], sources[i+1:]...)
						break
					}
				}
			case k == 1:
				sources = append(sources, r.source(false))
			case k == 2 && len(p.flights) > 0:
				e := p.flights[len(p.flights)-1].e
				r.NotFound(p, e)
				p.Top = nil
				p.Has(r.path[400])
			case k == 3:
				r.wait(5 * time.Second)
			case len(p.flights) > 0:
				r.deliver(p, 200+rnd.IntN(20_000))
			}
			for _, d := range r.lates() {
				r.Leave(d)
				for i := range sources {
					if sources[i] == d {
						sources = append(sources[:i], sources[i+1:]...)
						break
					}
				}
				if len(sources) == 0 {
					sources = append(sources, r.source(false))
				}
			}
			r.plan(t)
		}
		if r.tree.Tip() != r.path[400] {
			t.Errorf("seed %d: at %d of 400 after %d steps", seed, r.tree.Tip().Node.Height, steps)
		}
	}
}

// Patience doubles with each stall and comes back with each block, as in Core.
func TestPatienceDoublesAndComesBack(t *testing.T) {
	r := newRig(20)
	p := r.source(false)
	r.plan(t)
	for _, want := range []time.Duration{4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second, 64 * time.Second} {
		r.wait(p.lateAt.Sub(r.at))
		if r.Late(); !p.stalled || r.late != want {
			t.Fatalf("stalled %v, patience %v, want %v", p.stalled, r.late, want)
		}
		r.release(p)
		r.plan(t)
	}
	for range 40 {
		r.Connected()
	}
	if r.late != 2*time.Second {
		t.Errorf("patience after many blocks: %v", r.late)
	}
}

func TestLimitedPeersAreAskedForTheLastBlocksOnly(t *testing.T) {
	r := newRig(400)
	p := r.join(wire.SFNodeNetworkLimited|wire.SFNodeWitness, false, true)
	p.Has(r.path[400])
	r.Changed()
	r.wait(time.Second)
	for _, blocks := range r.plan(t) {
		for _, e := range blocks {
			if e.Node.Height <= 400-288 {
				t.Errorf("block %d was asked from a peer that promises the last 288", e.Node.Height)
			}
		}
	}
	for _, services := range []wire.ServiceFlag{wire.SFNodeNetwork, wire.SFNodeNetworkLimited, wire.SFNodeWitness, 0} {
		q := r.join(services, false, true)
		q.Has(r.path[400])
		r.Changed()
		if len(r.plan(t)[q]) > 0 {
			t.Errorf("asked from a peer with services %v", services)
		}
	}
}

// Newcomers take turns at a seed that knows nothing of them where much is missing. The newest
// blocks wait for nobody's turn.
func TestTurnsAreTakenWhereMuchIsMissing(t *testing.T) {
	for _, missing := range []int{1, turnsFrom - 1, turnsFrom} {
		r := newRig(missing)
		seed, newcomer := r.source(true), r.source(true)
		r.OnHave(seed, r.path[missing], msg.NewHave(r.path[missing].Node.Hash, 0))
		r.OnHave(newcomer, r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
		if asked := len(r.plan(t)[seed]) > 0; asked != (missing < turnsFrom) {
			t.Errorf("%d blocks missing: asked at once: %v", missing, asked)
		}
		r.wait(turnEach)
		if r.plan(t); len(seed.flights) == 0 {
			t.Errorf("%d blocks missing: the turn does not come", missing)
		}
	}
}

// What a newcomer fetches is not asked from the seed until patience ends, and
// then it is, though nothing else happens.
func TestPatienceWithNewcomersEnds(t *testing.T) {
	r := newRig(3)
	seed, newcomer := r.source(true), r.source(true)
	r.OnHave(seed, r.path[3], msg.NewHave(r.path[3].Node.Hash, 0))
	m := msg.NewHave(r.path[0].Node.Hash, 3)
	for i := range 3 {
		m.Fetching.Set(i)
	}
	r.OnHave(newcomer, r.path[0], m)
	if asked := r.plan(t); len(asked) > 0 {
		t.Fatalf("asked for what a newcomer is fetching: %v", asked)
	}
	due := r.Due()
	if due.IsZero() {
		t.Fatal("nothing ends the patience")
	}
	r.wait(due.Sub(r.at))
	r.plan(t)
	r.wait(turnEach) // it is our turn: others who have waited see the same
	if r.plan(t); len(seed.flights) == 0 {
		t.Error("patience does not end")
	}
	// A newcomer that has left is not waited for.
	r2 := newRig(3)
	seed, newcomer = r2.source(true), r2.source(true)
	r2.OnHave(seed, r2.path[3], msg.NewHave(r2.path[3].Node.Hash, 0))
	m.Last = r2.path[0].Node.Hash
	r2.OnHave(newcomer, r2.path[0], m)
	r2.plan(t)
	r2.Leave(newcomer)
	if asked := r2.plan(t); len(asked[seed]) == 0 {
		t.Error("a newcomer that left is waited for")
	}
}

// With the whole window asked for and the seed at hand, bodies that are held
// are told in runs.
func TestHaveSpeaksOfTheWayToTheBestHeader(t *testing.T) {
	r := newRig(10)
	for _, h := range []int{1, 2, 5, 7} {
		r.path[h].Stored = true
	}
	ms := r.Haves()
	if len(ms) != 1 || ms[0].Last != r.path[2].Node.Hash || ms[0].Count != 5 {
		t.Fatalf("%d messages, first %+v", len(ms), ms[0])
	}
	for i := range 5 {
		if ms[0].Held.Has(i) != (i == 2 || i == 4) {
			t.Errorf("block %d held: %v", i+3, ms[0].Held.Has(i))
		}
	}
}

func TestRateAndSizeFollowWhatComes(t *testing.T) {
	var r rate
	if r.perSecond(77) != 77 {
		t.Error("no guess before anything came")
	}
	for range 100 {
		r.add(600_000, time.Second)
	}
	for range 10 {
		r.add(60_000, time.Second)
	}
	if got := r.perSecond(0); got < 60_000 || got > 120_000 {
		t.Errorf("rate %f after ten seconds of 60 kB/s", got)
	}
	var b blockSize
	b.add(200)
	b.add(900_000)
	if b.guess() != 900_000 {
		t.Errorf("size %d after a large block", b.guess())
	}
	for range 500 {
		b.add(200)
	}
	if b.guess() > 1000 {
		t.Errorf("size %d after many small ones", b.guess())
	}
}

// Who promises to serve no blocks has announced one near our tip: it is asked, for
// the last sixteen at most.
func TestWhoServesNoBlocksIsAskedNearTheTip(t *testing.T) {
	for _, c := range []struct {
		ahead, asked int
		services     wire.ServiceFlag
	}{
		{1, 1, wire.SFNodeWitness}, {16, 16, wire.SFNodeWitness}, {17, 0, wire.SFNodeWitness},
		{1, 0, 0}, {16, 0, 0},
	} {
		r := newRig(100)
		r.tree.SetTip(r.path[100-c.ahead])
		p := r.join(c.services, false, false)
		p.Has(r.path[100])
		r.Changed()
		r.wait(time.Second)
		n := 0
		for asked := r.plan(t)[p]; len(asked) > 0; asked = r.plan(t)[p] {
			n += len(asked)
			for len(p.flights) > 0 {
				r.deliver(p, 300)
			}
		}
		if n != c.asked {
			t.Errorf("services %v, %d blocks ahead: %d are asked for, want %d", c.services, c.ahead, n, c.asked)
		}
	}
}

// A branch with as much work as ours is fetched: it is ahead with its next block.
// One with less is not, and what we hold of it is not asked for again.
func TestBranchesOfEqualWorkAreFetched(t *testing.T) {
	for own, want := range map[int]int{2: 3, 3: 3, 4: 0} {
		r := branchRig(own, 3)
		p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, false, true)
		p.Has(r.path[3])
		r.Changed()
		n := 0
		for asked := r.plan(t)[p]; len(asked) > 0; asked = r.plan(t)[p] {
			n += len(asked)
			for len(p.flights) > 0 {
				r.take(p)
			}
		}
		if n != want {
			t.Errorf("a branch of 3 beside %d of our own: %d are asked for, want %d", own, n, want)
		}
	}
}

// One peer has announced our tip and then two siblings of it, in one message or the
// other: all of them are fetched, each once, be it one that speaks gvhave or not.
func TestAllSiblingsThatAPeerAnnouncesAreFetched(t *testing.T) {
	for _, have := range []bool{false, true} {
		r := branchRig(3, 3)
		tip := r.tree.Tip()
		p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, have, true)
		says := func(e *headers.Entry) {
			p.Has(e)
			if have {
				r.OnHave(p, e, msg.NewHave(e.Node.Hash, 0))
			}
			r.Changed()
		}
		h := wire.BlockHeader{PrevBlock: r.path[2].Node.Hash, Bits: chain.RegTest().PowLimitBits, Nonce: 99}
		sibling := r.tree.Insert(chain.NewHeaderNode(r.path[2].Node, h))
		says(tip)
		if !have { // who speaks gvhave says so again and again
			says(r.path[3])
			says(sibling)
		}
		asked := map[*headers.Entry]int{}
		for range 10 {
			if have {
				says(r.path[3])
			}
			for _, e := range r.plan(t)[p] {
				asked[e]++
			}
			for len(p.flights) > 0 {
				r.take(p)
			}
			if have {
				says(sibling)
			}
			r.Changed()
		}
		for _, e := range []*headers.Entry{r.path[1], r.path[2], r.path[3], sibling} {
			if asked[e] != 1 {
				t.Errorf("have %v: block %d is asked for %d times", have, e.Node.Height, asked[e])
			}
		}
	}
}

// Where many sources have what is left, and that is little, a request is for several
// blocks: sharing all out evenly would take a request for each.
func TestLittleIsAskedOfACrowdInBatches(t *testing.T) {
	const blocks, sources, size = 100, 20, 250
	r := newRig(blocks)
	for range sources {
		r.source(false)
	}
	requests, left := 0, blocks
	for left > 0 {
		r.wait(shuffleFor)
		r.plan(t)
		busy := 0
		for _, p := range r.sources {
			if len(p.flights) > 0 {
				busy++
			}
			for len(p.flights) > 0 {
				r.deliver(p, size)
				left--
			}
		}
		if requests += busy; busy == 0 {
			t.Fatalf("%d blocks are left and nobody is asked", left)
		}
	}
	if requests > 2*sources {
		t.Errorf("%d requests for %d blocks", requests, blocks)
	}
}
