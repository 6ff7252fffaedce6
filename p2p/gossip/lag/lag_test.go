package lag

import (
	"testing"
	"time"

	"grapevine/chain"
	"grapevine/chain/chaintest"
	"grapevine/p2p"
	"grapevine/p2p/gossip/tree"
)

// A peer that is silent is asked once and dropped once; one that is always a
// block behind, but moves, is left alone.
func TestWhoMovesIsLeftAlone(t *testing.T) {
	p := chain.RegTest()
	var es []*tree.Entry
	tr := tree.New([]*chain.HeaderNode{p.Genesis()})
	for _, b := range chaintest.Grow(t, p, p.Genesis(), chaintest.Times(10)) {
		es = append(es, tr.Insert(b.Node))
	}
	now, at := time.Unix(1000, 0), 0
	var w Watch
	w.Join(1, false, func() *tree.Entry { return nil })
	w.Join(2, false, func() *tree.Entry { return es[max(at-1, 0)] })
	var asked, dropped []p2p.PeerID
	for ; at < len(es); at++ {
		for range 15 { // a block each fifteen minutes
			for _, a := range w.Look(now, es[at]) {
				if a.Ask != nil {
					asked = append(asked, a.Peer)
				} else {
					dropped = append(dropped, a.Peer)
					w.Leave(a.Peer)
				}
			}
			now = now.Add(time.Minute)
		}
	}
	if len(asked) != 1 || asked[0] != 1 || len(dropped) != 1 || dropped[0] != 1 {
		t.Errorf("asked %v, dropped %v; the first peer is silent", asked, dropped)
	}
	if w.Leave(2); !w.Due().IsZero() {
		t.Error("somebody who has left is waited for")
	}
}
