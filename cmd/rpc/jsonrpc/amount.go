package jsonrpc

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// Amount is money in satoshis that JSON shows as a number of whole bitcoins
// with exactly eight decimals, never as a float's idea of it.
type Amount btcutil.Amount

const coin = 100_000_000 // satoshis in a bitcoin

// String is the amount with eight decimals and no unit.
func (a Amount) String() string {
	sign, v := "", uint64(a)
	if a < 0 {
		sign, v = "-", -v
	}
	return fmt.Sprintf("%s%d.%08d", sign, v/coin, v%coin)
}

// MarshalJSON writes a JSON number.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number or a string of one, exactly.
func (a *Amount) UnmarshalJSON(b []byte) error {
	v, err := ParseAmount(strings.Trim(string(b), `"`))
	*a = Amount(v)
	return err
}

// Why ParseAmount refuses.
var (
	errNotANumber = errors.New("not a decimal number")
	errDecimals   = errors.New("more than 8 decimals")
	errTooLarge   = errors.New("out of range")
)

// ParseAmount reads bitcoins from decimal digits, with an exponent if there is
// one (JSON allows 1e-5), without ever going through a float.
func ParseAmount(s string) (btcutil.Amount, error) {
	mantissa, exp := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil || e < -20 || e > 20 {
			return 0, errNotANumber
		}
		mantissa, exp = s[:i], e
	}
	negative := strings.HasPrefix(mantissa, "-")
	whole, frac, dotted := strings.Cut(strings.TrimPrefix(mantissa, "-"), ".")
	digits := whole + frac
	if whole == "" || dotted && frac == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, errNotANumber
	}
	v, err := shift(digits, 8-len(frac)+exp)
	if negative {
		v = -v
	}
	return btcutil.Amount(v), err
}

// shift is digits × 10^places as an integer; it must come out whole.
func shift(digits string, places int) (int64, error) {
	digits = strings.TrimLeft(digits, "0")
	if digits == "" {
		return 0, nil
	}
	if places < 0 {
		kept := strings.TrimRight(digits, "0")
		if len(digits)-len(kept) < -places {
			return 0, errDecimals
		}
		digits = digits[:len(digits)+places]
	} else {
		digits += strings.Repeat("0", places)
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, errTooLarge
	}
	return v, nil
}
