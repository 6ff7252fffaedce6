package mempool

import (
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// naive is the pool as one would first write it: a list, searched from end to
// end for every question. It knows all that the pool promises of the set, and
// nothing of how the pool does it.
type naive struct {
	*world
	list   []naiveTx   // parents before their children
	lowFee []*chain.Tx // refused for their fee, oldest first
}

// Why a transaction is checked.
const (
	fresh     = iota
	returning // from a block
	inFamily  // alone, of a parent and its child
	paired    // together with the other of the two
)

type naiveTx struct {
	tx    *chain.Tx
	fee   btcutil.Amount
	usage int64
	time  time.Time
}

func (n *naive) find(id chain.Hash) (naiveTx, bool) {
	for _, x := range n.list {
		if x.tx.ID == id {
			return x, true
		}
	}
	return naiveTx{}, false
}

// family grows {tx} by all that next relates to a member, without tx itself.
func (n *naive) family(tx *chain.Tx, next func(a, b *chain.Tx) bool) []naiveTx {
	members := []*chain.Tx{tx}
	var found []naiveTx
	for grown := true; grown; {
		grown = false
		for _, x := range n.list {
			in := slices.ContainsFunc(members, func(m *chain.Tx) bool { return m.ID == x.tx.ID })
			if !in && slices.ContainsFunc(members, func(m *chain.Tx) bool { return next(m, x.tx) }) {
				members, found, grown = append(members, x.tx), append(found, x), true
			}
		}
	}
	return found
}

func (n *naive) above(tx *chain.Tx) []naiveTx {
	return n.family(tx, func(a, b *chain.Tx) bool { return spends(a, b.ID) })
}

func (n *naive) below(tx *chain.Tx) []naiveTx {
	return n.family(tx, func(a, b *chain.Tx) bool { return spends(b, a.ID) })
}

func size(tx *chain.Tx) int { return policy.Core31().VSize(tx.Weight, 0) }

// check is the verdict, or nil and the fee.
func (n *naive) check(tx *chain.Tx, why int) (naiveTx, error) {
	if int64(tx.LockTime) > int64(n.tip.Height) {
		return naiveTx{}, policy.ErrNonFinal
	}
	if _, ok := n.find(tx.ID); ok {
		return naiveTx{}, policy.ErrInPool
	}
	coins, parents, missing := n.inputs(tx)
	if missing {
		for i := range maxProbes {
			if _, known := n.coins[outpoint(tx, i)]; known {
				return naiveTx{}, policy.ErrKnown
			}
		}
		return naiveTx{}, chain.ErrMissingCoin
	}
	var sum btcutil.Amount
	immature := false
	for i, c := range coins {
		if s := tx.TxIn[i].Sequence; s < 1000 && n.tip.Height+1 < c.Height+int32(s) {
			return naiveTx{}, policy.ErrSequenceLocked
		}
		immature = immature || c.Coinbase && n.tip.Height+1-c.Height < 100
		sum += c.Value
	}
	for _, o := range tx.TxOut {
		sum -= btcutil.Amount(o.Value)
	}
	x := naiveTx{tx: tx, fee: sum, usage: usageOf(tx, parents), time: n.now}
	paid, rules := x.fee, n.pool.cfg.Rules
	switch {
	case immature:
		return x, policy.ErrImmature
	case why != returning && paid < rules.MinRelay.Fee(size(tx)):
		return x, policy.ErrMinRelayFee
	case (why == fresh || why == inFamily) && paid < n.pool.floorNow().Fee(size(tx)):
		return x, policy.ErrPoolMinFee
	}
	if err := n.limits(tx, why == fresh || why == returning); err != nil {
		return x, err
	}
	for _, c := range n.rivals(tx) {
		if slices.ContainsFunc(n.above(tx), func(a naiveTx) bool { return a.tx == c.tx }) {
			return x, chain.Rule(policy.ErrSpendsOwn)
		}
	}
	if why == paired {
		return x, nil
	}
	_, err := n.replaces(x)
	return x, err
}

// rivals are those of the list that spend what tx spends.
func (n *naive) rivals(txs ...*chain.Tx) (direct []naiveTx) {
	for _, old := range n.list {
		if slices.ContainsFunc(txs, func(tx *chain.Tx) bool { return sharesInput(old.tx, tx) }) {
			direct = append(direct, old)
		}
	}
	return direct
}

// going are rivals and all that build on them.
func (n *naive) going(direct []naiveTx) (gone []naiveTx, paid btcutil.Amount) {
	for _, d := range direct {
		for _, g := range append(n.below(d.tx), d) {
			if !slices.ContainsFunc(gone, func(o naiveTx) bool { return o.tx == g.tx }) {
				gone = append(gone, g)
				paid += g.fee
			}
		}
	}
	return gone, paid
}

// replaces is what has to go for x, or why it may not.
func (n *naive) replaces(x naiveTx) ([]naiveTx, error) {
	direct := n.rivals(x.tx)
	if len(direct) == 0 {
		return nil, nil
	}
	for _, d := range direct {
		if policy.RateOf(x.fee, size(x.tx)) <= policy.RateOf(d.fee, size(d.tx)) {
			return nil, policy.ErrInsufficient
		}
	}
	gone, paid := n.going(direct)
	for _, old := range n.list {
		if spends(x.tx, old.tx.ID) && !slices.ContainsFunc(gone, func(d naiveTx) bool { return spends(d.tx, old.tx.ID) }) {
			return nil, policy.ErrAddsUnconf
		}
	}
	if x.fee < paid+n.pool.cfg.Rules.Increment.Fee(size(x.tx)) {
		return nil, policy.ErrInsufficient
	}
	return gone, nil
}

// inputs are the coins of chain and list, and how many parents are in the list.
func (n *naive) inputs(tx *chain.Tx) (coins []chain.Coin, parents int, missing bool) {
	seen := map[chain.Hash]bool{}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		c, ok := n.coins[op]
		if p, inPool := n.find(op.Hash); inPool {
			c, ok = chain.Coin{Value: btcutil.Amount(p.tx.TxOut[op.Index].Value), Height: n.tip.Height + 1}, true
			seen[op.Hash] = true
		}
		coins, missing = append(coins, c), missing || !ok
	}
	return coins, len(seen), missing
}

