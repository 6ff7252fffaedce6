package gossip

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
)

func floorOf(local bool, r *rand.Rand) feeFilter {
	return newFeeFilter(Config{MinFee: 1000, Incremental: 1000, Rand: r}, local)
}

// What peers hear of our floor is late and rounded, never below the least, and
// nothing at all is wanted by who is syncing.
func TestTheFloorHidesThePools(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	said, waited := map[int64]int{}, time.Duration(0)
	for range 1000 {
		f, p, now := floorOf(false, r), peerFee{}, time.Unix(1000, 0)
		if !f.look(&p, now, false) || p.said != 1000 {
			t.Fatalf("at first a peer is told %d", p.said)
		}
		f.set(4322, now)
		if f.look(&p, now, false) {
			continue // it happened to be due at once
		}
		waited = max(waited, p.due.Sub(now))
		if now = p.due; !f.look(&p, now, false) {
			t.Fatal("not told when it was due")
		}
		said[p.said]++
	}
	if len(said) != 2 || waited < 4*time.Minute || waited > 5*time.Minute {
		t.Errorf("floors %v, after %v at most", said, waited)
	}
	for rate, n := range said {
		if rate < 4322*10/11 || rate > 4322*11/10 || n < 200 {
			t.Errorf("%d times a floor of %d for a pool's of 4322", n, rate)
		}
	}
}

// A peer hears the highest floor while we sync, Core's 9,170,997, and the right one as
// soon as that is over; a small change waits for its turn.
func TestNothingIsWantedBeforeWeHaveSynced(t *testing.T) {
	f, p, now := floorOf(false, rand.New(rand.NewPCG(1, 0))), peerFee{}, time.Unix(1000, 0)
	if !f.look(&p, now, true) || p.said != 9170997 {
		t.Errorf("who is syncing asks for %d", p.said)
	}
	if f.look(&p, now, true) {
		t.Error("told twice")
	}
	if !f.look(&p, now, false) || p.said != 1000 {
		t.Errorf("when it has synced it asks for %d", p.said)
	}
	due := p.due
	f.set(1300, now)
	if f.look(&p, now, false) || !p.due.Equal(due) {
		t.Error("a change of less than a third is told at another time")
	}
}

func TestLocallyTheFloorIsExact(t *testing.T) {
	f, now := floorOf(true, rand.New(rand.NewPCG(1, 0))), time.Unix(1000, 0)
	f.set(4000, now)
	f.set(4321, now)
	if _, tell := f.next(now); tell {
		t.Error("told before it was due")
	}
	if rate, tell := f.next(now.Add(time.Second)); !tell || rate != 4321 {
		t.Errorf("locally the floor is %d", rate)
	}
}

func TestWhoHearsOfOurFloor(t *testing.T) {
	for _, c := range []struct {
		what       string
		link       p2p.Link
		blocksOnly bool
		hears      bool
	}{
		{"a usual peer", p2p.Link{Kind: p2p.Inbound, Hello: hello()}, false, true},
		{"one for blocks only", p2p.Link{Kind: p2p.BlocksOnly, Hello: hello()}, false, false},
		{"one with forcerelay", p2p.Link{Kind: p2p.Inbound, Hello: hello(), Permissions: p2p.MayForceRelay}, false, false},
		{"one with relay", p2p.Link{Kind: p2p.Inbound, Hello: hello(), Permissions: p2p.MayRelay}, false, true},
		{"any, when we take no transactions", p2p.Link{Kind: p2p.Inbound, Hello: hello()}, true, false},
	} {
		for _, reserved := range []bool{false, true} {
			w := newWorld()
			s := mannered(w, Manners{BlocksOnly: c.blocksOnly, Reserved: reserved})
			acts := s.Step(w.start, joined(1, c.link))
			if n := count(acts, 1, wire.CmdFeeFilter); n != 1 && c.hears || n != 0 && !c.hears {
				t.Errorf("%s, reserved %v: told %d times", c.what, reserved, n)
			}
		}
	}
}
