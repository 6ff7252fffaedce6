package gossip

import (
	"time"

	"github.com/btcsuite/btcd/wire/v2"
)

// Bodies are asked from everybody who has them, in and out, in the order of
// the chain: each peer with room in its pipe takes the lowest blocks that
// nobody was asked for. What is late may be asked once more elsewhere
// (flight.go); what came is judged (bodies.go).

// bodies is the state of the download as a whole.
type bodies struct {
	route   route
	dirty   bool          // something changed that may let a peer be asked
	began   time.Time     // when there was first something to fetch
	servers int           // peers that could be asked, at the last plan
	flights int           // blocks asked for, over all peers
	late    time.Duration // patience beyond the expected time
	last    time.Time     // of the last body that was taken
	size    meanSize
	total   rate // of all peers together: the guess for one that has not delivered

	queue   []*judgement // wait for credits
	selves  int          // of these, with a ticket
	waiting int          // bytes in queue
	judged  int          // bytes in judgement
}

// route is the way from the verified chain to the best header, as far as the
// window reaches.
type route struct {
	path   []*entry // lowest first
	cursor int      // all before it is stored, judged or in flight
	goal   *entry   // the best header it was made for
	base   *entry   // where it leaves the verified chain
}

// replan says that a peer may have to be asked for something.
func (b *bodies) replan() { b.dirty = true }

// reopen says that e is to be asked for again.
func (b *bodies) reopen(e *entry) {
	r := &b.route
	if len(r.path) > 0 {
		if i := int(e.node.Height - r.path[0].node.Height); i >= 0 && i < r.cursor {
			r.cursor = i
		}
	}
	b.dirty = true
}

// refreshRoute follows the tip and the best header. The way is walked anew only
// when an eighth of the window has been passed, so that a step costs O(1).
func (s *State) refreshRoute() {
	r := &s.bodies.route
	best, tip := s.tree.best, s.tree.tip
	base := tip
	if !tip.isAncestorOf(best) {
		base = s.tree.fork(tip, best)
	}
	full := best.node.Height-base.node.Height > window
	if r.goal == best && r.base != nil && r.base.isAncestorOf(base) {
		passed := int(base.node.Height - r.base.node.Height)
		if passed == 0 || full && passed < window/8 && passed < len(r.path) {
			return
		}
	}
	end := best
	if full {
		end = s.tree.find(best.node.Ancestor(base.node.Height + window).Hash)
	}
	if len(r.path) == 0 {
		s.bodies.began = s.now
	}
	*r = route{path: between(base, end), goal: best, base: base}
	s.have.fresh = false
}

// holds says whether the peer has said that it has e's body.
func (s *State) holds(p *peer, e *entry) bool {
	has := s.reachTo(p, e)
	if has.upTo >= e.node.Height {
		return true
	}
	return p.info.Have && p.claim != nil && p.claim.last.isAncestorOf(e) && has.holds(e.node.Height)
}

// plan asks every peer with room for what it has and we need.
func (s *State) plan() {
	if !s.bodies.dirty {
		return
	}
	s.bodies.dirty = false
	s.refreshRoute()
	if s.have.peers > 0 {
		s.tally()
	}
	s.bodies.servers = 0
	for _, p := range s.peers {
		s.resolveUnknown(p)
		if s.useful(p) {
			s.bodies.servers++
		}
	}
	for _, p := range s.peers {
		if s.useful(p) {
			s.askBodies(p)
		}
	}
}

// useful says whether the peer could be asked for something now.
func (s *State) useful(p *peer) bool {
	if p.gone || p.stalled || !p.serves() {
		return false
	}
	top := p.top()
	return top != nil && top.node.Work.Cmp(s.tree.tip.node.Work) > 0 &&
		top.node.Work.Cmp(s.cfg.Params.MinimumChainWork) >= 0
}

// serves says whether bodies may be asked from the peer at all.
func (p *peer) serves() bool {
	return p.info.Services&wire.SFNodeWitness != 0 &&
		p.info.Services&(wire.SFNodeNetwork|wire.SFNodeNetworkLimited) != 0
}

// askBodies fills the peer's pipe.
func (s *State) askBodies(p *peer) {
	var ask []*entry
	if top := p.top(); top.isAncestorOf(s.bodies.route.goal) {
		ask = s.fromRoute(p)
	} else if !p.info.Have {
		ask = s.fromBranch(p, top)
	}
	if len(ask) == 0 && len(p.flights) == 0 {
		ask = s.steal(p)
	}
	s.request(p, ask)
}

// fromRoute picks blocks on the way to our best header.
func (s *State) fromRoute(p *peer) []*entry {
	r := &s.bodies.route
	room := s.room(p, len(r.path)-r.cursor)
	if room <= 0 {
		return nil
	}
	swarm := s.have.peers > 0 || s.shuffling()
	has := s.reachTo(p, r.goal)
	var can []int
	for i := r.cursor; i < len(r.path) && (swarm || len(can) < room); i++ {
		e := r.path[i]
		if e.bad != good || e.node.Height > has.upTo && has.beyond == nil {
			break
		}
		if has.holds(e.node.Height) && s.mayAsk(p, e) {
			can = append(can, i)
		} else if i == r.cursor && !s.open(e) {
			r.cursor++
		}
	}
	return s.choose(p, can, room)
}

