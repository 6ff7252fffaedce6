package headers

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/chain/headertree"
	"grapevine/p2p"
)

type talkers struct {
	*Sync
	blocks []chaintest.Mined
	tops   map[p2p.PeerID]int32 // highest block that each peer is known to have
}

func newTalkers(t *testing.T, n int) *talkers {
	p := chain.RegTest()
	tr := NewTree([]*chain.HeaderNode{p.Genesis()})
	tr.SetTip(tr.Genesis())
	s := New(p, tr, rand.New(rand.NewPCG(1, 0)), slog.New(slog.DiscardHandler))
	x := &talkers{Sync: s, tops: map[p2p.PeerID]int32{}}
	x.blocks = chaintest.Grow(t, p, p.Genesis(), chaintest.Times(n))
	x.Now(x.blocks[n-1].Node.Header.Timestamp.Add(time.Minute))
	return x
}

func (x *talkers) join(id p2p.PeerID) *Talk {
	t := x.Join(&p2p.Link{ID: id, Kind: p2p.FullRelay}, known{x, id})
	x.Actions()
	return t
}

// known notes what a peer has.
type known struct {
	x  *talkers
	id p2p.PeerID
}

func (k known) Has(e *Entry) { k.x.tops[k.id] = max(k.x.tops[k.id], e.Node.Height) }
func (k known) Best() *Entry { return nil }

func (x *talkers) run(from, to int) (hs []*wire.BlockHeader) {
	for _, b := range x.blocks[from-1 : to] {
		hs = append(hs, &b.Node.Header)
	}
	return hs
}

func TestHeadersAreStoredOnceAndParentsFirst(t *testing.T) {
	x := newTalkers(t, 20)
	a, b := x.join(1), x.join(2)
	x.OnHeaders(a, x.run(1, 12))
	x.OnHeaders(b, x.run(5, 20))
	var stored []int32
	for _, act := range x.Actions() {
		if act, ok := act.(p2p.StoreHeaders); ok {
			for _, n := range act.Nodes {
				stored = append(stored, n.Height)
			}
		}
	}
	if len(stored) != 20 {
		t.Fatalf("%d headers stored", len(stored))
	}
	for i, h := range stored {
		if int(h) != i+1 {
			t.Errorf("header %d stored at place %d", h, i)
		}
	}
	if x.tops[1] != 12 || x.tops[2] != 20 {
		t.Errorf("peers have %v", x.tops)
	}
}

// What is announced while a getheaders is unanswered is asked for once, after the
// answer.
func TestAnnouncementsDuringAQuestionAreAskedForAfterIt(t *testing.T) {
	x := newTalkers(t, 5)
	a := x.join(1)
	x.Announced(a, x.blocks[4].Block.Hash)
	if acts := x.Actions(); len(acts) != 0 {
		t.Fatalf("%d acts while a question is open", len(acts))
	}
	x.OnHeaders(a, x.run(1, 3))
	if n := x.asks(1); n != 1 {
		t.Errorf("asked %d times", n)
	}
	x.OnHeaders(a, x.run(4, 5))
	if x.Actions(); a.unknown != (chain.Hash{}) && !x.Resolve(a) || x.tops[1] != 5 {
		t.Errorf("the announced block is not known to be there: %v", x.tops)
	}
}

// A branch made invalid by hand is our own affair; one that breaks a rule is an
// offence to build on.
func TestWhoseOffenceABadParentIs(t *testing.T) {
	for why, dropped := range map[headertree.Badness]bool{headertree.ByHand: false, headertree.ByRule: true} {
		x := newTalkers(t, 5)
		a := x.join(1)
		x.OnHeaders(a, x.run(1, 3))
		x.tree.Mark(x.tree.Find(x.blocks[2].Block.Hash), why)
		x.Actions()
		x.leads(a)
		x.OnHeaders(a, x.run(3, 5))
		if x.leader != nil {
			t.Errorf("marked %v: it goes on leading, and says nothing", why)
		}
		got := false
		for _, act := range x.Actions() {
			drop, ok := act.(p2p.Drop)
			got = got || ok && drop.Offence != ""
		}
		if got != dropped {
			t.Errorf("marked %v: dropped %v", why, got)
		}
		if x.tree.Len() != 4 {
			t.Errorf("marked %v: %d headers kept", why, x.tree.Len())
		}
	}
}

