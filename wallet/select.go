package wallet

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain/policy"
)

// Rates and amounts that decide what a good selection is; the names in
// brackets are Bitcoin Core's.
const (
	longTermRate = policy.FeeRate(10_000)  // what spending a coin later will cost [DEFAULT_CONSOLIDATE_FEERATE]
	discardRate  = policy.FeeRate(10_000)  // change that costs more to spend is given to the fee [DEFAULT_DISCARD_FEE]
	changeLower  = btcutil.Amount(50_000)  // the least change that is worth aiming at [CHANGE_LOWER]
	changeUpper  = btcutil.Amount(1000000) // and the most [CHANGE_UPPER]

	branchTries   = 100_000 // steps of branch and bound [TOTAL_TRIES]
	knapsackTries = 1000    // random subsets that the knapsack looks at
	knapsackSteps = 500_000 // coins that it looks at in all of them: a large purse has fewer, and needs fewer
)

// choice is a coin as the selection sees it.
type choice struct {
	at    int            // index of the coin in the caller's list
	value btcutil.Amount // what it counts for: its amount less the fee of spending it
	fee   btcutil.Amount // of spending it now
	later btcutil.Amount // of spending it at longTermRate
}

// aim is what a selection is to reach.
type aim struct {
	target       btcutil.Amount // sum of the values to reach at least
	changeFee    btcutil.Amount // what a change output costs now
	changeSpend  btcutil.Amount // what spending it will cost
	minChange    btcutil.Amount // less than this goes to the fee
	changeTarget btcutil.Amount // change that the knapsack aims at
	maxWeight    int            // of all inputs together
	weight       func(at int) int
}

// picked is a selection with how good it is.
type picked struct {
	coins []choice
	value btcutil.Amount
	waste btcutil.Amount
}

// change that a selection of this value leaves, 0 when it is not worth an output.
func (a aim) change(value btcutil.Amount) btcutil.Amount {
	if left := value - a.target - a.changeFee; left >= a.minChange {
		return left
	}
	return 0
}

// score fills in value and waste: what the coins cost to spend now above what
// they would cost later, and either the cost of change or what is given away
// instead of it [GetSelectionWaste].
func (a aim) score(coins []choice) picked {
	p := picked{coins: coins}
	for _, c := range coins {
		p.value += c.value
		p.waste += c.fee - c.later
	}
	if a.change(p.value) > 0 {
		p.waste += a.changeFee + a.changeSpend
	} else {
		p.waste += p.value - a.target
	}
	return p
}

func (a aim) fits(coins []choice) bool {
	w := 0
	for _, c := range coins {
		w += a.weight(c.at)
	}
	return w <= a.maxWeight
}

// selectCoins tries every way and takes what wastes least; of equals, what
// spends more coins. Nothing found is ok == false.
func selectCoins(coins []choice, a aim, r *rand.Rand) (best picked, ok bool) {
	coins = slices.DeleteFunc(slices.Clone(coins), func(c choice) bool { return c.value <= 0 })
	slices.SortStableFunc(coins, func(x, y choice) int {
		return cmp.Or(-cmp.Compare(x.value, y.value), cmp.Compare(x.fee-x.later, y.fee-y.later))
	})
	for _, way := range []func([]choice, aim, *rand.Rand) []choice{branchAndBound, knapsack, randomDraw} {
		found := way(coins, a, r)
		if found == nil || !a.fits(found) {
			continue
		}
		p := a.score(found)
		if !ok || p.waste < best.waste || p.waste == best.waste && len(p.coins) > len(best.coins) {
			best, ok = p, true
		}
	}
	return best, ok
}

