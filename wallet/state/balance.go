package state

import (
	"cmp"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// depth is Core's count of confirmations: 0 in no block, negative when a
// conflicting transaction is in one [GetTxDepthInMainChain].
func (st *State) depth(r *record) int32 {
	switch {
	case r.height != Nowhere:
		return st.cursor.Height - r.height + 1
	case r.conflict != Nowhere:
		return -(st.cursor.Height - r.conflict + 1)
	}
	return 0
}

// immature coins are in a coinbase not yet deep enough. The wallet waits one
// block longer than the rule, as Core's does [GetTxBlocksToMaturity, IsTxImmatureCoinBase].
func (st *State) immature(r *record) bool {
	return r.coinbase && st.depth(r) <= chain.CoinbaseMaturity
}

// Spent says whether a transaction of ours that may still count spends op [IsSpent].
func (st *State) Spent(op wire.OutPoint) bool {
	for _, s := range st.spenders[op] {
		if s.counts() {
			return true
		}
	}
	return false
}

// counts says whether r takes the coins that it spends: nobody has given it up, and
// neither chain nor pool hold another in its place.
func (r *record) counts() bool {
	return (r.height != Nowhere || r.conflict == Nowhere) && !r.abandoned && len(r.rivals) == 0
}

// fromMe says whether all that r spends is ours [AllInputsMine].
func (st *State) fromMe(r *record) bool {
	for _, op := range r.inputs {
		if st.out(op) == nil {
			return false
		}
	}
	return !r.coinbase
}

// settled are all coins: outputs of ours that nothing spends and that are in a block
// or in the pool, oldest first. What a transaction means for them is its own outputs
// and those that it spends, so only those of what was stirred are looked at again.
func (st *State) settled() []*output {
	if len(st.stirred) == 0 {
		return st.coins
	}
	gone, sorted := false, true
	see := func(o *output) {
		is := st.unspentNow(o)
		switch {
		case is && !o.coin:
			if n := len(st.coins); n > 0 && compareOutputs(st.coins[n-1], o) > 0 {
				sorted = false
			}
			st.coins = append(st.coins, o)
		case !is && o.coin:
			gone = true
		}
		o.coin = is
	}
	for _, r := range st.stirred {
		r.stirred, r.mine = false, st.fromMe(r)
		for _, o := range r.own {
			see(o)
		}
		for _, op := range r.inputs {
			if o := st.out(op); o != nil {
				see(o)
			}
		}
	}
	st.stirred = nil
	if gone {
		st.coins = slices.DeleteFunc(st.coins, func(o *output) bool { return !o.coin })
	}
	if !sorted {
		slices.SortFunc(st.coins, compareOutputs)
	}
	return st.coins
}

// unspentNow says whether an output is a coin.
func (st *State) unspentNow(o *output) bool {
	r := o.rec
	return (r.height != Nowhere || r.inPool && r.conflict == Nowhere) && st.txs[r.id] == r && !st.Spent(o.op())
}

func compareOutputs(x, y *output) int {
	return cmp.Or(cmp.Compare(x.rec.order, y.rec.order), cmp.Compare(x.vout, y.vout))
}

// trusted transactions are confirmed, or in the pool with nothing but our own
// trusted coins as inputs: nobody else can replace them [CachedTxIsTrusted].
func (st *State) trusted(r *record, seen map[*record]bool) bool {
	if d := st.depth(r); d != 0 {
		return d > 0
	}
	if t, ok := seen[r]; ok {
		return t
	}
	ok := !st.NoFresh && r.inPool && st.fromMe(r)
	for _, op := range r.inputs {
		ok = ok && st.trusted(st.txs[op.Hash], seen)
	}
	seen[r] = ok
	return ok
}

// crowd is how many unconfirmed transactions of ours count against the pool's
// limits if one more spends r: its ancestors with itself, or the descendants
// of any of these, whichever is more. It stops counting at enough.
func (st *State) crowd(r *record, enough int) int {
	ancestors := st.walk(r, enough, func(r *record, visit func(*record)) {
		for _, op := range r.inputs {
			if parent := st.txs[op.Hash]; parent != nil {
				visit(parent)
			}
		}
	})
	most := len(ancestors)
	for a := range ancestors {
		most = max(most, len(st.walk(a, enough, st.eachChild)))
	}
	return most
}

// walk is the set of unconfirmed records reachable from r, r included.
func (st *State) walk(r *record, enough int, near func(*record, func(*record))) map[*record]struct{} {
	set := map[*record]struct{}{}
	var visit func(*record)
	visit = func(r *record) {
		if _, ok := set[r]; ok || len(set) >= enough || st.depth(r) != 0 || r.abandoned {
			return
		}
		set[r] = struct{}{}
		near(r, visit)
	}
	visit(r)
	return set
}

// poolChain is past the pool's limit of transactions that hang together.
const poolChain = policy.MaxAncestors + 1

// unspent calls fn for every coin: outputs of ours that nothing spends and
// that are in a block or in the pool.
func (st *State) unspent(fn func(o *output, trusted bool)) {
	seen := map[*record]bool{}
	for _, o := range st.settled() {
		fn(o, o.rec.height != Nowhere || st.trusted(o.rec, seen))
	}
}

// Balance sums up the coins of at least so many confirmations; aside is what locks
// keep from being spent.
func (st *State) Balance(minConf int32) (sum wallet.Balance, aside btcutil.Amount) {
	st.unspent(func(o *output, trusted bool) {
		depth := st.depth(o.rec)
		dirty := st.dirtyCoin(o)
		switch {
		case st.immature(o.rec):
			sum.Immature += o.value
			return
		case !trusted && dirty:
			sum.Used += o.value
			sum.UsedUnconfirmed += o.value
			return
		case !trusted:
			sum.Unconfirmed += o.value
			return
		case depth < minConf:
			return
		case dirty:
			sum.Used += o.value
		case depth > 0:
			sum.Confirmed += o.value
		default:
			sum.Change += o.value
		}
		if st.aside(o) {
			aside += o.value
		}
	})
	return sum, aside
}

// dirtyCoin says whether a coin is at an address that was spent from, in a wallet
// that tells such coins apart [avoid_reuse, IsSpentKey, IsAddressPreviouslySpent].
func (st *State) dirtyCoin(o *output) bool { return st.AvoidReuse && st.scripts[o.own.script].reused }

func (st *State) aside(o *output) bool {
	if len(st.locked) == 0 && len(st.held) == 0 {
		return false
	}
	op := o.op()
	_, locked := st.locked[op]
	_, held := st.held[op]
	return locked || held
}

// coin is the wallet's word for an output; what describe adds is left out.
func (st *State) coin(o *output, trusted bool) (c wallet.Coin) {
	st.fillCoin(&c, o, trusted)
	return c
}

// fillCoin fills in a coin that is zero.
func (st *State) fillCoin(c *wallet.Coin, o *output, trusted bool) {
	c.OutPoint, c.Value, c.Script, c.Kind, c.Change = o.op(), o.value, []byte(o.own.script), o.own.Kind, o.own.Change
	c.Confirmations, c.Coinbase, c.FromMe = st.depth(o.rec), o.rec.coinbase, o.rec.mine
	c.Spendable, c.Locked, c.Reused, c.Safe = trusted && !st.immature(o.rec), st.aside(o), st.dirtyCoin(o), st.safe(o.rec, trusted)
	if c.Confirmations == 0 {
		c.Ancestors = st.crowd(o.rec, poolChain)
		c.Descendants = c.Ancestors
		c.TRUC = o.rec.version() == policy.TRUCVersion
	}
}

// safe coins are trusted, and in a block where they replace or are replaced: to spend
// one would make two transactions of which only one can be.
func (st *State) safe(r *record, trusted bool) bool {
	n := r.noted()
	return trusted && (st.depth(r) != 0 || n.replaces == chain.Hash{} && n.replacedBy == chain.Hash{})
}

// unsafeChange is what Balance counts as change though it is not spent yet, as it is not safe.
func (st *State) unsafeChange() (sum btcutil.Amount) {
	st.unspent(func(o *output, trusted bool) {
		if trusted && !st.safe(o.rec, trusted) && !st.immature(o.rec) && !st.dirtyCoin(o) {
			sum += o.value
		}
	})
	return sum
}

// describe adds what is known of a coin's script.
func (st *State) describe(c *wallet.Coin) error {
	c.Address = wallet.AddressOf(c.Script, st.Params.Params)
	c.Label, c.Booked = st.bookEntry(c.Script)
	owned, _, err := st.Whose(c.Script)
	c.Desc, c.ParentDesc, c.Redeem, c.Unsolvable = owned.Desc, owned.ParentDesc, owned.Redeem, owned.Unsolvable
	return err
}

// ListCoins are the unspent outputs that wanted takes, oldest first, until it has
// enough. It is asked before anything is known of the script.
func (st *State) ListCoins(wanted func(*wallet.Coin) (take, enough bool)) (coins []wallet.Coin, err error) {
	seen := map[*record]bool{}
	for _, o := range st.settled() {
		c := st.coin(o, st.trusted(o.rec, seen))
		take, enough := wanted(&c)
		if take {
			if err := st.describe(&c); err != nil {
				return nil, err
			}
			coins = append(coins, c)
		}
		if enough {
			break
		}
	}
	return coins, nil
}

func compareOutPoints(x, y wire.OutPoint) int {
	return cmp.Or(slices.Compare(x.Hash[:], y.Hash[:]), cmp.Compare(x.Index, y.Index))
}
