package state

//lint:file-ignore ST1005 some of these texts are Bitcoin Core's, which clients compare

import (
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/spend"
)

// Gather fills in the coins that may pay, those that must, the tip, and a change
// script where the caller has none. That script is free to others until ChangeUsed [AvailableCoins].
func (st *State) Gather(d *spend.Draft, known *descriptor.Provider) error {
	if d.Change = d.ChangeTo; d.Change == nil {
		own, err := st.nextOwned(wallet.Branch{Kind: st.changeKind(d.Payments, d.Options), Change: true})
		if errors.Is(err, wallet.ErrNoKeys) {
			err = fmt.Errorf("Error: No %s addresses available.", st.changeKind(d.Payments, d.Options))
		}
		if err != nil {
			d.NoChange = fmt.Errorf("%w %w", wallet.ErrNoChange, err)
		} else {
			d.Change = []byte(own.script)
		}
	}
	if own := st.scripts[string(d.Change)]; own != nil {
		d.ChangeInput = st.shapeOf(own, false).VSize()
	}
	d.Tip = st.cursor
	must := map[wire.OutPoint]bool{}
	for _, in := range d.Options.Inputs {
		c, err := st.preset(in, d, known)
		if err != nil {
			return err
		}
		if must[in.OutPoint] {
			return fmt.Errorf("%w: %s is named twice", wallet.ErrSpent, in.OutPoint)
		}
		must[in.OutPoint] = true
		d.Inputs = append(d.Inputs, c)
	}
	if d.OnlyCoins {
		return nil
	}
	d.Coins = slices.Grow(d.Coins, len(st.settled()))
	type payee struct {
		number int
		shape  spend.Shape
	}
	payees := map[*owned]payee{}
	st.unspent(func(o *output, trusted bool) {
		if st.immature(o.rec) || st.aside(o) || len(must) > 0 && must[o.op()] || !trusted && !d.Unsafe || d.AvoidReuse && st.dirtyCoin(o) {
			return
		}
		to, ok := payees[o.own]
		if !ok {
			to = payee{len(payees), st.shapeOf(o.own, d.Watching).At(d.Rate, d.Rates.Relay)}
			payees[o.own] = to
		}
		if !to.shape.Solved {
			return
		}
		d.Coins = append(d.Coins, spend.Input{Shape: to.shape, Owner: to.number})
		st.fillCoin(&d.Coins[len(d.Coins)-1].Coin, o, trusted) // where it stays: there may be 100,000
	})
	return nil
}

// shapeKey names scripts that are spent alike: those of one kind of a descriptor.
type shapeKey struct {
	from   *row
	kind   wallet.Kind
	highR  bool
	locked bool // which keys there are cannot be seen
}

// shapeOf is what an input that spends a script of ours will be like.
func (st *State) shapeOf(own *owned, highR bool) spend.Shape {
	key := shapeKey{own.row, own.Kind, highR, st.Locked()}
	s, ok := st.shapes[key]
	if !ok && key.locked { // what was seen while it was not is true still
		s, ok = st.shapes[shapeKey{own.row, own.Kind, highR, false}]
	}
	if !ok {
		known, err := st.known(own)
		if err != nil {
			return s // a key behind a hardened step, of a locked wallet
		}
		weigh := spend.Weigh
		switch {
		case own.Kind != wallet.Taproot: // all keys make signatures of the same size
		case key.locked:
			weigh = spend.WeighMost
		default:
			if known, err = st.provider(map[string]chain.Coin{own.script: {}}); err != nil {
				return s
			}
		}
		if s = weigh([]byte(own.script), known, highR); s.Solved { // else it may be once the wallet is unlocked
			st.shapes[key] = s
		}
	}
	return s
}

// preset is a coin that the caller wants spent, ours or not [FetchSelectedInputs].
func (st *State) preset(in wallet.Input, d *spend.Draft, known *descriptor.Provider) (spend.Input, error) {
	op := in.OutPoint
	c := spend.Input{Coin: wallet.Coin{OutPoint: op}}
	st.settled() // they may be asked for what they have of ours
	o := st.out(op)
	switch tx := st.txs[op.Hash]; {
	case o != nil:
		if _, held := st.held[op]; held {
			return c, fmt.Errorf("%w: %s", wallet.ErrSpent, op)
		}
		c.Coin = st.coin(o, true)
		c.Shape = st.shapeOf(o.own, d.Watching)
	case in.Foreign == nil && tx != nil && op.Index >= tx.outs:
		return c, fmt.Errorf("Invalid pre-selected input %s", showOutPoint(op))
	case in.Foreign == nil:
		return c, wallet.ErrForeign
	default:
		c.Value, c.Script = in.Foreign.Value, in.Foreign.PkScript
		if known == nil {
			known = descriptor.NewProvider()
		}
		c.Shape = spend.Weigh(c.Script, known, true)
	}
	if c.Shape = c.Shape.At(d.Rate, d.Rates.Relay); in.Weight > 0 {
		c.Shape.Weight, c.Solved = in.Weight, true
	}
	if !c.Solved {
		return c, fmt.Errorf("Not solvable pre-selected input %s", showOutPoint(op))
	}
	return c, nil
}

// showOutPoint is an outpoint as Core writes it [COutPoint::ToString].
func showOutPoint(op wire.OutPoint) string {
	return fmt.Sprintf("COutPoint(%.10s, %d)", op.Hash, op.Index)
}

// ChangeUsed notes that f's change output goes to a script of ours, which nobody
// else is to have then.
func (st *State) ChangeUsed(f spend.Funded) {
	if f.Change < 0 {
		return
	}
	if own := st.scripts[string(f.Tx.TxOut[f.Change].PkScript)]; own != nil {
		st.handed(own)
	}
}

// Hold keeps coins for a transaction that is being made; Release ends it.
func (st *State) Hold(coins []wallet.Coin) {
	for i := range coins {
		st.held[coins[i].OutPoint] = struct{}{}
	}
}

// Release gives coins back that Hold has kept.
func (st *State) Release(coins []wallet.Coin) {
	for i := range coins {
		delete(st.held, coins[i].OutPoint)
	}
}

// Explain adds what there is to an error that says there is too little.
func (st *State) Explain(err error) error {
	var short *wallet.FundsError
	if errors.As(err, &short) {
		short.Balance, short.Locked = st.Balance(0)
		waits := st.unsafeChange()
		short.Change, short.Unconfirmed = short.Change-waits, short.Unconfirmed+waits
	}
	return err
}

// Signing is what signing tx needs: the coins it spends, those of prev and
// ours, and the keys of the latter.
func (st *State) Signing(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) (map[wire.OutPoint]chain.Coin, *descriptor.Provider, error) {
	coins, scripts := map[wire.OutPoint]chain.Coin{}, map[string]chain.Coin{}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		c, ok := prev[op]
		if o := st.out(op); o != nil {
			c, ok = chain.Coin{Value: o.value, PkScript: []byte(o.own.script)}, true
		}
		if ok {
			coins[op], scripts[string(c.PkScript)] = c, c
		}
	}
	known, err := st.provider(scripts)
	return coins, known, err
}
