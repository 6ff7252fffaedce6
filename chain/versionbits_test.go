package chain

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// voting makes a chain whose blocks are a minute apart and have these versions, above genesis.
func voting(p *Params, versions func(height int32) int32, height int32) *HeaderNode {
	n := p.Genesis()
	for n.Height < height {
		n = NewHeaderNode(n, wire.BlockHeader{
			Version: versions(n.Height + 1), PrevBlock: n.Hash, Bits: n.Header.Bits, Timestamp: n.Header.Timestamp.Add(time.Minute)})
	}
	return n
}

// The threshold is 108 of 144 blocks of regtest; what is locked in is active a period later,
// but not below its least height.
func TestADeploymentIsVotedIn(t *testing.T) {
	for _, c := range []struct {
		votes, least int32
		want         []ThresholdState // of the periods from genesis on
	}{
		{votes: 107, want: []ThresholdState{Defined, Started, Started, Started, Started, Started}},
		{votes: 108, want: []ThresholdState{Defined, Started, LockedIn, Active, Active, Active}},
		{votes: 144, want: []ThresholdState{Defined, Started, LockedIn, Active, Active, Active}},
		{votes: 108, least: 576, want: []ThresholdState{Defined, Started, LockedIn, LockedIn, Active, Active}},
		{votes: 108, least: 577, want: []ThresholdState{Defined, Started, LockedIn, LockedIn, LockedIn, Active}},
	} {
		p := RegTest()
		if err := p.SetDeployment(Deployment{Name: "testdummy", Timeout: NoTimeout, MinHeight: c.least}); err != nil {
			t.Fatal(err)
		}
		v := NewVersionBits(p)
		tip := voting(p, func(h int32) int32 {
			if h%144 < c.votes {
				return 0x30000000
			}
			return 0x20000000
		}, 6*144-1)
		var got []ThresholdState
		for h := int32(-1); h < tip.Height; h += 144 {
			for _, inside := range []int32{0, 1, 143} { // one state for all blocks of a period
				if s := v.State(0, tip.Ancestor(h+inside)); s != v.State(0, tip.Ancestor(h)) {
					t.Errorf("%+v: the block above %d finds %s, the first of its period %s", c, h+inside, s, v.State(0, tip.Ancestor(h)))
				}
			}
			got = append(got, v.State(0, tip.Ancestor(h)))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d votes, least height %d: %v, want %v", c.votes, c.least, got, c.want)
		}
	}
}

func TestADeploymentBeginsAndFailsByMedianTime(t *testing.T) {
	p := RegTest()
	begin := p.GenesisBlock.Header.Timestamp.Unix()
	// The median time of block 287 is that of block 282, and a block is a minute.
	if err := p.SetDeployment(Deployment{Name: "testdummy", Start: begin + 282*60, Timeout: begin + 426*60}); err != nil {
		t.Fatal(err)
	}
	tip := voting(p, func(int32) int32 { return 0x20000000 }, 600)
	v := NewVersionBits(p)
	for height, want := range map[int32]ThresholdState{286: Defined, 287: Started, 430: Started, 431: Failed, 600: Failed} {
		if got := v.State(0, tip.Ancestor(height)); got != want {
			t.Errorf("above %d it is %s, want %s", height, got, want)
		}
	}
	if got := v.Since(0, tip); got != 432 {
		t.Errorf("failed since %d, want 432", got)
	}
	if got := v.Version(tip); got != 0x20000000 {
		t.Errorf("a vote for what has failed: %x", got)
	}
	if got := v.Version(tip.Ancestor(300)); got != 0x30000000 {
		t.Errorf("no vote for what has started: %x", got)
	}
}

func TestSignallingIsCounted(t *testing.T) {
	p := RegTest()
	tip := voting(p, func(h int32) int32 {
		return []int32{0x30000000, 0x20000000, 0x10000000}[h%3] // the last has other top bits
	}, 288+37)
	got := NewVersionBits(p).Signalling(0, tip)
	if got.Period != 144 || got.Threshold != 108 || got.Elapsed != 38 || got.Count != 13 || !got.Possible() || len(got.Blocks) != 38 || !got.Blocks[0] || got.Blocks[1] {
		t.Errorf("%+v", got)
	}
	for silent, possible := range map[int32]bool{36: true, 37: false} { // 36 that do not signal leave 108
		got = NewVersionBits(p).Signalling(0, voting(p, func(int32) int32 { return 0x20000000 }, 143+silent))
		if got.Elapsed != silent || got.Count != 0 || got.Possible() != possible {
			t.Errorf("after %d silent blocks: %+v, possible: %v", silent, got, got.Possible())
		}
	}
}

