package mempool

import (
	"cmp"
	"slices"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// addPair adds a child with the one parent whose fee was too low by itself.
func (n *naive) addPair(child *chain.Tx) error {
	lacks := map[chain.Hash]bool{}
	for _, in := range child.TxIn {
		_, ok := n.coins[in.PreviousOutPoint]
		if _, pool := n.find(in.PreviousOutPoint.Hash); !ok && !pool {
			lacks[in.PreviousOutPoint.Hash] = true
		}
	}
	at := slices.IndexFunc(n.lowFee, func(p *chain.Tx) bool { return lacks[p.ID] })
	if len(lacks) != 1 || at < 0 {
		return chain.ErrMissingCoin
	}
	lowFee := n.lowFee[at]
	if sharesInput(lowFee, child) {
		return policy.ErrPackageConflict
	}
	parent, err := n.check(lowFee, inFamily)
	switch {
	case err == nil:
		return n.addOneByOne(parent, child)
	case !policy.Reconsiderable(lowFee, err):
		n.forget(lowFee)
		return chain.ErrMissingCoin
	}
	if parent, err = n.check(lowFee, paired); err != nil {
		n.forget(lowFee)
		return chain.ErrMissingCoin
	}
	x, err := n.checkChild(parent, child)
	if err != nil {
		return err
	}
	if err := n.family2(parent, x); err != nil {
		return err
	}
	return n.enter(parent, x)
}

// addOneByOne: the parent has become good enough by itself.
func (n *naive) addOneByOne(parent naiveTx, child *chain.Tx) error {
	n.forget(parent.tx)
	for _, rival := range n.rivals(parent.tx) {
		n.drop(rival.tx)
	}
	n.list = append(n.list, parent)
	x, err := n.check(child, inFamily)
	if err != nil {
		n.shrink()
		return err
	}
	return n.enter(x)
}

// checkChild checks a child whose parent is in no list yet.
func (n *naive) checkChild(parent naiveTx, child *chain.Tx) (naiveTx, error) {
	both := &naive{world: n.world, list: append(slices.Clone(n.list), parent)}
	coins, _, missing := both.inputs(child)
	if missing {
		return naiveTx{}, chain.ErrMissingCoin
	}
	for i, in := range child.TxIn { // as if the parent's outputs were confirmed by the next block
		if in.PreviousOutPoint.Hash == parent.tx.ID {
			n.coins[in.PreviousOutPoint] = coins[i]
			defer delete(n.coins, in.PreviousOutPoint)
		}
	}
	x, err := n.check(child, paired)
	x.usage = usageOf(child, len(n.parents(child))+1)
	return x, err
}

func (n *naive) parents(tx *chain.Tx) []naiveTx {
	return slices.DeleteFunc(slices.Clone(n.list), func(x naiveTx) bool { return !spends(tx, x.tx.ID) })
}

var errRBF = chain.Policy("package RBF failed")

// family2 holds a parent and its child together to the floor, to the limits, and to
// the rules of package RBF.
func (n *naive) family2(parent, child naiveTx) error {
	fee, bytes := parent.fee+child.fee, size(parent.tx)+size(child.tx)
	if fee < n.pool.floorNow().Fee(bytes) {
		return policy.ErrPoolMinFee
	}
	above := n.above(parent.tx)
	for _, a := range n.above(child.tx) {
		if !slices.ContainsFunc(above, func(x naiveTx) bool { return x.tx == a.tx }) {
			above = append(above, a)
		}
	}
	for _, a := range above {
		if len(n.below(a.tx))+3 > 25 {
			return policy.ErrPackageLimits
		}
	}
	if len(above)+2 > 25 {
		return policy.ErrPackageLimits
	}
	direct := n.rivals(parent.tx, child.tx)
	if len(direct) == 0 {
		return nil
	}
	gone, paid := n.going(direct)
	if len(above) > 0 || fee < paid+n.pool.cfg.Rules.Increment.Fee(bytes) || policy.RateOf(fee, bytes) <= policy.RateOf(parent.fee, size(parent.tx)) {
		return errRBF
	}
	var old, put []piece
	for _, d := range direct {
		cluster := append(n.above(d.tx), n.below(d.tx)...)
		if len(cluster) > 1 || len(cluster) == 1 && len(n.above(cluster[0].tx))+len(n.below(cluster[0].tx)) > 1 {
			return errRBF
		}
		for _, a := range n.above(d.tx) {
			if !slices.ContainsFunc(gone, func(g naiveTx) bool { return g.tx == a.tx }) {
				put = append(put, pieceOf(a))
			}
		}
	}
	for _, g := range gone {
		switch above := n.above(g.tx); {
		case len(n.below(g.tx)) > 0:
		case len(above) == 0:
			old = append(old, pieceOf(g))
		default:
			a, b := pieceOf(above[0]), pieceOf(g)
			if b.fee*a.size > a.fee*b.size {
				old = append(old, piece{a.fee + b.fee, a.size + b.size})
			} else {
				old = append(old, a, b)
			}
		}
	}
	put = append(put, piece{float64(fee), float64(bytes)})
	above2 := false
	for size := range 5000 {
		switch d := filled(put, float64(size)) - filled(old, float64(size)); {
		case d < -1e-6:
			return errRBF
		case d > 1e-6:
			above2 = true
		}
	}
	if !above2 {
		return errRBF
	}
	return nil
}

// piece is fee for size.
type piece struct{ fee, size float64 }

func pieceOf(x naiveTx) piece { return piece{float64(x.fee), float64(size(x.tx))} }

// filled is what the best of the pieces pay for so many bytes.
func filled(pieces []piece, room float64) (sum float64) {
	pieces = slices.Clone(pieces)
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(b.fee/b.size, a.fee/a.size) })
	for _, p := range pieces {
		n := min(room, p.size)
		room -= n
		sum += p.fee * n / p.size
	}
	return sum
}
