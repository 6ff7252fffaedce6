package coinselect

import (
	"math"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// grinder is where the search for the lightest set stands.
type grinder struct {
	groups   []*group         // sorted by value
	after    []btcutil.Amount // value of all groups behind each
	lightest []int            // weight of the lightest group behind each
	goal     btcutil.Amount

	with   []int
	next   int
	value  btcutil.Amount
	weight int

	best       []int
	bestValue  btcutil.Amount
	bestWeight int
	maxWeight  int
	tooHeavy   bool
}

// step is what follows from where the grinder stands.
type step int

const (
	explore step = iota // take the next group too
	shift               // the next group in the place of the last
	cut                 // and in the place of the last but one
)

// grind looks for the set of least weight that pays and leaves good change, depth
// first, for where fees are high every byte counts (Core: CoinGrinder).
func (s *selection) grind(groups []*group, maxWeight int) ([]*group, error) {
	g := grinder{
		groups: sortBy(groups, func(g *group) int64 { return int64(g.weight) }), goal: s.target + s.ChangeGoal,
		maxWeight: maxWeight, bestWeight: maxWeight, bestValue: chain.MaxMoney,
	}
	if total(groups) < g.goal || len(groups) == 0 {
		return nil, nil
	}
	g.look()
	for range tries {
		g.take()
		do := g.evaluate()
		if g.next == len(g.groups) {
			do = cut
		}
		if !g.move(do) {
			break
		}
	}
	if len(g.best) == 0 && g.tooHeavy {
		return nil, ErrWeight
	}
	return at(g.groups, g.best), nil
}

// look fills in what stands behind each group.
func (g *grinder) look() {
	n := len(g.groups)
	g.after, g.lightest = make([]btcutil.Amount, n), make([]int, n)
	var sum btcutil.Amount
	light := math.MaxInt32
	for i := n - 1; i >= 0; i-- {
		g.after[i], g.lightest[i] = sum, light
		sum += g.groups[i].value
		light = min(light, g.groups[i].weight)
	}
}

func (g *grinder) take() {
	one := g.groups[g.next]
	g.value += one.value
	g.weight += one.weight
	g.with = append(g.with, g.next)
	g.next++
}

// drop gives the last group back and says which it was.
func (g *grinder) drop() int {
	last := g.with[len(g.with)-1]
	g.value -= g.groups[last].value
	g.weight -= g.groups[last].weight
	g.with = g.with[:len(g.with)-1]
	return last
}

func (g *grinder) evaluate() step {
	last := g.with[len(g.with)-1]
	one := g.groups[last]
	worse := shift // another in its place may be lighter,
	if one.weight <= g.lightest[last] {
		worse = cut // unless none is
	}
	switch {
	case g.value+g.after[last] < g.goal:
		return cut
	case g.weight > g.bestWeight:
		g.tooHeavy = g.tooHeavy || g.weight > g.maxWeight
		return worse
	case g.value >= g.goal:
		if g.weight < g.bestWeight || g.value < g.bestValue {
			g.best, g.bestWeight, g.bestValue = slices.Clone(g.with), g.weight, g.value
		}
		return shift
	case len(g.best) > 0 && int64(g.weight)+int64(g.lightest[last])*int64((g.goal-g.value+one.value-1)/one.value) > int64(g.bestWeight):
		return worse
	}
	return explore
}

// move goes on; false: everything has been tried. A group of the value of one
// that was just left out is no lighter, for so they are sorted, and is left out too.
func (g *grinder) move(do step) bool {
	if do == explore {
		return true
	}
	if do == cut {
		g.drop()
	}
	for {
		if len(g.with) == 0 {
			return false
		}
		g.next = g.drop() + 1
		for g.next < len(g.groups) && g.groups[g.next].value == g.groups[g.next-1].value {
			g.next++
		}
		if g.next < len(g.groups) {
			return true
		}
	}
}
