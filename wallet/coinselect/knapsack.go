package coinselect

import (
	"container/heap"
	"math/rand/v2"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

const (
	// ChangeLower and ChangeUpper are the least and the most change that is worth
	// aiming at [CHANGE_LOWER, CHANGE_UPPER].
	ChangeLower btcutil.Amount = 50_000
	ChangeUpper btcutil.Amount = 1_000_000

	knapsackTries = 1000    // random subsets that are looked at
	knapsackSteps = 200_000 // groups that are looked at in all of them: a large wallet has fewer tries, and needs fewer
)

// knapsack takes the smallest group that is enough alone, or a set of smaller
// ones whose sum is closest to the target from above, found by random subsets
// (Core: KnapsackSolver). The groups are as pool.sort has them.
func (s *selection) knapsack(groups []*group, maxWeight int) ([]*group, error) {
	enough := s.target + s.ChangeGoal
	var larger *group
	var small []*group
	heavy := false
	for _, g := range groups {
		switch {
		case g.weight > maxWeight:
			heavy = true
		case g.value == s.target:
			return []*group{g}, nil
		case g.value < enough:
			small = append(small, g)
		case larger == nil || g.value < larger.value:
			larger = g
		}
	}
	sum := total(small)
	if sum == s.target && len(small) > 0 {
		if weightOf(small) <= maxWeight {
			return small, nil
		}
		heavy = true
	}
	switch {
	case sum < s.target && larger != nil:
		return []*group{larger}, nil
	case sum < s.target:
		return nil, errIf(heavy)
	}
	return s.subset(small, larger, maxWeight)
}

func errIf(heavy bool) error {
	if heavy {
		return ErrWeight
	}
	return nil
}

// subset is the best random subset, or the larger group where that is closer.
func (s *selection) subset(small []*group, larger *group, maxWeight int) ([]*group, error) {
	enough := s.target + s.ChangeGoal
	best, value := s.closest(small, s.target, maxWeight)
	if value != s.target && total(small) >= enough {
		best, value = s.closest(small, enough, maxWeight)
	}
	if larger != nil && (value != s.target && value < enough || larger.value <= value) {
		return []*group{larger}, nil
	}
	found := at(small, best)
	if weightOf(found) > maxWeight {
		if larger == nil {
			return nil, ErrWeight
		}
		return []*group{larger}, nil
	}
	return found, nil
}

// closest is a subset with a sum of at least target and as little above it as
// random tries find; the whole set when nothing is better (Core:
// ApproximateBestSubset).
func (s *selection) closest(groups []*group, target btcutil.Amount, maxWeight int) (best []int, value btcutil.Amount) {
	t := tosser{Rand: s.Rand, values: make([]btcutil.Amount, len(groups)), weights: make([]int, len(groups)), taken: make([]bool, len(groups)), target: target, maxWeight: maxWeight}
	for i, g := range groups {
		best = append(best, i)
		t.values[i], t.weights[i] = g.value, g.weight
	}
	t.value = total(groups)
	rounds := min(knapsackTries, 1+knapsackSteps/max(1, len(groups)))
	for round := 0; round < rounds && t.value != target; round++ {
		if t.round() {
			best = append(append(best[:0], t.with[:t.prefix]...), t.last)
		}
	}
	slices.Sort(best)
	return best, t.value
}

// tosser tries random subsets.
type tosser struct {
	*rand.Rand
	values    []btcutil.Amount // of the groups, side by side, as they are looked at often
	weights   []int
	target    btcutil.Amount
	maxWeight int

	value btcutil.Amount // the best sum by now
	taken []bool
	with  []int // those taken, in the order that they were
	// The best of a round is so many of with, and one group that was taken after them.
	prefix, last int
}

// round takes each group by the toss of a coin and then all that were left out, but
// puts back what reaches the target and goes on. It says whether it has found a better sum.
func (t *tosser) round() (better bool) {
	clear(t.taken)
	t.with = t.with[:0]
	var sum btcutil.Amount
	weight, reached := 0, false
	for pass := 0; pass < 2 && !reached; pass++ {
		var tosses uint64
		for i, v := range t.values {
			if pass == 0 {
				if tosses >>= 1; i%64 == 0 {
					tosses = t.Uint64()
				}
				if tosses&1 == 0 {
					continue
				}
			}
			if t.taken[i] {
				continue
			}
			if sum+v < t.target || weight+t.weights[i] > t.maxWeight {
				sum, weight, t.taken[i] = sum+v, weight+t.weights[i], true
				t.with = append(t.with, i)
				continue
			}
			reached = true
			if sum+v < t.value {
				t.value, t.prefix, t.last, better = sum+v, len(t.with), i, true
			}
		}
	}
	return better
}

func weightOf(groups []*group) (sum int) {
	for _, g := range groups {
		sum += g.weight
	}
	return sum
}

// randomDraw takes groups in random order until they pay and leave good change;
// where they weigh too much, the least valuable go again (Core: SelectCoinsSRD).
func (s *selection) randomDraw(groups []*group, maxWeight int) ([]*group, error) {
	need := s.target + s.changeFee() + ChangeLower
	left := make([]*group, len(groups))
	copy(left, groups)
	var drawn cheapest
	var value btcutil.Amount
	weight, heavy := 0, false
	for n := range left {
		other := n + s.Rand.IntN(len(left)-n)
		left[n], left[other] = left[other], left[n]
		heap.Push(&drawn, left[n])
		value, weight = value+left[n].value, weight+left[n].weight
		for weight > maxWeight && len(drawn) > 0 {
			heavy = true
			least := heap.Pop(&drawn).(*group)
			value, weight = value-least.value, weight-least.weight
		}
		if value >= need {
			return drawn, nil
		}
	}
	return nil, errIf(heavy)
}

// cheapest has the least valuable group at the top (container/heap).
type cheapest []*group

func (h cheapest) Len() int           { return len(h) }
func (h cheapest) Less(i, j int) bool { return h[i].value < h[j].value }
func (h cheapest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *cheapest) Push(x any) { *h = append(*h, x.(*group)) }

// Pop is for container/heap.
func (h *cheapest) Pop() any {
	n := len(*h) - 1
	g := (*h)[n]
	*h = (*h)[:n]
	return g
}