// fromBranch picks blocks on the way to the header of a peer that follows
// another branch than our best, lowest first.
func (s *State) fromBranch(p *peer, top *entry) (ask []*entry) {
	base := s.tree.fork(top, s.tree.tip)
	if top.node.Height-base.node.Height > window {
		top = s.tree.find(top.node.Ancestor(base.node.Height + window).Hash)
	}
	path := between(base, top)
	room := s.room(p, len(path))
	for _, e := range path {
		if len(ask) >= room || e.bad != good {
			break
		}
		if s.mayAsk(p, e) {
			ask = append(ask, e)
		}
	}
	return ask
}

// open says whether anybody may be asked for e.
func (s *State) open(e *entry) bool {
	if !e.needed() {
		return false
	}
	for f := e.flights; f != nil; f = f.next {
		if !f.late {
			return false
		}
	}
	return true
}

// mayAsk says whether p may be asked for e: it is open, p was not asked before,
// and not too many were.
func (s *State) mayAsk(p *peer, e *entry) bool {
	if !s.open(e) {
		return false
	}
	n := 0
	for f := e.flights; f != nil; f = f.next {
		if n++; f.p == p || n >= maxCopies {
			return false
		}
	}
	return p.info.Services&wire.SFNodeNetwork != 0 || p.top().node.Height-e.node.Height < limitedDepth
}

// room is how many more blocks the peer may be asked for now. Nobody holds more
// than a quarter of its share of what is left, so that all are done at the same time,
// whatever the sizes turn out to be. A pipe that is three quarters full is left
// alone, so that small blocks are asked in batches.
func (s *State) room(p *peer, left int) int {
	b := &s.bodies
	size := b.size.guess()
	if s.overdue(p) {
		return 0
	}
	limit := min(max(s.pipe(p)/size, 1), s.flightsAllowed(p), maxFlights)
	if b.servers > 1 {
		limit = min(limit, 1+(left+b.flights)/(4*b.servers))
	}
	room := limit - len(p.flights)
	if len(p.flights) > 0 && room < (limit+3)/4 {
		return 0
	}
	if held := b.waiting + b.judged + b.flights*size; held+room*size > maxBodies {
		room = (maxBodies - held) / size
		if room <= 0 && b.flights+len(b.queue) == 0 && b.judged == 0 {
			room = 1
		}
	}
	return room
}

// flightsAllowed is how many blocks may be asked from a peer, large or small. It
// grows with every delivery; but as long as newcomers share the work it is kept
// to twice what the line holds: sizes may jump, and what was asked for cannot be
// taken back.
func (s *State) flightsAllowed(p *peer) int {
	switch {
	case s.shuffling():
		return shuffleFlights
	case s.have.news > 0:
		return max(swarmFlights, int(2*s.rateOf(p)*p.rtt.Seconds())/s.bodies.size.guess())
	}
	return max(minFlights, p.grown)
}

// overdue says whether what comes next from the peer takes much longer than
// the size of blocks so far explains: then it is large, and so may the next be.
func (s *State) overdue(p *peer) bool {
	usual := p.rtt + time.Duration(float64(s.bodies.size.guess())/s.rateOf(p)*float64(time.Second))
	return len(p.flights) > 0 && s.now.Sub(p.headAt) > overdueAfter+4*usual
}

// pipe is how many bytes may be asked from a peer and be on their way:
// twice what its line holds.
func (s *State) pipe(p *peer) int {
	return min(max(int(2*p.rate.perSecond(0)*p.rtt.Seconds()), minPipe), maxPipe)
}

// request asks a peer for blocks.
func (s *State) request(p *peer, ask []*entry) {
	if len(ask) == 0 {
		return
	}
	m := wire.NewMsgGetDataSizeHint(uint(len(ask)))
	s.changed(true)
	for _, e := range ask {
		m.InvList = append(m.InvList, wire.NewInvVect(wire.InvTypeWitnessBlock, &e.node.Hash))
		s.addFlight(p, e)
	}
	s.send(p, m)
}

// steal finds a request for a peer that has nothing else to do: of those it
// could answer before the peer that was asked would even come to them, or that
// need very long there, the one that would come last.
func (s *State) steal(p *peer) []*entry {
	var last *entry
	var wait float64 // seconds until it would come
	size := float64(s.bodies.size.guess())
	own := size / s.rateOf(p)
	for _, q := range s.peers {
		each := size / s.rateOf(q)
		for i := len(q.flights) - 1; i >= 0 && q != p; i-- {
			begins := float64(i)*each - s.now.Sub(q.headAt).Seconds()
			ends := begins + each
			if ends <= wait || begins < own+stealMargin.Seconds() && ends < 2*own+stealAfter.Seconds() {
				break
			}
			if e := q.flights[i].e; s.maySteal(p, e) {
				last, wait = e, ends
				break
			}
		}
	}
	if last == nil {
		return nil
	}
	return []*entry{last}
}

// maySteal says whether p has a block that one other peer was asked for.
func (s *State) maySteal(p *peer, e *entry) bool {
	return e.needed() && e.flights != nil && e.flights.next == nil && s.holds(p, e)
}

// onNotFoundBlock: the peer does not have what it was asked for after all.
func (s *State) onNotFoundBlock(p *peer, e *entry) {
	if f := e.flightOf(p); f != nil {
		s.endFlight(f)
		s.falseClaim(p)
		if p.best != nil && e.isAncestorOf(p.best) && e.parent != nil {
			p.best = e.parent
		}
	}
}
