package blocks

import (
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// seedRig has all of its n blocks.
func seedRig(n int) *rig {
	r := newRig(n)
	for _, e := range r.path {
		e.Stored, e.Valid = true, true
	}
	r.tree.SetTip(r.path[n])
	r.wait(2 * restFor)
	return r
}

// newcomer joins one that holds nothing.
func (r *rig) newcomerOf(given bool) *Source {
	r.joined++
	p := r.Join(&p2p.Link{ID: r.joined, Kind: p2p.Inbound, Hello: p2p.Hello{Services: wire.SFNodeNetwork | wire.SFNodeWitness, Have: true, Given: given}})
	r.OnHave(p, r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
	return p
}

// asks says whether p is sent the block of this height.
func (r *rig) asks(t *testing.T, p *Source, height int) bool {
	t.Helper()
	refused, told := r.Give(p, []*headers.Entry{r.path[height]})
	if (told != nil) != refused[r.path[height]] || told != nil && !told.Given.Has(height-1) {
		t.Fatalf("refused %v, told %+v", refused, told)
	}
	return told == nil
}

func (r *rig) says(p *Source, heights ...int) {
	m := msg.NewHave(r.path[0].Node.Hash, uint16(len(r.path)-1))
	for _, h := range heights {
		m.Held.Set(h - 1)
	}
	r.OnHave(p, r.path[0], m)
}

// Each block goes to one newcomer first, and again to the same; to others only when that
// one does not say in time that it holds it, or is gone, or it could have gone round.
func TestABlockIsGivenToOneNewcomerFirst(t *testing.T) {
	var r *rig
	var a *Source
	for _, c := range []struct {
		what  string
		after func()
		sent  bool
	}{
		{"at once", func() {}, false},
		{"the moment before it is late", func() { r.wait(giftTime - 1) }, false},
		{"when it is late", func() { r.wait(giftTime) }, true},
		{"while it goes round", func() { r.says(a, 5); r.wait(goesRound - 1) }, false},
		{"when it must have gone round", func() { r.says(a, 5); r.wait(goesRound) }, true},
		{"when who has it is gone", func() { r.Leave(a) }, true},
	} {
		r = seedRig(100)
		a = r.newcomerOf(true)
		b := r.newcomerOf(true)
		for range 2 {
			if !r.asks(t, a, 5) {
				t.Fatal("who asks first is refused")
			}
		}
		c.after()
		if r.asks(t, b, 5) != c.sent {
			t.Errorf("%s: sent %v", c.what, !c.sent)
		}
	}
}

// When no other newcomer is left, nothing goes round any more: the last one is sent all.
func TestTheLastNewcomerIsRefusedNothing(t *testing.T) {
	r := seedRig(100)
	a, b := r.newcomerOf(true), r.newcomerOf(true)
	r.asks(t, a, 5)
	r.says(a, 5)
	if r.asks(t, b, 5) {
		t.Fatal("a block that goes round is sent to another newcomer")
	}
	r.OnHave(a, r.path[100], msg.NewHave(r.path[100].Node.Hash, 0))
	if !r.asks(t, b, 5) {
		t.Error("the last newcomer is told to take from others what nobody passes on any more")
	}
}

// Nobody is refused who does not know of it, who has all but the last blocks, or by who
// has just synced itself.
func TestOnlyNewcomersAreRefused(t *testing.T) {
	r := seedRig(100)
	a := r.newcomerOf(true)
	r.asks(t, a, 5)
	if old := r.newcomerOf(false); !r.asks(t, old, 5) {
		t.Error("who does not know of gvgiven is refused")
	}
	near := r.newcomerOf(true)
	r.OnHave(near, r.path[98], msg.NewHave(r.path[98].Node.Hash, 0))
	if !r.asks(t, near, 5) {
		t.Error("who has nearly all is refused")
	}
	b := r.newcomerOf(true)
	r.Synced()
	r.wait(restFor - 1)
	r.asks(t, a, 6)
	if !r.asks(t, b, 6) {
		t.Error("refused by who has just synced")
	}
	r.wait(1)
	r.asks(t, a, 7)
	if r.asks(t, b, 7) {
		t.Error("who has rested gives as if it had not")
	}
	r.path[8].Stored = false
	if refused, _ := r.Give(b, []*headers.Entry{nil, r.path[8]}); refused != nil {
		t.Error("refused what we do not have: that is to be said otherwise")
	}
}

// T60: a newcomer that takes blocks and never has them keeps few from the others, and
// those not for long, however many such there are.
func TestT60_WhoPassesNothingOnKeepsLittleFromOthers(t *testing.T) {
	r := seedRig(200)
	liar, b := r.newcomerOf(true), r.newcomerOf(true)
	for h := 1; h <= 200; h++ {
		r.asks(t, liar, h)
	}
	kept := 0
	for h := 1; h <= 200; h++ {
		if !r.asks(t, b, h) {
			kept++
		}
	}
	if kept != maxUnproven {
		t.Errorf("%d blocks are kept for it", kept)
	}
	r = seedRig(200)
	b = r.newcomerOf(true)
	refused := 0
	for sent := false; !sent; r.wait(giftTime) {
		r.asks(t, r.newcomerOf(true), 10) // each time a new liar is faster than we are
		if sent = r.asks(t, b, 10); !sent {
			refused++
		}
	}
	if refused != maxRefusals {
		t.Errorf("refused %d times", refused)
	}
}

// Who hears of nobody that holds what it was refused has no neighbours, and is served.
func TestWhoHasNoNeighboursIsServed(t *testing.T) {
	r := seedRig(200)
	a, alone, linked := r.newcomerOf(true), r.newcomerOf(true), r.newcomerOf(true)
	var all []int
	for h := 1; h <= 100; h++ {
		r.asks(t, a, h)
		all = append(all, h)
		r.says(a, all...)
		for _, p := range []*Source{alone, linked} {
			if r.asks(t, p, h) {
				t.Fatalf("block %d is sent to two", h)
			}
		}
	}
	r.says(linked, all[:80]...)
	r.wait(vainAfter + 1)
	again := func(p *Source) (refused int) {
		for h := 81; h <= 100; h++ {
			if !r.asks(t, p, h) {
				refused++
			}
		}
		return refused
	}
	if n := again(alone); n != vainFrom-1 {
		t.Errorf("who is alone is refused %d times more", n)
	}
	if n := again(linked); n != 20 {
		t.Errorf("who has neighbours is refused %d of 20", n)
	}
}

// What is remembered has bounds.
func TestGiftsAreBounded(t *testing.T) {
	r := seedRig(maxGifts + 100)
	for h := 1; h <= maxGifts+100; h += maxUnproven {
		p := r.newcomerOf(true)
		for i := h; i < min(h+maxUnproven, maxGifts+101); i++ {
			r.asks(t, p, i)
		}
	}
	if n := len(r.gifts.of); n != maxGifts {
		t.Errorf("%d gifts are remembered", n)
	}
	r.wait(lateAfterMax)
	r.asks(t, r.newcomerOf(true), maxGifts+50)
	if n := len(r.gifts.of); n != 1 {
		t.Errorf("%d gifts are remembered that are over", n)
	}
	for range 2 * maxGivenTo {
		r.wait(lateAfterMax)
		r.asks(t, r.newcomerOf(true), maxGifts+50)
		if x := r.gifts.of[r.path[maxGifts+50]]; len(x.to) > maxGivenTo {
			t.Fatalf("given to %d", len(x.to))
		}
	}
}

// refusing is a newcomer's rig, with a seed that has given all of its n blocks to others and says so.
func refusing(n int) (r *rig, seed *Source, all *msg.Given) {
	r = newRig(n)
	seed = r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, true)
	seed.Given = true
	r.OnHave(seed, r.path[n], msg.NewHave(r.path[n].Node.Hash, 0))
	all = msg.NewGiven(r.path[0].Node.Hash, uint16(n))
	for i := range n {
		all.Given.Set(i)
	}
	return r, seed, all
}

// A newcomer takes other blocks instead of those that a seed has given to others, waits for
// these as long as it would for a neighbour, and then asks again, each time after twice as
// long. Another seed is asked in the meantime as if it had heard it from a neighbour.
func TestANewcomerWaitsForWhatOthersWereGiven(t *testing.T) {
	r, seed, all := refusing(200)
	idle := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, true) // might bring them
	r.OnHave(idle, r.path[0], msg.NewHave(r.path[0].Node.Hash, 0))
	first := r.plan(t)[seed]
	if len(first) == 0 {
		t.Fatal("nothing is asked")
	}
	i := first[0].Node.Height - 1
	all.Given[i/8] &^= 1 << (i % 8) // but that one
	r.OnGiven(seed, r.path[0], all)
	if len(seed.flights) != 1 || seed.flights[0].e != first[0] {
		t.Fatalf("%d requests are still in flight", len(seed.flights))
	}
	r.deliver(seed, 1000)
	if asked := r.plan(t)[seed]; len(asked) != 0 {
		t.Fatalf("asked again at once for %d blocks", len(asked))
	}
	asked := map[*headers.Entry][]time.Time{first[1]: {r.at}}
	for tries := 0; len(asked[first[1]]) < 5; tries++ {
		if r.have.till.IsZero() || tries > 1000 {
			t.Fatalf("nothing ends the wait, after %d tries", tries)
		}
		r.wait(max(r.have.till.Sub(r.at), 0))
		for _, e := range r.plan(t)[seed] {
			asked[e] = append(asked[e], r.at)
		}
		r.OnGiven(seed, r.path[0], all)
	}
	for i, at := range asked[first[1]][1:] {
		if d := at.Sub(asked[first[1]][i]); d < lateAfter<<(i+1) {
			t.Errorf("the time %d it is asked again after %v", i+1, d)
		}
	}
	other := r.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, true)
	r.OnHave(other, r.path[200], msg.NewHave(r.path[200].Node.Hash, 0))
	r.plan(t)
	r.wait(2 * turnEach)
	if asked := r.plan(t)[other]; len(asked) == 0 && len(other.flights) == 0 {
		t.Error("another seed is not asked, though the time that was to be waited is long over")
	}
}

