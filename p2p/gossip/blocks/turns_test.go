package blocks

import (
	"testing"
	"time"

	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// crowdRig is a newcomer of many blocks beside 31 others that hold nothing yet, who has waited for its first turn at
// a stock seed and asked for one block.
func crowdRig(t *testing.T, blocks int) (r *rig, seed *Source) {
	t.Helper()
	r = newRig(blocks)
	seed = r.source(false)
	r.size.add(900_000)
	for range 31 {
		r.OnHave(r.source(true), r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
	}
	r.plan(t)
	r.wait(shuffleFor)
	for range 100 {
		if len(seed.flights) > 0 {
			return r, seed
		}
		r.wait(turnEach)
		r.Changed()
		r.plan(t)
	}
	t.Fatal("nothing is asked of the seed in ten seconds")
	return nil, nil
}

// gives lets the seed answer all it was asked for, after a time, and says what is asked of it then.
func (r *rig) gives(t *testing.T, seed *Source, after time.Duration) []*headers.Entry {
	t.Helper()
	r.wait(after)
	for len(seed.flights) > 0 {
		r.deliver(seed, 900_000)
	}
	return r.plan(t)[seed]
}

// Whose large block has come asks the stock seed for another at once, in the same step; not when it came sooner than
// news travel, not when so little is left that another who asks as soon would ask for the same, and not later on.
func TestWhoseBlockHasComeHasTheNextTurn(t *testing.T) {
	r, seed := crowdRig(t, 60)
	for range 20 {
		if len(r.gives(t, seed, time.Second)) == 0 {
			t.Fatal("it waits for another turn though its block has come")
		}
	}
	r, seed = crowdRig(t, 60)
	if len(r.gives(t, seed, turnEach/2)) > 0 {
		t.Error("it asks again before its neighbours can have heard what it asked for")
	}
	r, seed = crowdRig(t, turnsFrom+8)
	for i, e := range r.path[1:] { // all others are held by a neighbour
		if i >= manyLeft-1 && r.flights[e] == nil {
			e.Stored = true
		}
	}
	if asked := r.gives(t, seed, time.Second); len(asked) > 0 {
		t.Errorf("it asks for %d of the few that are left without waiting for a turn", len(asked))
	}
	r, seed = crowdRig(t, 60)
	r.wait(time.Second)
	for len(seed.flights) > 0 {
		r.deliver(seed, 900_000)
	}
	r.wait(turnEach)
	if len(r.plan(t)[seed]) > 0 {
		t.Error("it takes a turn that it did not take when it was there")
	}
}

// At a turn few blocks are asked for, or as many as come in a quarter of a second.
func TestFewAreAskedForAtATurn(t *testing.T) {
	for came, want := range map[int]int{0: fewStart, 8: fewStart, 4 * 3: 3, 4 * 16: 16} {
		r := newRig(1000)
		r.size.add(250)
		seed := r.source(false)
		for range 7 {
			r.OnHave(r.source(true), r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
		}
		r.plan(t)
		r.wait(shuffleFor)
		seed.grown = maxFlights
		for range 100 {
			if r.turns.came[0], r.turns.second, r.turns.all = came, r.now, came; len(seed.flights) > 0 {
				break
			}
			r.wait(turnEach)
			r.Changed()
			r.plan(t)
		}
		if asked := len(seed.flights); asked != want {
			t.Errorf("while %d come in a second %d are asked for at a turn, want %d", came, asked, want)
		}
	}
}

// Where nothing is heard to be under way all newcomers think so: the longer each was to wait, the later it asks, counted
// from when something last came, or from when it began to wait.
func TestNotAllTakeATurnWhenNothingIsHeard(t *testing.T) {
	r, _ := crowdRig(t, 60)
	x := &r.turns
	for _, c := range []struct{ busy, wait, under, want time.Duration }{
		{0, 2 * time.Second, 1, 2 * time.Second},
		{0, 2 * time.Second, 0, idleMost + 500*time.Millisecond},
		{0, 3 * time.Second, 0, idleMost + 750*time.Millisecond},
		{0, 400 * time.Millisecond, 0, 400 * time.Millisecond},
		{-time.Minute, 2 * time.Second, 0, idleMost + 500*time.Millisecond},
		{time.Second / 4, 2 * time.Second, 0, time.Second/4 + idleMost + 500*time.Millisecond},
	} {
		x.busy, x.wait, x.at = r.now.Add(c.busy), c.wait, r.now.Add(c.wait)
		if at := r.turnAt(int(c.under)).Sub(r.now); at != c.want {
			t.Errorf("%+v: the turn comes in %v", c, at)
		}
	}
}

// A turn that was not taken for longer than turnOver is over: else all who had nothing to ask for meanwhile
// would take theirs at the same moment.
func TestATurnThatWasNotTakenIsOver(t *testing.T) {
	for _, over := range []time.Duration{0, 1} {
		r, seed := crowdRig(t, 60)
		for len(seed.flights) > 0 {
			r.deliver(seed, 900_000)
		}
		r.wait(time.Minute) // nobody is under way, and it is long since a block has come
		r.turns.at, r.turns.wait, r.turns.gave = r.now.Add(-turnOver-over), time.Second, time.Time{}
		r.Changed()
		if asked := len(r.plan(t)[seed]) > 0; asked != (over == 0) {
			t.Errorf("%v after a turn is over: asked at once: %v", over, asked)
		}
	}
}

// Who waits for the last block, which another said to fetch and is late with, asks the seed for it at a turn of its own.
func TestTheLastBlockIsAskedForOneAfterTheOther(t *testing.T) {
	r := newRig(3)
	seed := r.source(false)
	r.size.add(900_000)
	m := msg.NewHave(r.path[0].Node.Hash, 3)
	for i := range 3 {
		m.Fetching.Set(i)
	}
	for range 31 {
		r.OnHave(r.source(true), r.path[0], m)
	}
	for r.plan(t); r.have.since[r.path[1]].at != (time.Time{}); r.plan(t) {
		r.wait(r.Due().Sub(r.at))
	}
	if len(seed.flights) > 0 {
		t.Fatal("all ask at the moment when patience ends")
	}
	for range 10 {
		r.wait(turnEach)
		r.Changed()
		r.plan(t)
	}
	if len(seed.flights) == 0 {
		t.Error("nobody asks for a second")
	}
}

// Who never answers does not keep the seed that does from being asked: what is late there is not under way.
func TestSilentSourcesHoldNoTurns(t *testing.T) {
	r := newRig(100)
	r.size.add(900_000)
	honest := r.source(false)
	for range 10 {
		r.source(false)
	}
	r.OnHave(r.source(true), r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
	r.plan(t)
	came := 0
	for range 300 { // 30 seconds; who is silent is dropped after a minute
		r.wait(turnEach)
		r.lates()
		if len(honest.flights) > 0 {
			r.deliver(honest, 900_000)
			came++
		}
		r.Changed()
		r.plan(t)
	}
	if came < 80 {
		t.Errorf("%d of 100 blocks came from the only source that answers", came)
	}
}
