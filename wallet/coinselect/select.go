package coinselect

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"
	"math/rand/v2"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Why nothing could be chosen.
var (
	ErrFunds    = errors.New("Insufficient funds")
	ErrPreset   = errors.New("The preselected coins total amount does not cover the transaction target. Please allow other inputs to be automatically selected or include more coins manually")
	ErrWeight   = errors.New("The inputs size exceeds the maximum weight. Please try sending a smaller amount or manually consolidating your wallet's UTXOs")
	ErrBase     = errors.New("Maximum transaction weight is less than transaction weight without inputs")
	ErrNoChange = errors.New("Maximum transaction weight is too low, can not accommodate change output")
	ErrTogether = errors.New("The combination of the pre-selected inputs and the wallet automatic inputs selection exceeds the transaction maximum weight. Please try sending a smaller amount or manually consolidating your wallet's UTXOs")
	ErrChain    = errors.New("Unconfirmed UTXOs are available, but spending them creates a chain of transactions that will be rejected by the mempool")
	ErrCluster  = errors.New("Failed to calculate bump fees, because unconfirmed UTXOs depend on enormous cluster of unconfirmed transactions.")
)

// Coin is what may be spent.
type Coin struct {
	Value btcutil.Amount
	VSize int            // of its input, signed
	Bump  btcutil.Amount // what its unconfirmed ancestors lack of the fee rate
	Type  int            // of output; types are mixed only where that is needed
	Owner int            // coins of one script have one number, from 0 on; see Params.AvoidPartial
	Depth int32          // confirmations
	Mine  bool           // made by ourselves alone

	Ancestors, Descendants int // in the pool, itself counted; 0: it is in a block
}

// fee of spending it at a rate, its ancestors' lack with it.
func (c *Coin) fee(r policy.FeeRate) btcutil.Amount { return r.Fee(c.VSize) + c.Bump }

// counts is what it counts for: its effective value, or all of it where payments bear the
// fee [GetSelectionAmount].
func (c *Coin) counts(p *Params) btcutil.Amount {
	if p.Subtract {
		return c.Value
	}
	return c.Value - c.fee(p.Rate)
}

func weight(c *Coin) int { return c.VSize * chain.WitnessScale }

// Params say what a selection is to reach.
type Params struct {
	Target btcutil.Amount // the outputs and, unless they bear the fee, the fee of all that is no input
	// Subtract: outputs bear the fee, so coins count in full.
	Subtract       bool
	Rate, LongTerm policy.FeeRate

	ChangeSize   int            // virtual bytes of a change output
	CostOfChange btcutil.Amount // to make it now and to spend it later
	MinChange    btcutil.Amount // less goes to the fee
	ChangeGoal   btcutil.Amount // what is aimed at, its own fee counted

	MaxWeight int // of the whole transaction
	BaseSize  int // virtual bytes of all but inputs and change

	OnlyPreset   bool // choose no coins
	AvoidPartial bool // coins of one script are spent together, up to maxGroup
	Unsafe       bool // unconfirmed coins from others may be spent
	Unconfirmed  bool // our own unconfirmed coins may be
	LongChains   bool // at last also coins on chains that the pool would refuse

	// MaxAncestors and MaxDescendants are the pool's limits.
	MaxAncestors, MaxDescendants int
	// Together is what the ancestors of these coins, by index, lack, those that
	// several have in common counted once; false: there are too many. Nil: the sum.
	Together func(coins []int) (btcutil.Amount, bool)
	Rand     *rand.Rand
}

func (p *Params) changeFee() btcutil.Amount { return p.Rate.Fee(p.ChangeSize) }

// selection is one call of Select.
type selection struct {
	*Params
	list   []Coin
	groups []group
	split  bool           // the groups are there twice, see makeGroups
	target btcutil.Amount // what is left to be chosen
	failed error          // the first that says more than that there is too little
}

// Select chooses coins beside those of preset, which are spent in any case (Core:
// SelectCoins). ErrFunds: there are too few.
func Select(preset, coins []Coin, p *Params) (*Result, error) {
	have := Result{Target: p.Target, By: Manual}
	for i := range preset {
		have.Preset = append(have.Preset, i)
		have.add(&preset[i], p)
	}
	left := p.Target - have.counted
	switch {
	case p.OnlyPreset && left > 0:
		return nil, ErrPreset
	case left <= 0 && len(preset) > 0:
		have.rate(p)
		return &have, nil
	}
	var sum btcutil.Amount
	for i := range coins {
		sum += coins[i].counts(p)
	}
	if left > sum {
		return nil, ErrFunds
	}
	s := &selection{Params: p, list: coins, target: left}
	found, err := s.rounds()
	if err != nil || len(preset) == 0 {
		return found, err
	}
	return s.merge(found, &have)
}

// merge adds the preset coins to what was chosen.
func (s *selection) merge(r, preset *Result) (*Result, error) {
	r.Preset, r.Target = preset.Preset, s.Target
	r.Value += preset.Value
	r.Bump += preset.Bump
	r.Weight += preset.Weight
	r.counted += preset.counted
	r.spend += preset.spend
	r.rate(s.Params)
	if r.Weight > s.MaxWeight-s.BaseSize*chain.WitnessScale {
		return nil, ErrTogether
	}
	return r, nil
}

// filter says which coins a round may spend (Core: CoinEligibilityFilter).
type filter struct {
	mine, theirs           int32 // confirmations
	ancestors, descendants int
	partial                bool // part of a script's coins
	mixed                  bool // coins of several types
}

const unlimited = int(^uint(0) >> 1)