// branchAndBound looks for a set that needs no change: its value is between
// the target and the target plus what change would cost. It walks the tree of
// "with this coin, without it" depth first over coins sorted by value, leaves
// a branch that cannot reach the target, overshoots, or is worse than the best
// so far, and gives up after branchTries steps.
func branchAndBound(coins []choice, a aim, _ *rand.Rand) []choice {
	rest := sum(coins) // of coins not yet decided
	if rest < a.target {
		return nil
	}
	var (
		with      []int // indices taken on the way to here
		best      []int
		value     btcutil.Amount
		waste     btcutil.Amount
		bestWaste = btcutil.Amount(1) << 62
		limit     = a.target + a.changeFee + a.changeSpend
		dear      = len(coins) > 0 && coins[0].fee > coins[0].later
	)
	next := 0
	for range branchTries {
		back := value+rest < a.target || value > limit || dear && waste > bestWaste || next == len(coins) && value < a.target
		if !back && value >= a.target {
			if w := waste + value - a.target; w <= bestWaste {
				best, bestWaste = slices.Clone(with), w
			}
			back = true
		}
		if !back {
			c := coins[next]
			rest -= c.value
			if twin := next > 0 && (len(with) == 0 || with[len(with)-1] != next-1) && same(c, coins[next-1]); !twin {
				with = append(with, next)
				value += c.value
				waste += c.fee - c.later
			}
			next++
			continue
		}
		if len(with) == 0 {
			break // everything has been tried
		}
		last := with[len(with)-1]
		for next--; next > last; next-- { // undecide the coins left out after it
			rest += coins[next].value
		}
		with = with[:len(with)-1]
		value -= coins[last].value
		waste -= coins[last].fee - coins[last].later
		next = last + 1
	}
	return at(coins, best)
}

// same coins need not both be tried in the same place.
func same(x, y choice) bool { return x.value == y.value && x.fee == y.fee }

// randomDraw takes coins in random order until they pay and leave good change
// [SelectCoinsSRD].
func randomDraw(coins []choice, a aim, r *rand.Rand) []choice {
	need := a.target + a.changeFee + changeLower
	var value btcutil.Amount
	var found []choice
	for _, i := range r.Perm(len(coins)) {
		found = append(found, coins[i])
		if value += coins[i].value; value >= need {
			return found
		}
	}
	return nil
}

// knapsack takes the smallest coin that is enough alone, or a set of smaller
// ones whose sum is closest to the target from above, found by random subsets
// [KnapsackSolver].
func knapsack(coins []choice, a aim, r *rand.Rand) []choice {
	enough := a.target + a.changeTarget
	var larger *choice // the smallest coin that alone leaves good change
	var small []choice // sorted, greatest first
	for i := range coins {
		switch c := coins[i]; {
		case c.value == a.target:
			return []choice{c}
		case c.value < enough:
			small = append(small, c)
		default:
			larger = &coins[i] // coins come sorted: the last is the smallest
		}
	}
	total := sum(small)
	if total == a.target {
		return small
	}
	if total < a.target {
		if larger == nil {
			return nil
		}
		return []choice{*larger}
	}
	best, value := closest(small, a.target, r)
	if value != a.target && total >= enough {
		best, value = closest(small, enough, r)
	}
	if larger != nil && (value != a.target && value < enough || larger.value <= value) {
		return []choice{*larger}
	}
	return at(small, best)
}

// closest is a subset with a sum of at least target and as little above it as
// random tries find; the whole set when nothing is better.
func closest(coins []choice, target btcutil.Amount, r *rand.Rand) (best []int, value btcutil.Amount) {
	value = sum(coins)
	taken, kept := make([]bool, len(coins)), make([]bool, len(coins))
	for i := range kept {
		kept[i] = true
	}
	tries := min(knapsackTries, 1+knapsackSteps/max(1, len(coins)))
	for try := 0; try < tries && value != target; try++ {
		clear(taken)
		var total btcutil.Amount
		// First each coin by the toss of a coin, then all that were left out.
		for pass := 0; pass < 2 && total < target; pass++ {
			for i, c := range coins {
				if taken[i] || pass == 0 && r.Uint32()&1 == 0 {
					continue
				}
				taken[i] = true
				if total += c.value; total < target {
					continue
				}
				if total < value {
					value = total
					copy(kept, taken)
				}
				total -= c.value
				taken[i] = false
			}
			if value == target {
				break
			}
		}
	}
	for i, k := range kept {
		if k {
			best = append(best, i)
		}
	}
	return best, value
}

func at(coins []choice, list []int) (found []choice) {
	for _, i := range list {
		found = append(found, coins[i])
	}
	return found
}

func sum(coins []choice) (total btcutil.Amount) {
	for _, c := range coins {
		total += c.value
	}
	return total
}
