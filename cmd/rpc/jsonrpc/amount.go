package jsonrpc

import (
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// Amount is money in satoshis that JSON shows as a number of whole bitcoins
// with exactly eight decimals, never as a float's idea of it.
type Amount btcutil.Amount

// String is the amount with eight decimals and no unit.
func (a Amount) String() string { return chain.FormatAmount(btcutil.Amount(a)) }

// MarshalJSON writes a JSON number.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number or a string of one, exactly.
func (a *Amount) UnmarshalJSON(b []byte) error {
	digits, negative := strings.CutPrefix(strings.Trim(string(b), `"`), "-")
	v, err := chain.ParseAmount(digits)
	if negative {
		v = -v
	}
	*a = Amount(v)
	if err != nil {
		return Errorf(CodeType, "Invalid amount (%s)", err)
	}
	return nil
}
