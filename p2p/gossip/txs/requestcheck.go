package txs

import (
	"fmt"
	"slices"

	"grapevine/chain"
)

// Counts says how much it holds: wants, requests in flight, deadlines and queued
// offers, outdated ones included.
func (t *Requests) Counts() (wants, flights, deadlines, queued int) {
	for _, p := range t.peers {
		queued += len(p.queue) + p.delayed
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
			if w.offerOf(p) >= 0 {
				offers++
			}
		}
		if offers != p.offers || offers > p.mostOffers() || p.flights < 0 || p.flights > t.pace.most(p) {
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
	live := slices.ContainsFunc(w.offers, func(o offer) bool { return !o.by.gone })
	delayed := !slices.ContainsFunc(w.offers, func(o offer) bool { return o.ready && !o.by.gone })
	queued := slices.ContainsFunc(t.peers, func(p *Peer) bool { return slices.Contains(p.queue, w) })
	timed := slices.ContainsFunc(t.asked, func(d deadline) bool { return d.w == w && !d.outdated() })
	switch {
	case w.done || w.hash != h || !live:
		return fmt.Errorf("want %s is settled or offered by nobody", h)
	case w.asked == nil && !queued && !delayed:
		return fmt.Errorf("want %s is forgotten", h)
	case w.asked != nil && (w.asked.gone || !timed || w.offerOf(w.asked) < 0):
		return fmt.Errorf("want %s was asked from who does not offer it, or without a deadline", h)
	}
	return nil
}
