package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
)

// ErrMoved: the chain has moved on meanwhile; it may be tried again.
var ErrMoved = errors.New("the chain has moved")

// maxPastCoins bounds what is taken back in memory to see an earlier coin set: coins that
// were spent since.
const maxPastCoins = 5_000_000

// ScanPastCoins is ScanCoins of the set as it was at a block of the verified chain: what came
// later is left out, and what was spent since is put back. It is ErrMoved when the chain moved
// before the set was read.
func (l *Ledger) ScanPastCoins(ctx context.Context, at *chain.HeaderNode, fn func(wire.OutPoint, chain.Coin) error) error {
	tip := l.Tip()
	back, err := l.spentSince(ctx, tip, at)
	if err != nil {
		return err
	}
	// put calls fn for those that come before op, or for all that are left.
	put := func(before *wire.OutPoint) error {
		for len(back) > 0 && (before == nil || coins.CompareOutPoints(back[0].op, *before) < 0) {
			if err := fn(back[0].op, back[0].coin); err != nil {
				return err
			}
			back = back[1:]
		}
		return nil
	}
	read, err := l.ScanCoins(ctx, func(op wire.OutPoint, c chain.Coin) error {
		if c.Height > at.Height {
			return nil
		}
		if err := put(&op); err != nil {
			return err
		}
		return fn(op, c)
	})
	switch {
	case err != nil:
		return err
	case read != tip:
		return ErrMoved
	}
	return put(nil)
}

type pastCoin struct {
	op   wire.OutPoint
	coin chain.Coin
}

// spentSince are the coins of the set at a block that blocks after it up to tip spent, in
// order.
func (l *Ledger) spentSince(ctx context.Context, tip, at *chain.HeaderNode) (back []pastCoin, err error) {
	for n := tip; n != at; n = n.Parent {
		if n == nil || n.Height <= at.Height {
			return nil, fmt.Errorf("block %s is not in the chain", at.Hash)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := l.Block(n.Hash)
		if err != nil {
			return nil, err
		}
		spent, err := l.SpentBy(b)
		if err != nil {
			return nil, err
		}
		for i, tx := range b.Txs {
			for j, c := range spent[i] {
				if c.Height <= at.Height {
					back = append(back, pastCoin{tx.TxIn[j].PreviousOutPoint, c})
				}
			}
		}
		if len(back) > maxPastCoins {
			return nil, fmt.Errorf("more than %d coins were spent since height %d: too many to go back", maxPastCoins, at.Height)
		}
	}
	slices.SortFunc(back, func(a, b pastCoin) int { return coins.CompareOutPoints(a.op, b.op) })
	return back, nil
}
