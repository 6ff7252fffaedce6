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
	w := newWorld()
	s := newTestState(w, 1)
	step := func(ev Event) []p2p.Action {
		acts := s.Step(w.start, ev)
		checkInvariants(t, s)
		return acts
	}
	step(Joined{Link: p2p.Link{ID: 1, Kind: p2p.Inbound, Hello: hello()}})
	parent := w.tx("parent")
	child := w.tx("child", "parent")
	step(Message{1, &msg.Tx{Tx: parent}})
	if pairs := pairsOf(step(TxVerdict{Tx: parent, Err: lowFee()})); len(pairs) != 0 {
		t.Fatalf("validated with what? %+v", pairs)
	}
	if acts := step(Message{1, &msg.Tx{Tx: parent}}); len(pairsOf(acts)) != 0 {
		t.Fatal("without a child it is looked at again")
	}
	step(Message{1, &msg.Tx{Tx: child}})
	if acts := step(TxVerdict{Tx: child, Err: &chain.MissingError{Parents: []chain.Hash{parent.ID}}}); count(acts, 1, wire.CmdGetData) != 1 {
		t.Fatalf("the parent is not asked for again: %+v", acts)
	}
	if pairs := pairsOf(step(Message{1, &msg.Tx{Tx: parent}})); len(pairs) != 1 || pairs[0].Tx != parent || pairs[0].Parent != nil {
		t.Fatalf("the parent by itself first: %+v", pairs)
	}
	if pairs := pairsOf(step(TxVerdict{Tx: parent, Err: lowFee()})); len(pairs) != 1 || pairs[0].Tx != child || pairs[0].Parent != parent {
		t.Fatalf("then both: %+v", pairs)
	}
	step(TxVerdict{Tx: child, Err: lowFee()})
	if acts := step(Message{1, &msg.Tx{Tx: parent}}); len(pairsOf(acts)) != 0 {
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
		w := newWorld()
		s := newTestState(w, 1)
		s.cfg.Manners.PunishTxs = punish
		step := func(ev Event) []p2p.Action {
			acts := s.Step(w.start, ev)
			checkInvariants(t, s)
			return acts
		}
		for id := p2p.PeerID(1); id <= 2; id++ {
			step(Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello()}})
		}
		parent := w.tx("parent")
		child := w.tx("child", "parent")
		missing := &chain.MissingError{Parents: []chain.Hash{parent.ID}}
		m := parent.MsgTx.Copy()
		m.TxIn[0].Witness = wire.TxWitness{{6, 6, 6}}
		forged := chain.NewTx(m)
		step(Message{1, &msg.Tx{Tx: child}})
		step(TxVerdict{Tx: child, Err: missing})
		step(Message{2, &msg.Tx{Tx: forged}})
		if pairs := pairsOf(step(TxVerdict{Tx: forged, Err: lowFee()})); len(pairs) != 1 || pairs[0].Parent != forged {
			t.Fatalf("%+v", pairs)
		}
		acts := step(TxVerdict{Tx: child, Err: missing, ParentErr: chain.Refused(policy.ErrMandatoryScript, ""), Cost: 2 * time.Second})
		if s.tx.orphans.Len() != 1 {
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
		if s.tx.queue.indebted(1, w.start) || !punish && !s.tx.queue.indebted(2, w.start) {
			t.Error("the cost is on the wrong account")
		}
		step(Message{1, &msg.Tx{Tx: parent}})
		if pairs := pairsOf(step(TxVerdict{Tx: parent, Err: lowFee()})); len(pairs) != 1 || pairs[0].Tx != child || pairs[0].Parent != parent {
			t.Fatalf("with its true parent: %+v", pairs)
		}
	}
}
