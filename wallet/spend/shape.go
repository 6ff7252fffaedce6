package spend

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// shape is the transaction without change: the caller's inputs as they are, fresh
// ones in random order, payments, lock time.
func (d *Draft) shape(fresh []Input, r *rand.Rand) (*wire.MsgTx, []Input) {
	r.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	tx := wire.NewMsgTx(2)
	if d.Version != 0 {
		tx.Version = d.Version
	}
	usual := uint32(policy.MaxReplaceable)
	if d.Final {
		usual = policy.MaxNonFinal
	}
	asked := d.LockTime != nil
	for _, in := range d.Options.Inputs {
		txIn := wire.NewTxIn(&in.OutPoint, in.ScriptSig, in.Witness)
		txIn.Sequence = usual
		if in.Sequence != nil {
			txIn.Sequence, asked = *in.Sequence, true
		}
		tx.AddTxIn(txIn)
	}
	for i := range fresh {
		txIn := wire.NewTxIn(&fresh[i].OutPoint, nil, nil)
		txIn.Sequence = usual
		tx.AddTxIn(txIn)
	}
	switch {
	case d.LockTime != nil:
		tx.LockTime = *d.LockTime
	case !asked: // with sequences of the caller's it might not do what he wants
		tx.LockTime = d.lockTime(r)
	}
	tx.TxOut, _ = d.outputs()
	return tx, append(d.Inputs[:len(d.Inputs):len(d.Inputs)], fresh...)
}

// lockTime is against fee sniping: the tip's height, so that a miner gains nothing by mining the
// last block again with this transaction in it; in one of ten cases a little
// less, to cover those who were slow to publish [DiscourageFeeSniping, IsCurrentForAntiFeeSniping].
func (d *Draft) lockTime(r *rand.Rand) uint32 {
	if d.Tip == nil || d.Now.Sub(d.Tip.Header.Timestamp) > staleTip {
		return 0
	}
	height := d.Tip.Height
	if r.IntN(10) == 0 {
		height = max(0, height-int32(r.IntN(100)))
	}
	return uint32(height)
}

// settle sets the fee: what the whole needs, and what its ancestors lack.
func (d *Draft) settle(f *Funded, bump btcutil.Amount) error {
	var in, out btcutil.Amount
	for i := range f.Inputs {
		if in += f.Inputs[i].Value; f.Inputs[i].Weight == 0 {
			return wallet.ErrNoSize
		}
	}
	for _, o := range f.Tx.TxOut {
		out += btcutil.Amount(o.Value)
	}
	weight := weight(f.Inputs, f.Tx.TxOut)
	f.VSize = vsize(weight)
	f.Fee = in - out
	need := d.Rate.Fee(f.VSize) + bump
	if f.Change >= 0 && need < f.Fee {
		f.Tx.TxOut[f.Change].Value += int64(f.Fee - need)
		f.Fee = need
	}
	if len(d.SubtractFee) > 0 {
		if err := d.subtract(f, need-f.Fee); err != nil {
			return err
		}
	}
	switch {
	case f.Fee < 0 || f.Fee < need:
		return fmt.Errorf("the fee of %s BTC is less than the %s BTC that it should be: a fault of ours", chain.FormatAmount(f.Fee), chain.FormatAmount(need))
	case f.Change >= 0 && len(d.Change) == 0:
		return d.NoChange
	case weight > policy.MaxWeight:
		return fmt.Errorf("%w: %d coins are needed", wallet.ErrTooLarge, len(f.Inputs))
	case f.Fee > d.Rates.MaxFee:
		return fmt.Errorf("%w: %s BTC, at most %s BTC", wallet.ErrFeeTooHigh, chain.FormatAmount(f.Fee), chain.FormatAmount(d.Rates.MaxFee))
	}
	return nil
}

// subtract is "subtract fee from outputs": it takes what the fee still lacks from the payments that bear it, in
// equal parts; the first one pays the remainder. What the fee has too much they get.
func (d *Draft) subtract(f *Funded, lack btcutil.Amount) error {
	f.Fee += lack
	n := btcutil.Amount(len(d.SubtractFee))
	first := true
	for i := range d.Payments {
		if !slices.Contains(d.SubtractFee, i) {
			continue
		}
		part := lack / n
		if first {
			part += lack % n
		}
		first = false
		at := i
		if f.Change >= 0 && f.Change <= i {
			at++
		}
		out := f.Tx.TxOut[at]
		switch out.Value -= int64(part); {
		case out.Value < 0:
			return fmt.Errorf("%w to pay the fee: %s BTC, payment %d", wallet.ErrBearsFee, chain.FormatAmount(f.Fee), i+1)
		case btcutil.Amount(out.Value) < d.Rates.Dust.DustLimit(out.PkScript):
			return fmt.Errorf("%w to send after the fee has been deducted: %s BTC, payment %d", wallet.ErrBearsFee, chain.FormatAmount(f.Fee), i+1)
		}
	}
	return nil
}
