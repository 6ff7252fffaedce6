package blocks

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/msg"
)

// T60: a neighbour that says it holds nearly all, or is fetching it, and sends none of it, for it had given it to others,
// does not serve it, or says something else each moment, holds nobody up who has one honest seed.
func TestT60_WhoHoldsAllAndGivesNothingHoldsNobodyUp(t *testing.T) {
	const n, both = 400, wire.SFNodeNetwork | wire.SFNodeWitness
	for name, lies := range map[string]struct {
		services wire.ServiceFlag
		given    bool          // it answers that it has given all to others
		takes    time.Duration // how often it takes that back, and what it claims to fetch; 0: never
		fetching bool
	}{
		"given to others":        {services: both, given: true},
		"given, and taken back":  {services: both, given: true, takes: time.Second},
		"not served":             {services: wire.SFNodeNetworkLimited | wire.SFNodeWitness},
		"fetched, and given up":  {services: both, takes: time.Second, fetching: true},
		"fetched, and not ended": {services: both, fetching: true},
	} {
		r := newRig(n)
		seed, liar := r.join(both, true, true), r.join(lies.services, true, true)
		liar.Given = lies.given
		r.OnHave(seed, r.path[n], msg.NewHave(r.path[n].Node.Hash, 0))
		all, none := msg.NewGiven(r.path[0].Node.Hash, n), msg.NewGiven(r.path[0].Node.Hash, n)
		claims := msg.NewHave(r.path[0].Node.Hash, n)
		for i := range n {
			all.Given.Set(i)
			claims.Fetching.Set(i)
		}
		says := func() {
			switch {
			case lies.fetching:
				r.OnHave(liar, r.path[0], claims)
			default:
				r.OnHave(liar, r.path[n-5], msg.NewHave(r.path[n-5].Node.Hash, 0))
			}
		}
		says()
		begin, told := r.at, r.at
		for int(r.tree.Tip().Node.Height) < n {
			r.plan(t)
			for len(seed.flights) > 0 {
				r.deliver(seed, 1000)
			}
			if len(liar.flights) > 0 && !liar.gone && lies.given {
				r.OnGiven(liar, r.path[0], all)
			}
			if lies.takes > 0 && r.at.Sub(told) >= lies.takes && !liar.gone {
				told = r.at
				if lies.given {
					r.OnGiven(liar, r.path[0], none)
				} else {
					r.OnHave(liar, r.path[0], msg.NewHave(r.path[0].Node.Hash, n))
				}
				r.plan(t)
				says()
			}
			for _, p := range r.lates() {
				r.Leave(p)
			}
			r.wait(100 * time.Millisecond)
			if took := r.at.Sub(begin); took > time.Minute {
				t.Errorf("%s: at height %d of %d after %v; the liar is gone: %v", name, r.tree.Tip().Node.Height, n, took, liar.gone)
				break
			}
		}
		t.Logf("%s: %d blocks in %v", name, r.tree.Tip().Node.Height, r.at.Sub(begin))
	}
}

// T16: a neighbour that says it holds nearly all, and sends each block a moment before it is late, makes nobody as slow as it
// is who has one honest seed.
func TestT16_WhoHoldsAllAndIsSlowSlowsNobodyDown(t *testing.T) {
	const n, both = 400, wire.SFNodeNetwork | wire.SFNodeWitness
	for _, each := range []time.Duration{lateAfter / 4, lateAfter - 10*time.Millisecond} {
		r := newRig(n)
		seed, slow := r.join(both, true, true), r.join(both, true, true)
		r.OnHave(seed, r.path[n], msg.NewHave(r.path[n].Node.Hash, 0))
		r.OnHave(slow, r.path[n-5], msg.NewHave(r.path[n-5].Node.Hash, 0))
		begin, last := r.at, r.at
		for int(r.tree.Tip().Node.Height) < n {
			r.plan(t)
			for len(seed.flights) > 0 {
				r.deliver(seed, 1000)
			}
			if len(slow.flights) > 0 && !slow.gone && r.at.Sub(last) >= each {
				last = r.at
				r.deliver(slow, 1000)
			}
			for _, p := range r.lates() {
				r.Leave(p)
			}
			r.wait(10 * time.Millisecond)
			if took := r.at.Sub(begin); took > 20*time.Second {
				t.Errorf("each %v: at height %d of %d after %v", each, r.tree.Tip().Node.Height, n, took)
				break
			}
		}
	}
}
