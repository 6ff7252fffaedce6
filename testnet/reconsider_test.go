package testnet_test

import (
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
)

// A branch that was bad only for a mark since taken back is followed again. Node 0
// marks a2 and then reconsiders a3, which takes a2's mark back: b3, a descendant
// of a2 that nobody named, is good for the ledger and for the conversation alike,
// and what node 1 builds on it is fetched.
//
//	genesis - a1 - a2 - a3 - a4
//	                 \- b3 - b4 - b5
func TestABranchBesideTheReconsideredOneIsFollowedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 2)
		defer w.stopAll()
		w.mine(0, 4)
		w.within(time.Minute, "one tip", w.agreed())
		var a [5]*chain.HeaderNode
		for h := range a {
			a[h] = w.nodes[0].Ledger.AtHeight(int32(h))
		}
		w.invalidate(0, a[3])
		w.invalidate(1, a[3])
		w.mine(1, 1)
		w.within(time.Minute, "both follow b3", func() bool { return w.tipOf(0).Height == 3 && w.agreed()() })

		w.reconsider(0, a[3])
		w.within(time.Minute, "node 0 is back at a4", func() bool { return w.tipOf(0).Hash == a[4].Hash })
		w.invalidate(0, a[2])
		if tip := w.tipOf(0); tip.Hash != a[1].Hash {
			t.Fatalf("tip is at %d, want a1", tip.Height)
		}
		w.reconsider(0, a[3])
		w.within(time.Minute, "node 0 is back at a4", func() bool { return w.tipOf(0).Hash == a[4].Hash })
		w.mine(1, 2)
		w.within(time.Minute, "node 0 follows b5", func() bool { return w.tipOf(0).Height == 5 && w.agreed()() })
		w.sound()
	})
}

// What was marked by hand is our own opinion also after a restart: a peer that
// builds on it is not dropped for that, and what it has is followed once the mark
// is taken back.
func TestAMarkByHandIsNobodysOffenceAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 2)
		defer w.stopAll()
		w.mine(0, 3)
		w.within(time.Minute, "one tip", w.agreed())
		a2 := w.nodes[1].Ledger.AtHeight(2)
		w.invalidate(1, a2)
		w.stop(1)
		w.start(1)
		w.within(time.Minute, "node 1 has its peer again", func() bool { return len(w.nodes[1].Swarm.Peers()) == 1 })
		w.mine(0, 2)
		time.Sleep(time.Minute)
		if n := len(w.nodes[1].Swarm.Peers()); n != 1 {
			t.Errorf("%d peers: who built on a block marked by hand was dropped", n)
		}
		w.reconsider(1, a2)
		w.mine(0, 1)
		w.within(time.Minute, "one tip", w.agreed())
		w.sound()
	})
}

func (w *network) tipOf(i int) *chain.HeaderNode { return w.nodes[i].Ledger.Tip() }

func (w *network) invalidate(i int, n *chain.HeaderNode) {
	w.t.Helper()
	if _, err := w.nodes[i].Ledger.Invalidate(w.t.Context(), n.Hash); err != nil {
		w.t.Fatal(err)
	}
}

func (w *network) reconsider(i int, n *chain.HeaderNode) {
	w.t.Helper()
	if _, err := w.nodes[i].Ledger.Reconsider(w.t.Context(), n.Hash); err != nil {
		w.t.Fatal(err)
	}
}
