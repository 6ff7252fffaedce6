package chain

import (
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// FormatAmount writes bitcoins with 8 decimals (Core: ValueFromAmount).
func FormatAmount(a btcutil.Amount) string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%08d", sign, n/btcutil.SatoshiPerBitcoin, n%btcutil.SatoshiPerBitcoin)
}

// FormatMoney writes bitcoins with as many decimals as it takes, two at least,
// as reject reasons have them (Core: FormatMoney).
func FormatMoney(a btcutil.Amount) string {
	s := FormatAmount(a)
	cents := len(s) - 6
	return s[:cents] + strings.TrimRight(s[cents:], "0")
}
