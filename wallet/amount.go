package wallet

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// FeeRate is in satoshis per 1,000 virtual bytes (Core's CFeeRate).
type FeeRate int64

// PerVB is the fee rate of whole satoshis per virtual byte.
func PerVB(sat int64) FeeRate { return FeeRate(sat * 1000) }

// Fee of so many virtual bytes, rounded up.
func (r FeeRate) Fee(vsize int) btcutil.Amount {
	return btcutil.Amount((int64(r)*int64(vsize) + 999) / 1000)
}

// String is satoshis per virtual byte with 3 decimals.
func (r FeeRate) String() string {
	return fmt.Sprintf("%d.%03d sat/vB", int64(r)/1000, int64(r)%1000)
}

const (
	amountDecimals  = 8 // a satoshi is 1e-8 BTC
	feeRateDecimals = 3 // a FeeRate of 1 is 0.001 sat/vB
)

// ParseAmount reads bitcoins as people and JSON write them: digits, at most 8
// decimals, perhaps an exponent; no sign, nothing above 21 million. Errors
// match ErrAmount.
func ParseAmount(s string) (btcutil.Amount, error) {
	n, err := parseFixed(s, amountDecimals)
	if err != nil {
		return 0, fmt.Errorf("%w %q: %w", ErrAmount, s, err)
	}
	if n > int64(chain.MaxMoney) {
		return 0, fmt.Errorf("%w %q: there are only 21000000 BTC", ErrAmount, s)
	}
	return btcutil.Amount(n), nil
}

// FormatAmount writes bitcoins with 8 decimals, as Core does.
func FormatAmount(a btcutil.Amount) string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%08d", sign, n/1e8, n%1e8)
}

// ParseFeeRate reads satoshis per virtual byte, at most 3 decimals. Errors
// match ErrFeeRate.
func ParseFeeRate(s string) (FeeRate, error) {
	n, err := parseFixed(s, feeRateDecimals)
	if err != nil {
		return 0, fmt.Errorf("%w %q: %w", ErrFeeRate, s, err)
	}
	return FeeRate(n), nil
}

// parseFixed reads a decimal number as an integer of units of 10^-decimals.
// It never rounds: what is finer than a unit is an error.
func parseFixed(s string, decimals int) (int64, error) {
	mantissa, exp, err := splitExponent(s)
	if err != nil {
		return 0, err
	}
	whole, frac, dotted := strings.Cut(mantissa, ".")
	switch {
	case strings.HasPrefix(s, "-"):
		return 0, fmt.Errorf("it must not be negative")
	case !digits(whole) || dotted && !digits(frac):
		return 0, fmt.Errorf("write digits with a point, as in 1.5")
	case len(frac)-exp > decimals:
		return 0, fmt.Errorf("at most %d decimals", decimals)
	}
	all := strings.TrimLeft(whole+frac, "0")
	zeros := decimals + exp - len(frac)
	if all == "" {
		return 0, nil
	}
	if len(all)+zeros > len(strconv.FormatInt(math.MaxInt64, 10)) {
		return 0, fmt.Errorf("number too large")
	}
	n, err := strconv.ParseInt(all+strings.Repeat("0", zeros), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("number too large")
	}
	return n, nil
}

// maxExponent is past every exponent that an amount can have and keep its value.
const maxExponent = 30

// splitExponent takes 5e-05 apart: JSON writers use it for small amounts.
func splitExponent(s string) (mantissa string, exp int, err error) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, nil
	}
	exp, err = strconv.Atoi(s[i+1:])
	if err != nil || exp < -maxExponent || exp > maxExponent {
		return "", 0, fmt.Errorf("write digits with a point, as in 1.5")
	}
	return s[:i], exp, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
