package blocks

import (
	"slices"
	"time"

	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// A node that has all, and that newcomers ask, gives each block to one of them first, who
// passes it on (given.go has their side). Others who ask for it soon are told so. What is
// to be feared is a newcomer that takes blocks and passes none on, and one that has no
// other way to them:
//
//   - who was given a block is waited for a few times as long as others take to say that
//     they hold it, or, once it says so, so long as it may take to go round;
//   - no more than maxUnproven blocks are kept for one that does not say that it has them;
//   - nobody is refused a block more than maxRefusals times, or when no other newcomer is left, or one that
//     there is no bit for in what it is told, or it would wait in vain;
//   - who says that it knows nobody else is refused nothing for aloneFor: a lie gets it what it would get
//     after maxRefusals anyway;
//   - who asks again for most of what it was refused has no neighbours that pass it on, and
//     is refused nothing more.
const (
	maxGifts    = 4 * window       // that are remembered
	maxGivenTo  = 8                // newcomers that one block is given to; then everybody gets it
	maxUnproven = 16               // as many as are asked at once
	maxRefusals = 5                // of one block to one newcomer
	goesRound   = 30 * time.Second // that a block may take from who holds it to all others
	giftTime    = 5 * time.Second  // that a newcomer has at least to say that it holds what it was given
	vainFrom    = 16               // blocks asked for again, from which on it is looked whether a newcomer has neighbours
	vainAfter   = 2 * time.Second  // since somebody holds a block, from which on it counts that it was asked for again
	aloneFor    = 5 * time.Second  // that who says to have no neighbours is believed
	restFor     = time.Minute      // after our own sync, until we do so: who has just synced shares as all do
)

// gift is a block that newcomers were given.
type gift struct {
	to   []*Source // the last was given it last
	at   time.Time
	held time.Time // since when that one says that it holds it; zero: it does not
}

// gifts are what we gave lately.
type gifts struct {
	of     map[*headers.Entry]*gift
	took   time.Duration // from giving a block until it is said to be held, lately
	synced time.Time     // when we last fetched old blocks ourselves
}

// wishes is a newcomer as we see it who give.
type wishes struct {
	unproven []*headers.Entry       // given to it, which it does not say to hold; at most maxUnproven
	refused  map[*headers.Entry]int // how often it was; at most window
	vain     int                    // blocks that it asked for again, though others held them
	alone    bool                   // it has no other way to them

	aloneTill time.Time // until then it is taken at its word that it has none
}

// Synced: we have fetched an old block ourselves.
func (f *Fetcher) Synced() { f.gifts.synced = f.now }

// Give says which of the blocks that a source asks for it is not sent, and what it is told
// instead; nil: it is sent all.
func (f *Fetcher) Give(p *Source, asked []*headers.Entry) (refused map[*headers.Entry]bool, told *msg.Given) {
	g := &f.gifts
	if !p.Given || !f.newcomer(p) || !g.synced.IsZero() && f.now.Sub(g.synced) < restFor || !f.otherNewcomers(p) {
		return nil, nil
	}
	for _, e := range asked {
		switch {
		case e == nil || !e.Stored || !e.Valid || !e.IsAncestorOf(f.tree.Tip()):
		case f.refuses(p, e):
			if refused == nil {
				refused = make(map[*headers.Entry]bool)
			}
			refused[e] = true
		default:
			f.gives(p, e)
		}
	}
	if refused == nil {
		return nil, nil
	}
	return refused, f.givenToOthers(p)
}

// newcomer says whether a source is on its way to our tip.
func (f *Fetcher) newcomer(p *Source) bool {
	tip := f.tree.Tip()
	return p.claim != nil && p.claim.last.IsAncestorOf(tip) && tip.Node.Height-p.claim.last.Node.Height > nearTip
}

// otherNewcomers says whether anybody but p is on its way to our tip: else nothing goes round any more, and the
// last one is sent all.
func (f *Fetcher) otherNewcomers(p *Source) bool {
	return slices.ContainsFunc(f.sources, func(q *Source) bool { return q != p && f.newcomer(q) })
}

// lasts says whether a block is still to be had from who was given it.
func (f *Fetcher) lasts(x *gift) bool {
	if x.to[len(x.to)-1].gone {
		return false
	}
	if !x.held.IsZero() {
		return f.now.Sub(x.held) < goesRound
	}
	return f.now.Sub(x.at) < min(giftTime+4*f.gifts.took, lateAfterMax)
}

// elsewhere says whether others than p were given e lately, and may be asked for it.
func (f *Fetcher) elsewhere(p *Source, e *headers.Entry) bool {
	x := f.gifts.of[e]
	if x == nil || len(x.to) >= maxGivenTo || !f.lasts(x) {
		return false
	}
	for _, q := range x.to {
		if q == p {
			return false
		}
	}
	return true
}

// refuses says whether p is not sent e.
func (f *Fetcher) refuses(p *Source, e *headers.Entry) bool {
	w := &p.wishes
	before := w.refused[e]
	if i := e.Node.Height - p.claim.last.Node.Height; i < 1 || i > msg.MaxHave {
		return false
	}
	if !f.elsewhere(p, e) || w.alone || f.now.Before(w.aloneTill) || before >= maxRefusals || before == 0 && len(w.refused) >= window {
		return false
	}
	if x := f.gifts.of[e]; before > 0 && !x.held.IsZero() && f.now.Sub(x.held) > vainAfter {
		w.vain++
		if f.isAlone(p) {
			return false
		}
	}
	if w.refused == nil {
		w.refused = make(map[*headers.Entry]int)
	}
	w.refused[e]++
	return true
}

// isAlone looks whether a newcomer that asks again has got much of what it was refused from
// its neighbours.
func (f *Fetcher) isAlone(p *Source) bool {
	w := &p.wishes
	if w.vain < vainFrom {
		return false
	}
	got := 0
	for e := range w.refused {
		if f.Holds(p, e) {
			got++
			delete(w.refused, e)
		}
	}
	w.alone = got < w.vain
	w.vain = 0
	return w.alone
}

// gives remembers that p is sent e.
func (f *Fetcher) gives(p *Source, e *headers.Entry) {
	g, w := &f.gifts, &p.wishes
	delete(w.refused, e)
	if len(w.unproven) >= maxUnproven {
		return
	}
	x := g.of[e]
	if x == nil || !f.lasts(x) && len(x.to) >= maxGivenTo {
		if x = f.newGift(e); x == nil {
			return
		}
	}
	if len(x.to) >= maxGivenTo {
		return
	}
	x.to, x.at, x.held = append(x.to, p), f.now, time.Time{}
	w.unproven = append(w.unproven, e)
}

// newGift makes room, if need be by what lasts no longer; nil: there is none.
func (f *Fetcher) newGift(e *headers.Entry) *gift {
	g := &f.gifts
	if g.of == nil {
		g.of = make(map[*headers.Entry]*gift)
	}
	if len(g.of) >= maxGifts {
		for old, x := range g.of {
			if !f.lasts(x) {
				delete(g.of, old)
			}
		}
		if len(g.of) >= maxGifts {
			return nil
		}
	}
	g.of[e] = &gift{}
	return g.of[e]
}

// proves: p has said what it holds.
func (f *Fetcher) proves(p *Source) {
	w, kept := &p.wishes, 0
	for _, e := range w.unproven {
		x := f.gifts.of[e]
		switch {
		case x == nil:
		case !f.Holds(p, e):
			w.unproven[kept] = e
			kept++
		case x.to[len(x.to)-1] == p:
			x.held = f.now
			f.gifts.took += (f.now.Sub(x.at) - f.gifts.took) / 8
		}
	}
	w.unproven = w.unproven[:kept]
}

// givenToOthers is what p is told: what of the way to our tip others were given.
func (f *Fetcher) givenToOthers(p *Source) *msg.Given {
	last := p.claim.last
	n := min(f.tree.Tip().Node.Height-last.Node.Height, msg.MaxHave)
	m := msg.NewGiven(last.Node.Hash, uint16(n))
	for i := range n {
		if f.elsewhere(p, f.tree.AtHeight(last.Node.Height+1+i)) {
			m.Given.Set(int(i))
		}
	}
	return m
}
