package coinselect

import (
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// Algorithm is a way to choose, in Core's words.
type Algorithm string

// The ways.
const (
	Manual   Algorithm = "manual" // the caller's coins were enough
	BnB      Algorithm = "bnb"
	Grinder  Algorithm = "cg"
	Knapsack Algorithm = "knapsack"
	SRD      Algorithm = "srd"
)

// Result is a selection [SelectionResult].
type Result struct {
	Preset []int // all of them, by index
	Coins  []int // by index
	Target btcutil.Amount
	By     Algorithm

	Value  btcutil.Amount // of the coins, in full
	Bump   btcutil.Amount // what their unconfirmed ancestors are to be paid
	Waste  btcutil.Amount
	Weight int

	counted  btcutil.Amount // what they count for: value, or value less fees
	discount btcutil.Amount // ancestors that several coins have in common are paid once
	spend    btcutil.Amount // what spending them costs now above what it would cost later
}

// Change is what a change output gets; 0: there is none, for it would be worth too
// little. Where outputs bear the fee it pays nothing for itself [GetChange].
func (r *Result) Change(p *Params) btcutil.Amount {
	left := r.excess(p)
	if !p.Subtract {
		left -= p.changeFee()
	}
	if left < p.MinChange {
		return 0
	}
	return left
}

// rate fills in Waste [RecalculateWaste, GetSelectionWaste].
func (r *Result) rate(p *Params) {
	r.Waste = r.spend - r.discount
	if r.Change(p) > 0 {
		r.Waste += p.CostOfChange
	} else {
		r.Waste += r.excess(p)
	}
}

// excess is what the coins count for above the target.
func (r *Result) excess(p *Params) btcutil.Amount {
	if p.Subtract {
		return r.counted - r.Target
	}
	return r.counted + r.discount - r.Target
}

// better says whether r wastes less, or as little with more inputs.
func (r *Result) better(than *Result) bool {
	return r.Waste < than.Waste || r.Waste == than.Waste && len(r.Coins) > len(than.Coins)
}

// add counts a coin in.
func (r *Result) add(c *Coin, p *Params) {
	r.Value += c.Value
	r.Bump += c.Bump
	r.Weight += weight(c)
	r.counted += c.counts(p)
	r.spend += c.fee(p.Rate) - p.LongTerm.Fee(c.VSize)
}

// resultOf is the selection of these groups.
func (s *selection) resultOf(by Algorithm, groups []*group) *Result {
	r := &Result{Target: s.target, By: by}
	for _, g := range groups {
		for _, i := range g.coins {
			r.Coins = append(r.Coins, i)
			r.add(&s.list[i], s.Params)
		}
	}
	slices.Sort(r.Coins) // the order of the ways is nobody's business
	return r
}
