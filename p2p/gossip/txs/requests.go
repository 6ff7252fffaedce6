package txs

import (
	"fmt"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

const (
	MaxOffers      = 5000            // announced by one peer and not yet settled [MAX_PEER_TX_ANNOUNCEMENTS]
	maxFlights     = 100             // asked from one peer and not delivered [MAX_PEER_TX_REQUEST_IN_FLIGHT]
	requestTimeout = 5 * time.Second // before the next is asked; with Core's 60 s fifty silent peers hide a transaction for an hour
)

// want is a transaction that peers offer and we do not have.
type want struct {
	hash    chain.Hash
	byWTxID bool
	offers  []*Announcer // in order of announcement; the one asked is among them
	asked   *Announcer   // nil: nobody yet
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

// Name is what a transaction is announced and asked for by [GenTxid].
type Name struct {
	Hash    chain.Hash
	ByWTxID bool
}

// Announcer is what one peer offers and was asked for.
type Announcer struct {
	p2p.Link
	id      p2p.PeerID
	witness bool // gives transactions with their witnesses
	gone    bool
	kicked  bool    // is in Requests.kicked
	offers  int     // wants that it is among the offers of
	queue   []*want // its offers that may not have been asked from anybody
	flights int     // asked and not delivered
	asks    []Name  // to be asked at the end of Fill
}

// Requests holds all wants; they are bounded by MaxOffers for each peer.
type Requests struct {
	wants   map[chain.Hash]*want
	asked   []deadline   // in order of time; outdated ones are skipped
	kicked  []*Announcer // who may be asked for something more
	flights int          // over all peers
	peers   []*Announcer
}

// NewRequests makes one that knows no peers.
func NewRequests() *Requests { return &Requests{wants: make(map[chain.Hash]*want)} }

// Join makes a peer known. Those of our own choice are asked before others.
func (t *Requests) Join(id p2p.PeerID, l p2p.Link) *Announcer {
	p := &Announcer{Link: l, id: id, witness: l.Services&wire.SFNodeWitness != 0}
	t.peers = append(t.peers, p)
	return p
}

// Leave forgets a peer; what it was asked for is asked elsewhere. Its other
// offers stay in the wants and are skipped there.
func (t *Requests) Leave(p *Announcer) {
	p.gone = true
	t.peers = slices.DeleteFunc(t.peers, func(q *Announcer) bool { return q == p })
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
func (t *Requests) Offer(p *Announcer, a Name) {
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

func (t *Requests) kick(p *Announcer) {
	if !p.kicked {
		p.kicked = true
		t.kicked = append(t.kicked, p)
	}
}

// Fill asks for what can be asked for now, of each peer the oldest offer first, with
// no more than limit requests in flight over all. The rest waits.
func (t *Requests) Fill(now time.Time, limit int) (acts []p2p.Action) {
	t.choose(now, limit)
	for _, p := range t.peers {
		if len(p.asks) == 0 {
			continue
		}
		m := wire.NewMsgGetDataSizeHint(uint(len(p.asks)))
		for _, a := range p.asks {
			m.InvList = append(m.InvList, wire.NewInvVect(p.invType(a), &a.Hash))
		}
		p.asks = nil
		acts = append(acts, p2p.Send{Peer: p.id, Msg: m})
	}
	return acts
}

func (p *Announcer) invType(a Name) wire.InvType {
	switch {
	case a.ByWTxID:
		return InvTypeWTx
	case p.witness:
		return wire.InvTypeWitnessTx
	}
	return wire.InvTypeTx
}

func (t *Requests) choose(now time.Time, limit int) {
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

func (t *Requests) ask(p *Announcer, w *want, now time.Time) {
	w.asked, w.until = p, now.Add(requestTimeout)
	t.asked = append(t.asked, deadline{w, w.until})
	t.flights++
	p.flights++
	p.asks = append(p.asks, Name{w.hash, w.byWTxID})
}

func (t *Requests) unask(w *want) {
	w.asked.flights--
	t.flights--
	t.kick(w.asked)
	w.asked = nil
}

// Fail: the peer does not have it after all.
func (t *Requests) Fail(p *Announcer, h chain.Hash) {
	if w := t.wants[h]; w != nil {
		t.fail(w, p)
	}
}

// Postpone: the peer has sent what it was asked for, but not at a time when it could be
// taken. It goes on offering it.
func (t *Requests) Postpone(p *Announcer, h chain.Hash) {
	if w := t.wants[h]; w != nil && w.asked == p {
		name := Name{w.hash, w.byWTxID}
		t.fail(w, p)
		t.Offer(p, name)
	}
}

// fail takes a peer from a want's offers; if it was the one asked, the next is.
func (t *Requests) fail(w *want, p *Announcer) {
	if w.done || !slices.Contains(w.offers, p) {
		return
	}
	w.offers = slices.DeleteFunc(w.offers, func(q *Announcer) bool { return q == p || q.gone })
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
func better(a, b *Announcer) bool {
	if free := a.flights < maxFlights; free != (b.flights < maxFlights) {
		return free
	}
	return !a.Inbound() && b.Inbound() // of our own choice: an attacker has the others for free
}

// Settle ends a want: we have it, or shall not ask for it.
func (t *Requests) Settle(h chain.Hash) {
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
func (t *Requests) Due() time.Time {
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
func (t *Requests) Expire(now time.Time) {
	for due := t.Due(); !due.IsZero() && !now.Before(due); due = t.Due() {
		w := t.asked[0].w
		t.fail(w, w.asked)
	}
}

// Counts says how much it holds: wants, requests in flight, deadlines and queued
// offers, outdated ones included.
func (t *Requests) Counts() (wants, flights, deadlines, queued int) {
	for _, p := range t.peers {
		queued += len(p.queue)
	}
	return len(t.wants), t.flights, len(t.asked), queued
}

// Check proves that each want has one owner, or will find one, and that the
// counts are right.
func (t *Requests) Check() error {
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

func (t *Requests) checkWant(h chain.Hash, w *want) error {
	live := slices.ContainsFunc(w.offers, func(p *Announcer) bool { return !p.gone })
	queued := slices.ContainsFunc(t.peers, func(p *Announcer) bool { return slices.Contains(p.queue, w) })
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
