package service

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// gather fills in what a draft needs to be built: the coins that may pay, those
// that must, the tip, and a change script where it has none. That script is
// free to others until Change.
func (st *state) gather(d *wallet.Draft) error {
	if d.Change == nil {
		own, err := st.nextOwned(wallet.Branch{Kind: wallet.ChangeKind(d.Payments, d.Options), Change: true})
		if err != nil {
			return err
		}
		d.Change = []byte(own.script)
	}
	d.Tip = st.cursor
	must := map[wire.OutPoint]bool{}
	for _, op := range d.Options.Coins {
		c, err := st.preset(op)
		if err != nil {
			return err
		}
		if must[op] {
			return fmt.Errorf("%w: %s is named twice", wallet.ErrSpent, op)
		}
		must[op] = true
		d.Preset = append(d.Preset, c)
	}
	st.unspent(func(op wire.OutPoint, o output, trusted bool) {
		if trusted && !st.immature(o.rec) && !st.aside(op) && !must[op] {
			d.Coins = append(d.Coins, st.coin(op, o, trusted))
		}
	})
	// Randomness is to come from the seed alone, not from a map's order.
	slices.SortFunc(d.Coins, func(x, y wallet.Coin) int { return compareOutPoints(x.OutPoint, y.OutPoint) })
	return nil
}

// preset is a coin that the caller wants spent.
func (st *state) preset(op wire.OutPoint) (c wallet.Coin, err error) {
	o, ok := st.outs[op]
	_, held := st.held[op]
	switch {
	case !ok:
		return c, fmt.Errorf("%w: %s", wallet.ErrNotOurs, op)
	case st.spent(op) || held:
		return c, fmt.Errorf("%w: %s", wallet.ErrSpent, op)
	case st.depth(o.rec) < 0 || o.rec.abandoned:
		return c, fmt.Errorf("%w: %s is not in the chain", wallet.ErrNotOurs, op)
	}
	return st.coin(op, o, st.trusted(o.rec, map[*record]bool{})), nil
}

// changeUsed notes that f's change output goes to a script of ours, which nobody
// else is to have then.
func (st *state) changeUsed(f wallet.Funded) error {
	if f.Change < 0 {
		return nil
	}
	if own := st.scripts[string(f.Tx.TxOut[f.Change].PkScript)]; own != nil {
		return st.used(own)
	}
	return nil
}

// hold keeps coins for a transaction that is being made; Release ends it.
func (st *state) hold(coins []wallet.Coin) {
	for i := range coins {
		st.held[coins[i].OutPoint] = struct{}{}
	}
}

// release gives coins back that Hold has kept.
func (st *state) release(coins []wallet.Coin) {
	for i := range coins {
		delete(st.held, coins[i].OutPoint)
	}
}

// lockSpent is Lock for the coins of a transaction.
func (st *state) lockSpent(coins []wallet.Coin) error {
	ops := make([]wire.OutPoint, len(coins))
	for i := range coins {
		ops[i] = coins[i].OutPoint
	}
	return st.lock(ops, true)
}

// lock sets coins aside, or gives them back. Either all of them or none. The
// reasons are Core's [lockunspent].
func (st *state) lock(ops []wire.OutPoint, lock bool) error {
	for _, op := range ops {
		tx := st.txs[op.Hash]
		_, locked := st.locked[op]
		_, held := st.held[op]
		why := ""
		switch {
		case tx == nil:
			why = "unknown transaction"
		case op.Index >= tx.outs:
			why = "vout index out of bounds"
		case held || st.spent(op):
			why = "expected unspent output"
		case lock && locked:
			why = "output already locked"
		case !lock && !locked:
			why = "expected locked output"
		default:
			continue
		}
		return fmt.Errorf("%w, %s", wallet.ErrLock, why)
	}
	for _, op := range ops {
		if lock {
			st.locked[op] = struct{}{}
		} else {
			delete(st.locked, op)
		}
	}
	return nil
}

// lockedCoins are the coins set aside by Lock, in order.
func (st *state) lockedCoins() ([]wire.OutPoint, error) {
	return slices.SortedFunc(maps.Keys(st.locked), compareOutPoints), nil
}

// explain adds what there is to an error that says there is too little.
func (st *state) explain(err error) error {
	var short *wallet.FundsError
	if errors.As(err, &short) {
		short.Balance, short.Locked = st.balance()
	}
	return err
}

// signing is what signing tx needs: the coins it spends, those of prev and
// ours, and the keys of the latter.
func (st *state) signing(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) (map[wire.OutPoint]chain.Coin, *descriptor.Provider, error) {
	coins, scripts := map[wire.OutPoint]chain.Coin{}, map[string]chain.Coin{}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		c, ok := prev[op]
		if o, ours := st.outs[op]; ours {
			c, ok = chain.Coin{Value: o.value, PkScript: []byte(o.own.script)}, true
		}
		if ok {
			coins[op], scripts[string(c.PkScript)] = c, c
		}
	}
	known, err := st.provider(scripts)
	return coins, known, err
}
