package gossip

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// lowFee is what the pool says of a transaction that only a child could pay for.
func lowFee() error { return chain.Refused(policy.ErrPoolMinFee, "100 < 200") }

// A parent that came before its child and paid too little is asked for again when the
// child comes, and both are validated together [1p1c].
func TestALowFeeParentIsAskedForAgainWithItsChild(t *testing.T) {
	f := newFamily(t)
	parent, child := f.parent, f.w.tx("child", "parent")
	if pairs := f.poor(1, parent); len(pairs) != 0 {
		t.Fatalf("validated with what? %+v", pairs)
	}
	if acts := f.step(Message{1, &msg.Tx{Tx: parent}}); len(pairsOf(acts)) != 0 {
		t.Fatal("without a child it is looked at again")
	}
	f.step(Message{1, &msg.Tx{Tx: child}})
	if acts := f.verdict("child", f.lacks); count(acts, 1, wire.CmdGetData) != 1 {
		t.Fatalf("the parent is not asked for again: %+v", acts)
	}
	f.pair(f.poor(1, parent), "child", parent)
	f.verdict("child", lowFee())
	if acts := f.step(Message{1, &msg.Tx{Tx: parent}}); len(pairsOf(acts)) != 0 {
		t.Fatal("a child that pays too little for both is tried again and again")
	}
}

// pairsOf are the validations among actions.
func pairsOf(acts []p2p.Action) (asked []p2p.ValidateTx) {
	for _, a := range acts {
		if v, ok := a.(p2p.ValidateTx); ok {
			asked = append(asked, v)
		}
	}
	return asked
}

// Who sends a parent with a witness of its own making pays for what that costs, and does
// not keep the child from its true parent.
func TestAForgedParentCostsItsForgerAndNotTheChild(t *testing.T) {
	for _, punish := range []bool{false, true} {
		f := newFamily(t, "child")
		f.s.cfg.Manners.PunishTxs = punish
		forged := f.forged(3)
		f.pair(f.poor(2, forged), "child", forged)
		acts := f.step(TxVerdict{Tx: f.w.tx("child"), Err: f.lacks, ParentErr: chain.Refused(policy.ErrMandatoryScript, ""), Cost: 2 * time.Second})
		if f.s.tx.orphans.Len() != 1 {
			t.Fatal("the child is gone")
		}
		dropped := false
		for _, a := range acts {
			if d, ok := a.(p2p.Drop); ok {
				dropped = true
				if d.Peer != 2 {
					t.Errorf("peer %d is dropped", d.Peer)
				}
			}
		}
		if dropped != punish {
			t.Errorf("dropped: %v, where transactions are punished: %v", dropped, punish)
		}
		if f.s.tx.queue.indebted(1, f.now) || !punish && !f.s.tx.queue.indebted(2, f.now) {
			t.Error("the cost is on the wrong account")
		}
		f.pair(f.poor(1, f.parent), "child", f.parent)
	}
}
