package gossip

import (
	"math/rand/v2"
	"testing"
	"time"
)

// What peers hear of our floor is late and rounded, never below the least, and
// nothing at all is wanted by who is syncing.
func TestTheFloorHidesThePools(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	now := time.Unix(1000, 0)
	said, waited := map[int64]int{}, time.Duration(0)
	for range 1000 {
		f := newFeeFilter(1000, false, r)
		f.set(4321, now)
		f.set(4322, now.Add(time.Second))
		if _, tell := f.next(now, false); tell && !f.Due().IsZero() {
			t.Fatal("told before it was due")
		}
		if f.Due().IsZero() { // it happened to be due at once
			continue
		}
		waited = max(waited, f.Due().Sub(now))
		rate, tell := f.next(f.Due(), false)
		if !tell || rate != f.Said() {
			t.Fatalf("told %v: %d", tell, rate)
		}
		said[rate]++
	}
	if len(said) != 2 || waited < 4*time.Minute || waited > 5*time.Minute {
		t.Errorf("floors %v, after %v at most", said, waited)
	}
	for rate, n := range said {
		if rate < 4322*10/11 || rate > 4322*11/10 || n < 200 {
			t.Errorf("%d times a floor of %d for a pool's of 4322", n, rate)
		}
	}
	f := newFeeFilter(1000, false, r)
	if rate, tell := f.next(now, true); !tell || rate != maxFeeFilter {
		t.Errorf("who is syncing asks for %d", rate)
	}
	if _, tell := f.next(now, true); tell {
		t.Error("told twice")
	}
	f.set(999, now)
	if rate, tell := f.next(now, false); !tell || rate != 1000 {
		t.Errorf("when it has synced it asks for %d", rate)
	}
	f = newFeeFilter(1000, true, r)
	f.set(4000, now)
	f.set(4321, now)
	if rate, tell := f.next(now.Add(time.Second), false); !tell || rate != 4321 {
		t.Errorf("locally the floor is %d", rate)
	}
}
