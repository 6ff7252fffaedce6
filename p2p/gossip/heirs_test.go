package gossip

import (
	"fmt"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
	"grapevine/p2p/msg"
)

// family is a low-fee parent, children of it that wait as peer 1's, and peers 2 and 3.
type family struct {
	t      *testing.T
	w      *world
	s      *State
	now    time.Time
	parent *chain.Tx
	lacks  error // of who waits for the parent
}

func newFamily(t *testing.T, children ...string) *family {
	f := &family{t: t, w: newWorld()}
	f.s, f.now, f.parent = newTestState(f.w, 1), f.w.start, f.w.tx("parent")
	f.lacks = &chain.MissingError{Parents: []chain.Hash{f.parent.ID}}
	for id := p2p.PeerID(1); id <= 3; id++ {
		f.step(Joined{Link: p2p.Link{ID: id, Kind: p2p.Inbound, Hello: hello()}})
	}
	for _, name := range children {
		f.step(Message{1, &msg.Tx{Tx: f.w.tx(name, "parent")}})
		f.verdict(name, f.lacks)
	}
	return f
}

func (f *family) step(ev Event) []p2p.Action {
	f.t.Helper()
	acts := f.s.Step(f.now, ev)
	checkInvariants(f.t, f.s)
	return acts
}

func (f *family) verdict(name string, err error) []p2p.Action {
	f.t.Helper()
	return f.step(TxVerdict{Tx: f.w.tx(name), Err: err})
}

// forged is the parent with another witness.
func (f *family) forged(size int) *chain.Tx {
	m := f.parent.MsgTx.Copy()
	m.TxIn[0].Witness = wire.TxWitness{make([]byte, size)}
	return chain.NewTx(m)
}

// poor has a peer send a parent that pays too little, and says what is validated then.
func (f *family) poor(from p2p.PeerID, parent *chain.Tx) []p2p.ValidateTx {
	f.t.Helper()
	if asked := pairsOf(f.step(Message{from, &msg.Tx{Tx: parent}})); len(asked) != 1 || asked[0].Tx != parent || asked[0].Parent != nil {
		f.t.Fatalf("the parent is not validated by itself first: %+v", asked)
	}
	return pairsOf(f.step(TxVerdict{Tx: parent, Err: lowFee()}))
}

// pair asks for one validation, of that child with that parent.
func (f *family) pair(asked []p2p.ValidateTx, child string, parent *chain.Tx) {
	f.t.Helper()
	if len(asked) != 1 || asked[0].Tx != f.w.tx(child) || asked[0].Parent != parent {
		f.t.Fatalf("%d are validated: %+v", len(asked), asked)
	}
}

// What is wrong with a parent costs one validation, however many wait for it: their
// sender and the parent's may be one, who pays for one alone.
func TestABadParentIsValidatedWithOneOfManyHeirs(t *testing.T) {
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprint("child", i))
	}
	f := newFamily(t, names...)
	bad := f.forged(100)
	f.pair(f.poor(2, bad), "child0", bad)
	acts := f.step(TxVerdict{Tx: f.w.tx("child0"), Err: f.lacks, ParentErr: chain.Refused(policy.ErrMandatoryScript, ""), Cost: time.Second / 4})
	if len(pairsOf(acts)) != 0 || f.s.tx.orphans.Len() != 150 {
		t.Errorf("%d more are validated with it, %d wait on", len(pairsOf(acts)), f.s.tx.orphans.Len())
	}
	f.pair(f.poor(1, f.parent), "child1", f.parent) // child0 stands last now
	for i := 1; i < 150; i++ {
		next := "child0"
		if i < 149 {
			next = fmt.Sprint("child", i+1)
		}
		f.pair(pairsOf(f.verdict(fmt.Sprint("child", i), chain.Broken(chain.ErrInputsMissing, ""))), next, f.parent)
	}
	if asked := pairsOf(f.verdict("child0", chain.Broken(chain.ErrInputsMissing, ""))); len(asked) != 0 || f.s.tx.orphans.Len() != 0 {
		t.Errorf("%d are validated, %d wait", len(asked), f.s.tx.orphans.Len())
	}
}

