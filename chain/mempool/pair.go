package mempool

import (
	"errors"
	"time"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// A parent that pays too little by itself may be paid for by its child (CPFP).
// Over P2P they come one after the other: so what is refused for its fee alone
// is kept for a while, and a child that lacks nothing but it is checked together
// with it (Core: 1p1c, opportunistic packages of one parent and one child).

// What is kept of transactions refused for their fee.
const (
	maxLowFee      = 64        // as many as gossip lets be validated at once
	maxLowFeeBytes = 2_000_000 // five of the largest standard ones
)

// lowFeeParents are the transactions refused for their fee alone, oldest first. The writer
// alone uses it.
type lowFeeParents struct {
	list  []*chain.Tx
	bytes int
}

func (p *lowFeeParents) keep(tx *chain.Tx) {
	p.forget(tx.ID)
	p.list = append(p.list, tx)
	p.bytes += tx.Size
	for len(p.list) > maxLowFee || p.bytes > maxLowFeeBytes {
		p.forget(p.list[0].ID)
	}
}

func (p *lowFeeParents) find(txid chain.Hash) *chain.Tx {
	for _, tx := range p.list {
		if tx.ID == txid {
			return tx
		}
	}
	return nil
}

func (p *lowFeeParents) forget(txid chain.Hash) {
	kept := p.list[:0]
	p.bytes = 0
	for _, tx := range p.list {
		if tx.ID != txid {
			kept = append(kept, tx)
			p.bytes += tx.Size
		}
	}
	clear(p.list[len(kept):])
	p.list = kept
}

// loneParent is the kept transaction that err says is missing, if nothing else is.
func (p *lowFeeParents) loneParent(err error) *chain.Tx {
	var missing *chain.MissingError
	if !errors.As(err, &missing) || len(missing.Parents) != 1 {
		return nil
	}
	return p.find(missing.Parents[0])
}

// addWithParent checks a child that was refused with why once more, together
// with the kept parent that it may pay for. What is wrong with the parent is
// not the child's: then why stands, and the parent is not tried again.
func (p *Pool) addWithParent(child *chain.Tx, since time.Time, why error) (chain.PoolDelta, error) {
	parent := p.lowFee.loneParent(why)
	if parent == nil {
		return chain.PoolDelta{}, why
	}
	pair := []*chain.Tx{parent, child}
	if err := checkList(pair); err != nil {
		return chain.PoolDelta{}, err
	}
	r, delta, err := p.addPackage(pair, 0, since)
	if err != nil {
		return delta, err
	}
	above, below := r.Members[0], r.Members[1]
	if above.Err != nil && !policy.Reconsiderable(parent, above.Err) {
		p.lowFee.forget(parent.ID)
		return delta, why
	}
	if below.Err != nil && errors.Is(below.Err, chain.ErrMissingCoin) {
		return delta, r.Err // it was checked with its parent: to wait for it would not help
	}
	return delta, below.Err
}
