package track

import (
	"fmt"
	"slices"
	"time"

	"grapevine/chain"
)

const (
	MaxOffers  = 5000            // announced by one peer and not yet settled [MAX_PEER_TX_ANNOUNCEMENTS]
	maxFlights = 100             // asked from one peer and not delivered [MAX_PEER_TX_REQUEST_IN_FLIGHT]
	Timeout    = 5 * time.Second // before the next is asked; with Core's 60 s fifty silent peers hide a transaction for an hour
)

// want is a transaction that peers offer and we do not have.
type want struct {
	hash    chain.Hash
	byWTxID bool
	offers  []*Peer // in order of announcement; the one asked is among them
	asked   *Peer   // nil: nobody yet
	until   time.Time
	done    bool
}

// deadline is when a want is late at the peer that was asked.
type deadline struct {
	w     *want
	until time.Time
}

// outdated says whether the want was settled, or asked elsewhere, since.
func (d deadline) outdated() bool { return d.w.asked == nil || !d.w.until.Equal(d.until) }

// Ask is a transaction to be asked for.
type Ask struct {
	Hash    chain.Hash
	ByWTxID bool
}

// Peer is what one peer offers and was asked for.
type Peer struct {
	preferred bool // chosen by ourselves: an attacker has the others for free
	gone      bool
	kicked    bool    // is in Tracker.kicked
	offers    int     // wants that it is among the offers of
	queue     []*want // its offers that may not have been asked from anybody
	flights   int     // asked and not delivered
	asks      []Ask   // not yet taken by Asks
}

// Asks takes what is to be asked from the peer now.
func (p *Peer) Asks() []Ask {
	asks := p.asks
	p.asks = nil
	return asks
}

// Tracker holds all wants; they are bounded by MaxOffers for each peer.
type Tracker struct {
	wants   map[chain.Hash]*want
	asked   []deadline // in order of time; outdated ones are skipped
	kicked  []*Peer    // who may be asked for something more
	flights int        // over all peers
	peers   []*Peer
}

// New makes a Tracker.
func New() *Tracker { return &Tracker{wants: make(map[chain.Hash]*want)} }

// Join makes a peer known. Preferred ones are asked before others.
func (t *Tracker) Join(preferred bool) *Peer {
	p := &Peer{preferred: preferred}
	t.peers = append(t.peers, p)
	return p
}

// Leave forgets a peer; what it was asked for is asked elsewhere. Its other
// offers stay in the wants and are skipped there.
func (t *Tracker) Leave(p *Peer) {
	p.gone = true
	t.peers = slices.DeleteFunc(t.peers, func(q *Peer) bool { return q == p })
	var mine []*want
	for _, d := range t.asked {
		if d.w.asked == p && !d.outdated() {
			mine = append(mine, d.w)
		}
	}
	for _, w := range append(mine, p.queue...) {
		t.fail(w, p)
	}
	p.queue, p.asks = nil, nil
}

// Offer notes that a peer has a transaction.
func (t *Tracker) Offer(p *Peer, a Ask) {
	if p.offers >= MaxOffers || len(p.queue) >= 2*MaxOffers {
		return
	}
	w := t.wants[a.Hash]
	if w == nil {
		w = &want{hash: a.Hash, byWTxID: a.ByWTxID}
		t.wants[a.Hash] = w
	}
	if slices.Contains(w.offers, p) {
		return
	}
	w.offers = append(w.offers, p)
	p.offers++
	p.queue = append(p.queue, w)
	t.kick(p)
}

func (t *Tracker) kick(p *Peer) {
	if !p.kicked {
		p.kicked = true
		t.kicked = append(t.kicked, p)
	}
}

// Fill decides what is asked now, of each peer the oldest offer first, with no
// more than limit requests in flight over all. What has no room waits.
func (t *Tracker) Fill(now time.Time, limit int) {
	for len(t.kicked) > 0 && t.flights < limit {
		p := t.kicked[0]
		for len(p.queue) > 0 && p.flights < maxFlights && t.flights < limit && !p.gone {
			w := p.queue[0]
			p.queue = p.queue[1:]
			if !w.done && w.asked == nil && slices.Contains(w.offers, p) {
				t.ask(p, w, now)
			}
		}
		if t.flights >= limit && len(p.queue) > 0 && !p.gone {
			return // it goes on here
		}
		p.kicked = false
		t.kicked = t.kicked[1:]
	}
}

