package service

import (
	"context"

	"grapevine/chain"
	"grapevine/wallet"
)

// ImportTx notes a transaction that somebody has shown to be at that place of a block
// [importprunedfunds]; wallet.ErrNotOurs when it is not ours. The wallet must have
// followed the block.
func (s *Service) ImportTx(ctx context.Context, tx *chain.Tx, n *chain.HeaderNode, index int) error {
	return s.change(ctx, func(st *state) error {
		if !passed(n, st.cursor) || !st.paysUs(tx) {
			return wallet.ErrNotOurs
		}
		return st.connectTx(n, tx, index, s.cfg.Now().Unix())
	})
}

func (st *state) paysUs(tx *chain.Tx) bool {
	for _, o := range tx.TxOut {
		if st.scripts[string(o.PkScript)] != nil {
			return true
		}
	}
	return false
}

// RemoveTx takes a transaction out of the wallet, whatever has become of it
// [removeprunedfunds]. wallet.ErrUnknownTx.
func (s *Service) RemoveTx(ctx context.Context, txid chain.Hash) error {
	return s.change(ctx, func(st *state) error {
		r := st.txs[txid]
		if r == nil {
			return wallet.ErrUnknownTx
		}
		st.remove(r)
		return nil
	})
}