// A witness that is stuffed makes a parent heavier than its child can pay for, or the
// pair too heavy. That is not the child's fault, which waits for the true one.
func TestAStuffedParentDoesNotPushOutTheChild(t *testing.T) {
	whole := fmt.Errorf("%w: %w", chain.Refused(policy.ErrPackageWeight, ""), &chain.MissingError{Parents: []chain.Hash{newWorld().tx("parent").ID}})
	for _, refusal := range []error{lowFee(), whole, chain.Refused(policy.ErrConflict, "")} {
		f := newFamily(t, "child")
		for i := range 3 {
			stuffed := f.forged(1000 + i)
			f.pair(f.poor(2, stuffed), "child", stuffed)
			f.verdict("child", refusal)
			if f.s.tx.orphans.Len() != 1 {
				t.Fatalf("%v: the child is gone", refusal)
			}
			if asked := pairsOf(f.step(Message{2, &msg.Tx{Tx: stuffed}})); len(asked) != 0 {
				t.Fatalf("%v: the same pair is tried again", refusal)
			}
		}
		f.pair(f.poor(1, f.parent), "child", f.parent)
		f.verdict("child", nil)
		if f.s.tx.orphans.Len() != 0 || f.s.tx.rejected.Has(f.w.tx("child").WID) || f.s.tx.lowFee.Has(f.w.tx("child").WID) {
			t.Errorf("%v: the child waits, or is remembered as refused", refusal)
		}
	}
}

// Who sent the child and a stuffed parent leaves before the verdict: the child is whose
// who announced it too.
func TestAChildWhoseSenderLeavesIsNotRefused(t *testing.T) {
	f := newFamily(t, "child")
	inv := wire.NewMsgInv()
	_ = inv.AddInvVect(wire.NewInvVect(txs.InvTypeWTx, (*chain.Hash)(&f.w.tx("child").WID)))
	f.step(Message{3, inv})
	stuffed := f.forged(1000)
	f.pair(f.poor(1, stuffed), "child", stuffed)
	f.step(Left{Peer: 1})
	acts := f.verdict("child", lowFee())
	if f.s.tx.orphans.Len() != 1 || count(acts, 3, wire.CmdGetData) != 1 {
		t.Fatalf("%d wait, %+v", f.s.tx.orphans.Len(), acts)
	}
	f.pair(f.poor(3, f.parent), "child", f.parent)
}

// A parent that lacks a parent itself pays for nobody, as in Core: a package has one
// parent and one child. Nor is it remembered as worthless.
func TestAPairHasNoThird(t *testing.T) {
	f := newFamily(t, "child")
	f.w.tx("grandchild", "child")
	f.step(Message{2, &msg.Tx{Tx: f.w.tx("grandchild")}})
	f.verdict("grandchild", &chain.MissingError{Parents: []chain.Hash{f.w.tx("child").ID}})
	f.pair(f.poor(1, f.parent), "child", f.parent)
	if asked := pairsOf(f.verdict("child", lowFee())); len(asked) != 0 || f.s.tx.orphans.Len() != 2 {
		t.Fatalf("%d wait, validated: %+v", f.s.tx.orphans.Len(), asked)
	}
}

// However often an orphan is validated meanwhile, it waits as long as any other.
func TestAnOrphanDoesNotWaitLongerForBeingTried(t *testing.T) {
	f := newFamily(t, "child")
	f.now = f.now.Add(txs.OrphanExpiry - time.Second)
	bad := f.forged(100)
	f.pair(f.poor(2, bad), "child", bad)
	f.step(TxVerdict{Tx: f.w.tx("child"), Err: f.lacks, ParentErr: chain.Refused(policy.ErrMandatoryScript, "")})
	f.step(Message{2, &msg.Tx{Tx: f.w.tx("young", "parent")}})
	f.verdict("young", f.lacks)
	f.now = f.now.Add(2 * time.Second)
	if f.step(Tick{}); f.s.tx.orphans.Len() != 1 || f.s.tx.orphans.Has(f.w.tx("child").WID) {
		t.Errorf("%d wait; the old one: %v", f.s.tx.orphans.Len(), f.s.tx.orphans.Has(f.w.tx("child").WID))
	}
}