// Who has no neighbours but the seed asks again each second, so that it has the block when it may be refused no more.
func TestANewcomerWithoutNeighboursAsksAgainSoon(t *testing.T) {
	r, seed, all := refusing(8)
	begin := r.at
	for refused := 0; refused < maxRefusals; {
		if len(r.plan(t)[seed]) > 0 {
			refused++
			r.OnGiven(seed, r.path[0], all)
		}
		if r.wait(100 * time.Millisecond); r.at.Sub(begin) > (maxRefusals+1)*aloneAgain {
			t.Fatalf("asked %d times in %v", refused, r.at.Sub(begin))
		}
	}
}

// While people hold the clock no wait ends: what a seed would not send is asked for again at once, as
// often as it may be refused, and so comes all the same.
func TestNobodyWaitsWhileTheClockIsHeld(t *testing.T) {
	r, seed, all := refusing(8)
	r.Still = true
	times := map[*headers.Entry]int{}
	for range 1000 {
		for _, e := range r.plan(t)[seed] {
			times[e]++
		}
		r.OnGiven(seed, r.path[0], all)
	}
	for _, e := range r.path[1:9] {
		if times[e] != 2*maxRefusals+1 { // more than who keeps to the rules refuses, and not without end
			t.Errorf("block %d is asked for %d times", e.Node.Height, times[e])
		}
	}
	r.Still = false
	if r.wait(time.Hour); len(r.plan(t)[seed]) == 0 {
		t.Error("when the clock goes on nothing is asked for")
	}
}