func sharesInput(a, b *chain.Tx) bool {
	return slices.ContainsFunc(a.TxIn, func(x *wire.TxIn) bool {
		return slices.ContainsFunc(b.TxIn, func(y *wire.TxIn) bool { return x.PreviousOutPoint == y.PreviousOutPoint })
	})
}

// limits counts what is there with all that would go: only one that has a
// single rival may stand in its place.
func (n *naive) limits(tx *chain.Tx, carveOut bool) error {
	above := n.above(tx)
	extra := 0
	if carveOut && len(n.rivals(tx)) == 1 {
		extra++
	}
	if carveOut && len(above) <= 1 {
		extra++
	}
	if len(above) >= 25 {
		return policy.ErrLongChain
	}
	for _, a := range above {
		if len(n.below(a.tx))+1 >= 25+extra {
			return policy.ErrLongChain
		}
	}
	return nil
}

func (n *naive) add(tx *chain.Tx) error {
	x, err := n.check(tx, fresh)
	switch {
	case policy.Reconsiderable(tx, err):
		n.forget(tx)
		n.lowFee = append(n.lowFee, tx)
		n.lowFee = n.lowFee[max(0, len(n.lowFee)-maxLowFee):]
		return err
	case errors.Is(err, chain.ErrMissingCoin):
		return n.addPair(tx)
	case err != nil:
		return err
	}
	return n.enter(x)
}

func (n *naive) forget(tx *chain.Tx) {
	n.lowFee = slices.DeleteFunc(n.lowFee, func(p *chain.Tx) bool { return p.ID == tx.ID })
}

