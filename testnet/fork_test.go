package testnet_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// whole: with GRAPEVINE_FULL, as make twins sets it, forks are of every depth.
func whole() bool { return os.Getenv("GRAPEVINE_FULL") != "" }

// Two halves of a network were apart for long, and the longer chain outweighs the
// other only at its end: it is taken over, however deep the fork is. 1,024 blocks
// are the window of bodies.
func TestT63_ADeepForkIsTakenOver(t *testing.T) {
	depths := []int{1, 1025}
	if whole() {
		depths = []int{1, 1023, 1024, 1025, 5000}
	}
	for _, depth := range depths {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newNetwork(t, 2)
				defer w.stopAll()
				w.net.Partition([]string{ip(0)}, []string{ip(1)})
				w.mine(0, depth)
				w.mine(1, depth+1)
				w.net.Heal()
				w.within(5*time.Minute, "one tip", w.agreed())
				if h := w.tipOf(0).Height; int(h) != depth+1 {
					t.Errorf("tip is at %d", h)
				}
				w.sound()
			})
		})
	}
}

// A node that is stopped while it fetches a deep branch goes on with what it
// holds when it starts again.
func TestT63_ADeepForkIsTakenOverAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 2)
		defer w.stopAll()
		w.net.Partition([]string{ip(0)}, []string{ip(1)})
		w.mine(0, 1500)
		w.mine(1, 1501)
		middle := w.nodes[1].Ledger.AtHeight(700).Hash
		w.net.Heal()
		for !w.nodes[0].Ledger.HaveBody(middle) {
			time.Sleep(10 * time.Millisecond)
		}
		if h := w.tipOf(0).Height; h != 1500 {
			t.Fatalf("node 0 has taken the branch over already, at %d", h)
		}
		w.stop(0)
		w.start(0)
		w.within(5*time.Minute, "one tip", w.agreed())
		if h := w.tipOf(0).Height; h != 1501 {
			t.Errorf("tip is at %d", h)
		}
		w.sound()
	})
}

// The same with several peers on each side.
func TestT63_ADeepForkOfSeveralPeersIsTakenOver(t *testing.T) {
	depth := 300
	if whole() {
		depth = 1100
	}
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 5)
		defer w.stopAll()
		w.within(2*time.Minute, "everybody has two peers", w.everybodyHas(2))
		w.net.Partition([]string{ip(0), ip(1)}, []string{ip(2), ip(3), ip(4)})
		w.mine(0, depth)
		w.mine(2, depth+1)
		w.within(5*time.Minute, "each half has one tip", func() bool { return w.agreed(0, 1)() && w.agreed(2, 3, 4)() })
		w.net.Heal()
		w.within(10*time.Minute, "one tip", w.agreed())
		if h := w.tipOf(0).Height; int(h) != depth+1 {
			t.Errorf("tip is at %d", h)
		}
		w.sound()
	})
}
