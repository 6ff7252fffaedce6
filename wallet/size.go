package wallet

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Weights of what we build (BIP141); those of inputs are their Kind's.
const txWeight = 4*8 + markerAndFlagWeight // version 4, lock time 4, four times each; marker and flag

func vsize(weight int) int { return (weight + chain.WitnessScale - 1) / chain.WitnessScale }

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
