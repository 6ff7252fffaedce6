package wallet

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Weights of what we build (BIP141); those of inputs are their Kind's.
const (
	// txWeight: version 4, lock time 4, four times each; marker and flag.
	txWeight = 4*8 + markerAndFlagWeight

	// maxTxWeight is the standard limit [MAX_STANDARD_TX_WEIGHT].
	maxTxWeight = 400_000
)

// dustRelayFee is the rate at which Core asks what spending an output costs [DUST_RELAY_TX_FEE].
const dustRelayFee = FeeRate(3000)

func vsize(weight int) int { return (weight + chain.WitnessScale - 1) / chain.WitnessScale }

// DustLimit is the least amount that nodes relay to this script: what it costs
// to make and to spend the output at 3 sat/vB [GetDustThreshold].
func DustLimit(script []byte) btcutil.Amount {
	if len(script) > 0 && script[0] == txscript.OP_RETURN {
		return 0
	}
	size := (&wire.TxOut{PkScript: script}).SerializeSize()
	if txscript.IsWitnessProgram(script) {
		size += 32 + 4 + 1 + 107/chain.WitnessScale + 4
	} else {
		size += 32 + 4 + 1 + 107 + 4
	}
	return dustRelayFee.Fee(size)
}

// weightOf is the most that a transaction with these inputs and outputs weighs
// once it is signed.
func weightOf(in []Coin, out []*wire.TxOut) int {
	w := baseWeight(len(in), out)
	witness := false
	for i := range in {
		w += in[i].Kind.inputWeight()
		witness = witness || in[i].Kind != Legacy
	}
	if !witness {
		w -= markerAndFlagWeight + len(in)*legacyWitnessCount
	}
	return w
}

// baseWeight is everything but the inputs.
func baseWeight(inputs int, out []*wire.TxOut) int {
	w := txWeight + 4*wire.VarIntSerializeSize(uint64(inputs)) + 4*wire.VarIntSerializeSize(uint64(len(out)))
	for _, o := range out {
		w += 4 * o.SerializeSize()
	}
	return w
}
