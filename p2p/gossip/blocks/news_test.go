package blocks

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// crowded is a rig with a seed that knows nothing of newcomers, and so many of them who have nothing yet.
func crowded(blocks, newcomers int) (r *rig, seed *Source, fresh []*Source) {
	r = newRig(blocks)
	seed = r.source(false)
	for range newcomers {
		p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, false)
		r.OnHave(p, r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
		fresh = append(fresh, p)
	}
	return r, seed, fresh
}

// told counts how often neighbours were told something in so much time, in which something happens
// each hundredth of a second.
func (r *rig) told(d time.Duration, happens func()) (n int) {
	for range d / (10 * time.Millisecond) {
		r.wait(10 * time.Millisecond)
		happens()
		if r.News() != nil {
			n++
		}
	}
	return n
}

// What is of use to few is gathered the longer the more neighbours there are, so that all of them together
// are told about as much, though never so long that it would come too late.
func TestToManyNeighboursNoMoreIsSaidThanToFew(t *testing.T) {
	const each = int(10 * time.Second / haveSoon)
	for _, c := range []struct{ newcomers, times int }{
		{1, each}, {haveFew + haveMore - 1, each}, {haveFew + haveMore, each / 2}, {16, each / 3}, {32, each / 7},
		{haveFew + (haveSlowest-1)*haveMore, each / haveSlowest}, {125, each / haveSlowest},
	} {
		r, _, _ := crowded(400, c.newcomers)
		r.plan(t)
		n := r.told(10*time.Second, func() { r.news(r.soon()) })
		if n < c.times*4/5 || n > c.times+1 {
			t.Errorf("%d neighbours are told something %d times in ten seconds, want %d", c.newcomers, n, c.times)
		}
	}
}

// Whatever else is gathered: what is asked from who has all, so that nobody else asks for the same, and a
// block that no newcomer held before, are told at once.
func TestWhatNewcomersWaitForIsToldAtOnce(t *testing.T) {
	r, seed, fresh := crowded(200, 64)
	r.wait(time.Second)
	soon := func(what string) {
		t.Helper()
		if at := r.have.at.Sub(r.at); at > haveSoon || r.have.at.IsZero() {
			t.Errorf("%s is told after %v", what, at)
		}
		r.wait(haveSoon)
		if r.News() == nil {
			t.Errorf("%s is not told", what)
		}
	}
	var asked []*headers.Entry
	for len(asked) == 0 {
		r.wait(10 * time.Millisecond)
		r.News()
		r.Changed()
		asked = r.plan(t)[seed]
	}
	soon("a request")

	r.Deliver(seed, asked[0], 100_000)
	asked[0].Stored = true
	r.Stored(asked[0])
	soon("a new block")

	// But not one that newcomers hold: the next one is told the same of by all of them.
	m := msg.NewHave(r.path[0].Node.Hash, 200)
	for i := range 200 {
		m.Held.Set(i)
	}
	r.OnHave(fresh[0], r.path[0], m)
	r.plan(t)
	r.path[7].Stored = true
	r.Stored(r.path[7])
	if at := r.have.at.Sub(r.at); at <= haveSoon {
		t.Errorf("a block that others hold is told after %v", at)
	}
}

// Where little is missing there is little to say, and it is told as soon to many as to few.
func TestOfAShortWayAllIsToldSoon(t *testing.T) {
	for blocks, want := range map[int]time.Duration{shortWay - 1: haveSoon, shortWay: 2 * haveSoon} {
		r, _, _ := crowded(blocks, 125)
		r.plan(t)
		r.tellSoon()
		r.wait(haveSoon)
		if r.News() == nil {
			t.Fatal("nothing is told")
		}
		if d := r.soon().Sub(r.at); d != want {
			t.Errorf("with %d blocks missing it is told after %v, want %v", blocks, d, want)
		}
	}
}

