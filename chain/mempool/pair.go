package mempool

import (
	"errors"

	"grapevine/chain"
	"grapevine/chain/mempool/graph"
	"grapevine/chain/policy"
)

// A parent that pays too little by itself may be paid for by its child. So
// what is refused for its fee alone is kept for a while, and a child that
// lacks nothing but it is judged together with it (Core: packages of one
// parent and one child).

// What is kept of transactions refused for their fee.
const (
	maxPoor      = 64        // as many as gossip has under judgement at once
	maxPoorBytes = 2_000_000 // five of the largest standard ones
)

// poor are the transactions refused for their fee, oldest first. The writer
// alone uses it.
type poor struct {
	list  []*chain.Tx
	bytes int
}

func (p *poor) keep(tx *chain.Tx) {
	p.forget(tx.ID)
	p.list = append(p.list, tx)
	p.bytes += tx.Size
	for len(p.list) > maxPoor || p.bytes > maxPoorBytes {
		p.forget(p.list[0].ID)
	}
}

func (p *poor) find(txid chain.Hash) *chain.Tx {
	for _, tx := range p.list {
		if tx.ID == txid {
			return tx
		}
	}
	return nil
}

func (p *poor) forget(txid chain.Hash) {
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

func refusedForFee(err error) bool {
	return errors.Is(err, policy.ErrMinRelayFee) || errors.Is(err, policy.ErrPoolMinFee)
}

// loneParent is the kept transaction that err says is missing, if nothing else is.
func (p *poor) loneParent(err error) *chain.Tx {
	var missing *chain.MissingError
	if !errors.As(err, &missing) || len(missing.Parents) != 1 {
		return nil
	}
	return p.find(missing.Parents[0])
}

// judgeWithParent judges a child that was refused with why once more, together
// with the kept parent that it may pay for. Neither may take the place of
// others. What is wrong with the parent is not the child's: then why stands.
func (p *Pool) judgeWithParent(child *chain.Tx, why error) ([]*graph.Entry, error) {
	parent := p.poor.loneParent(why)
	if parent == nil {
		return nil, why
	}
	if err := checkList([]*chain.Tx{parent, child}); err != nil {
		return nil, err
	}
	s := p.scene()
	s.list, s.paired = true, true
	above, _, err := s.judge(parent)
	if err != nil {
		return nil, why
	}
	s.earlier = map[chain.Hash]*graph.Entry{parent.ID: above}
	e, _, err := s.judge(child)
	if err != nil {
		return nil, err
	}
	sum := above.Own()
	sum.Add(e.Own())
	return []*graph.Entry{above, e}, p.checkRates(sum.Paid())
}

// errDustLeft: the child of a transaction that made dust must spend the dust,
// or it stays in everybody's coin set.
const errDustLeft chain.Policy = "missing-ephemeral-spends"

// checkDustSpent holds a transaction that is to enter to spending the dust of
// its unconfirmed parents (Core: CheckEphemeralSpends).
func checkDustSpent(e *graph.Entry) error {
	for _, parent := range e.Parents {
		for i, out := range parent.Tx.TxOut {
			if policy.IsDust(out) && !spendsOutput(e.Tx, parent.Tx.ID, i) {
				return chain.Refused(errDustLeft, "tx %s (wtxid=%s) did not spend parent's ephemeral dust", e.Tx.ID, e.Tx.WID)
			}
		}
	}
	return nil
}

func spendsOutput(tx *chain.Tx, txid chain.Hash, n int) bool {
	for _, in := range tx.TxIn {
		if op := in.PreviousOutPoint; op.Hash == txid && int(op.Index) == n {
			return true
		}
	}
	return false
}
