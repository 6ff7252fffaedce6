package testnet_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/events"
)

// told are a node's events about something in short: kind by verdict.
func (v *member) told(f events.Filter) (list []string) {
	for _, e := range v.Events.Kept(f) {
		parts := []string{string(e.Kind)}
		for _, part := range []string{e.By, e.Verdict, e.Reason} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		list = append(list, strings.Join(parts, " "))
	}
	return list
}

// inOrder says whether these come one after the other, with anything in between.
func inOrder(list []string, want ...string) bool {
	for _, s := range list {
		if len(want) > 0 && s == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// A payment and a block leave the same trace on every node: heard, judged, relayed.
func TestEventsTellHowThingsTravel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 3)
		defer w.stopAll()
		w.mine(0, 101)
		w.within(time.Minute, "one tip", w.agreed())
		w.within(2*time.Minute, "everybody has two peers", w.everybodyHas(2))
		tx := w.pay(0, 2, 150_000_000)
		w.within(5*time.Second, "the payment is in every pool", func() bool {
			return !slices.ContainsFunc(w.nodes, func(v *member) bool { _, ok := v.Pool.Entry(tx.ID); return !ok })
		})
		time.Sleep(time.Second)
		got := w.nodes[0].told(events.Filter{Tx: tx.ID})
		if !inOrder(got, "heard self", "judged accepted", "relayed inv", "relayed tx") {
			t.Errorf("node 0 told %q", got)
		}
		for _, i := range []int{1, 2} {
			got := w.nodes[i].told(events.Filter{Tx: tx.ID})
			if !inOrder(got, "heard inv", "asked getdata", "heard tx", "judged accepted") {
				t.Errorf("node %d told %q", i, got)
			}
		}
		w.mine(1, 1)
		w.within(5*time.Second, "one tip", w.agreed())
		tip := w.nodes[1].Ledger.Tip()
		got = w.nodes[1].told(events.Filter{Block: tip.Hash}) // it may be connected before it has gone out
		if !inOrder(got, "heard self", "relayed cmpctblock") || !inOrder(got, "heard self", "tip", "judged accepted") {
			t.Errorf("node 1 told %q", got)
		}
		for _, i := range []int{0, 2} {
			if got := w.nodes[i].told(events.Filter{Block: tip.Hash}); !inOrder(got, "heard cmpctblock", "tip", "judged accepted") {
				t.Errorf("node %d told %q", i, got)
			}
			if got := w.nodes[i].told(events.Filter{Tx: tx.ID}); !inOrder(got, "judged accepted", "removed confirmed") {
				t.Errorf("node %d told %q", i, got)
			}
		}
		for i, v := range w.nodes {
			last := uint64(0)
			for _, e := range v.Events.Kept(events.Filter{}) {
				if e.Seq <= last || e.Time.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
					t.Fatalf("node %d: event %d after %d at %v", i, e.Seq, last, e.Time)
				}
				last = e.Seq
				if (e.Kind == events.Relayed || e.Kind == events.Connected) && (e.Peer == nil || e.Peer.Addr == "" || e.Peer.LocalAddr == "") {
					t.Fatalf("node %d: %+v has no peer", i, e)
				}
				if e.Block == tip.Hash && e.Height != tip.Height && e.Kind != events.Heard {
					t.Errorf("node %d: %+v has no height", i, e)
				}
			}
		}
	})
}

// A reorganisation says from where to where, who left and who came is told, and what was refused and why.
func TestEventsTellOfReorganisationsAndPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t, 2)
		defer w.stopAll()
		w.mine(0, 101)
		w.within(time.Minute, "one tip", w.agreed())
		fork := w.nodes[0].Ledger.Tip()
		w.net.Partition([]string{ip(0)}, []string{ip(1)})
		w.mine(0, 2)
		left := w.nodes[0].Ledger.Tip()
		w.mine(1, 3)
		won := w.nodes[1].Ledger.Tip()
		w.net.Heal()
		w.within(20*time.Minute, "one tip", w.agreed())
		evs := w.nodes[0].Events.Kept(events.Filter{Kinds: []events.Kind{events.Reorganisation}})
		if len(evs) != 1 {
			t.Fatalf("%d reorganisations", len(evs))
		}
		if want := (events.Reorg{Fork: fork.Height, Left: left.Hash, Height: left.Height, Undone: 2, New: 3}); *evs[0].Reorg != want || evs[0].Block != won.Hash {
			t.Errorf("%+v to %v, want %+v to %v", *evs[0].Reorg, evs[0].Block, want, won.Hash)
		}
		got := w.nodes[0].told(events.Filter{Block: won.Hash})
		if !inOrder(got, "reorganisation", "tip", "judged accepted") {
			t.Errorf("told %q", got)
		}
		if got := w.nodes[1].told(events.Filter{Kinds: []events.Kind{events.Connected}}); !slices.Contains(got, "connected") {
			t.Errorf("told %q", got)
		}
		w.mine(1, 100) // so that node 1 can pay
		double := w.pay(1, 1, 1_000_000).MsgTx.Copy()
		double.TxOut[0].Value--
		bad := chain.NewTx(double)
		if err := w.nodes[1].Swarm.SubmitTx(t.Context(), bad); err == nil {
			t.Fatal("a double spend was taken")
		}
		if got := w.nodes[1].told(events.Filter{Tx: bad.ID}); !inOrder(got, "heard self", "judged refused txn-mempool-conflict") && !inOrder(got, "heard self", "judged refused insufficient fee") {
			t.Errorf("told %q", got)
		}
		w.stop(1)
		defer w.start(1)
		w.within(time.Minute, "node 1 has left", func() bool { return len(w.nodes[0].told(events.Filter{Kinds: []events.Kind{events.Disconnected}})) > 0 })
	})
}
