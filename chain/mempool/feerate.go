package mempool

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
)

// FeeRate is satoshis per 1,000 virtual bytes.
type FeeRate int64

// RateOf is the fee rate that fee is for vsize virtual bytes, rounded down.
func RateOf(fee btcutil.Amount, vsize int) FeeRate {
	if vsize <= 0 {
		return 0
	}
	return FeeRate(int64(fee) * 1000 / int64(vsize))
}

// Fee is what vsize virtual bytes cost at this rate, rounded up.
func (r FeeRate) Fee(vsize int) btcutil.Amount {
	return btcutil.Amount((int64(r)*int64(vsize) + 999) / 1000)
}

// String is the rate in BTC per 1,000 virtual bytes, as Core prints it.
func (r FeeRate) String() string {
	return fmt.Sprintf("%d.%08d BTC/kvB", int64(r)/btcutil.SatoshiPerBitcoin, int64(r)%btcutil.SatoshiPerBitcoin)
}
