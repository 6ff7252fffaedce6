package blocks

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain/headertree"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// InvTypeCompact asks for a block in short form [MSG_CMPCT_BLOCK].
const InvTypeCompact wire.InvType = 4

// ask is what is to be asked from a source in one getdata.
type ask struct {
	from   *Source
	blocks []*headers.Entry
}

// Plan asks for what can be asked for now. held is how many bytes of bodies are in
// the validation queue [FindNextBlocksToDownload, FindNextBlocks].
func (f *Fetcher) Plan(held int) (acts []p2p.Action) {
	for _, a := range f.plan(held) {
		acts = append(acts, f.getData(a, f.Short))
	}
	return acts
}

// Whole asks p for the whole of a block that it could not send in short form; the
// request is in flight there already.
func (f *Fetcher) Whole(p *Source, e *headers.Entry) p2p.Send {
	return f.getData(ask{p, []*headers.Entry{e}}, func(*headers.Entry) bool { return false })
}

// Ask asks p for the whole of a block, and takes back what others were asked for it.
func (f *Fetcher) Ask(p *Source, e *headers.Entry) p2p.Send {
	for f.flights[e] != nil {
		f.end(f.flights[e])
	}
	f.add(p, e)
	return f.Whole(p, e)
}

// getData is the message for what is asked, and notes that it was: an answer is
// looked at otherwise than what comes by itself.
func (f *Fetcher) getData(a ask, short func(*headers.Entry) bool) p2p.Send {
	m := wire.NewMsgGetDataSizeHint(uint(len(a.blocks)))
	for _, e := range a.blocks {
		typ := wire.InvTypeWitnessBlock
		if a.from.Compact && e != f.unfit && short(e) {
			typ = InvTypeCompact
		}
		a.from.asks(e, typ == InvTypeCompact)
		m.InvList = append(m.InvList, wire.NewInvVect(typ, &e.Node.Hash))
	}
	return p2p.Send{Peer: a.from.ID, Msg: m}
}

func (f *Fetcher) plan(held int) (asks []ask) {
	if !f.dirty && !f.up(f.have.till) && !f.up(f.have.heard) || f.gathers() {
		return nil
	}
	f.dirty, f.openFound, f.held, f.useful = false, false, held, 0
	f.have.till, f.have.heard = time.Time{}, time.Time{}
	f.refreshRoute()
	f.tally()
	for _, p := range f.sources {
		if f.isUseful(p) {
			f.useful++
		}
	}
	asks = f.again()
	from := func(p *Source, blocks []*headers.Entry) {
		if len(blocks) > 0 {
			for _, e := range blocks {
				f.add(p, e)
			}
			if _, complete := f.heldBy(p); complete { // so that nobody else asks it for the same
				f.news(f.now.Add(haveSoon))
			} else {
				f.news(f.soon())
			}
			asks = append(asks, ask{p, blocks})
		}
	}
	askFrom := func(p *Source) {
		if f.isUseful(p) {
			from(p, f.pick(p))
		}
	}
	if p := f.direct; p != nil && !p.gone {
		askFrom(p)
		from(p, f.beside(p))
	}
	f.direct, f.directTop = nil, nil
	for rank := range ranks {
		for _, p := range f.sources {
			if p.rank() == rank {
				askFrom(p)
			}
		}
	}
	return asks
}

// gathers says whether more is to happen before whom to ask for what is thought over again: in a crowd that takes
// time, and a block that comes is several events within moments. While people hold the clock that would never end, and
// who has sent all that it was asked for is asked at once: anybody may make a crowd.
func (f *Fetcher) gathers() bool {
	h := &f.have
	if next := h.planned.Add(time.Duration(f.crowd()-1) * planEvery); f.now.Before(next) && !f.Still {
		f.dirty, h.till, h.heard = true, time.Time{}, next
		return true
	}
	h.planned = f.now
	return false
}

// isUseful says whether the source could be asked for something now.
func (f *Fetcher) isUseful(p *Source) bool {
	if p.stalled || !p.usable {
		return false
	}
	if p.Have {
		return p.claim != nil && f.tree.Best().Node.Work.Cmp(f.minWork) >= 0
	}
	top := p.top()
	return top != nil && f.worthAsking(top) && top.Node.Work.Cmp(f.minWork) >= 0
}

// worthAsking says whether a branch is fetched: one with as much work as the verified
// chain may be ahead with the next block [HeadersDirectFetchBlocks].
func (f *Fetcher) worthAsking(top *headers.Entry) bool {
	more := top.Node.Work.Cmp(f.tree.Tip().Node.Work)
	return more > 0 || more == 0 && !top.Stored
}

