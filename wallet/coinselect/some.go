package coinselect

import (
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
)

const (
	// manyCoins are more than are looked at one by one. A choice among thousands is as
	// good as one among a hundred thousand, and a transaction holds some 1,500 inputs.
	manyCoins = 8000
	someCoins = 3000 // of many, picked at random
	mostLarge = 2000 // of the most valuable beside them, so that large payments can be made
	// farLarge: the most valuable are those above the so-manieth value of someCoins that
	// were looked at, about one in fifty of all.
	farLarge = 60
)

// fromSome chooses among some of many coins, the surest only: drawn at random, the most
// valuable, and the least one that pays all by itself. Nil: there are not many, or all
// must be looked at.
func (s *selection) fromSome() *Result {
	if len(s.list) <= manyCoins {
		return nil
	}
	rounds := s.filters()[:1]
	var picked []int
	if s.AvoidPartial {
		rounds = s.filters()[:2] // a script that is still paid to has always a fresh coin
		picked = s.pickScripts()
	} else {
		picked = s.pickCoins(rounds[0])
	}
	few := &selection{Params: s.Params, target: s.target, list: make([]Coin, len(picked))}
	for i, at := range picked {
		few.list[i] = s.list[at]
	}
	few.makeGroups()
	r := few.first(rounds)
	if r == nil {
		return nil
	}
	for i, at := range r.Coins {
		r.Coins[i] = picked[at]
	}
	slices.Sort(r.Coins)
	return r
}

// pickCoins picks among those that a filter lets pass.
func (s *selection) pickCoins(f filter) []int {
	values := make([]btcutil.Amount, len(s.list)) // 0: may not be spent, or is worth nothing
	alone, least := -1, btcutil.Amount(0)
	for i := range s.list {
		c := &s.list[i]
		need := f.theirs
		if c.Mine {
			need = f.mine
		}
		if v := c.counts(s.Params); v > 0 && c.Depth >= need {
			values[i] = v
			if v >= s.target+s.ChangeGoal && (alone < 0 || v < least) {
				alone, least = i, v
			}
		}
	}
	picked := s.pick(values)
	if at, there := slices.BinarySearch(picked, alone); alone >= 0 && !there {
		picked = slices.Insert(picked, at, alone)
	}
	return picked
}

// pick is the indices of some values at random and of the greatest, in order.
func (s *selection) pick(values []btcutil.Amount) (picked []int) {
	n := len(values)
	var seen []btcutil.Amount
	for range someCoins {
		if v := values[s.Rand.IntN(n)]; v > 0 {
			seen = append(seen, v)
		}
	}
	if len(seen) == 0 {
		return nil
	}
	slices.Sort(seen)
	large := seen[max(0, len(seen)-1-farLarge)]
	room := mostLarge
	for i, v := range values {
		switch {
		case v <= 0:
		case v > large && room > 0:
			room--
			picked = append(picked, i)
		case s.Rand.IntN(n) < someCoins:
			picked = append(picked, i)
		}
	}
	return picked
}

// pickScripts picks all coins of some scripts: drawn at random, and those that hold most.
func (s *selection) pickScripts() (picked []int) {
	owners := 0
	for i := range s.list {
		owners = max(owners, s.list[i].Owner+1)
	}
	holds, many := make([]btcutil.Amount, owners), make([]int, owners)
	for i := range s.list {
		c := &s.list[i]
		holds[c.Owner] += max(0, c.counts(s.Params))
		many[c.Owner]++
	}
	wanted, count := make([]bool, owners), 0
	take := func(owner, most int) {
		if !wanted[owner] && count < most {
			wanted[owner] = true
			count += many[owner]
		}
	}
	for range owners { // until there are some; who is drawn twice is there once
		take(s.Rand.IntN(owners), someCoins)
	}
	for _, owner := range s.pick(holds) {
		take(owner, someCoins+mostLarge)
	}
	for i := range s.list {
		if wanted[s.list[i].Owner] {
			picked = append(picked, i)
		}
	}
	return picked
}
