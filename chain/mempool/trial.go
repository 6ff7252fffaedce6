package mempool

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool/graph"
	"grapevine/chain/policy"
)

// Test says what Add would, changing nothing. A transaction of the list may
// spend earlier ones. maxFee refuses what pays more (max-fee-exceeded); 0: no
// limit. After the first refusal the rest is not judged (Core: testmempoolaccept).
func (p *Pool) Test(txs []*chain.Tx, maxFee policy.FeeRate) []TestResult {
	results := make([]TestResult, len(txs))
	malformed := checkList(txs)
	s := p.scene()
	s.earlier = make(map[chain.Hash]*graph.Entry, len(txs))
	s.list = len(txs) > 1
	failed := false
	for i, tx := range txs {
		r := &results[i]
		r.Tx, r.List, r.NotReached = tx, malformed, failed || malformed != nil
		if r.NotReached {
			continue
		}
		e, _, err := s.judge(tx)
		if err == nil && maxFee != 0 && e.Fee > maxFee.Fee(e.VSize) {
			err = refused(policy.ErrMaxFee)
		}
		if err != nil {
			r.Err, failed = err, true
			continue
		}
		r.Fee, r.VSize = e.Fee, e.VSize
		s.earlier[tx.ID] = e
	}
	return results
}

// checkList asks whether a list could enter one by one in its order (Core:
// IsWellFormedPackage). A list of one always could.
func checkList(txs []*chain.Tx) error {
	if len(txs) < 2 {
		return nil
	}
	if len(txs) > MaxListCount {
		return refused(errListCount)
	}
	weight, later := 0, make(map[chain.Hash]bool, len(txs))
	for _, tx := range txs {
		weight += tx.Weight
		if later[tx.ID] {
			return refused(errListDuplicates)
		}
		later[tx.ID] = true
	}
	if weight > maxListWeight {
		return refused(errListWeight)
	}
	spent := map[wire.OutPoint]bool{}
	for _, tx := range txs {
		for _, in := range tx.TxIn {
			if later[in.PreviousOutPoint.Hash] {
				return refused(errListOrder)
			}
		}
		delete(later, tx.ID)
	}
	for _, tx := range txs {
		for _, in := range tx.TxIn {
			if spent[in.PreviousOutPoint] {
				return refused(errListConflict)
			}
		}
		for _, in := range tx.TxIn {
			spent[in.PreviousOutPoint] = true
		}
	}
	return nil
}
