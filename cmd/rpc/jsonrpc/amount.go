package jsonrpc

import (
	"encoding/json"
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
func (a Amount) MarshalJSON() ([]byte, error) { return chain.AppendAmount(nil, btcutil.Amount(a)), nil }

// UnmarshalJSON reads a JSON number or a string of one, exactly.
func (a *Amount) UnmarshalJSON(b []byte) error {
	v, err := readAmount(b)
	*a = Amount(v)
	return err
}

const (
	amountDecimals = 8
	// tooManySats is more than Core's ParseFixedPoint reads at all.
	tooManySats = 1_000_000_000_000_000_000
)

// DecodeAmount reads bitcoins from the JSON of a number or a string of one and
// refuses what no output can carry [AmountFromValue, MoneyRange].
func DecodeAmount(raw json.RawMessage) (btcutil.Amount, error) {
	if k := kind(raw); k != "number" && k != "string" {
		return 0, Errorf(CodeType, "Amount is not a number or string")
	}
	v, err := readAmount(raw)
	if err == nil && (v < 0 || v > chain.MaxMoney) {
		err = Errorf(CodeType, "Amount out of range")
	}
	return v, err
}

func readAmount(raw json.RawMessage) (btcutil.Amount, error) {
	text := string(raw)
	if raw[0] == '"' {
		text = textOf(raw)
	}
	digits, negative := strings.CutPrefix(text, "-")
	n, err := chain.ParseFixed(digits, amountDecimals)
	if err != nil || n >= tooManySats {
		return 0, Errorf(CodeType, "Invalid amount")
	}
	if negative {
		n = -n
	}
	return btcutil.Amount(n), nil
}
