package service

import (
	"context"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/state"
)

// ImportTx notes a transaction that somebody has shown to be at that place of a block
// [importprunedfunds]; wallet.ErrNotOurs when it is not ours. The wallet must have
// followed the block.
func (s *Service) ImportTx(ctx context.Context, tx *chain.Tx, n *chain.HeaderNode, index int) error {
	return s.change(ctx, func(st *state.State) error {
		if !passed(n, st.At()) || !st.PaysUs(tx) {
			return wallet.ErrNotOurs
		}
		return st.ConnectTx(n, tx, index, s.cfg.Now().Unix())
	})
}

// RemoveTx takes a transaction out of the wallet, whatever has become of it
// [removeprunedfunds]. wallet.ErrUnknownTx.
func (s *Service) RemoveTx(ctx context.Context, txid chain.Hash) error {
	return s.change(ctx, func(st *state.State) error { return st.RemoveTx(txid) })
}