func (t *Tracker) ask(p *Peer, w *want, now time.Time) {
	w.asked, w.until = p, now.Add(Timeout)
	t.asked = append(t.asked, deadline{w, w.until})
	t.flights++
	p.flights++
	p.asks = append(p.asks, Ask{w.hash, w.byWTxID})
}

func (t *Tracker) unask(w *want) {
	w.asked.flights--
	t.flights--
	t.kick(w.asked)
	w.asked = nil
}

// Fail: the peer does not have it after all.
func (t *Tracker) Fail(p *Peer, h chain.Hash) {
	if w := t.wants[h]; w != nil {
		t.fail(w, p)
	}
}

// fail takes a peer from a want's offers; if it was the one asked, the next is.
func (t *Tracker) fail(w *want, p *Peer) {
	if w.done || !slices.Contains(w.offers, p) {
		return
	}
	w.offers = slices.DeleteFunc(w.offers, func(q *Peer) bool { return q == p || q.gone })
	p.offers--
	if w.asked == p {
		t.unask(w)
	}
	if w.asked != nil {
		return
	}
	if len(w.offers) == 0 {
		w.done = true
		delete(t.wants, w.hash)
		return
	}
	next := w.offers[0]
	for _, q := range w.offers {
		if better(q, next) {
			next = q
		}
	}
	next.queue = slices.Insert(next.queue, 0, w)
	t.kick(next)
}

// better says whether a is rather asked than b, who announced it earlier.
func better(a, b *Peer) bool {
	if free := a.flights < maxFlights; free != (b.flights < maxFlights) {
		return free
	}
	return a.preferred && !b.preferred
}

// Settle ends a want: we have it, or shall not ask for it.
func (t *Tracker) Settle(h chain.Hash) {
	w := t.wants[h]
	if w == nil {
		return
	}
	delete(t.wants, h)
	w.done = true
	if w.asked != nil {
		t.unask(w)
	}
	for _, p := range w.offers {
		p.offers--
	}
}

// Due is when the first request is late; zero: there is none.
func (t *Tracker) Due() time.Time {
	for len(t.asked) > 0 && t.asked[0].outdated() {
		t.asked = t.asked[1:]
	}
	if len(t.asked) == 0 {
		t.asked = nil
		return time.Time{}
	}
	return t.asked[0].until
}

// Expire asks others for what did not come in time.
func (t *Tracker) Expire(now time.Time) {
	for due := t.Due(); !due.IsZero() && !now.Before(due); due = t.Due() {
		w := t.asked[0].w
		t.fail(w, w.asked)
	}
}

// Counts says how much it holds: wants, requests in flight, deadlines and queued
// offers, outdated ones included.
func (t *Tracker) Counts() (wants, flights, deadlines, queued int) {
	for _, p := range t.peers {
		queued += len(p.queue)
	}
	return len(t.wants), t.flights, len(t.asked), queued
}

// Check proves that each want has one owner, or will find one, and that the
// counts are right.
func (t *Tracker) Check() error {
	flights, owners := 0, 0
	for _, p := range t.peers {
		flights += p.flights
		offers := 0
		for _, w := range t.wants {
			if slices.Contains(w.offers, p) {
				offers++
			}
		}
		if offers != p.offers || offers > MaxOffers || p.flights < 0 || p.flights > maxFlights {
			return fmt.Errorf("a peer has %d offers, counted %d, and %d requests", offers, p.offers, p.flights)
		}
	}
	for h, w := range t.wants {
		if w.asked != nil {
			owners++
		}
		if err := t.checkWant(h, w); err != nil {
			return err
		}
	}
	if flights != t.flights || owners != t.flights {
		return fmt.Errorf("%d requests at peers, %d of wants, counted %d", flights, owners, t.flights)
	}
	return nil
}

func (t *Tracker) checkWant(h chain.Hash, w *want) error {
	live := slices.ContainsFunc(w.offers, func(p *Peer) bool { return !p.gone })
	queued := slices.ContainsFunc(t.peers, func(p *Peer) bool { return slices.Contains(p.queue, w) })
	timed := slices.ContainsFunc(t.asked, func(d deadline) bool { return d.w == w && !d.outdated() })
	switch {
	case w.done || w.hash != h || !live:
		return fmt.Errorf("want %s is settled or offered by nobody", h)
	case w.asked == nil && !queued:
		return fmt.Errorf("want %s is forgotten", h)
	case w.asked != nil && (w.asked.gone || !timed || !slices.Contains(w.offers, w.asked)):
		return fmt.Errorf("want %s was asked from who does not offer it, or without a deadline", h)
	}
	return nil
}
