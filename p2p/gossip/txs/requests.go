package txs

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

const (
	MaxOffers      = 5000            // announced by one peer and not yet settled [MAX_PEER_TX_ANNOUNCEMENTS]
	maxTrusted     = 50_000          // the same of who has the relay permission, whom Core does not bound: what one inv can hold
	maxFlights     = 100             // asked from one peer and not delivered [MAX_PEER_TX_REQUEST_IN_FLIGHT]
	requestTimeout = 5 * time.Second // before the next is asked; with Core's 60 s fifty silent peers hide a transaction for an hour
)

// want is a transaction that peers offer and we do not have.
type want struct {
	hash    chain.Hash
	byWTxID bool
	offers  []offer // in order of announcement; the one asked is among them
	asked   *Peer   // nil: nobody yet
	until   time.Time
	done    bool
}

// offer is one peer's announcement of a want.
type offer struct {
	by    *Peer
	ready bool // it may be asked; else its delay is not over
}

func (w *want) offerOf(p *Peer) int {
	return slices.IndexFunc(w.offers, func(o offer) bool { return o.by == p })
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

// Requests holds all wants; they are bounded by MaxOffers for each peer [TxRequestTracker].
type Requests struct {
	wants   map[chain.Hash]*want
	asked   []deadline // in order of time; outdated ones are skipped
	kicked  []*Peer    // who may be asked for something more
	flights int        // over all peers
	peers   []*Peer

	pace    Pace
	delayed [delays][]waiting // by how long they wait, each in order of time
}

// NewRequests makes one that knows no peers.
func NewRequests(pace Pace) *Requests {
	return &Requests{wants: make(map[chain.Hash]*want), pace: pace}
}

// Join makes a peer known. Those of our own choice are asked before others.
func (t *Requests) Join(p *Peer) { t.peers = append(t.peers, p) }

// Leave forgets a peer; what it was asked for is asked elsewhere. Its other
// offers stay in the wants and are skipped there.
func (t *Requests) Leave(p *Peer) {
	p.gone = true
	t.peers = slices.DeleteFunc(t.peers, func(q *Peer) bool { return q == p })
	var mine []*want
	for _, d := range t.asked {
		if d.w.asked == p && !d.outdated() {
			mine = append(mine, d.w)
		}
	}
	mine = append(append(mine, p.queue...), t.dropDelayed(p)...)
	for _, w := range mine {
		t.fail(w, p)
	}
	p.queue, p.asks = nil, nil
}

// Forget forgets what a peer offers and was asked for, as Leave does, but the peer stays: as
// the one that is returned, which begins with nothing.
func (t *Requests) Forget(p *Peer) *Peer {
	t.Leave(p)
	fresh := *p
	fresh.gone, fresh.kicked, fresh.offers, fresh.delayed, fresh.flights = false, false, 0, 0, 0
	t.Join(&fresh)
	return &fresh
}

// Offer notes that a peer has a transaction [TxRequestTracker::ReceivedInv].
func (t *Requests) Offer(p *Peer, a Name, now time.Time) {
	if most := p.mostOffers(); p.offers >= most || len(p.queue)+p.delayed >= 2*most {
		return
	}
	w := t.wants[a.Hash]
	if w == nil {
		w = &want{hash: a.Hash, byWTxID: a.ByWTxID}
		t.wants[a.Hash] = w
	}
	if w.offerOf(p) >= 0 {
		return
	}
	p.offers++
	n := t.delayOf(p, a)
	w.offers = append(w.offers, offer{p, n == 0})
	if n > 0 {
		p.delayed++
		t.delayed[n] = append(t.delayed[n], waiting{w, p, now.Add(time.Duration(n) * delayStep)})
		return
	}
	p.queue = append(p.queue, w)
	t.kick(p)
}

func (t *Requests) kick(p *Peer) {
	if !p.kicked {
		p.kicked = true
		t.kicked = append(t.kicked, p)
	}
}

// Fill asks for what can be asked for now, of each peer the oldest offer first, with
// no more than limit requests in flight over all. The rest waits [GetRequestable].
func (t *Requests) Fill(now time.Time, limit int) (acts []p2p.Action) {
	t.choose(now, limit)
	for _, p := range t.peers {
		if len(p.asks) == 0 {
			continue
		}
		m := wire.NewMsgGetDataSizeHint(uint(len(p.asks)))
		for _, a := range p.asks {
			m.InvList = append(m.InvList, wire.NewInvVect(p.asksBy(a), &a.Hash))
		}
		p.asks = nil
		acts = append(acts, p2p.Send{Peer: p.ID, Msg: m})
	}
	return acts
}

func (p *Peer) asksBy(a Name) wire.InvType {
	switch {
	case a.ByWTxID:
		return InvTypeWTx
	case p.Services&wire.SFNodeWitness != 0: // it gives transactions with their witnesses
		return wire.InvTypeWitnessTx
	}
	return wire.InvTypeTx
}

func (t *Requests) choose(now time.Time, limit int) {
	for len(t.kicked) > 0 && t.flights < limit {
		p := t.kicked[0]
		for len(p.queue) > 0 && t.mayAsk(p) && t.flights < limit && !p.gone {
			w := p.queue[0]
			p.queue = p.queue[1:]
			if !w.done && w.asked == nil && w.offerOf(p) >= 0 {
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

// ask notes whom a transaction is asked from, and until when [RequestedTx].
func (t *Requests) ask(p *Peer, w *want, now time.Time) {
	w.asked, w.until = p, now.Add(t.pace.timeout())
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
func (t *Requests) Fail(p *Peer, h chain.Hash) {
	if w := t.wants[h]; w != nil {
		t.fail(w, p)
	}
}

// Postpone: the peer has sent what it was asked for, but not at a time when it could be
// taken. It goes on offering it.
func (t *Requests) Postpone(p *Peer, h chain.Hash, now time.Time) {
	if w := t.wants[h]; w != nil && w.asked == p {
		name := Name{w.hash, w.byWTxID}
		t.fail(w, p)
		t.Offer(p, name, now)
	}
}

// fail takes a peer from a want's offers; if it was the one asked, the next is.
func (t *Requests) fail(w *want, p *Peer) {
	if w.done || w.offerOf(p) < 0 {
		return
	}
	w.offers = slices.DeleteFunc(w.offers, func(o offer) bool { return o.by == p || o.by.gone })
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
	var next *Peer
	for _, o := range w.offers {
		if o.ready && (next == nil || t.better(o.by, next)) {
			next = o.by
		}
	}
	if next == nil {
		return // the first whose delay is over is asked
	}
	next.queue = slices.Insert(next.queue, 0, w)
	t.kick(next)
}

// better says whether a is rather asked than b, who announced it earlier [ComputePriority].
func (t *Requests) better(a, b *Peer) bool {
	if free := t.mayAsk(a); free != t.mayAsk(b) {
		return free
	}
	return a.Preferred() && !b.Preferred()
}

// Settle ends a want: we have it, or shall not ask for it [ForgetTxHash].
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
	for _, o := range w.offers {
		o.by.offers--
	}
}

// Due is when the first request is late, or the first delay over; zero: there is none.
func (t *Requests) Due() (due time.Time) {
	if t.asked = outdate(t.asked, deadline.outdated); len(t.asked) > 0 {
		due = t.asked[0].until
	}
	for _, row := range t.delayed {
		if len(row) > 0 && (due.IsZero() || row[0].till.Before(due)) {
			due = row[0].till
		}
	}
	return due
}

// outdate takes what is outdated from the front.
func outdate[T any](row []T, outdated func(T) bool) []T {
	for len(row) > 0 && outdated(row[0]) {
		row = row[1:]
	}
	if len(row) == 0 {
		return nil
	}
	return row
}

// Expire asks others for what did not come in time, and lets those be asked whose
// delay is over.
func (t *Requests) Expire(now time.Time) {
	t.endDelays(now)
	for {
		t.asked = outdate(t.asked, deadline.outdated)
		if len(t.asked) == 0 || now.Before(t.asked[0].until) {
			return
		}
		w := t.asked[0].w
		t.fail(w, w.asked)
	}
}
