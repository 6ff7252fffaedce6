package chain

import (
	"math"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// IsCoinbase says whether tx is shaped as the first of a block: one input that
// spends nothing.
func (t *Tx) IsCoinbase() bool {
	return len(t.TxIn) == 1 && isNull(&t.TxIn[0].PreviousOutPoint)
}

func isNull(op *wire.OutPoint) bool {
	return op.Index == math.MaxUint32 && op.Hash == Hash{}
}

// CheckTx checks a transaction by itself: shape, size, outputs, inputs named
// twice (CVE-2018-17144), coinbase script [CheckTransaction].
func CheckTx(tx *Tx) error {
	if len(tx.TxIn) == 0 {
		return Broken(ErrNoInputs, "")
	}
	if len(tx.TxOut) == 0 {
		return Broken(ErrNoOutputs, "")
	}
	if tx.StrippedSize()*WitnessScale > MaxBlockWeight {
		return Broken(ErrTxOversize, "")
	}
	if err := checkOutputs(tx.TxOut); err != nil {
		return err
	}
	if hasDuplicateInputs(tx.TxIn) {
		return Broken(ErrDuplicateInputs, "")
	}
	return checkPrevouts(tx)
}

func checkOutputs(outs []*wire.TxOut) error {
	var total btcutil.Amount
	for _, out := range outs {
		value := btcutil.Amount(out.Value)
		if value < 0 {
			return Broken(ErrOutputNegative, "")
		}
		if value > MaxMoney {
			return Broken(ErrOutputTooLarge, "")
		}
		if total += value; total > MaxMoney {
			return Broken(ErrOutputTotal, "")
		}
	}
	return nil
}

func hasDuplicateInputs(ins []*wire.TxIn) bool {
	// Comparing each with each needs no memory and is faster up to here.
	const few = 12
	if len(ins) <= few {
		for i, in := range ins {
			for _, other := range ins[:i] {
				if in.PreviousOutPoint == other.PreviousOutPoint {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[wire.OutPoint]struct{}, len(ins))
	for _, in := range ins {
		seen[in.PreviousOutPoint] = struct{}{}
	}
	return len(seen) != len(ins)
}

func checkPrevouts(tx *Tx) error {
	if tx.IsCoinbase() {
		n := len(tx.TxIn[0].SignatureScript)
		if n < minCoinbaseScript || n > maxCoinbaseScript {
			return Broken(ErrCoinbaseLength, "")
		}
		return nil
	}
	for _, in := range tx.TxIn {
		if isNull(&in.PreviousOutPoint) {
			return Broken(ErrNullPrevout, "")
		}
	}
	return nil
}

// CheckTxInputs checks what a transaction, not a coinbase, takes and gives;
// coins are those it spends, in input order, and height is of the block that
// is to hold it. It returns the fee [Consensus::CheckTxInputs].
func CheckTxInputs(p *Params, tx *Tx, coins []Coin, height int32) (btcutil.Amount, error) {
	var in btcutil.Amount
	for i := range coins {
		c := &coins[i]
		if c.Coinbase && height-c.Height < int32(p.CoinbaseMaturity) {
			return 0, Broken(ErrImmatureCoinbase, "tried to spend coinbase at depth %d", height-c.Height)
		}
		if c.Value < 0 || c.Value > MaxMoney || in+c.Value > MaxMoney {
			return 0, Broken(ErrInputValues, "")
		}
		in += c.Value
	}
	var out btcutil.Amount // in range: CheckTx has added it up
	for _, o := range tx.TxOut {
		out += btcutil.Amount(o.Value)
	}
	if in < out {
		return 0, Broken(ErrInBelowOut, "value in (%s) < value out (%s)", FormatMoney(in), FormatMoney(out))
	}
	return in - out, nil
}
