package blocks

import (
	"fmt"
	"slices"
	"time"

	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// flight is one request for a body that one source has not answered.
type flight struct {
	e     *headers.Entry
	p     *Source
	next  *flight // the request before, for the same block at another source
	asked time.Time
	late  bool // others may be asked
}

func (f *Fetcher) flightOf(p *Source, e *headers.Entry) *flight {
	for x := f.flights[e]; x != nil; x = x.next {
		if x.p == p {
			return x
		}
	}
	return nil
}

// add notes that a source is asked for a block [BlockRequested].
func (f *Fetcher) add(p *Source, e *headers.Entry) {
	x := &flight{e: e, p: p, next: f.flights[e], asked: f.now, late: p.misfit == e}
	f.flights[e] = x
	if len(p.flights) == 0 {
		p.headAt = f.now
	}
	p.flights = append(p.flights, x)
	f.count++
	f.have.ours(e)
	f.setLate(p)
}

// end takes a request out, answered or not, and lets others be asked if the
// block is still needed [RemoveBlockRequest].
func (f *Fetcher) end(x *flight) {
	if head := f.flights[x.e]; head == x && x.next == nil {
		delete(f.flights, x.e)
	} else if head == x {
		f.flights[x.e] = x.next
	} else {
		for ; head.next != x; head = head.next {
		}
		head.next = x.next
	}
	p := x.p
	i := slices.Index(p.flights, x)
	p.flights = slices.Delete(p.flights, i, i+1)
	f.count--
	p.stallsFrom = time.Time{}
	if len(p.flights) == 0 {
		f.have.planned = time.Time{} // it is not to be idle
		if p.stalled {
			p.stalled, f.have.fresh = false, false
		}
	}
	f.setLate(p)
	f.Reopen(x.e)
}

// Deliver notes that a body of so many bytes came from p, and says whether it
// had been asked for there. The time that it took runs from the later of the
// request and the delivery before.
func (f *Fetcher) Deliver(p *Source, e *headers.Entry, size int) (requested bool) {
	x := f.flightOf(p, e)
	if x == nil {
		return false
	}
	if p.grown = min(p.grown+1, maxFlights); f.overdue(p) {
		p.grown = 0
	}
	if e.Needed() {
		f.came()
	}
	if f.now.Sub(p.headAt) > turnEach && f.takesTurns(p) {
		f.turns.gave = f.now
	}
	p.forgive()
	p.missPause = 0
	p.rate.add(size, f.now.Sub(p.headAt))
	f.total.add(size, f.now.Sub(p.headAt))
	f.size.add(size)
	f.giveUp = giveUpAfter
	p.headAt = f.now
	f.end(x)
	if f.flights[e] != nil || !e.Needed() { // somebody is behind, or no longer
		f.have.fresh = false
	}
	return true
}

// Expect notes that p is sending e in another way than Plan asked for; false:
// somebody else is. A peer of our own choice may be asked besides those who came
// to us, which are perhaps there to stall (T21 among the tests).
func (f *Fetcher) Expect(p *Source, e *headers.Entry) bool {
	if f.flightOf(p, e) != nil {
		return true
	}
	if len(p.flights) >= maxFlights || !f.mayAsk(p, e) && !f.mayHelp(p, e) && !f.evenHelp(p, e) {
		return false
	}
	f.add(p, e)
	return true
}

// mayHelp says whether p may be asked besides the others, none of which we chose.
func (f *Fetcher) mayHelp(p *Source, e *headers.Entry) bool {
	n := 0
	for x := f.flights[e]; x != nil; x = x.next {
		if n += x.counts(); n >= maxCopies || !x.p.Inbound() && x.counts() > 0 {
			return false
		}
	}
	return !p.Inbound() && e.Needed()
}

// counts is 1, or 0 for a request that nobody need wait for.
func (x *flight) counts() int {
	if x.p.misfit == x.e {
		return 0
	}
	return 1
}

// Unfit says that e cannot be put together from short ids: it is asked for whole.
func (f *Fetcher) Unfit(e *headers.Entry) { f.unfit = e }

// Misfit: what p sent of e in another way does not make it. It may be asked for
// the whole, but others may be at the same time.
func (f *Fetcher) Misfit(p *Source, e *headers.Entry) {
	p.misfit, f.unfit = e, e
	if x := f.flightOf(p, e); x != nil {
		p.headAt = f.now
		f.end(x)
	}
	f.Reopen(e)
}

// Done ends a request that was answered in another way than by the whole body,
// so that it says nothing of the source's speed.
func (f *Fetcher) Done(p *Source, e *headers.Entry) {
	if x := f.flightOf(p, e); x != nil {
		p.forgive()
		p.headAt = f.now
		f.end(x)
	}
}

// forgive counts a delivery: ten make good for one that was late.
func (p *Source) forgive() {
	if p.grace++; p.lates > 0 && p.grace >= 10 {
		p.lates, p.grace = p.lates-1, 0
	}
}

// NotFound: p does not have e after all. liar says that it had claimed so too
// often.
func (f *Fetcher) NotFound(p *Source, e *headers.Entry) (liar bool) {
	x := f.flightOf(p, e)
	if x == nil {
		return false
	}
	f.end(x)
	p.miss(e, f.now)
	if p.claim == nil {
		return false
	}
	p.view.route, f.have.fresh = 0, false
	// A short form travels before its block is validated: who sent it may have found
	// the block invalid meanwhile. That excuses once.
	excused := p.Showed(e) && p.excused != e
	if excused {
		p.excused = e
	}
	return p.claim.refute(e, !excused)
}

// Spoiled: p has sent a copy of e that is not its header's. Should p stay all the
// same, it is not asked for e again at once.
func (f *Fetcher) Spoiled(p *Source, e *headers.Entry) { p.miss(e, f.now) }

// release gives all of a source's requests back.
func (f *Fetcher) release(p *Source) {
	for len(p.flights) > 0 {
		f.end(p.flights[len(p.flights)-1])
	}
}

// setLate computes when the first block asked from the source is late: after the
// time it should take at the source's rate, though nobody is excused for being
// four times slower than the others, and a patience that adapts as Core's.
func (f *Fetcher) setLate(p *Source) {
	switch {
	case len(p.flights) == 0:
		p.lateAt = time.Time{}
	case f.Even:
		f.setEvenLate(p)
	case p.stalled:
		p.lateAt = p.headAt.Add(f.giveUp)
	default:
		rate := max(f.rateOf(p), f.total.perSecond(guessedRate)/4)
		p.lateAt = p.headAt.Add(f.late + min(f.takes(rate), lateAfterMax))
	}
}

// Late lets others be asked for what does not come, and drops sources that are long stalled, and replaceable. The only holder of a block is never
// dropped for slowness: it is asked again.
func (f *Fetcher) Late() (drop []p2p.Action) {
	for _, p := range f.sources {
		if f.up(p.againAt) {
			p.believe()
			f.dirty = true
		}
	}
	if f.Even {
		return f.evenLate()
	}
	for _, p := range f.sources {
		switch {
		case !f.up(p.lateAt):
		case !p.stalled:
			f.stall(p)
		case slices.ContainsFunc(p.flights, func(x *flight) bool { return f.othersHold(p, x.e) }):
			drop = append(drop, p2p.Drop{Peer: p.ID, Reason: "stalls: blocks asked for do not come"})
		default:
			f.release(p)
		}
	}
	if len(drop) > 0 {
		f.giveUp = min(2*f.giveUp, giveUpMax)
	}
	return drop
}

func (f *Fetcher) stall(p *Source) {
	p.stalled, f.have.fresh = true, false
	p.lates++
	if len(f.route.path) >= patientFrom {
		f.late = min(2*f.late, lateAfterMax)
	}
	for _, x := range p.flights {
		x.late = true
		f.Reopen(x.e)
	}
	f.setLate(p)
}

func (f *Fetcher) othersHold(p *Source, e *headers.Entry) bool {
	return slices.ContainsFunc(f.sources, func(q *Source) bool {
		return q != p && q.usable && !q.stalled && f.Holds(q, e)
	})
}

// Flights counts the requests in flight.
func (f *Fetcher) Flights() int { return f.count }

// Check proves that each request is where it should be and no limit is passed.
func (f *Fetcher) Check() error {
	n := 0
	for e, x := range f.flights {
		copies := 0
		for ; x != nil; x = x.next {
			n++
			copies += x.counts()
			if x.e != e || x.p.gone || !slices.Contains(x.p.flights, x) {
				return fmt.Errorf("request for %s at nobody", e.Node.Hash)
			}
		}
		if copies > maxCopies {
			return fmt.Errorf("%d requests for %s", copies, e.Node.Hash)
		}
	}
	for _, p := range f.sources {
		n -= len(p.flights)
		if len(p.flights) > maxFlights || len(p.flights) > 0 && p.lateAt.IsZero() {
			return fmt.Errorf("%d requests at a source, late %v", len(p.flights), p.lateAt)
		}
	}
	if err := f.checkViews(); err != nil {
		return err
	}
	if n != 0 || len(f.have.since) > window {
		return fmt.Errorf("requests and sources differ by %d, %d claims", n, len(f.have.since))
	}
	return nil
}