// pick chooses what fills the source's pipe.
func (f *Fetcher) pick(p *Source) (ask []*headers.Entry) {
	top := p.top()
	if p.Have {
		top = p.claim.top()
	}
	switch {
	case top.IsAncestorOf(f.route.goal):
		ask = f.fromRoute(p)
	case f.worthAsking(top):
		ask = f.fromBranch(p, top)
	default: // a have peer that may hold some of our way besides
		ask = f.fromRoute(p)
	}
	if len(ask) == 0 && len(p.flights) == 0 && !f.Even {
		ask = f.steal(p)
	}
	return ask
}

// fromRoute picks blocks on the way to our best header.
func (f *Fetcher) fromRoute(p *Source) []*headers.Entry {
	r := &f.route
	free := f.capacity(p, f.left())
	if free <= 0 || *f.openRow() == (row{}) && !f.Even {
		return nil
	}
	swarm := f.sharing() || f.shuffling()
	has, complete := f.heldBy(p)
	has.and(f.openRow())
	var can []int
	for i := range has.all {
		if !swarm && len(can) >= free {
			break
		}
		if f.mayAsk(p, r.path[i]) {
			can = append(can, i)
		}
	}
	if len(can) == 0 && f.Even {
		f.blame(p, f.reachTo(p, r.goal))
	}
	return f.choose(p, can, free, complete)
}

// fromBranch picks blocks on the way to the header of a source that follows
// another branch than our best, lowest first.
func (f *Fetcher) fromBranch(p *Source, top *headers.Entry) (ask []*headers.Entry) {
	f.refresh(&p.branch, top)
	free := f.capacity(p, len(p.branch.path))
	for _, e := range p.branch.path {
		if len(ask) >= free || e.Bad != headertree.Good {
			break
		}
		if f.mayAsk(p, e) {
			ask = append(ask, e)
		}
	}
	return ask
}

// open says whether anybody may be asked for e.
func (f *Fetcher) open(e *headers.Entry) bool {
	if !e.Needed() {
		return false
	}
	for x := f.flights[e]; x != nil; x = x.next {
		if !x.late {
			return false
		}
	}
	return true
}

// Open says whether nobody is expected to deliver e, though it is needed.
func (f *Fetcher) Open(e *headers.Entry) bool { return f.open(e) }

// mayAsk says whether p may be asked for e: it is open, p was not asked before,
// and not too many were.
func (f *Fetcher) mayAsk(p *Source, e *headers.Entry) bool {
	if !f.open(e) || f.waits(p, e) {
		return false
	}
	n := 0
	for x := f.flights[e]; x != nil; x = x.next {
		if n += x.counts(); x.p == p || n >= maxCopies {
			return false
		}
	}
	return f.serves(p, e)
}

// serves says whether the peer's services let us ask for e.
func (f *Fetcher) serves(p *Source, e *headers.Entry) bool {
	if p.depth == 0 {
		return true
	}
	top := p.top()
	if f.Even && p.depth == directDepth { // who may be asked for sixteen at once
		return top != nil && top.Node.Height-f.tree.Tip().Node.Height <= 2*directDepth
	}
	if top == nil || top.Node.Height-e.Node.Height >= p.depth {
		return false
	}
	return p.depth != directDepth || top.Node.Height-f.tree.Tip().Node.Height <= directDepth
}

// steal finds a request for a source that has nothing else to do: of those it
// could answer before the peer that was asked would even come to them, or that
// need very long there, the one that would come last.
func (f *Fetcher) steal(p *Source) []*headers.Entry {
	if len(f.flights) == 0 {
		return nil // as at a seed, whose many peers are not to be compared for nothing
	}
	var last *headers.Entry
	var wait float64 // seconds until it would come
	size := float64(f.size.guess())
	own := size / f.rateOf(p)
	shared := f.unaware(p)
	for _, q := range f.sources {
		if len(q.flights) == 0 || q == p {
			continue
		}
		if q.newcomer && q.rate.bytes < size && f.now.Sub(q.flights[0].asked) < stealAfter {
			continue // small blocks come no faster than it answers: its speed is not known yet
		}
		each := size / f.rateOf(q)
		for i := len(q.flights) - 1; i >= 0; i-- {
			begins := float64(i)*each - f.now.Sub(q.headAt).Seconds()
			ends := begins + each
			if ends <= wait || begins < own+stealMargin.Seconds() && ends < 2*own+stealAfter.Seconds() {
				break
			}
			if e := q.flights[i].e; f.maySteal(p, e) {
				last, wait = e, ends
				break
			}
		}
	}
	if last == nil || shared && f.turn(1, 1) == 0 {
		return nil
	}
	return []*headers.Entry{last}
}

// maySteal says whether p has a block that one other peer was asked for.
func (f *Fetcher) maySteal(p *Source, e *headers.Entry) bool {
	x := f.flights[e]
	return e.Needed() && x != nil && x.next == nil && !f.waits(p, e) && f.Holds(p, e)
}