// Where little is missing in bytes it is asked for in batches, and what has come is told late: most
// often all is here before. Of large blocks it matters who has which.
func TestAmongManyNewcomersLittleIsNeitherSharedOutNorTold(t *testing.T) {
	for size, want := range map[int]struct {
		told    time.Duration
		batches bool
	}{250: {haveLittle, true}, 100_000: {haveSoon, false}} {
		r, _, _ := crowded(100, 20)
		seed := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, false)
		seed.Given = true
		r.OnHave(seed, r.path[100], msg.NewHave(r.path[100].Node.Hash, 0))
		ask := func() int {
			for len(seed.flights) == 0 {
				r.wait(10 * time.Millisecond)
				r.Changed()
				r.plan(t)
			}
			return len(seed.flights)
		}
		ask()
		e := seed.flights[0].e
		for len(seed.flights) > 0 {
			r.deliver(seed, size)
		}
		r.wait(shuffleFor)
		if asked := ask(); asked > swarmFlights != want.batches {
			t.Errorf("of blocks of %d bytes %d are asked at once of who has all", size, asked)
		}
		r.have.at = time.Time{}
		e.Stored = true
		r.Stored(e)
		if at := r.have.at.Sub(r.at); at != want.told {
			t.Errorf("a block of %d bytes is told after %v, want %v", size, at, want.told)
		}
	}
}

// What newcomers say to fetch is not waited for where that is little: each hears the others say so because it has said so
// itself, and what nobody fetches would come when all have lost patience. Of large blocks it is.
func TestLittleIsNotLeftToNewcomers(t *testing.T) {
	for size, want := range map[int]bool{250: true, 100_000: false} {
		r := newRig(100)
		for range haveFew + 1 {
			p := r.newcomerOf(true)
			r.OnHave(p, r.path[100], msg.NewHave(r.path[100].Node.Hash, 0))
		}
		r.size.add(size)
		for range 4 {
			m := msg.NewHave(r.path[0].Node.Hash, 100)
			for i := range 100 {
				m.Fetching.Set(i)
			}
			r.OnHave(r.newcomerOf(true), r.path[0], m)
		}
		r.wait(shuffleFor)
		if asked := len(r.plan(t)) > 0; asked != want {
			t.Errorf("blocks of %d bytes that others say to fetch are asked of who has all: %v", size, asked)
		}
	}
}

// In a crowd what happens within moments is thought over together, when the first of it is so old; among few, at once.
func TestACrowdPlansOnceForWhatHappensWithinMoments(t *testing.T) {
	for newcomers, pause := range map[int]time.Duration{haveFew + haveMore - 1: 0, haveFew + haveMore: planEvery, 31: 5 * planEvery} {
		r, _, _ := crowded(400, newcomers)
		r.wait(time.Second)
		r.Changed()
		if r.plan(t); r.dirty {
			t.Fatalf("%d newcomers: after a second it is not planned", newcomers)
		}
		if pause > 0 {
			r.wait(pause - 1)
			r.Changed()
			if r.plan(t); !r.dirty || r.Due().Sub(r.now) != 1 {
				t.Errorf("%d newcomers: planned again %v later: %v; due in %v", newcomers, pause-1, !r.dirty, r.Due().Sub(r.now))
			}
			r.wait(1)
		}
		r.Changed()
		if r.plan(t); r.dirty {
			t.Errorf("%d newcomers: after %v it is not planned", newcomers, pause)
		}
	}
}

// While people hold the clock no time comes: in a crowd too what happens, and what newcomers say, is thought over at once.
func TestACrowdPlansAtOnceWhileTheClockIsHeld(t *testing.T) {
	r, _, fresh := crowded(400, 31)
	r.wait(time.Second)
	r.Still = true
	for range 3 {
		r.Changed()
		if r.plan(t); r.dirty {
			t.Fatal("it is not planned")
		}
		r.OnHave(fresh[0], r.path[9], msg.NewHave(r.path[9].Node.Hash, 0))
		if r.plan(t); !r.have.fresh {
			t.Fatal("what a newcomer says is not looked at")
		}
	}
}

// A crowd lets no source idle: who has sent all that it was asked for is asked for more at once, however many are
// there besides who say to be newcomers.
func TestInACrowdNoSourceIdles(t *testing.T) {
	r, seed, _ := crowded(400, 36)
	r.wait(time.Second)
	for range 10 {
		for len(seed.flights) == 0 {
			r.wait(planEvery)
			r.Changed()
			r.plan(t)
		}
		for len(seed.flights) > 0 {
			r.deliver(seed, 100)
		}
		if r.plan(t); r.dirty {
			t.Fatal("a source has nothing to send, and nothing is planned")
		}
	}
}
