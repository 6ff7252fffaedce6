package gossip

import (
	"reflect"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// Orphans are shown with all who have announced them and are here, by their numbers.
func TestOrphansAreShownWithAllTheyAreFrom(t *testing.T) {
	f := newFamily(t, "child", "other")
	for id := p2p.PeerID(1); id <= 3; id++ {
		f.s.byID[id].Number = int64(20 - id)
	}
	told := wire.NewMsgInv()
	_ = told.AddInvVect(wire.NewInvVect(txs.InvTypeWTx, &f.w.tx("child").WID))
	f.step(Message{2, told})
	f.step(Message{3, told})
	check := func(child, other []int64) {
		t.Helper()
		want := []Orphan{{f.w.tx("child"), child}, {f.w.tx("other"), other}}
		if other == nil {
			want = want[:1]
		}
		if got := f.s.Orphans(); !reflect.DeepEqual(got, want) {
			t.Errorf("shown: %+v, want %+v", got, want)
		}
	}
	check([]int64{17, 18, 19}, []int64{19})
	f.step(Left{Peer: 1})
	check([]int64{17, 18}, nil)
}
