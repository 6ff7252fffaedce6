package books

import (
	"cmp"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// depth is Core's count of confirmations: 0 in no block, negative when a
// conflicting transaction is in one.
func (b *Books) depth(r *record) int32 {
	switch {
	case r.height != nowhere:
		return b.cursor.Height - r.height + 1
	case r.conflict != nowhere:
		return -(b.cursor.Height - r.conflict + 1)
	}
	return 0
}

// immature coins are in a coinbase not yet deep enough. The wallet waits one
// block longer than the rule, as Core's does.
func (b *Books) immature(r *record) bool {
	return r.coinbase && b.depth(r) <= chain.CoinbaseMaturity
}

// spent says whether a transaction of ours that may still count spends op.
func (b *Books) spent(op wire.OutPoint) bool {
	for _, s := range b.spenders[op] {
		if b.depth(s) >= 0 && !s.abandoned {
			return true
		}
	}
	return false
}

// fromMe says whether all that r spends is ours.
func (b *Books) fromMe(r *record) bool {
	for _, op := range r.inputs {
		if _, ok := b.outs[op]; !ok {
			return false
		}
	}
	return !r.coinbase
}

// trusted transactions are confirmed, or in the pool with nothing but our own
// trusted coins as inputs: nobody else can replace them.
func (b *Books) trusted(r *record, seen map[*record]bool) bool {
	if d := b.depth(r); d != 0 {
		return d > 0
	}
	if t, ok := seen[r]; ok {
		return t
	}
	ok := r.inPool && b.fromMe(r)
	for _, op := range r.inputs {
		ok = ok && b.trusted(b.outs[op].rec, seen)
	}
	seen[r] = ok
	return ok
}

// crowd is how many unconfirmed transactions of ours count against the pool's
// limits if one more spends r: its ancestors with itself, or the descendants
// of any of these, whichever is more. It stops counting at enough.
func (b *Books) crowd(r *record, enough int) int {
	ancestors := b.walk(r, enough, func(r *record, visit func(*record)) {
		for _, op := range r.inputs {
			if parent := b.txs[op.Hash]; parent != nil {
				visit(parent)
			}
		}
	})
	most := len(ancestors)
	for a := range ancestors {
		most = max(most, len(b.walk(a, enough, func(r *record, visit func(*record)) {
			for i := range r.outs {
				for _, s := range b.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
					visit(s)
				}
			}
		})))
	}
	return most
}

// walk is the set of unconfirmed records reachable from r, r included.
func (b *Books) walk(r *record, enough int, near func(*record, func(*record))) map[*record]struct{} {
	set := map[*record]struct{}{}
	var visit func(*record)
	visit = func(r *record) {
		if _, ok := set[r]; ok || len(set) >= enough || b.depth(r) != 0 || r.abandoned {
			return
		}
		set[r] = struct{}{}
		near(r, visit)
	}
	visit(r)
	return set
}

// poolChain is past the pool's limit of transactions that hang together.
const poolChain = 26

// unspent calls fn for every coin: outputs of ours that nothing spends and
// that are in a block or in the pool.
func (b *Books) unspent(fn func(op wire.OutPoint, o output, trusted bool)) {
	seen := map[*record]bool{}
	for op, o := range b.outs {
		d := b.depth(o.rec)
		if d < 0 || d == 0 && !o.rec.inPool || b.spent(op) {
			continue
		}
		fn(op, o, b.trusted(o.rec, seen))
	}
}

// Balance sums up the coins; aside is what locks keep from being spent.
func (b *Books) Balance() (sum wallet.Balance, aside btcutil.Amount) {
	b.unspent(func(op wire.OutPoint, o output, trusted bool) {
		switch {
		case b.immature(o.rec):
			sum.Immature += o.value
			return
		case b.depth(o.rec) > 0:
			sum.Confirmed += o.value
		case trusted:
			sum.Change += o.value
		default:
			sum.Unconfirmed += o.value
			return
		}
		if b.aside(op) {
			aside += o.value
		}
	})
	return sum, aside
}

func (b *Books) aside(op wire.OutPoint) bool {
	_, locked := b.locked[op]
	_, held := b.held[op]
	return locked || held
}

// coin is the wallet's word for an output; what Coins adds is left out.
func (b *Books) coin(op wire.OutPoint, o output, trusted bool) wallet.Coin {
	c := wallet.Coin{
		OutPoint: op, Value: o.value, Script: []byte(o.own.script), Kind: o.own.Kind, Change: o.own.Change,
		Confirmations: b.depth(o.rec), Coinbase: o.rec.coinbase, FromMe: b.fromMe(o.rec),
		Spendable: trusted && !b.immature(o.rec), Locked: b.aside(op),
	}
	if c.Confirmations == 0 {
		c.Ancestors = b.crowd(o.rec, poolChain)
	}
	return c
}

// Coins are all unspent outputs, in the order of their outpoints.
func (b *Books) Coins() (coins []wallet.Coin, err error) {
	b.unspent(func(op wire.OutPoint, o output, trusted bool) {
		c := b.coin(op, o, trusted)
		c.Address, c.Label, c.ParentDesc = wallet.AddressOf(c.Script, b.params.Params), o.own.label, b.keys.Descriptor(o.own.Branch)
		if c.Kind == wallet.Nested {
			owned, e := b.keys.Owned(o.own.KeyPath)
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
