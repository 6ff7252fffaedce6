package coinselect

import (
	"container/heap"

	"github.com/btcsuite/btcd/btcutil/v2"
)

const (
	// ChangeLower and ChangeUpper are the least and the most change that is worth
	// aiming at [CHANGE_LOWER, CHANGE_UPPER].
	ChangeLower btcutil.Amount = 50_000
	ChangeUpper btcutil.Amount = 1_000_000

	knapsackTries = 1000    // random subsets that are looked at
	knapsackSteps = 500_000 // groups that are looked at in all of them: a large wallet has fewer tries, and needs fewer
)

// knapsack takes the smallest group that is enough alone, or a set of smaller
// ones whose sum is closest to the target from above, found by random subsets
// (Core: KnapsackSolver).
func (s *selection) knapsack(groups []*group, room int) ([]*group, error) {
	enough := s.target + s.ChangeGoal
	var larger *group
	var small []*group
	heavy := false
	for _, g := range groups {
		switch {
		case g.weight > room:
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
		if weightOf(small) <= room {
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
	return s.subset(sortBy(small, func(g *group) int64 { return int64(g.fee - g.later) }), larger, room)
}

func errIf(heavy bool) error {
	if heavy {
		return ErrWeight
	}
	return nil
}

// subset is the best random subset, or the larger group where that is closer.
func (s *selection) subset(small []*group, larger *group, room int) ([]*group, error) {
	enough := s.target + s.ChangeGoal
	best, value := s.closest(small, s.target, room)
	if value != s.target && total(small) >= enough {
		best, value = s.closest(small, enough, room)
	}
	if larger != nil && (value != s.target && value < enough || larger.value <= value) {
		return []*group{larger}, nil
	}
	found := at(small, best)
	if weightOf(found) > room {
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
func (s *selection) closest(groups []*group, target btcutil.Amount, room int) (best []int, value btcutil.Amount) {
	value = total(groups)
	taken, kept := make([]bool, len(groups)), make([]bool, len(groups))
	for i := range kept {
		kept[i] = true
	}
	rounds := min(knapsackTries, 1+knapsackSteps/max(1, len(groups)))
	for round := 0; round < rounds && value != target; round++ {
		clear(taken)
		var sum btcutil.Amount
		weight, reached := 0, false
		// First each group by the toss of a coin, then all that were left out.
		for pass := 0; pass < 2 && !reached; pass++ {
			for i, g := range groups {
				if taken[i] || pass == 0 && s.Rand.Uint32()&1 == 0 {
					continue
				}
				sum, weight, taken[i] = sum+g.value, weight+g.weight, true
				if sum < target || weight > room {
					continue
				}
				reached = true
				if sum < value {
					value = sum
					copy(kept, taken)
				}
				sum, weight, taken[i] = sum-g.value, weight-g.weight, false
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

func weightOf(groups []*group) (sum int) {
	for _, g := range groups {
		sum += g.weight
	}
	return sum
}

// randomDraw takes groups in random order until they pay and leave good change;
// where they weigh too much, the least valuable go again (Core: SelectCoinsSRD).
func (s *selection) randomDraw(groups []*group, room int) ([]*group, error) {
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
		for weight > room && len(drawn) > 0 {
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
