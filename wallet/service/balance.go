package service

import (
	"cmp"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// depth is Core's count of confirmations: 0 in no block, negative when a
// conflicting transaction is in one.
func (st *state) depth(r *record) int32 {
	switch {
	case r.height != nowhere:
		return st.cursor.Height - r.height + 1
	case r.conflict != nowhere:
		return -(st.cursor.Height - r.conflict + 1)
	}
	return 0
}

// immature coins are in a coinbase not yet deep enough. The wallet waits one
// block longer than the rule, as Core's does.
func (st *state) immature(r *record) bool {
	return r.coinbase && st.depth(r) <= chain.CoinbaseMaturity
}

// spent says whether a transaction of ours that may still count spends op.
func (st *state) spent(op wire.OutPoint) bool {
	for _, s := range st.spenders[op] {
		if st.depth(s) >= 0 && !s.abandoned {
			return true
		}
	}
	return false
}

// fromMe says whether all that r spends is ours.
func (st *state) fromMe(r *record) bool {
	for _, op := range r.inputs {
		if _, ok := st.outs[op]; !ok {
			return false
		}
	}
	return !r.coinbase
}

// trusted transactions are confirmed, or in the pool with nothing but our own
// trusted coins as inputs: nobody else can replace them.
func (st *state) trusted(r *record, seen map[*record]bool) bool {
	if d := st.depth(r); d != 0 {
		return d > 0
	}
	if t, ok := seen[r]; ok {
		return t
	}
	ok := r.inPool && st.fromMe(r)
	for _, op := range r.inputs {
		ok = ok && st.trusted(st.outs[op].rec, seen)
	}
	seen[r] = ok
	return ok
}

// crowd is how many unconfirmed transactions of ours count against the pool's
// limits if one more spends r: its ancestors with itself, or the descendants
// of any of these, whichever is more. It stops counting at enough.
func (st *state) crowd(r *record, enough int) int {
	ancestors := st.walk(r, enough, func(r *record, visit func(*record)) {
		for _, op := range r.inputs {
			if parent := st.txs[op.Hash]; parent != nil {
				visit(parent)
			}
		}
	})
	most := len(ancestors)
	for a := range ancestors {
		most = max(most, len(st.walk(a, enough, func(r *record, visit func(*record)) {
			for i := range r.outs {
				for _, s := range st.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
					visit(s)
				}
			}
		})))
	}
	return most
}

// walk is the set of unconfirmed records reachable from r, r included.
func (st *state) walk(r *record, enough int, near func(*record, func(*record))) map[*record]struct{} {
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
func (st *state) unspent(fn func(op wire.OutPoint, o output, trusted bool)) {
	seen := map[*record]bool{}
	for op, o := range st.outs {
		d := st.depth(o.rec)
		if d < 0 || d == 0 && !o.rec.inPool || st.spent(op) {
			continue
		}
		fn(op, o, st.trusted(o.rec, seen))
	}
}

// balance sums up the coins; aside is what locks keep from being spent.
func (st *state) balance() (sum wallet.Balance, aside btcutil.Amount) {
	st.unspent(func(op wire.OutPoint, o output, trusted bool) {
		switch {
		case st.immature(o.rec):
			sum.Immature += o.value
			return
		case st.depth(o.rec) > 0:
			sum.Confirmed += o.value
		case trusted:
			sum.Change += o.value
		default:
			sum.Unconfirmed += o.value
			return
		}
		if st.aside(op) {
			aside += o.value
		}
	})
	return sum, aside
}

func (st *state) aside(op wire.OutPoint) bool {
	_, locked := st.locked[op]
	_, held := st.held[op]
	return locked || held
}

// coin is the wallet's word for an output; what Coins adds is left out.
func (st *state) coin(op wire.OutPoint, o output, trusted bool) wallet.Coin {
	c := wallet.Coin{
		OutPoint: op, Value: o.value, Script: []byte(o.own.script), Kind: o.own.Kind, Change: o.own.Change,
		Confirmations: st.depth(o.rec), Coinbase: o.rec.coinbase, FromMe: st.fromMe(o.rec),
		Spendable: trusted && !st.immature(o.rec), Locked: st.aside(op), Safe: st.safe(o.rec, trusted),
	}
	if c.Confirmations == 0 {
		c.Ancestors = st.crowd(o.rec, poolChain)
		c.Descendants = c.Ancestors
		c.TRUC = o.rec.version() == policy.TRUCVersion
	}
	return c
}

// safe coins are trusted, and in a block where they replace or are replaced: to spend
// one would make two transactions of which only one can be.
func (st *state) safe(r *record, trusted bool) bool {
	return trusted && (st.depth(r) != 0 || r.more.replaces == chain.Hash{} && r.more.replacedBy == chain.Hash{})
}

// listCoins are all unspent outputs, in the order of their outpoints.
func (st *state) listCoins() (coins []wallet.Coin, err error) {
	st.unspent(func(op wire.OutPoint, o output, trusted bool) {
		c := st.coin(op, o, trusted)
		c.Address, c.Label, c.ParentDesc = wallet.AddressOf(c.Script, st.params.Params), o.own.label, o.own.row.Desc
		c.Unsolvable = !o.own.row.public.Solvable()
		if c.Kind == wallet.Nested {
			owned, _, e := st.whose(c.Script)
			c.Redeem, err = owned.Redeem, errors.Join(err, e)
		}
		coins = append(coins, c)
	})
	slices.SortFunc(coins, func(x, y wallet.Coin) int { return compareOutPoints(x.OutPoint, y.OutPoint) })
	return coins, err
}

func compareOutPoints(x, y wire.OutPoint) int {
	return cmp.Or(slices.Compare(x.Hash[:], y.Hash[:]), cmp.Compare(x.Index, y.Index))
}
