package policy

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// FeeRate is satoshis per 1,000 virtual bytes [CFeeRate].
type FeeRate int64

// dustRelay is what spending an output costs that is worth it [DUST_RELAY_TX_FEE].
const dustRelay FeeRate = 3000

// ErrFeeRate: a text that is no fee rate, or a rate that cannot be.
var ErrFeeRate = errors.New("invalid fee rate")

// PerVB is the fee rate of whole satoshis per virtual byte.
func PerVB(sat int64) FeeRate { return FeeRate(sat * 1000) }

// ParseFeeRate reads satoshis per virtual byte, at most 3 decimals. Errors
// match ErrFeeRate.
func ParseFeeRate(s string) (FeeRate, error) {
	n, err := chain.ParseFixed(s, 3) // a FeeRate of 1 is 0.001 sat/vB
	if err != nil {
		return 0, fmt.Errorf("%w %q: %w", ErrFeeRate, s, err)
	}
	return FeeRate(n), nil
}

// RateOf is the rate that fee is for vsize virtual bytes, rounded down.
func RateOf(fee btcutil.Amount, vsize int) FeeRate {
	if vsize <= 0 {
		return 0
	}
	const most = math.MaxInt64 / 1000 // nobody pays so much, but people may say that somebody does
	return FeeRate(min(max(int64(fee), -most), most) * 1000 / int64(vsize))
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
	return chain.FormatAmount(btcutil.Amount(r)) + " BTC/kvB"
}

// PerVB is the rate in satoshis per virtual byte, as people say it.
func (r FeeRate) PerVB() string {
	return fmt.Sprintf("%d.%03d sat/vB", int64(r)/1000, int64(r)%1000)
}

// Paid is a fee and the virtual bytes it was paid for.
type Paid struct {
	Fee   btcutil.Amount
	VSize int
}

// CmpRate is -1, 0 or +1 as a pays less, as much or more a byte than b. It does
// not round.
func CmpRate(a, b Paid) int {
	switch {
	case a.Fee < 0 && b.Fee < 0:
		a.Fee, b.Fee, a.VSize, b.VSize = -b.Fee, -a.Fee, b.VSize, a.VSize
	case a.Fee < 0 || b.Fee < 0:
		return cmp.Compare(a.Fee, b.Fee)
	}
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
func (r Rules) VSize(weight, sigOpCost int) int {
	return (max(weight, sigOpCost*r.BytesPerSigOp) + 3) / 4
}

// What spending an output will take, in virtual bytes: outpoint, sequence,
// script length, and a signature with its key, the latter discounted in a witness.
const (
	spendLegacy  = 32 + 4 + 1 + 107 + 4
	spendWitness = 32 + 4 + 1 + 107/4 + 4
)

// DustLimit is the least value of an output to this script that is worth its
// spending by default; 0 for outputs that can never be spent [GetDustThreshold].
func DustLimit(script []byte) btcutil.Amount { return dustRelay.DustLimit(script) }

// DustLimit is the same where spending costs so much.
func (r FeeRate) DustLimit(script []byte) btcutil.Amount {
	if !chain.Spendable(script) {
		return 0
	}
	spend := spendLegacy
	if _, _, ok := WitnessProgram(script); ok {
		spend = spendWitness
	}
	return r.Fee((&wire.TxOut{PkScript: script}).SerializeSize() + spend)
}

// IsDust says whether an output is worth less than its spending.
func (r Rules) IsDust(out *wire.TxOut) bool {
	return btcutil.Amount(out.Value) < r.DustRelay.DustLimit(out.PkScript)
}
