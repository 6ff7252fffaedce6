package chain

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// FormatAmount writes bitcoins with 8 decimals [ValueFromAmount].
func FormatAmount(a btcutil.Amount) string { return string(AppendAmount(nil, a)) }

// AppendAmount appends what FormatAmount writes.
func AppendAmount(dst []byte, a btcutil.Amount) []byte {
	n := uint64(a)
	if a < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendUint(dst, n/btcutil.SatoshiPerBitcoin, 10)
	point := len(dst)
	dst = strconv.AppendUint(dst, btcutil.SatoshiPerBitcoin+n%btcutil.SatoshiPerBitcoin, 10) // 1 and all eight decimals
	dst[point] = '.'
	return dst
}

// FormatMoney writes bitcoins with as many decimals as it takes, two at least,
// as reject reasons have them [FormatMoney].
func FormatMoney(a btcutil.Amount) string {
	s := FormatAmount(a)
	cents := len(s) - 6
	return s[:cents] + strings.TrimRight(s[cents:], "0")
}

// ErrAmount: a text that is no amount of bitcoins, or an amount that cannot be.
var ErrAmount = errors.New("invalid amount")

const amountDecimals = 8 // a satoshi is 1e-8 BTC

// ParseAmount reads bitcoins as people and JSON write them: digits, at most 8
// decimals that are not zeros, perhaps an exponent; no sign, nothing above 21
// million. Errors match ErrAmount.
func ParseAmount(s string) (btcutil.Amount, error) {
	n, err := ParseFixed(s, amountDecimals)
	if err != nil {
		return 0, fmt.Errorf("%w %q: %w", ErrAmount, s, err)
	}
	if n > int64(MaxMoney) {
		return 0, fmt.Errorf("%w %q: there are only 21000000 BTC", ErrAmount, s)
	}
	return btcutil.Amount(n), nil
}

// ParseFixed reads a decimal number as an integer of units of 10^-decimals.
// It never rounds: what is finer than a unit is an error.
func ParseFixed(s string, decimals int) (int64, error) {
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
	}
	all := strings.TrimLeft(whole+frac, "0")
	if all == "" {
		return 0, nil
	}
	exp += len(all) - len(strings.TrimRight(all, "0")) - len(frac)
	all = strings.TrimRight(all, "0") // zeros at the end are no finer
	zeros := decimals + exp
	if zeros < 0 {
		return 0, fmt.Errorf("at most %d decimals", decimals)
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
