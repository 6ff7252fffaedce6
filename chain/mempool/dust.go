package mempool

import (
	"grapevine/chain"
	"grapevine/chain/policy"
)

// checkDustSpent holds a transaction that is to enter to spending the dust of
// its unconfirmed parents, or it would stay in everybody's coin set (ephemeral
// dust; Core: CheckEphemeralSpends).
func (s *scene) checkDustSpent(e *entry) error {
	rules := s.pool.cfg.Rules
	if rules.AnyForm {
		return nil
	}
	for _, parent := range e.Parents {
		if s.confirmed[parent] {
			continue
		}
		for i, out := range parent.Tx.TxOut {
			if rules.IsDust(out) && !spendsOutput(e.Tx, parent.Tx.ID, i) {
				return policy.DustLeft(e.Tx)
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
