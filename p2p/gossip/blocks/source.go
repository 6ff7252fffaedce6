package blocks

import (
	"slices"
	"time"

	"grapevine/chain/headertree"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// Source is one peer as a source of bodies.
type Source struct {
	*p2p.Link

	Top *headers.Entry // best header that it has; for a have peer of headers only
	RTT time.Duration  // shortest measured; 0: not known

	equals []*headers.Entry // others with as much work as Top, in order of announcement

	Pushes  bool                        // we have asked it to push new blocks to us
	Compact bool                        // speaks BIP152 version 2
	short   *headers.Entry              // the block that it was last asked for in short form
	shown   map[*headers.Entry]struct{} // blocks on our tip that it has sent in short form
	owes    map[*headers.Entry]struct{} // bodies that it was asked for, also long ago

	lates  int   // times it let a block become late, less one for every tenth it delivered
	grace  int   // deliveries towards the next
	usable bool  // has witnesses
	depth  int32 // how many of its last blocks it serves; 0: all
	gone   bool

	flights    []*flight      // in order of asking
	misfit     *headers.Entry // the last block whose short form it sent and that this did not make
	lateAt     time.Time      // when the first of them is late, or the peer given up if it is
	headAt     time.Time      // since when the first of them is first
	stalled    bool           // something is late: nothing more is asked until all has come
	stallsFrom time.Time      // since when the window waits for its block, where that counts; zero: it does not
	grown      int            // deliveries in time since the last overdue one
	rate       rate

	excused   *headers.Entry // the last block that it had shown and then did not have
	missed    *headers.Entry // its best header before it answered notfound
	againAt   time.Time      // when that is believed again: it may have validated the block meanwhile
	missPause time.Duration  // the last one until then

	claim    *claim // what a have peer says it holds; nil before it has said anything
	view     view   // the same along the route
	newcomer bool   // it has fetched the route beside us
	givens   givens // what it has given to others rather than to us
	wishes   wishes // what we gave it, and what not
	branch   way    // to its best header, where that is beside the way to ours
}

// Has notes that the source has a header, and its body unless it speaks gvhave. Of
// branches with the same work, those whose bodies we lack have their turn [UpdateBlockAvailability].
func (p *Source) Has(e *headers.Entry) {
	more := 1
	if p.Top != nil {
		more = e.Node.Work.Cmp(p.Top.Node.Work)
	}
	switch {
	case more > 0:
		p.Top, p.equals = e, nil
	case more == 0 && e != p.Top && len(p.equals) < maxEquals && !slices.Contains(p.equals, e):
		p.equals = append(p.equals, e)
	}
}

// Best is the best header that it has, nil: none is known.
func (p *Source) Best() *headers.Entry { return p.Top }

// miss: the source does not have e, or no good copy of it. If it had said that it has,
// it is not asked for a while for e and what builds on it.
func (p *Source) miss(e *headers.Entry, now time.Time) {
	if p.Top == nil || !e.IsAncestorOf(p.Top) || e.Parent == nil {
		return
	}
	if p.missed == nil {
		p.missed = p.Top
	}
	p.Top = e.Parent
	if p.missPause >= missPauseMost { // until it announces a block again
		p.missed, p.againAt = nil, time.Time{}
		return
	}
	p.missPause = max(2*p.missPause, missPauseLeast)
	p.againAt = now.Add(p.missPause)
}

// believe believes what the source said before it answered notfound.
func (p *Source) believe() {
	p.Has(p.missed)
	p.missed, p.againAt = nil, time.Time{}
}

// top is the best header it has that is worth asking for.
func (p *Source) top() *headers.Entry {
	for p.Top != nil && p.Top.Bad != headertree.Good {
		p.Top = p.Top.Parent
	}
	for p.Top != nil && p.Top.Stored && len(p.equals) > 0 {
		if e := p.equals[0]; e.Needed() && e.Node.Work == p.Top.Node.Work {
			p.Top = e
		}
		p.equals = p.equals[1:]
	}
	return p.Top
}

// Unreliable says whether it has let blocks become late.
func (p *Source) Unreliable() bool { return p.lates > 0 }

// rank orders sources for asking: of our own choice and reliable, reliable,
// others.
func (p *Source) rank() int {
	switch {
	case p.lates > 0:
		return 2
	case p.Inbound(): // an attacker has these for free
		return 1
	}
	return 0
}

const ranks = 3

// InFlight lists the heights of the blocks asked from it, in order of asking [vBlocksInFlight].
func (p *Source) InFlight() (heights []int32) {
	for _, f := range p.flights {
		heights = append(heights, f.e.Node.Height)
	}
	return heights
}

// asks notes that the source was asked for a body; short: in short form.
func (p *Source) asks(e *headers.Entry, short bool) {
	if p.owes == nil || len(p.owes) >= maxOwed {
		p.owes = make(map[*headers.Entry]struct{})
	}
	p.owes[e] = struct{}{}
	if short {
		p.short = e
	}
}

// Paid says whether the source had been asked for a body that it sends now,
// however late it comes.
func (p *Source) Paid(e *headers.Entry) bool {
	_, owed := p.owes[e]
	delete(p.owes, e)
	return owed
}

// PaidShort says whether the source had been asked for the short form that it
// sends now.
func (p *Source) PaidShort(e *headers.Entry) bool {
	if p.short != e {
		return false
	}
	p.short = nil
	return true
}

// Shows notes that the source sent a block in short form; again: not for the
// first time on this tip.
func (p *Source) Shows(e *headers.Entry) (again bool) {
	if again = p.Showed(e); p.shown == nil {
		p.shown = make(map[*headers.Entry]struct{})
	}
	p.shown[e] = struct{}{}
	return again
}

// Showed says whether the source has sent the block in short form.
func (p *Source) Showed(e *headers.Entry) bool {
	_, ok := p.shown[e]
	return ok
}
