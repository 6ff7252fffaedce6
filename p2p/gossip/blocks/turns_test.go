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
