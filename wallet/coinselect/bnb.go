package coinselect

import (
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// tries bounds the searches of branch and bound and of the lightest set [TOTAL_TRIES].
const tries = 100_000

// walk is where branch and bound stands in its tree.
type walk struct {
	groups []*group
	with   []int // indices taken on the way to here
	next   int   // the first that is not decided yet

	value, waste, rest btcutil.Amount // rest: of groups not yet decided
	weight             int
}

// branchAndBound looks for a set that needs no change: its value is between the
// target and the target plus what change would cost. It walks the tree of "with
// this group, without it" depth first over groups sorted by value, leaves a
// branch that cannot reach the target, overshoots, weighs too much or is worse
// than the best so far, and gives up after so many tries (Core: SelectCoinsBnB).
func (s *selection) branchAndBound(groups []*group, maxWeight int) ([]*group, error) {
	w := walk{groups: groups, rest: total(groups)}
	if len(groups) == 0 || w.rest < s.target {
		return nil, nil
	}
	var (
		best      []int
		tooHeavy  bool
		bestWaste = btcutil.Amount(1) << 62
		dear      = w.groups[0].fee > w.groups[0].later
	)
	for range tries {
		back := true
		switch {
		case w.value+w.rest < s.target, w.value > s.target+s.CostOfChange, dear && w.waste > bestWaste:
		case w.weight > maxWeight:
			tooHeavy = true
		case w.value >= s.target:
			if waste := w.waste + w.value - s.target; waste <= bestWaste {
				best, bestWaste = slices.Clone(w.with), waste
			}
		default:
			back = w.next == len(w.groups) // all decided and the target not reached
		}
		if !back {
			w.forward()
		} else if !w.back() {
			break // everything has been tried
		}
	}
	if len(best) == 0 && tooHeavy {
		return nil, ErrWeight
	}
	return at(w.groups, best), nil
}

// forward decides the next group: with it, unless one like it was left out in the
// same place.
func (w *walk) forward() {
	g := w.groups[w.next]
	w.rest -= g.value
	same := false
	if n := len(w.with); n > 0 && w.with[n-1] != w.next-1 {
		before := w.groups[w.next-1]
		same = before.value == g.value && before.fee == g.fee
	}
	if !same {
		w.with = append(w.with, w.next)
		w.value += g.value
		w.waste += g.fee - g.later
		w.weight += g.weight
	}
	w.next++
}

// back leaves out the last group that was taken; false: there is none.
func (w *walk) back() bool {
	n := len(w.with)
	if n == 0 {
		return false
	}
	last := w.with[n-1]
	for w.next--; w.next > last; w.next-- { // undecide those left out after it
		w.rest += w.groups[w.next].value
	}
	g := w.groups[last]
	w.with = w.with[:n-1]
	w.value -= g.value
	w.waste -= g.fee - g.later
	w.weight -= g.weight
	w.next = last + 1
	return true
}
