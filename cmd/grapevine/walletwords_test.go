package main

import "testing"

// The history says where a payment is, or what keeps it from a block for good.
func TestHistorySaysWhatBecameOfAPayment(t *testing.T) {
	for want, e := range map[string]historyEntry{
		"7":            {Confirmations: 3, Height: 7},
		"waits":        {Height: -1},
		"double spent": {Height: -1, Confirmations: -2},
		"given up":     {Height: -1, Abandoned: true},
		"orphaned":     {Height: -1, Abandoned: true, Category: "orphan"},
	} {
		if got := state(e); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}

func TestBalanceSaysWhenRewardsCanBeSpent(t *testing.T) {
	reward := func(deep int) coin { return coin{Generated: true, Confirmations: deep} }
	for want, coins := range map[string][]coin{
		", to be spent after 100 more blocks":                           {reward(1)},
		", to be spent after 1 more block":                              {reward(100), {Confirmations: 5}},
		", the first to be spent after 1 more block, the last after 60": {reward(100), reward(41), reward(101), reward(70)},
		", not to be spent yet":                                         nil,
	} {
		if got := ripening(coins); got != want {
			t.Errorf("%+v: %q, want %q", coins, got, want)
		}
	}
}