// Bits of no deployment are followed as if they were one; those that we vote with are not.
func TestUnknownRulesAreSeen(t *testing.T) {
	p := RegTest()
	tip := voting(p, func(h int32) int32 {
		version := int32(0x20000000)
		if h%144 < 108 {
			version |= 1<<28 | 1<<5
		}
		if h%144 < 107 {
			version |= 1 << 6
		}
		return version
	}, 1000)
	v := NewVersionBits(p)
	for _, c := range []struct {
		height           int32
		lockedIn, active []int
	}{{286, nil, nil}, {287, []int{5}, nil}, {430, []int{5}, nil}, {431, nil, []int{5}}, {1000, nil, []int{5}}} {
		// Bit 28 is testdummy's until that is active; afterwards its votes are strange to us.
		lockedIn, active := v.NewRules(tip.Ancestor(c.height))
		lockedIn, active = without(lockedIn, 28), without(active, 28)
		if !slices.Equal(lockedIn, c.lockedIn) || !slices.Equal(active, c.active) {
			t.Errorf("above %d: %v are locked in, %v active; want %v and %v", c.height, lockedIn, active, c.lockedIn, c.active)
		}
	}
	if lockedIn, active := v.NewRules(tip.Ancestor(431)); slices.Contains(lockedIn, 28) || slices.Contains(active, 28) {
		t.Error("our own deployment is unknown")
	}
	p.WarnVersionsFrom = 432
	if lockedIn, active := NewVersionBits(p).NewRules(tip.Ancestor(431)); len(lockedIn)+len(active) != 0 {
		t.Errorf("warned below the height from which we warn: %v %v", lockedIn, active)
	}
}

func without(bits []int, bit int) []int {
	return slices.DeleteFunc(bits, func(b int) bool { return b == bit })
}

// What is remembered of one branch is no other's, and in whatever order one asks, the
// answers are those of the state worked out block by block.
func TestVersionBitsAgreeWithTheirNaiveTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	p := RegTest()
	if err := p.SetDeployment(Deployment{Name: "taproot", Start: p.GenesisBlock.Header.Timestamp.Unix() + 20_000, Timeout: p.GenesisBlock.Header.Timestamp.Unix() + 60_000, MinHeight: 700}); err != nil {
		t.Fatal(err)
	}
	eager := map[int32]bool{}
	random := func(h int32) int32 {
		if h%144 == 0 {
			eager[h] = r.IntN(3) == 0
		}
		version := int32(0x20000000)
		for _, bit := range []int{2, 28} {
			if eager[h-h%144] || r.IntN(4) > 0 {
				version |= 1 << bit
			}
		}
		return version
	}
	for range 5 {
		v := NewVersionBits(p)
		one, other := voting(p, random, 1200), voting(p, random, 1100)
		for range 60 {
			n := []*HeaderNode{one, other}[r.IntN(2)]
			n = n.Ancestor(r.Int32N(n.Height + 1))
			for fork := range p.Forks {
				want, since := naive(p, fork, n)
				if got := v.State(fork, n); got != want || v.Since(fork, n) != since {
					t.Fatalf("fork %d above %d: %s since %d, want %s since %d", fork, n.Height, got, v.Since(fork, n), want, since)
				}
			}
		}
	}
}

// naive works a state out from genesis.
func naive(p *Params, fork int, parent *HeaderNode) (state ThresholdState, since int32) {
	d := p.Forks[fork]
	for end := int32(143); end <= parent.Height; end += 144 {
		before, votes := state, 0
		for h := end - 143; h <= end; h++ {
			if v := uint32(parent.Ancestor(h).Header.Version); v>>29 == 1 && v>>d.Bit&1 == 1 {
				votes++
			}
		}
		median := parent.Ancestor(end).MedianTimePast()
		switch {
		case state == Defined && median >= d.Start:
			state = Started
		case state == Started && votes >= 108:
			state = LockedIn
		case state == Started && median >= d.Timeout:
			state = Failed
		case state == LockedIn && end+1 >= d.MinHeight:
			state = Active
		}
		if state != before {
			since = end + 1
		}
	}
	return state, since
}

func TestFixedDeployments(t *testing.T) {
	p := RegTest()
	v := NewVersionBits(p)
	if g := p.Genesis(); v.State(1, g) != Active || v.Since(1, g) != 0 || !p.Forks[1].Enabled() {
		t.Error("taproot is active from genesis")
	}
	main := MainNet()
	if g := main.Genesis(); main.Forks[0].Enabled() || NewVersionBits(main).State(0, g) != Failed || NewVersionBits(main).State(1, g) != Defined {
		t.Error("on mainnet testdummy never is, and taproot was defined")
	}
	if p.SetDeployment(Deployment{Name: "nosuch"}) == nil {
		t.Error("a deployment that is none was moved")
	}
}