// filters are the rounds, the surest first.
func (p *Params) filters() []filter {
	list := []filter{{mine: 1, theirs: 6}, {mine: 1, theirs: 1, mixed: true}}
	if !p.Unconfirmed {
		return list
	}
	up, down := max(1, p.MaxAncestors), max(1, p.MaxDescendants)
	list = append(list,
		filter{0, 1, 2, 2, false, true},
		filter{0, 1, min(4, up/3), min(4, down/3), false, true},
		filter{0, 1, up / 2, down / 2, false, true},
		filter{0, 1, up - 1, down - 1, true, true})
	if p.Unsafe {
		list = append(list, filter{0, 0, up - 1, down - 1, true, true})
	}
	if p.LongChains {
		list = append(list, filter{0, 1, unlimited, unlimited, true, true})
	}
	return list
}

// rounds tries one filter after the other (Core: AutomaticCoinSelection).
func (s *selection) rounds() (*Result, error) {
	if r := s.fromSome(); r != nil {
		return r, nil
	}
	s.makeGroups()
	filters := s.filters()
	if err := s.enough(filters); err != nil {
		return nil, err
	}
	r := s.first(filters)
	switch {
	case r != nil:
		return r, nil
	case s.failed != nil:
		return nil, s.failed
	}
	return nil, ErrFunds
}

// first is what the first of some rounds chooses that can.
func (s *selection) first(rounds []filter) *Result {
	for _, f := range rounds {
		if r := s.attempt(f); r != nil {
			return r
		}
	}
	return nil
}

// enough says whether what no round may spend is what is missing.
func (s *selection) enough(filters []filter) error {
	var all, never, chained btcutil.Amount
	for i := range s.groups {
		g := &s.groups[i]
		if g.positive { // the same coins once more
			continue
		}
		all += g.value
		usable := false
		for _, f := range filters {
			usable = usable || g.passes(f)
		}
		if usable {
			continue
		}
		never += g.value
		if g.ancestors >= max(1, s.MaxAncestors) || g.descendants >= max(1, s.MaxDescendants) {
			chained += g.value
		}
	}
	switch {
	case all-never >= s.target:
		return nil
	case all-never+chained > s.target:
		return ErrChain
	}
	return ErrFunds
}

// attempt is one round: each type by itself and, if need be, all of them mixed
// (Core: AttemptSelection).
func (s *selection) attempt(f filter) *Result {
	var types [maxTypes]pool
	var many [maxTypes]int
	for i := range s.groups {
		many[s.groups[i].kind]++
	}
	for kind, n := range many {
		types[kind].positive, types[kind].mixed = make([]*group, 0, n), make([]*group, 0, n)
	}
	for i := range s.groups {
		if g := &s.groups[i]; g.passes(f) {
			types[g.kind].put(g, s.split)
		}
	}
	var best *Result
	there := 0
	for kind := range types {
		of := &types[kind]
		if len(of.mixed) == 0 && len(of.positive) == 0 {
			continue
		}
		there++
		if r := s.choose(of); r != nil && (best == nil || r.better(best)) {
			best = r
		}
	}
	if best == nil && f.mixed && there > 1 {
		var all pool
		for _, of := range types {
			all.positive, all.mixed = append(all.positive, of.positive...), append(all.mixed, of.mixed...)
		}
		best = s.choose(&all)
	}
	return best
}

// Types of coins are numbers below it.
const maxTypes = 8

// choose tries every way and takes what wastes least (Core: ChooseSelectionResult).
func (s *selection) choose(of *pool) *Result {
	maxWeight := s.MaxWeight - s.BaseSize*chain.WitnessScale
	if maxWeight <= 0 {
		s.fail(ErrBase)
		return nil
	}
	var found []*Result
	keep := func(by Algorithm, groups []*group, err error) {
		if groups != nil {
			found = append(found, s.resultOf(by, groups))
		} else {
			s.fail(err)
		}
	}
	of.sort()
	if !s.Subtract { // sets without change do not go with outputs that bear the fee
		g, err := s.branchAndBound(of.positive, maxWeight)
		keep(BnB, g, err)
	}
	if maxWeight -= s.ChangeSize * chain.WitnessScale; maxWeight < 0 && len(found) == 0 {
		s.fail(ErrNoChange)
		return nil
	}
	g, err := s.knapsack(of.mixed, maxWeight)
	keep(Knapsack, g, err)
	if s.Rate > dearFactor*s.LongTerm {
		g, err = s.grind(of.positive, maxWeight)
		keep(Grinder, g, err)
	}
	g, err = s.randomDraw(of.positive, maxWeight)
	keep(SRD, g, err)
	return s.best(found)
}

// dearFactor: at more than so many times the long-term rate the lightest inputs
// are looked for.
const dearFactor = 3

func (s *selection) best(found []*Result) (best *Result) {
	for _, r := range found {
		if !s.together(r) {
			s.fail(ErrCluster)
			return nil
		}
		if r.rate(s.Params); best == nil || r.better(best) {
			best = r
		}
	}
	return best
}

// together takes into account that coins have ancestors in common.
func (s *selection) together(r *Result) bool {
	var fresh []int
	var sum btcutil.Amount
	for _, i := range r.Coins {
		if c := &s.list[i]; c.Depth <= 0 {
			fresh = append(fresh, i)
			sum += c.Bump
		}
	}
	if s.Together == nil || len(fresh) < 1 {
		return true
	}
	all, ok := s.Together(fresh)
	if ok && sum > all {
		r.discount = sum - all
		r.Bump -= r.discount
	}
	return ok
}

func (s *selection) fail(err error) {
	if s.failed == nil {
		s.failed = err
	}
}
