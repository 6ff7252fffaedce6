package spend

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
)

// walletStep is what a replacement pays more than the original for its own relay, in
// case nodes ask for more than ours does [WALLET_INCREMENTAL_RELAY_FEE].
const walletStep policy.FeeRate = 5000

// Bump is what is known of a transaction that another is to replace.
type Bump struct {
	Fee   btcutil.Amount // that it pays
	VSize int            // of it, as it is

	Increment policy.FeeRate // that relay asks of replacements
	PoolMin   policy.FeeRate // below it nothing enters the pool
	Least     policy.FeeRate // that the wallet pays at least
	MaxFee    btcutil.Amount
}

// Rate is what the replacement pays by itself: more than the original for its own
// relay, and no less than the rate for a new payment [EstimateFeeRate].
func (b Bump) Rate(usual policy.FeeRate) policy.FeeRate {
	return max(policy.RateOf(b.Fee, b.VSize)+1+max(b.Increment, walletStep), usual)
}

// Check refuses a rate for a replacement of that size whose inputs' ancestors lack
// so much, in Core's words [CheckFeeRate].
func (b Bump) Check(rate policy.FeeRate, size int, lack btcutil.Amount) error {
	if rate < b.PoolMin {
		return bumpError(false, "New fee rate (%s) is lower than the minimum fee rate (%s) to get into the mempool -- ", chain.FormatMoney(btcutil.Amount(rate)), chain.FormatMoney(btcutil.Amount(b.PoolMin)))
	}
	fee, step := rate.Fee(size)+lack, b.Increment.Fee(size)
	switch least := b.Least.Fee(size); {
	case fee < b.Fee+step:
		return bumpError(true, "Insufficient total fee %s, must be at least %s (oldFee %s + incrementalFee %s)", chain.FormatMoney(fee), chain.FormatMoney(b.Fee+step), chain.FormatMoney(b.Fee), chain.FormatMoney(step))
	case fee < least:
		return bumpError(true, "Insufficient total fee (cannot be less than required fee %s)", chain.FormatMoney(least))
	case fee > b.MaxFee:
		return bumpError(false, "Specified or calculated fee %s is too high (cannot be higher than -maxtxfee %s)", chain.FormatMoney(fee), chain.FormatMoney(b.MaxFee))
	}
	return nil
}

func bumpError(param bool, format string, args ...any) error {
	return &wallet.BumpError{Why: fmt.Sprintf(format, args...), Param: param}
}

// longestECDSA is a signature with any R and its kind, in bytes.
const longestECDSA = 72

// SignedWeight is that of an input that is signed already, if its ECDSA signatures
// were as long as they can be (Core: SignatureWeights).
func SignedWeight(in *wire.TxIn) int {
	w := inputWeight(in.SignatureScript, in.Witness)
	t := txscript.MakeScriptTokenizer(0, in.SignatureScript)
	for t.Next() {
		w += shorter(t.Data()) * chain.WitnessScale
	}
	for _, item := range in.Witness {
		w += shorter(item)
	}
	return w
}

// shorter is by how much a signature is; of what is none, 0.
func shorter(item []byte) int {
	if len(item) < 9 || len(item) > longestECDSA {
		return 0
	}
	if _, err := ecdsa.ParseDERSignature(item[:len(item)-1]); err != nil {
		return 0
	}
	return longestECDSA - len(item)
}
