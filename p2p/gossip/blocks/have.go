package blocks

import (
	"slices"
	"time"

	"grapevine/chain/headertree"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// Between grapevine nodes every stored body is served at once, also by who is
// still syncing. So that newcomers fetch different blocks from those who have
// all, and the rest from each other, they tell one another what they hold and
// what they are fetching (gvhave).

// claim is what a have peer says of its bodies.
type claim struct {
	whole          *headers.Entry // of all last ones the one with the most work: held until it is not found
	bad            *headers.Entry // whole before that turned out bad; nil: it did not
	last           *headers.Entry // it holds this body and all before it
	held, fetching msg.Bits       // bit i is the i-th block after last
	wrong          int            // bodies up to whole or last that it did not have
	misread        int            // bits that proved false
	counted        struct {       // what it said to fetch when newcomers' words were last counted
		last     *headers.Entry
		fetching msg.Bits
	}
}

// top is what it holds for sure and is worth asking for: a block that turned out
// bad does not stand for its siblings.
func (c *claim) top() *headers.Entry {
	for c.whole.Bad != headertree.Good && c.whole.Parent != nil {
		if c.bad == nil {
			c.bad = c.whole
		}
		c.whole = c.whole.Parent
	}
	return c.whole
}

// Unmarked says that marks were taken back: what have peers said to hold counts
// again, for they say it only once.
func (f *Fetcher) Unmarked() {
	for _, p := range f.sources {
		if c := p.claim; c != nil && c.bad != nil && c.bad.Bad == headertree.Good {
			if c.yields(c.bad) {
				c.whole = c.bad
			}
			c.bad = nil
		}
		p.view.route = 0
	}
	f.have.fresh, f.dirty = false, true
}

// yields says whether e, which the peer holds too, is more worth asking for: it has
// more work, or as much and we lack it.
func (c *claim) yields(e *headers.Entry) bool {
	more := e.Node.Work.Cmp(c.top().Node.Work)
	return more > 0 || more == 0 && c.whole.Stored && e.Needed()
}

// refute takes back the claim to hold e. liar: it had said so by name too often, if
// this time counts.
// What it said before its last word it may have lost since, and is believed no more.
// A bit that proves false may have been meant for another branch, and is only
// not believed any more; after many, none is.
func (c *claim) refute(e *headers.Entry, counts bool) (liar bool) {
	if e.IsAncestorOf(c.bad) {
		c.bad = nil
	}
	once := e.IsAncestorOf(c.whole)
	if once {
		c.whole = e.Parent
	}
	if once || e.IsAncestorOf(c.last) {
		if counts {
			c.wrong++
		}
		return c.wrong >= maxFalseClaims
	}
	c.held = slices.Clone(c.held)
	if i := int(e.Node.Height-c.last.Node.Height) - 1; c.held.Has(i) {
		c.held[i/8] &^= 1 << (i % 8)
		c.misread++
	}
	return false
}

// haveTalk is the swarm as we see it.
type haveTalk struct {
	peers     int                        // have peers that are here
	at        time.Time                  // when they are told of our bodies; zero: nothing is new
	toldAt    time.Time                  // when they were last
	heard     time.Time                  // when is looked at what many of them have said; zero: nothing new
	planned   time.Time                  // when it last was; zero: it is not to wait for more
	changes   int                        // small changes since they were told
	fresh     bool                       // the tally is up to date
	route     uint64                     // it was made for
	held      row                        // blocks of the route that newcomers hold
	told      row                        // and that newcomers are fetching
	since     map[*headers.Entry]claimed // when that was first claimed, or again
	till      time.Time                  // when patience with what they are fetching ends; zero: none is needed
	newcomers int                        // among the have peers
}

// Stored notes that a body was stored, so that it is told: at once if it is the first that a newcomer holds, unless
// little is left.
func (f *Fetcher) Stored(e *headers.Entry) {
	i, on := f.placeOf(e)
	switch h := &f.have; {
	case f.size.guess() < haveUrgent:
		f.news(f.now.Add(haveSmall))
	case h.newcomers > 0 && !(h.route == f.routes && on && h.held.has(i)):
		f.news(f.now.Add(haveSoon))
	default:
		f.news(f.soon())
	}
}

// soon is when is told what is of use to few, as most of it has been heard from others. The more neighbours
// there are the longer it is gathered: so each says no more to many of them than to some.
func (f *Fetcher) soon() time.Time {
	h := &f.have
	at := f.now.Add(haveSoon)
	if next := h.toldAt.Add(haveSoon * time.Duration(f.crowd())); at.Before(next) {
		return next
	}
	return at
}

// crowd is how many times as long news are gathered as among few, and while little is missing, of which there
// is little to say.
func (f *Fetcher) crowd() int {
	return min(1+max(f.have.peers-haveFew, 0)/haveMore, 1+len(f.route.path)/shortWay, haveSlowest)
}

// news notes that what we hold or fetch is no longer what we told, and is to be told at a time. Near the tip
// it is told with the tip itself, but not what fills gaps below it.
func (f *Fetcher) news(at time.Time) {
	h := &f.have
	if len(f.route.path) <= nearTip && f.firstGap() == nil {
		return
	}
	if h.changes++; h.changes >= haveChanges {
		at = sooner(at, f.soon())
	}
	if later := f.now.Add(haveLittle); at.Before(later) && f.little(f.left()) {
		at = later // most often all is here before, which is told with the tip
	}
	if h.peers > 0 && (h.at.IsZero() || at.Before(h.at)) {
		h.at = at
	}
}

// News is what all have peers are to be told now; nil: nothing.
func (f *Fetcher) News() []*msg.Have {
	if !f.up(f.have.at) {
		return nil
	}
	f.have.at, f.have.toldAt, f.have.changes = time.Time{}, f.now, 0
	return f.Haves()
}

// Haves is what we hold on the way to our best header; and all up to our tip
// when that is not on that way, whose bodies may be withheld. That comes last: it
// is what waits where the tip's header has yet to be asked for.
func (f *Fetcher) Haves() []*msg.Have {
	if f.gaps && f.firstGap() != nil { // below a snapshot: what is missing comes soon, and then all is told
		return nil
	}
	ms := []*msg.Have{f.towardsBest()}
	if tip := f.tree.Tip(); f.firstGap() == nil && !tip.IsAncestorOf(f.tree.Best()) {
		ms = append(ms, msg.NewHave(tip.Node.Hash, 0))
	}
	return ms
}

func (f *Fetcher) towardsBest() *msg.Have {
	f.refreshRoute()
	r := &f.route
	last, path := r.base, r.path
	if gap := f.firstGap(); gap != nil && gap.IsAncestorOf(last) {
		last = gap.Parent
		path = append(headertree.Between(last, r.base), path...)
	}
	n := 0
	for n < len(path) && path[n].Stored {
		n++
	}
	if n > 0 {
		last = path[n-1]
	}
	rest := path[n:]
	for len(rest) > 0 && !rest[len(rest)-1].Stored && !f.comes(rest[len(rest)-1]) {
		rest = rest[:len(rest)-1]
	}
	rest = rest[:min(len(rest), msg.MaxHave)]
	m := msg.NewHave(last.Node.Hash, uint16(len(rest)))
	for i, e := range rest {
		switch {
		case e.Stored:
			m.Held.Set(i)
		case f.comes(e):
			m.Fetching.Set(i)
		}
	}
	return m
}

// OnHave takes a source's word for what it holds; last is the entry of m.Last.
func (f *Fetcher) OnHave(p *Source, last *headers.Entry, m *msg.Have) {
	if p.claim == nil {
		p.claim = &claim{}
	}
	p.claim.last, p.claim.held, p.claim.fetching = last, m.Held, m.Fetching
	if p.claim.misread >= maxMisread {
		p.claim.held, p.claim.fetching = nil, nil
	}
	if w := p.claim.whole; w == nil || p.claim.yields(last) {
		p.claim.whole = last
	}
	p.Has(last)
	f.proves(p)
	p.view.route, f.have.fresh = 0, false
	if h := &f.have; f.crowd() == 1 || f.Still {
		f.dirty = true
	} else if h.heard.IsZero() { // and what others say meanwhile is looked at together with it
		h.heard = f.now.Add(haveSoon)
	}
}

// Shows notes that a source has sent e in short form, which only who holds it and
// all before it (unless it has lost some since) can do.
func (f *Fetcher) Shows(p *Source, e *headers.Entry) {
	p.Has(e)
	f.dirty = true
	if c := p.claim; c != nil && c.yields(e) {
		c.whole = e
		p.view.route, f.have.fresh = 0, false
	}
}

// reach is which blocks on the way to a header a peer holds: all up to a
// height, and those of a bitmap after it.
type reach struct {
	upTo   int32
	beyond msg.Bits
}

func (r reach) holds(height int32) bool {
	return height <= r.upTo || r.beyond.Has(int(height-r.upTo)-1)
}

// reachTo is what the peer holds on the way to goal.
func (f *Fetcher) reachTo(p *Source, goal *headers.Entry) reach {
	if !p.Have {
		return f.upTo(p.top(), goal)
	}
	if p.claim == nil {
		return reach{upTo: -1}
	}
	r, whole := f.upTo(p.claim.last, goal), f.upTo(p.claim.whole, goal)
	if p.claim.last.IsAncestorOf(goal) {
		r.beyond = p.claim.held
	}
	if whole.upTo > r.upTo {
		return whole
	}
	return r
}

// upTo is the way to goal as far as last lies on it.
func (f *Fetcher) upTo(last, goal *headers.Entry) reach {
	switch {
	case last == nil:
		return reach{upTo: -1}
	case last.IsAncestorOf(goal):
		return reach{upTo: last.Node.Height}
	}
	return reach{upTo: f.tree.Fork(last, goal).Node.Height}
}

// Holds says whether the source has said or shown that it has e's body.
func (f *Fetcher) Holds(p *Source, e *headers.Entry) bool {
	has := f.reachTo(p, e)
	if has.upTo >= e.Node.Height {
		return true
	}
	return p.Have && p.claim != nil && p.claim.last.IsAncestorOf(e) && has.holds(e.Node.Height)
}

// HoldsAll says whether the source has said or shown that it has e's body and all before it.
func (f *Fetcher) HoldsAll(p *Source, e *headers.Entry) bool {
	return f.reachTo(p, e).upTo >= e.Node.Height
}

// Reach is how high on the way to e bodies go that a source is known to hold.
func (f *Fetcher) Reach(e *headers.Entry) (height int32) {
	for _, p := range f.sources {
		height = max(height, f.reachTo(p, e).upTo)
	}
	return height
}

// tally finds out which blocks of the route newcomers hold or are fetching. A newcomer is
// a have peer that does not hold all of the route, or did not when we had more to fetch.
// Where each peer is asked evenly there is none, for nothing is left to them.
func (f *Fetcher) tally() {
	h := &f.have
	if h.fresh {
		return
	}
	held := h.held
	h.fresh, h.newcomers, h.held = true, 0, row{}
	var t told
	for _, p := range f.sources {
		if f.Even || !p.Have || !f.isUseful(p) || len(f.route.path) == 0 {
			continue
		}
		v := f.viewOf(p)
		p.newcomer = p.newcomer || !v.complete && len(f.route.path) > nearTip
		if t.all.or(&v.given); !v.complete || p.newcomer {
			h.newcomers++
			offers := f.offers(p, v)
			h.held.or(&offers)
			t.all.or(&v.tells)
			t.fresh.or(&v.fresh)
			v.fresh = row{}
			p.claim.counted.last, p.claim.counted.fetching = p.claim.last, p.claim.fetching
		}
	}
	f.passOn(held, t.all)
	f.noteTold(t)
}

// passOn sees to it that neighbours hear what newcomers hold and fetch that did not before.
func (f *Fetcher) passOn(held, told row) {
	h := &f.have
	if h.route != f.routes || h.newcomers == 0 {
		return
	}
	came := h.held
	came.without(&held)
	for i := range came.all {
		f.cameTo(f.route.path[i])
	}
	held.or(&h.told)
	told.or(&came)
	if told.without(&held); told != (row{}) {
		f.news(f.soon())
	}
}

// offers is which blocks of the route p holds and may be asked for: who has once not sent one
// that it holds, for it had given it to others, is one way to it and no reason to ask nobody else;
// no more is who is behind.
func (f *Fetcher) offers(p *Source, v *view) row {
	if p.behind() {
		return row{}
	}
	has := v.has
	if len(p.givens.asked) == 0 && p.depth == 0 {
		return has
	}
	for i := range v.has.all {
		e := f.route.path[i]
		if _, refused := p.givens.asked[e]; refused || !f.serves(p, e) {
			has.clear(i)
		}
	}
	return has
}

// behind says whether much of what the source is asked for has come from others meanwhile.
func (p *Source) behind() bool {
	old := 0
	for _, x := range p.flights {
		if !x.e.Needed() {
			old++
		}
	}
	return old > 0 && 2*old >= len(p.flights)
}

// choose picks at most n of the blocks that p could be asked for: in the order
// of the chain, or, among newcomers, so that each fetches from who has all what
// no other newcomer holds or is fetching. Where that is little it is left to nobody, unless p knows
// nothing of newcomers: it is not worth the wait for one who says to fetch it and does not.
func (f *Fetcher) choose(p *Source, can []int, n int, complete bool) []*headers.Entry {
	path := f.route.path
	if f.sharing() && complete && !f.alone(p) && !(p.Given && f.little(f.left())) {
		can = slices.DeleteFunc(can, func(i int) bool { return f.leaveToNewcomers(i) })
		if len(can) > 0 && (f.takesTurns(p) || f.unaware(p) && f.inVain(can)) {
			n = f.turn(n, len(can))
		}
	}
	if complete && (f.sharing() || f.shuffling()) {
		for i := range min(n, len(can)) {
			j := i + f.rand.IntN(len(can)-i)
			can[i], can[j] = can[j], can[i]
		}
	}
	can = can[:min(n, len(can))]
	slices.Sort(can)
	ask := make([]*headers.Entry, len(can))
	for i, k := range can {
		ask[i] = path[k]
	}
	return ask
}

// sharing: there are other newcomers, though perhaps none of them is our neighbour.
func (f *Fetcher) sharing() bool { return f.have.newcomers > 0 || f.have.told != row{} }

// shuffling: at the start of a long sync other newcomers may be there that we
// have not met, and all would ask for the same blocks first.
func (f *Fetcher) shuffling() bool {
	return !f.Even && f.now.Sub(f.began) < shuffleFor && len(f.route.path) >= shuffleFrom
}

// leaveToNewcomers says whether block i of the route need not be asked from one
// who has all: a newcomer holds it and was not late with it, or is fetching it
// and is not late.
func (f *Fetcher) leaveToNewcomers(i int) bool {
	e := f.route.path[i]
	if f.have.held.has(i) {
		return f.flights[e] == nil
	}
	return f.have.told.has(i) && f.expected(e)
}