// Below a checkpoint that the tree has no fork is taken; before it has it, and above it, any.
func TestForksBeforeACheckpointAreAnOffence(t *testing.T) {
	for _, c := range []struct {
		known, fork int // headers that are there, and the height of a fork's first
		refused     bool
	}{{9, 1, false}, {10, 1, true}, {10, 9, true}, {10, 10, false}, {12, 9, true}, {12, 11, false}} {
		x := newTalkers(t, 12)
		x.params.Checkpoints = []chaincfg.Checkpoint{{Height: 10, Hash: &x.blocks[9].Block.Hash}, {Height: 3, Hash: &chain.Hash{}}}
		a := x.join(1)
		x.OnHeaders(a, x.run(1, c.known))
		parent := x.params.Genesis()
		if c.fork > 1 {
			parent = x.blocks[c.fork-2].Node
		}
		fork := chaintest.Mine(t, x.params, parent, chaintest.At(parent.Header.Timestamp.Add(time.Hour)))
		x.Actions()
		x.OnHeaders(a, []*wire.BlockHeader{&fork.Node.Header})
		dropped := false
		for _, act := range x.Actions() {
			drop, ok := act.(p2p.Drop)
			dropped = dropped || ok && drop.Offence != ""
		}
		if taken := x.tree.Find(fork.Node.Hash) != nil; taken == c.refused || dropped != c.refused {
			t.Errorf("%+v: taken %v, dropped %v", c, taken, dropped)
		}
	}
}

func TestHeadersAreCheckedByTheClockThatWasSet(t *testing.T) {
	x := newTalkers(t, 20)
	a := x.join(1)
	begin, end := x.blocks[0].Node.Header.Timestamp, x.now
	for _, step := range []struct {
		clock time.Time
		from  int
		want  int32 // highest header taken
	}{
		{begin, 1, 13}, // ten minutes a block, two hours ahead
		{end.AddDate(1, 0, 0), 14, 20},
	} {
		x.SetClock(step.clock, 0)
		x.OnHeaders(a, x.run(step.from, 20))
		if got := x.tree.Best().Node.Height; got != step.want {
			t.Errorf("clock at %s: headers up to %d, want %d", step.clock, got, step.want)
		}
	}
	if x.now != end {
		t.Error("the timers followed the clock")
	}
	y := newTalkers(t, 20)
	y.SetClock(begin, 0)
	y.SetClock(time.Time{}, 0)
	y.OnHeaders(y.join(1), y.run(1, 20))
	if got := y.tree.Best().Node.Height; got != 20 {
		t.Errorf("with the clock given back: headers up to %d", got)
	}
}

// asks counts what a peer is asked by now.
func (x *talkers) asks(id p2p.PeerID) (n int) {
	for _, act := range x.Actions() {
		if ask, ok := act.(p2p.Send); ok && ask.Peer == id {
			n++
		}
	}
	return n
}

// A peer whose chain has little work and who gives two thousand headers of it
// just before its time is up does not keep others from leading.
func TestT9_NobodyLeadsForEver(t *testing.T) {
	for what, row := range map[string]struct {
		chosen bool          // the slow peer is one that we have dialled
		most   time.Duration // until another one that we have dialled is listened to
	}{
		"it came to us":     {false, 0},
		"it was our choice": {true, 15*time.Minute + leaderTimeout},
	} {
		x := newTalkers(t, maxRun)
		for i := range x.params.MinimumChainWork {
			x.params.MinimumChainWork[i] = 1 << 62
		}
		begun := x.now
		kind := p2p.Inbound
		if row.chosen {
			kind = p2p.FullRelay
		}
		slow := x.Join(&p2p.Link{ID: 1, Kind: kind}, known{x, 1})
		honest := x.Join(&p2p.Link{ID: 2, Kind: p2p.FullRelay}, known{x, 2})
		x.Actions()
		last, at := x.params.Genesis().Hash, x.params.Genesis().Header.Timestamp
		next := func() (hs []*wire.BlockHeader) {
			for range maxRun {
				at = at.Add(time.Second)
				h := &wire.BlockHeader{Version: 4, PrevBlock: last, Bits: x.params.PowLimitBits, Timestamp: at}
				chaintest.Solve(t, x.params, h)
				hs, last = append(hs, h), chain.HeaderHash(h)
			}
			return hs
		}
		for x.OnHeaders(slow, next()); ; x.OnHeaders(slow, next()) {
			if x.asks(1) != 1 {
				t.Fatalf("%s: after %v its chain is given up", what, x.now.Sub(begun))
			}
			if x.OnHeaders(honest, x.run(1, maxRun)); x.asks(2) == 1 && honest.pre != nil {
				break
			}
			if x.now.Sub(begun) > row.most {
				t.Errorf("%s: others are not listened to for %v", what, x.now.Sub(begun))
				break
			}
			for range 19 {
				x.Now(x.now.Add(time.Second))
				x.Tick()
			}
		}
	}
}
