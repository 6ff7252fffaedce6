package state

import (
	"fmt"
	"slices"
)

// CheckCoins holds the list of coins, which is kept from change to change, against a
// look at everything. It is for tests: it looks at each output once for each transaction.
func (st *State) CheckCoins() error {
	if got, want := st.settled(), st.naiveCoins(); !slices.Equal(got, want) {
		return fmt.Errorf("%d coins are kept, %d are there", len(got), len(want))
	}
	for _, r := range st.list {
		if r.mine != st.fromMe(r) {
			return fmt.Errorf("%s: whose inputs it spends is not what was noted", r.id)
		}
	}
	return nil
}

// naiveCoins are the coins as a look at every output finds them.
func (st *State) naiveCoins() (coins []*output) {
	for _, r := range st.list {
		for _, o := range r.own {
			spent := false
			for _, s := range st.list {
				takes := slices.Contains(s.inputs, o.op())
				spent = spent || takes && st.depth(s) >= 0 && !s.abandoned && len(s.rivals) == 0
			}
			if d := st.depth(r); !spent && (d > 0 || d == 0 && r.inPool) {
				coins = append(coins, o)
			}
		}
	}
	return coins
}
