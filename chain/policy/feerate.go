package policy

import (
	"cmp"
	"fmt"
	"math/bits"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// FeeRate is satoshis per 1,000 virtual bytes.
type FeeRate int64

const (
	// DustRelay prices the future spending of an output (Core: DUST_RELAY_TX_FEE).
	DustRelay FeeRate = 3000
)

// RateOf is the rate that fee is for vsize virtual bytes, rounded down.
func RateOf(fee btcutil.Amount, vsize int) FeeRate {
	if vsize <= 0 {
		return 0
	}
	return FeeRate(int64(fee) * 1000 / int64(vsize))
}

// Fee is what vsize virtual bytes cost at this rate, rounded up, and never more
// than all money.
func (r FeeRate) Fee(vsize int) btcutil.Amount {
	if vsize > 0 && int64(r) > int64(chain.MaxMoney)/int64(vsize)*1000 {
		return chain.MaxMoney
	}
	return btcutil.Amount((int64(r)*int64(vsize) + 999) / 1000)
}

// String is the rate in bitcoins per 1,000 virtual bytes, as Core prints it.
func (r FeeRate) String() string {
	return fmt.Sprintf("%d.%08d BTC/kvB", int64(r)/btcutil.SatoshiPerBitcoin, int64(r)%btcutil.SatoshiPerBitcoin)
}

// Paid is a fee and the virtual bytes it was paid for.
type Paid struct {
	Fee   btcutil.Amount
	VSize int
}

// CmpRate is -1, 0 or +1 as a pays less, as much or more a byte than b. It does
// not round. Fees must not be negative.
func CmpRate(a, b Paid) int {
	ahi, alo := bits.Mul64(uint64(a.Fee), uint64(b.VSize))
	bhi, blo := bits.Mul64(uint64(b.Fee), uint64(a.VSize))
	if c := cmp.Compare(ahi, bhi); c != 0 {
		return c
	}
	return cmp.Compare(alo, blo)
}

// VSize is the size that fees are counted by: a quarter of the weight rounded
// up, or more for transactions that are heavy in signature operations (Core:
// GetVirtualTransactionSize).
func VSize(weight, sigOpCost int) int {
	return (max(weight, sigOpCost*bytesPerSigOp) + 3) / 4
}

// What spending an output will take, in virtual bytes: outpoint, sequence,
// script length, and a signature with its key, the latter discounted in a witness.
const (
	spendLegacy  = 32 + 4 + 1 + 107 + 4
	spendWitness = 32 + 4 + 1 + 107/4 + 4
)

// DustLimit is the least value of an output that is worth its spending at
// DustRelay; 0 for outputs that can never be spent (Core: GetDustThreshold).
func DustLimit(out *wire.TxOut) btcutil.Amount {
	if unspendable(out.PkScript) {
		return 0
	}
	spend := spendLegacy
	if _, _, ok := WitnessProgram(out.PkScript); ok {
		spend = spendWitness
	}
	return DustRelay.Fee(out.SerializeSize() + spend)
}

// IsDust says whether an output is worth less than its spending.
func IsDust(out *wire.TxOut) bool { return btcutil.Amount(out.Value) < DustLimit(out) }
