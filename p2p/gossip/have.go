package gossip

import (
	"slices"
	"time"

	"grapevine/p2p/msg"
)

// Between grapevine nodes every stored body is served at once, also by who is
// still syncing. So that newcomers fetch different blocks from those who have
// all, and the rest from each other, they tell one another what they hold and
// what they are fetching (gvhave).

// claim is what a have peer says of its bodies.
type claim struct {
	last           *entry   // it holds this body and all before it
	held, fetching msg.Bits // bit i is the i-th block after last
	wrong          int      // bodies it claimed and did not have
}

// haveTalk is the swarm as we see it.
type haveTalk struct {
	peers   int                  // have peers that are here
	at      time.Time            // when they are told of our bodies; zero: nothing is new
	changes int                  // small changes since they were told
	fresh   bool                 // tallies are up to date
	holders []uint16             // newcomers that hold each block of the route
	tellers []uint16             // newcomers that are fetching it
	since   map[*entry]time.Time // when that was first claimed; of blocks of the route only
	news    int                  // newcomers among the have peers
}

// changed notes that what we hold or fetch is no longer what we told.
func (s *State) changed(urgent bool) {
	h := &s.have
	h.changes++
	wait := haveSmall
	if urgent || h.changes >= haveChanges {
		wait = haveSoon
	}
	if at := s.now.Add(wait); h.peers > 0 && (h.at.IsZero() || at.Before(h.at)) {
		h.at = at
	}
}

// tellHaves tells all have peers what we hold, when it is time.
func (s *State) tellHaves() {
	if !s.up(s.have.at) {
		return
	}
	s.have.at, s.have.changes = time.Time{}, 0
	m := s.ownHave()
	for _, p := range s.peers {
		if p.info.Have {
			s.send(p, m)
		}
	}
}

// ownHave is what we hold on the way to our best header.
func (s *State) ownHave() *msg.Have {
	s.refreshRoute()
	r := &s.bodies.route
	n := 0
	for n < len(r.path) && r.path[n].stored {
		n++
	}
	last := r.base
	if n > 0 {
		last = r.path[n-1]
	}
	rest := r.path[n:]
	for len(rest) > 0 && !rest[len(rest)-1].stored && rest[len(rest)-1].flights == nil {
		rest = rest[:len(rest)-1]
	}
	rest = rest[:min(len(rest), msg.MaxHave)]
	m := msg.NewHave(last.node.Hash, uint16(len(rest)))
	for i, e := range rest {
		switch {
		case e.stored:
			m.Held.Set(i)
		case e.flights != nil || e.judge != nil:
			m.Fetching.Set(i)
		}
	}
	return m
}

// onHave takes a peer's word for what it holds. Of a chain that we do not know
// the headers are asked for first.
func (s *State) onHave(p *peer, m *msg.Have) {
	if !p.info.Have {
		return
	}
	s.have.fresh = false
	s.bodies.replan()
	last := s.tree.find(m.Last)
	if last == nil {
		p.unknown = m.Last
		s.askHeaders(p, s.tree.best)
		return
	}
	if p.claim == nil {
		p.claim = &claim{}
	}
	p.claim.last, p.claim.held, p.claim.fetching = last, m.Held, m.Fetching
	p.has(last)
}

// falseClaim: it did not have what it said. Once may be a race; a liar is dropped.
func (s *State) falseClaim(p *peer) {
	if p.claim == nil {
		return
	}
	if p.claim.wrong++; p.claim.wrong >= maxFalseClaims {
		s.drop(p, "false claims", "does not have the blocks it says it has")
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
func (s *State) reachTo(p *peer, goal *entry) reach {
	last := p.top()
	var held msg.Bits
	if p.info.Have {
		if p.claim == nil {
			return reach{upTo: -1}
		}
		last, held = p.claim.last, p.claim.held
	}
	if last == nil {
		return reach{upTo: -1}
	}
	if last.isAncestorOf(goal) {
		return reach{last.node.Height, held}
	}
	return reach{upTo: s.tree.fork(last, goal).node.Height}
}

// tally counts for each block of the route the newcomers that hold it or are
// fetching it. A newcomer is a have peer that does not hold all of the route.
func (s *State) tally() {
	h, r := &s.have, &s.bodies.route
	if h.fresh && len(h.holders) == len(r.path) {
		return
	}
	h.fresh, h.news = true, 0
	h.holders, h.tellers = make([]uint16, len(r.path)), make([]uint16, len(r.path))
	for _, p := range s.peers {
		if !p.info.Have || p.claim == nil || len(r.path) == 0 {
			continue
		}
		has := s.reachTo(p, r.goal)
		if has.upTo >= r.path[len(r.path)-1].node.Height {
			continue
		}
		h.news++
		for i, e := range r.path {
			if has.holds(e.node.Height) {
				h.holders[i]++
			} else if has.upTo == p.claim.last.node.Height && p.claim.fetching.Has(int(e.node.Height-has.upTo)-1) {
				h.tellers[i]++
			}
		}
	}
	since := make(map[*entry]time.Time)
	for i, e := range r.path {
		if h.tellers[i] > 0 {
			since[e] = s.now
			if t, ok := h.since[e]; ok {
				since[e] = t
			}
		}
	}
	h.since = since
}

// choose picks at most n of the blocks that p could be asked for: in the order
// of the chain, or, among newcomers, so that each fetches from who has all what
// no other newcomer holds or is fetching.
func (s *State) choose(p *peer, can []int, n int) []*entry {
	h, path := &s.have, s.bodies.route.path
	has := s.reachTo(p, s.bodies.route.goal)
	complete := len(path) > 0 && has.upTo >= path[len(path)-1].node.Height
	if h.news > 0 && complete {
		can = slices.DeleteFunc(can, func(i int) bool { return s.leaveToNewcomers(p, i) })
	}
	if complete && (h.news > 0 || s.shuffling()) {
		for i := range min(n, len(can)) {
			j := i + s.cfg.Rand.IntN(len(can)-i)
			can[i], can[j] = can[j], can[i]
		}
	}
	can = can[:min(n, len(can))]
	slices.Sort(can)
	ask := make([]*entry, len(can))
	for i, k := range can {
		ask[i] = path[k]
	}
	return ask
}

// shuffling: at the start of a long sync other newcomers may be there that we
// have not met, and all would ask for the same blocks first.
func (s *State) shuffling() bool {
	return s.now.Sub(s.bodies.began) < shuffleFor && len(s.bodies.route.path) >= shuffleFrom
}

// leaveToNewcomers says whether block i of the route need not be asked from one
// who has all: a newcomer holds it and was not late with it, or is fetching it
// and is not late.
func (s *State) leaveToNewcomers(p *peer, i int) bool {
	e := s.bodies.route.path[i]
	if s.have.holders[i] > 0 {
		return e.flights == nil
	}
	patience := s.bodies.late + time.Duration(4*float64(s.bodies.size.guess())/s.rateOf(p)*float64(time.Second))
	return s.have.tellers[i] > 0 && s.now.Sub(s.have.since[e]) < min(patience, lateAfterMax)
}