// Who says that it knows nobody else is refused nothing for a while, and a newcomer says so only when it is true.
func TestWhoSaysThatItIsAloneIsServed(t *testing.T) {
	r := seedRig(100)
	a, b := r.newcomerOf(true), r.newcomerOf(true)
	r.asks(t, a, 5)
	if r.asks(t, b, 5) {
		t.Fatal("a block is sent to two")
	}
	r.OnGiven(b, r.path[0], msg.NewGiven(r.path[0].Node.Hash, 0))
	if !r.asks(t, b, 5) {
		t.Error("who says that it is alone is refused")
	}
	r.asks(t, a, 6)
	r.wait(aloneFor)
	r.says(a, 6)
	if r.asks(t, b, 6) {
		t.Error("it is believed for ever")
	}

	n, seed, all := refusing(8)
	n.plan(t)
	refused := func() *msg.Given {
		n.OnGiven(seed, n.path[0], all)
		return n.Alone(seed)
	}
	if n.wait(aloneFrom - 1); refused() != nil {
		t.Error("it says so before others could have come")
	}
	n.wait(1)
	if m := refused(); m == nil || m.Count != 0 {
		t.Errorf("who is alone says %+v", m)
	}
	if len(n.plan(t)[seed]) == 0 {
		t.Error("and does not ask again at once")
	}
	n.join(wire.SFNodeNetwork|wire.SFNodeWitness, true, true)
	if refused() != nil {
		t.Error("it says so, and is not")
	}
}

// What is refused is told, or who asked for it would wait in vain: a block so far from what a newcomer last said to
// hold that there is no bit for it, because it has fetched much since or has lost a body, is sent.
func TestNothingIsRefusedThatCannotBeTold(t *testing.T) {
	r := seedRig(msg.MaxHave + 100)
	a, b := r.newcomerOf(true), r.newcomerOf(true)
	for _, height := range []int{1, msg.MaxHave, msg.MaxHave + 1, msg.MaxHave + 100} {
		r.asks(t, a, height)
		if sent := r.asks(t, b, height); sent != (height > msg.MaxHave) {
			t.Errorf("block %d is sent: %v", height, sent)
		}
	}
	r.OnHave(b, r.path[10], msg.NewHave(r.path[10].Node.Hash, 0))
	for height, sent := range map[int]bool{9: true, 10: true, 11: false} {
		r.asks(t, a, height)
		if refused, _ := r.Give(b, []*headers.Entry{r.path[height]}); (len(refused) == 0) != sent {
			t.Errorf("above a tip of 10 block %d is sent: %v", height, !sent)
		}
	}
}
