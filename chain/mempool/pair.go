package mempool

import (
	"errors"
	"fmt"
	"time"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// A parent that pays too little by itself may be paid for by its child (CPFP).
// Over P2P they come one after the other: the conversation keeps the child until the
// parent has been refused for its fee alone, and has both checked together (Core: 1p1c,
// opportunistic packages of one parent and one child). What a node keeps over a restart
// comes parents first, so there it is the parent that waits.

// What is kept of transactions that a restart found to pay too little by themselves.
const (
	maxLowFee      = 64        // whose children have yet to come
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

// loneParent is the transaction that err says is missing, if nothing else is; else no
// transaction's id.
func loneParent(err error) (none chain.Hash) {
	var missing *chain.MissingError
	if !errors.As(err, &missing) || len(missing.Parents) != 1 {
		return none
	}
	return missing.Parents[0]
}

// AddWithParent is Add for a child together with the one parent that it lacks and may pay
// for, which was refused for its fee alone. What is wrong with the parent beyond that is
// not the child's: it is parentErr, and err says that the child lacks its parent. So does err
// where both together are refused, and neither for itself: with another witness of the
// parent, which is smaller, they may be good.
//
// Only the writer may call it.
func (p *Pool) AddWithParent(child, parent *chain.Tx) (delta chain.PoolDelta, parentErr, err error) {
	now := p.cfg.Now()
	if delta, err = p.add(child, now); loneParent(err) != parent.ID {
		return delta, nil, err
	}
	return p.addPair(parent, child, now)
}

// addPair checks a child that lacks its parent together with it [AcceptPackage].
func (p *Pool) addPair(parent, child *chain.Tx, since time.Time) (delta chain.PoolDelta, parentErr, err error) {
	pair, waits := []*chain.Tx{parent, child}, &chain.MissingError{Parents: []chain.Hash{parent.ID}}
	whole := checkList(pair)
	if whole == nil && p.cfg.Rules.WholeFamilies {
		whole = p.checkParents(pair)
	}
	if whole != nil {
		return delta, nil, fmt.Errorf("%w: %w", whole, waits)
	}
	r, delta, err := p.addPackage(pair, 0, since)
	if err != nil {
		return delta, nil, err
	}
	above, below := r.Members[0], r.Members[1]
	switch {
	case errors.Is(above.Err, chain.ErrMissingCoin): // what it spends has gone, and may come back
		return delta, nil, waits
	case above.Err != nil && !policy.Reconsiderable(parent, above.Err):
		p.lowFee.forget(parent.ID)
		return delta, above.Err, waits
	case errors.Is(below.Err, chain.ErrMissingCoin): // the pair is refused, and not what is in it
		return delta, nil, fmt.Errorf("%w: %w", r.Err, waits)
	}
	return delta, nil, below.Err
}
