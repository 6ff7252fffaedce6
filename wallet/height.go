package wallet

import (
	"math"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// CoinbaseHeight is the height that a coinbase says it is of (BIP34), 0 when it says none.
func CoinbaseHeight(tx *chain.Tx) int32 {
	script := tx.TxIn[0].SignatureScript
	if len(script) == 0 {
		return 0
	}
	if n := script[0]; n >= txscript.OP_1 && n <= txscript.OP_16 {
		return int32(n-txscript.OP_1) + 1
	}
	n := int(script[0])
	if n > 4 || len(script) <= n {
		return 0
	}
	height := int64(0)
	for i := n; i > 0; i-- {
		height = height<<8 | int64(script[i])
	}
	return int32(min(height, math.MaxInt32))
}