func (n *naive) enter(x ...naiveTx) error {
	var txs []*chain.Tx
	for _, x := range x {
		txs = append(txs, x.tx)
		n.forget(x.tx)
	}
	for _, rival := range n.rivals(txs...) {
		n.drop(rival.tx)
	}
	n.list = append(n.list, x...)
	n.shrink()
	if _, ok := n.find(x[len(x)-1].tx.ID); !ok {
		return policy.ErrPoolFull
	}
	return nil
}

func (n *naive) drop(tx *chain.Tx) {
	gone := append(n.below(tx), naiveTx{tx: tx})
	n.list = slices.DeleteFunc(n.list, func(x naiveTx) bool {
		return slices.ContainsFunc(gone, func(g naiveTx) bool { return g.tx.ID == x.tx.ID })
	})
}

// shrink evicts the one with the worst rate: the better of its own and that of
// it with its descendants; of equals the younger.
func (n *naive) shrink() {
	for {
		var usage int64
		for _, x := range n.list {
			usage += x.usage
		}
		if usage <= n.pool.cfg.MaxBytes {
			return
		}
		worst, rate := 0, 0.0
		for i, x := range n.list {
			fee, bytes := x.fee, size(x.tx)
			for _, d := range n.below(x.tx) {
				fee, bytes = fee+d.fee, bytes+size(d.tx)
			}
			r := max(float64(fee)/float64(bytes), float64(x.fee)/float64(size(x.tx)))
			if i == 0 || r <= rate {
				worst, rate = i, r
			}
		}
		n.drop(n.list[worst].tx)
	}
}

func (n *naive) apply(d chain.Delta) {
	for _, b := range d.Connected {
		for _, tx := range b.Block.Txs {
			n.list = slices.DeleteFunc(n.list, func(x naiveTx) bool { return x.tx.ID == tx.ID })
			for _, x := range slices.Clone(n.list) {
				if sharesInput(x.tx, tx) {
					n.drop(x.tx)
				}
			}
		}
	}
	if len(d.Disconnected) > 0 {
		n.giveBack(d)
	}
	for _, x := range slices.Clone(n.list) {
		if x.time.Before(n.now.Add(-defaultExpiry)) {
			n.drop(x.tx)
		}
	}
	n.shrink()
}

func (n *naive) giveBack(d chain.Delta) {
	had := n.list
	n.list = nil
	var failed []*chain.Tx
	for _, b := range slices.Backward(d.Disconnected) {
		for i, tx := range b.Block.Txs {
			if x, err := n.check(tx, returning); err == nil && i > 0 {
				n.list = append(n.list, x)
			} else {
				failed = append(failed, tx)
			}
		}
	}
	n.list = append(n.list, had...)
	for _, tx := range failed {
		if _, again := n.find(tx.ID); !again && !n.inConnected(tx, d) {
			for _, x := range n.below(tx) {
				n.drop(x.tx)
			}
		}
	}
	for _, x := range slices.Clone(n.list) {
		if len(n.above(x.tx)) >= 25 {
			n.drop(x.tx)
		}
	}
	for _, x := range slices.Clone(n.list) {
		if _, ok := n.find(x.tx.ID); ok && !n.stands(x.tx) {
			n.drop(x.tx)
		}
	}
}

func (n *naive) inConnected(tx *chain.Tx, d chain.Delta) bool {
	for _, b := range d.Connected {
		if slices.ContainsFunc(b.Block.Txs, func(o *chain.Tx) bool { return o.ID == tx.ID }) {
			return true
		}
	}
	return false
}

// stands checks a transaction of the list as if it were not there.
func (n *naive) stands(tx *chain.Tx) bool {
	all := n.list
	n.list = slices.DeleteFunc(slices.Clone(all), func(x naiveTx) bool { return x.tx.ID == tx.ID })
	_, err := n.check(tx, returning)
	n.list = all
	return err == nil || errors.Is(err, policy.ErrLongChain)
}
