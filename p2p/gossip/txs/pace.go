package txs

import (
	"slices"
	"time"

	"grapevine/p2p"
)

// Pace is how soon, and how much at once, transactions are asked for.
type Pace struct {
	// Delays are Core's: who came to us, who names transactions by txid while others
	// do by wtxid, and who has many requests to answer, is asked later than others.
	// Nobody is asked for less because it has many to answer, and for an answer there
	// is more time.
	Delays bool
}

const (
	// delayStep is what each reason for a delay adds [NONPREF_PEER_TX_DELAY,
	// TXID_RELAY_DELAY, OVERLOADED_PEER_TX_DELAY].
	delayStep = 2 * time.Second
	delays    = 1 + 3 // none, and so many reasons

	delayedTimeout = 60 * time.Second // before the next is asked, with delays [GETDATA_TX_INTERVAL]
)

// waiting is an offer whose delay is not over.
type waiting struct {
	w    *want
	by   *Peer
	till time.Time
}

func (c Pace) timeout() time.Duration {
	if c.Delays {
		return delayedTimeout
	}
	return requestTimeout
}

// most is how much may be asked from a peer and not be delivered.
func (c Pace) most(p *Peer) int {
	if c.Delays {
		return p.mostOffers()
	}
	return maxFlights
}

func (t *Requests) mayAsk(p *Peer) bool { return p.flights < t.pace.most(p) }

// delayOf is how many steps an offer waits before its peer is asked.
func (t *Requests) delayOf(p *Peer, a Name) (n int) {
	if !t.pace.Delays {
		return 0
	}
	if !p.Preferred() {
		n++
	}
	if !a.ByWTxID && t.anyByWTxID() {
		n++
	}
	if p.flights >= maxFlights && !p.May(p2p.MayRelay) {
		n++
	}
	return n
}

// mostOffers is how much a peer may announce that is not settled.
func (p *Peer) mostOffers() int {
	if p.May(p2p.MayRelay) {
		return maxTrusted
	}
	return MaxOffers
}

func (t *Requests) anyByWTxID() bool {
	return slices.ContainsFunc(t.peers, func(p *Peer) bool { return p.WTxIDRelay && !p.Silent() })
}

// endDelays lets those be asked whose delay is over.
func (t *Requests) endDelays(now time.Time) {
	for n := range t.delayed {
		for len(t.delayed[n]) > 0 && !now.Before(t.delayed[n][0].till) {
			d := t.delayed[n][0]
			t.delayed[n] = t.delayed[n][1:]
			d.by.delayed--
			if i := d.w.offerOf(d.by); i >= 0 && !d.w.done && !d.by.gone {
				d.w.offers[i].ready = true
				d.by.queue = append(d.by.queue, d.w)
				t.kick(d.by)
			}
		}
		if len(t.delayed[n]) == 0 {
			t.delayed[n] = nil
		}
	}
}

// dropDelayed forgets a peer's delays and gives what they were for.
func (t *Requests) dropDelayed(p *Peer) (wants []*want) {
	for n := range t.delayed {
		t.delayed[n] = slices.DeleteFunc(t.delayed[n], func(d waiting) bool {
			if d.by == p {
				wants = append(wants, d.w)
			}
			return d.by == p
		})
	}
	p.delayed = 0
	return wants
}
