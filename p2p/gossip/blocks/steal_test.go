package blocks

import (
	"testing"
	"time"
)

// A newcomer that has sent little so far may have sent it slowly because it was little: what it is asked for is left to
// it for a while, since what another sends meanwhile would come twice. Who is known to be slow has its requests taken
// over at once.
func TestFromANewcomerOfUnknownSpeedNothingIsTakenAtOnce(t *testing.T) {
	const size = 900_000
	for name, c := range map[string]struct {
		sent int // bytes, in as many seconds as make 5 kB/s
		want time.Duration
	}{
		"nearly one block": {size - 1, stealAfter},
		"one block":        {size, 0},
	} {
		r := newRig(20)
		asked, idle := r.source(true), r.source(true)
		r.says(asked, 5)
		r.says(idle, 6)
		asked.rate = rate{float64(c.sent), time.Duration(c.sent) * time.Second / 5000}
		idle.rate.add(4*size, time.Second)
		r.total.add(4*size, time.Second)
		r.size.add(size)
		r.plan(t)
		r.deliver(idle, size)
		r.says(idle, 5, 6)
		taken := func() bool { return r.flightOf(idle, r.path[5]) != nil }
		if r.plan(t); r.flightOf(asked, r.path[5]) == nil || taken() != (c.want == 0) {
			t.Errorf("%s: asked %v, taken over at once %v", name, r.flightOf(asked, r.path[5]) != nil, taken())
		}
		if c.want > 0 {
			r.wait(c.want - 1)
			r.Changed()
			if r.plan(t); taken() {
				t.Errorf("%s: taken over too soon", name)
			}
			r.wait(1)
			r.Changed()
			if r.plan(t); !taken() {
				t.Errorf("%s: never taken over", name)
			}
		}
	}
}

// Small answers buy no time: what is not sent is taken over as soon after it was asked for, though something small comes
// now and then from behind it.
func TestWhoAnswersInAnotherOrderHoldsNothingForLonger(t *testing.T) {
	const size, little, step, each = 60_000, 100, 100 * time.Millisecond, stealAfter - 100*time.Millisecond
	r := newRig(20)
	asked, idle := r.source(true), r.source(true)
	r.says(asked, 5, 6, 7, 8, 9, 10, 11, 12)
	r.says(idle)
	idle.rate.add(4*size, time.Second)
	r.total.add(4*size, time.Second)
	r.size.add(size)
	r.plan(t)
	if len(asked.flights) < 2 {
		t.Fatalf("asked for %d blocks", len(asked.flights))
	}
	held := asked.flights[0].e
	r.says(idle, int(held.Node.Height))
	var taken time.Duration
	for at := step; taken == 0 && at < 5*stealAfter; at += step {
		r.wait(step)
		if len(asked.flights) > 1 && at%each == 0 {
			e := asked.flights[1].e
			r.Deliver(asked, e, little)
			e.Stored = true
		}
		r.Changed()
		if r.plan(t); r.flightOf(idle, held) != nil {
			taken = at
		}
	}
	if taken != stealAfter {
		t.Errorf("taken over after %v, want %v", taken, stealAfter)
	}
}
