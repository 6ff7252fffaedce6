package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/history"
	"grapevine/db"
)

// ErrNoIndex: the index that would answer is not kept; ErrIndexing: it has not
// reached the tip yet.
var (
	ErrNoIndex  = errors.New("the node keeps no index by script: start it with --addressindex")
	ErrIndexing = errors.New("the index by script is still being made")
)

// Touched is a transaction of the verified chain that pays a script or spends
// from it.
type Touched struct {
	Block *chain.HeaderNode
	history.Touch
}

// Histories says what of a script's history is asked for: all up to Tip, oldest first, or
// newest first if Back is set, beginning with block First if it is given.
type Histories struct {
	Script chain.Hash
	Tip    *chain.HeaderNode
	First  *chain.HeaderNode // nil: the end
	Back   bool
}

// History calls fn with the transactions of a script's history in the order that is
// asked for, until fn says no more. fn must not wait for anything. It is ErrMoved when Tip is
// no longer in the chain: what fn heard may be of two branches.
func (l *Ledger) History(q Histories, fn func(Touched) (more bool)) error {
	if !l.cfg.AddressIndex {
		return ErrNoIndex
	}
	if _, all := l.Indexed(); !all {
		return ErrIndexing
	}
	span := archive.Span{Script: history.PrefixOf(q.Script), Back: q.Back}
	if q.Back {
		span.First = math.MaxUint32
	}
	if q.First != nil {
		if e, ok := l.tree.entry(q.First.Hash); ok {
			span.First = e.Num
		}
	}
	err := l.archive.Scripts(span, func(header uint32, value []byte) (bool, error) {
		e := l.tree.numbered(header)
		if e == nil || e.Node.Height > q.Tip.Height || !l.tree.isActive(e.Node) {
			return true, nil // disconnected since, or above
		}
		touches, err := history.Decode(value)
		if err != nil {
			return false, fmt.Errorf("history of script %s: %w: %w", q.Script, db.ErrCorrupt, err)
		}
		if q.Back {
			slices.Reverse(touches)
		}
		for _, t := range touches {
			if !fn(Touched{e.Node, t}) {
				return false, nil
			}
		}
		return true, nil
	})
	if err == nil && !l.tree.isActive(q.Tip) {
		err = ErrMoved
	}
	return err
}

// Spender is the transaction of the chain that spends an output, and by which input.
type Spender struct {
	Touched
	Vin uint32
}

// SpenderOf finds who spends an output in the chain up to tip; script is the output's, and made
// the block that it was made in. It reads no further than that, and ends with ctx.
func (l *Ledger) SpenderOf(ctx context.Context, op wire.OutPoint, script []byte, made, tip *chain.HeaderNode) (s Spender, ok bool, err error) {
	tag := history.TagOf(op.Hash)
	q := Histories{Script: history.HashOf(script), Tip: tip, First: made}
	others := map[chain.Hash]bool{} // txids that spend an output of the same tag, which is not all of a txid
	for {
		var hint *Spender
		err := l.History(q, func(t Touched) bool {
			if !others[t.TxID] {
				for _, in := range t.Spends {
					if in.Of == tag && in.Vout == op.Index {
						hint = &Spender{t, in.Vin}
						break
					}
				}
			}
			return hint == nil && ctx.Err() == nil
		})
		if err := cmp.Or(err, ctx.Err()); err != nil || hint == nil {
			return s, false, err
		}
		e, _ := l.tree.entry(hint.Block.Hash)
		tx, err := l.readTx(e, hint.Place)
		if err != nil {
			return s, false, err
		}
		if tx != nil {
			if in := slices.IndexFunc(tx.TxIn, func(in *wire.TxIn) bool { return in.PreviousOutPoint == op }); in >= 0 {
				return Spender{hint.Touched, uint32(in)}, true, nil
			}
		}
		others[hint.TxID] = true
		q.First = hint.Block
	}
}
