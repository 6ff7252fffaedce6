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
