package blocks

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// A peer says that it holds another branch of the same work than the one it
// spoke of before, and answers notfound: that is a false claim too, and not
// asked for again and again.
func TestFalseClaimsOfAnotherBranchCount(t *testing.T) {
	r := newRig(3)
	side := []*headers.Entry{r.path[0], r.path[1]}
	for i := range 2 {
		h := wire.BlockHeader{PrevBlock: side[i+1].Node.Hash, Bits: chain.RegTest().PowLimitBits, Nonce: 77}
		side = append(side, r.tree.Insert(chain.NewHeaderNode(side[i+1].Node, h)))
	}
	for _, e := range side {
		e.Stored = true
	}
	r.tree.SetTip(side[3])
	p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, true)
	r.OnHave(p, side[3], msg.NewHave(side[3].Node.Hash, 0))
	r.OnHave(p, r.path[3], msg.NewHave(r.path[3].Node.Hash, 0))
	for refused := 0; ; {
		asked := r.plan(t)[p]
		if len(asked) == 0 {
			t.Fatalf("nothing is asked, %d times refused", refused)
		}
		for _, e := range asked {
			refused++
			if liar := r.NotFound(p, e); liar {
				return
			}
		}
		if refused > maxFalseClaims {
			t.Fatalf("refused %d times what it claimed to hold, and is believed", refused)
		}
	}
}

// A peer that held all loses a body and says so: that it does not have it is no
// lie, and it is not asked again until it says that it has it.
func TestWhoLosesABodyIsNoLiar(t *testing.T) {
	r := newRig(3)
	p := r.source(true)
	r.OnHave(p, r.path[3], msg.NewHave(r.path[3].Node.Hash, 0))
	now := msg.NewHave(r.path[0].Node.Hash, 3)
	now.Held.Set(1)
	now.Held.Set(2)
	r.OnHave(p, r.path[0], now)
	for range maxFalseClaims {
		for _, e := range r.plan(t)[p] {
			if e != r.path[1] {
				r.Deliver(p, e, 1000)
				e.Stored = true
			} else if r.NotFound(p, e) {
				t.Fatal("its word of before counts as a lie")
			}
		}
	}
	if !r.path[2].Stored || !r.path[3].Stored {
		t.Error("what it still holds was not asked for")
	}
	r.OnHave(p, r.path[3], msg.NewHave(r.path[3].Node.Hash, 0))
	if asked := r.plan(t)[p]; len(asked) != 1 || asked[0] != r.path[1] {
		t.Errorf("asked for %d blocks when it has the body again", len(asked))
	}
}

// Where a line is so slow that blocks need more than a minute, peers are not
// dropped one after the other for ever: while nobody delivers, patience grows.
func TestPatienceGrowsWhileNobodyDelivers(t *testing.T) {
	r := newRig(1)
	dropAfter := func() time.Duration {
		r.source(false) // there is always one that could be asked instead
		for began := r.at; r.at.Sub(began) < time.Hour; r.wait(time.Second) {
			r.plan(t)
			if drop := r.lates(); len(drop) > 0 {
				r.Leave(drop[0])
				return r.at.Sub(began)
			}
			if len(r.sources) < maxCopies+1 {
				r.source(false)
			}
		}
		t.Fatal("nobody is dropped")
		return 0
	}
	if first := dropAfter(); first > giveUpAfter+5*time.Second {
		t.Errorf("the first is dropped after %v", first)
	}
	for range 5 {
		dropAfter()
	}
	if r.giveUp != giveUpMax {
		t.Errorf("nobody has delivered for long, and patience is %v", r.giveUp)
	}
	for _, x := range r.flights {
		r.Deliver(x.p, x.e, 1000)
	}
	if r.giveUp != giveUpAfter {
		t.Errorf("after a delivery patience is %v", r.giveUp)
	}
}

// Whose short forms did not make a block hold up nobody: however many were asked
// for the whole and are silent, another is asked at once.
func TestWhoseShortFormDidNotFitIsNotWaitedFor(t *testing.T) {
	r := newRig(1)
	e := r.path[1]
	var liars []*Source
	for range maxCopies + 1 {
		p := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, false, false)
		p.Has(e)
		if !r.Expect(p, e) {
			t.Fatal("a short form is refused")
		}
		r.Misfit(p, e)
		liars = append(liars, p)
		if asked := r.plan(t); len(asked[p]) != 1 {
			t.Fatalf("the whole is not asked of liar %d", len(liars))
		}
	}
	honest := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, false, false)
	honest.Has(e)
	r.Changed()
	if asked := r.plan(t); len(asked[honest]) != 1 {
		t.Error("an honest peer is not asked for what liars were asked for")
	}
	if r.Expect(liars[0], e) && r.flightOf(liars[0], e).counts() != 0 {
		t.Error("a liar's request counts")
	}
	if late := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, false, false); r.Expect(late, e) {
		t.Error("two honest peers are asked at once")
	}
}

// Who sent a short form may have found the block invalid when it is asked for the
// whole: that it has it not is no lie.
func TestShortFormsAreNoClaims(t *testing.T) {
	r := newRig(4)
	p := r.source(true)
	r.OnHave(p, r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
	for i := 1; i <= 4; i++ {
		e := r.path[i]
		p.Shows(e)
		r.Shows(p, e)
		if !r.Expect(p, e) {
			t.Fatal("the short form is refused")
		}
		if r.NotFound(p, e) {
			t.Fatalf("a liar after %d short forms", i)
		}
		if asked := r.plan(t)[p]; len(asked) > 0 && asked[len(asked)-1] == e {
			t.Error("it is asked again at once")
		}
	}
}

// Who sends the short form of one block again and again, and each time does not
// have the rest, keeps us busy: that is excused once for each block.
func TestWhoNeverHasWhatItShowsIsALiar(t *testing.T) {
	r := newRig(1)
	p, e := r.source(true), r.path[1]
	r.OnHave(p, e, msg.NewHave(e.Node.Hash, 0))
	for refused := 1; ; refused++ {
		p.Shows(e)
		r.Shows(p, e)
		if !r.Expect(p, e) {
			t.Fatal("the short form is refused")
		}
		switch liar := r.NotFound(p, e); {
		case liar && refused != maxFalseClaims+1:
			t.Fatalf("a liar after %d times", refused)
		case liar:
			return
		case refused > maxFalseClaims:
			t.Fatalf("believed after %d times", refused)
		}
	}
}
