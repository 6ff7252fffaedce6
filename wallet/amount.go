package wallet

import (
	"errors"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// FeeRate is in satoshis per 1,000 virtual bytes (Core's CFeeRate).
type FeeRate int64

// ParseAmount reads bitcoins as people write them: digits, at most 8 decimals.
func ParseAmount(s string) (btcutil.Amount, error) { return 0, errors.New("not built yet") }

// FormatAmount writes bitcoins with 8 decimals.
func FormatAmount(a btcutil.Amount) string { return "" }

// ParseFeeRate reads satoshis per virtual byte, at most 3 decimals.
func ParseFeeRate(s string) (FeeRate, error) { return 0, errors.New("not built yet") }
