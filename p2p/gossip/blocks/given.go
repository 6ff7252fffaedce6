package blocks

import (
	"slices"
	"time"

	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// A newcomer hears only of its neighbours' requests, so that a hundred of them who are
// linked to one seed would ask it for most blocks several times. But the seed knows whom
// it gave which block. It says so to the next who asks (gvgiven): that one takes other
// blocks from it and waits until those come to it from neighbour to neighbour. Should they
// not, it asks again, each time after twice the patience.

// givens are what a source has said it gave to others.
type givens struct {
	last  *headers.Entry // bits is the blocks after it; nil: it has said nothing
	bits  msg.Bits
	asked map[*headers.Entry]putOff // what it did not send though we asked; at most window
	alone bool                      // we have told it that we have nobody else
}

// putOff is when a source would not send a block, and how often by now.
type putOff struct {
	at    time.Time
	times int
}

// OnGiven takes a source's word for what it gave to others; last is the entry of m.Last.
// Requests for these are not in flight any more.
func (f *Fetcher) OnGiven(p *Source, last *headers.Entry, m *msg.Given) {
	if m.Count == 0 {
		f.saysAlone(p)
		return
	}
	g := &p.givens
	g.last, g.bits = last, m.Given
	if g.asked == nil || len(g.asked) >= window {
		g.asked = make(map[*headers.Entry]putOff)
	}
	for _, x := range slices.Clone(p.flights) {
		if !g.has(x.e) {
			continue
		}
		g.asked[x.e] = putOff{f.now, g.asked[x.e].times + 1}
		p.headAt = f.now
		f.end(x)
	}
	p.view.route, f.have.fresh, f.dirty = 0, false, true
}

// has says whether a block was given to others.
func (g *givens) has(e *headers.Entry) bool {
	return g.last != nil && g.bits.Has(int(e.Node.Height-g.last.Node.Height)-1) && g.last.IsAncestorOf(e)
}

// waits says whether p need not be asked for e yet, as it would not send it.
func (f *Fetcher) waits(p *Source, e *headers.Entry) bool {
	x, ok := p.givens.asked[e]
	if !ok || !p.givens.has(e) {
		return false
	}
	if f.Still {
		return x.times > 2*maxRefusals // nobody who keeps to the rules says it so often
	}
	if f.useful > 1 {
		return f.patient(p, x.at, x.times)
	}
	if f.alone(p) && f.now.Sub(x.at) < aloneAgain {
		return false
	}
	till := x.at.Add(aloneAgain)
	if from := f.began.Add(aloneFrom); from.After(x.at) {
		till = from // then we may say so
	}
	return f.waitsTill(till)
}

// aloneAgain is after how long who has no other neighbours asks again: soon it is refused no more.
const aloneAgain = time.Second

// aloneFrom is how long after the beginning of a sync who has met nobody says so.
const aloneFrom = 500 * time.Millisecond

// Alone says what a source is told that would not send us blocks as others have them, when there are
// no others whom we know; nil: there are, or they may yet come. It then sends us all for a while.
func (f *Fetcher) Alone(p *Source) *msg.Given {
	p.givens.alone = false
	if p.givens.last == nil || f.now.Sub(f.began) < aloneFrom || f.have.peers > 1 || f.others(p) {
		return nil
	}
	p.givens.alone = true
	return msg.NewGiven(p.givens.last.Node.Hash, 0)
}

// alone says whether p has been told that nobody else could bring us anything, and that is still so.
func (f *Fetcher) alone(p *Source) bool { return p.givens.alone && f.useful <= 1 }

// others says whether somebody but p could be asked for something now.
func (f *Fetcher) others(p *Source) bool {
	return slices.ContainsFunc(f.sources, func(q *Source) bool { return q != p && f.isUseful(q) })
}

// saysAlone: a newcomer that we give to has told us that it knows nobody else.
func (f *Fetcher) saysAlone(p *Source) {
	p.wishes.aloneTill = f.now.Add(aloneFor)
}

// patient says whether it is still to be waited for what others have been fetching since
// then, rather than to ask p.
func (f *Fetcher) patient(p *Source, since time.Time, times int) bool {
	patience := f.late + 4*f.takes(f.rateOf(p))
	return f.waitsTill(since.Add(min(patience<<min(times, 8), lateAfterMax)))
}

// waitsTill says whether that time is yet to come, and sees to it that the wait ends then. It
// never comes while people hold the clock: nobody waits then.
func (f *Fetcher) waitsTill(till time.Time) bool {
	if f.Still || f.up(till) {
		return false
	}
	f.have.till = sooner(f.have.till, till)
	return true
}
