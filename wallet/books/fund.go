package books

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// Gather fills in what a draft needs to be built: the coins that may pay, those
// that must, the tip, and a change script where it has none. That script is
// free to others until Change.
func (b *Books) Gather(d *wallet.Draft) error {
	if d.Change == nil {
		row := rowOf(wallet.Branch{Kind: wallet.ChangeKind(d.Payments, d.Options), Change: true})
		d.Change = []byte(b.rows[row][b.next[row]].script)
	}
	d.Tip = b.cursor
	must := map[wire.OutPoint]bool{}
	for _, op := range d.Options.Coins {
		c, err := b.preset(op)
		if err != nil {
			return err
		}
		if must[op] {
			return fmt.Errorf("%w: %s is named twice", wallet.ErrSpent, op)
		}
		must[op] = true
		d.Preset = append(d.Preset, c)
	}
	b.unspent(func(op wire.OutPoint, o output, trusted bool) {
		if trusted && !b.immature(o.rec) && !b.aside(op) && !must[op] {
			d.Coins = append(d.Coins, b.coin(op, o, trusted))
		}
	})
	// Chance is to come from the dice alone, not from a map's order.
	slices.SortFunc(d.Coins, func(x, y wallet.Coin) int { return compareOutPoints(x.OutPoint, y.OutPoint) })
	return nil
}

// preset is a coin that the caller wants spent.
func (b *Books) preset(op wire.OutPoint) (c wallet.Coin, err error) {
	o, ok := b.outs[op]
	_, held := b.held[op]
	switch {
	case !ok:
		return c, fmt.Errorf("%w: %s", wallet.ErrNotOurs, op)
	case b.spent(op) || held:
		return c, fmt.Errorf("%w: %s", wallet.ErrSpent, op)
	case b.depth(o.rec) < 0 || o.rec.abandoned:
		return c, fmt.Errorf("%w: %s is not in the chain", wallet.ErrNotOurs, op)
	}
	return b.coin(op, o, b.trusted(o.rec, map[*record]bool{})), nil
}

// Change notes that f's change output goes to a script of ours, which nobody
// else is to have then.
func (b *Books) Change(f wallet.Funded) error {
	if f.Change < 0 {
		return nil
	}
	if own := b.scripts[string(f.Tx.TxOut[f.Change].PkScript)]; own != nil {
		return b.Used(own.KeyPath)
	}
	return nil
}

// Hold keeps coins for a transaction that is being made; Release ends it.
func (b *Books) Hold(coins []wallet.Coin) {
	for i := range coins {
		b.held[coins[i].OutPoint] = struct{}{}
	}
}

// Release gives coins back that Hold has kept.
func (b *Books) Release(coins []wallet.Coin) {
	for i := range coins {
		delete(b.held, coins[i].OutPoint)
	}
}

// LockSpent is Lock for the coins of a transaction.
func (b *Books) LockSpent(coins []wallet.Coin) error {
	ops := make([]wire.OutPoint, len(coins))
	for i := range coins {
		ops[i] = coins[i].OutPoint
	}
	return b.Lock(ops, true)
}

// Lock sets coins aside, or gives them back. Either all of them or none.
func (b *Books) Lock(ops []wire.OutPoint, lock bool) error {
	for _, op := range ops {
		if _, ours := b.outs[op]; !ours {
			return fmt.Errorf("%w: %s", wallet.ErrNotOurs, op)
		}
		if _, held := b.held[op]; lock && (held || b.spent(op)) {
			return fmt.Errorf("%w: %s", wallet.ErrSpent, op)
		}
	}
	for _, op := range ops {
		if lock {
			b.locked[op] = struct{}{}
		} else {
			delete(b.locked, op)
		}
	}
	return nil
}

// Locked are the coins set aside by Lock, in order.
func (b *Books) Locked() []wire.OutPoint {
	return slices.SortedFunc(maps.Keys(b.locked), compareOutPoints)
}

// Explain adds what there is to an error that says there is too little.
func (b *Books) Explain(err error) error {
	var short *wallet.FundsError
	if errors.As(err, &short) {
		short.Balance, short.Locked = b.Balance()
	}
	return err
}

// Signing is what signing tx needs: the coins it spends, those of prev and
// ours, and where the keys of the latter are, by script.
func (b *Books) Signing(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) (coins map[wire.OutPoint]chain.Coin, paths map[string]wallet.KeyPath) {
	coins, paths = map[wire.OutPoint]chain.Coin{}, map[string]wallet.KeyPath{}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		c, ok := prev[op]
		if o, ours := b.outs[op]; ours {
			c, ok = chain.Coin{Value: o.value, PkScript: []byte(o.own.script)}, true
		}
		if !ok {
			continue
		}
		coins[op] = c
		if own := b.scripts[string(c.PkScript)]; own != nil {
			paths[own.script] = own.KeyPath
		}
	}
	return coins, paths
}
