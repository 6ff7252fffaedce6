package state

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// Received is what scripts of ours have received in transactions of at least so many
// confirmations, rewards that are not mature left out unless young [GetReceived, ListReceived].
func (st *State) Received(minConf int32, young bool) map[string]wallet.Receipt {
	by := map[string]*wallet.Receipt{}
	for _, r := range st.list {
		depth := st.depth(r)
		if depth < minConf || r.coinbase && (depth < 1 || st.immature(r) && !young) {
			continue
		}
		for _, o := range r.own {
			sum := by[o.own.script]
			if sum == nil {
				sum = &wallet.Receipt{Script: []byte(o.own.script), Confirmations: depth}
				by[o.own.script] = sum
			}
			sum.Amount += o.value
			sum.Confirmations = min(sum.Confirmations, depth)
			sum.Txs = append(sum.Txs, r.id)
		}
	}
	all := map[string]wallet.Receipt{}
	for script, sum := range by {
		slices.SortFunc(sum.Txs, func(x, y chain.Hash) int { return bytes.Compare(x[:], y[:]) })
		all[script] = *sum
	}
	return all
}

// groups are scripts of ours that were seen to be one owner's: those that one
// transaction spends from, and its change [GetAddressGroupings].
type groups map[string]string

func (g groups) root(script string) string {
	for {
		up, ok := g[script]
		if !ok {
			g[script] = script
		}
		if !ok || up == script {
			return script
		}
		script = up
	}
}

func (st *State) groups() groups {
	g := groups{}
	for _, r := range st.list {
		first := ""
		join := func(script string) {
			if first == "" {
				first = g.root(script)
			}
			g[g.root(script)] = first
		}
		for _, op := range r.inputs {
			if o := st.out(op); o != nil {
				join(o.own.script)
			}
		}
		for _, o := range r.own {
			if first != "" && !st.booked(o.own) {
				join(o.own.script)
			}
			g.root(o.own.script)
		}
	}
	return g
}

// holdings are what scripts of ours hold that may be spent; what held something once
// is there too [GetAddressBalances].
func (st *State) holdings() map[string]btcutil.Amount {
	sums, seen := map[string]btcutil.Amount{}, map[*record]bool{}
	for _, r := range st.list {
		least := int32(1)
		if d, _ := st.debit(r); d > 0 {
			least = 0
		}
		if !st.trusted(r, seen) || st.immature(r) || st.depth(r) < least {
			continue
		}
		for _, o := range r.own {
			if st.Spent(o.op()) {
				sums[o.own.script] += 0
			} else {
				sums[o.own.script] += o.value
			}
		}
	}
	return sums
}

// Groupings are the addresses of groups, with what they hold.
func (st *State) Groupings() ([][]wallet.Holder, error) {
	g, sums := st.groups(), st.holdings()
	by := map[string][]wallet.Holder{}
	for script := range g {
		h := wallet.Holder{Address: wallet.AddressOf([]byte(script), st.Params.Params), Amount: sums[script]}
		h.Label, h.Booked = st.bookEntry([]byte(script))
		if h.Address != "" {
			by[g.root(script)] = append(by[g.root(script)], h)
		}
	}
	list := [][]wallet.Holder{}
	for _, group := range by {
		slices.SortFunc(group, func(x, y wallet.Holder) int { return cmp.Compare(x.Address, y.Address) })
		list = append(list, group)
	}
	slices.SortFunc(list, func(x, y []wallet.Holder) int { return cmp.Compare(x[0].Address, y[0].Address) })
	return list, nil
}
