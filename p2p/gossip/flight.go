package gossip

import (
	"slices"
	"time"
)

// flight is one request for a body that one peer has not answered.
type flight struct {
	e    *entry
	p    *peer
	next *flight // the next request for the same block, at another peer
	at   time.Time
	late bool // others may be asked
}

// flightOf is the request for e at p, nil when there is none.
func (e *entry) flightOf(p *peer) *flight {
	for f := e.flights; f != nil; f = f.next {
		if f.p == p {
			return f
		}
	}
	return nil
}

func (s *State) addFlight(p *peer, e *entry) {
	f := &flight{e: e, p: p, next: e.flights, at: s.now}
	e.flights = f
	if len(p.flights) == 0 {
		p.headAt = s.now
	}
	p.flights = append(p.flights, f)
	s.bodies.flights++
	s.setLate(p)
}

// endFlight takes a request out, answered or not, and lets others be asked if
// the block is still needed.
func (s *State) endFlight(f *flight) {
	for at := &f.e.flights; *at != nil; at = &(*at).next {
		if *at == f {
			*at = f.next
			break
		}
	}
	p := f.p
	if i := slices.Index(p.flights, f); i >= 0 {
		p.flights = slices.Delete(p.flights, i, i+1)
		s.bodies.flights--
	}
	if len(p.flights) == 0 {
		p.stalled = false
	}
	s.setLate(p)
	s.bodies.reopen(f.e)
}

// deliver ends a flight whose body has come and learns from it how fast the
// peer is: its time runs from the later of the request and the delivery before.
func (s *State) deliver(f *flight, size int) {
	p := f.p
	if p.grown = min(p.grown+1, maxFlights); s.overdue(p) {
		p.grown = 0
	}
	p.rate.add(size, s.now.Sub(p.headAt))
	s.bodies.total.add(size, s.now.Sub(p.headAt))
	s.bodies.size.add(size)
	p.headAt = s.now
	s.endFlight(f)
}

// releaseFlights gives all of a peer's requests back.
func (s *State) releaseFlights(p *peer) {
	for len(p.flights) > 0 {
		s.endFlight(p.flights[len(p.flights)-1])
	}
}

// setLate computes when the first block asked from the peer is late: after the
// time it should take at the peer's rate, though nobody is excused for being
// four times slower than the others, and a patience that adapts as Core's.
func (s *State) setLate(p *peer) {
	switch {
	case len(p.flights) == 0:
		p.lateAt = time.Time{}
	case p.stalled:
		p.lateAt = p.headAt.Add(giveUpAfter)
	default:
		rate := max(s.rateOf(p), s.bodies.total.perSecond(guessedRate)/4)
		expected := time.Duration(float64(s.bodies.size.guess()) / rate * float64(time.Second))
		p.lateAt = p.headAt.Add(s.bodies.late + min(expected, lateAfterMax))
	}
}

// checkLate lets others be asked for what a peer does not deliver.
func (s *State) checkLate(p *peer) {
	if !s.up(p.lateAt) {
		return
	}
	if p.stalled {
		s.giveUp(p)
		return
	}
	p.stalled = true
	s.bodies.late = min(2*s.bodies.late, lateAfterMax)
	for _, f := range p.flights {
		f.late = true
		s.bodies.reopen(f.e)
	}
	s.setLate(p)
}

// giveUp ends a long stall. The only holder of a block is never dropped for
// slowness: it is asked again.
func (s *State) giveUp(p *peer) {
	for _, f := range p.flights {
		if s.othersHave(p, f.e) {
			s.drop(p, "", "stalls: blocks asked for do not come")
			return
		}
	}
	s.releaseFlights(p)
}

func (s *State) othersHave(p *peer, e *entry) bool {
	for _, q := range s.peers {
		if q != p && q.serves() && !q.stalled && s.holds(q, e) {
			return true
		}
	}
	return false
}

// rate is a peer's speed: bytes over the time it was busy, the older half
// forgotten again and again.
type rate struct {
	bytes float64
	busy  time.Duration
}

func (r *rate) add(bytes int, busy time.Duration) {
	r.bytes += float64(bytes)
	r.busy += busy
	if r.busy > rateMemory {
		r.bytes, r.busy = r.bytes/2, r.busy/2
	}
}

// perSecond is the speed in bytes per second, or the guess before anything is
// known.
func (r *rate) perSecond(guess float64) float64 {
	if r.bytes == 0 {
		return guess
	}
	return r.bytes / max(r.busy, time.Millisecond).Seconds()
}

// rateOf is the peer's speed, or that of all before it has delivered.
func (s *State) rateOf(p *peer) float64 {
	return p.rate.perSecond(s.bodies.total.perSecond(guessedRate))
}

// meanSize follows the size of blocks: up at once, for to ask for too much is
// worse than to ask again, and down slowly.
type meanSize struct {
	known bool
	mean  float64
}

func (m *meanSize) add(size int) {
	if x := float64(size); !m.known || x > m.mean {
		m.known, m.mean = true, x
	} else {
		m.mean += (x - m.mean) / 64
	}
}

// guess is the size of the next block in bytes.
func (m *meanSize) guess() int {
	if !m.known {
		return guessedBlock
	}
	return max(int(m.mean), 100)
}
