package policy

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// What inputs may ask of a verifier. The names in brackets are Core's.
const (
	// MaxSigOpCost of one transaction: a fifth of a block's [MAX_STANDARD_TX_SIGOPS_COST].
	MaxSigOpCost  = chain.MaxSigOpCost / 5
	bytesPerSigOp = 20 // weight that a signature operation counts for at least [DEFAULT_BYTES_PER_SIGOP]

	maxPush             = 520  // bytes of a stack element [MAX_SCRIPT_ELEMENT_SIZE]
	maxP2SHSigOps       = 15   // [MAX_P2SH_SIGOPS]
	maxWitnessScript    = 3600 // [MAX_STANDARD_P2WSH_SCRIPT_SIZE]
	maxWitnessItems     = 100  // below the script [MAX_STANDARD_P2WSH_STACK_ITEMS]
	maxWitnessItem      = 80   // bytes [MAX_STANDARD_P2WSH_STACK_ITEM_SIZE]
	maxTapscriptItem    = 80   // bytes [MAX_STANDARD_TAPSCRIPT_STACK_ITEM_SIZE]
	annexTag            = 0x50 // BIP341
	tapscriptLeaf       = 0xc0 // BIP342
	tapscriptLeafFilter = 0xfe
)

// CheckInputs asks whether what a transaction spends, and how, is standard.
// coins[i] is what input i spends [AreInputsStandard, IsWitnessStandard].
func (r Rules) CheckInputs(tx *chain.Tx, coins []chain.Coin) error {
	legacy := 0
	for i, in := range tx.TxIn {
		script := coins[i].PkScript
		legacy += txscript.GetPreciseSigOpCount(nil, in.SignatureScript, true)
		legacy += txscript.GetPreciseSigOpCount(in.SignatureScript, script, true)
		if r.legacySigOps != 0 && legacy > r.legacySigOps || !standardInput(in, script) {
			return refused(ErrInputs)
		}
	}
	for i, in := range tx.TxIn {
		if len(in.Witness) > 0 && !standardWitness(in, coins[i].PkScript) {
			return refused(ErrWitness)
		}
	}
	return nil
}

func standardInput(in *wire.TxIn, script []byte) bool {
	switch KindOf(script) {
	case NonStandard, WitnessUnknown:
		return false
	case ScriptHash:
		redeem, ok := lastPush(in.SignatureScript)
		return ok && txscript.GetPreciseSigOpCount(nil, redeem, true) <= maxP2SHSigOps
	}
	return true
}

// standardWitness checks a witness that is not empty.
func standardWitness(in *wire.TxIn, script []byte) bool {
	nested := false
	if KindOf(script) == Anchor {
		return false // nothing is to be signed: a witness would be padding
	}
	if txscript.IsPayToScriptHash(script) {
		redeem, ok := lastPush(in.SignatureScript)
		if !ok {
			return false
		}
		script, nested = redeem, true
	}
	version, program, ok := WitnessProgram(script)
	switch {
	case !ok:
		return false
	case version == 0 && len(program) == 32:
		return standardScriptWitness(in.Witness)
	case version == 1 && len(program) == 32 && !nested:
		return standardTaproot(in.Witness)
	}
	return true
}

func standardScriptWitness(w wire.TxWitness) bool {
	items, script := w[:len(w)-1], w[len(w)-1]
	return len(script) <= maxWitnessScript && len(items) <= maxWitnessItems && within(items, maxWitnessItem)
}

func standardTaproot(w wire.TxWitness) bool {
	if len(w) < 2 {
		return true // key path
	}
	control := w[len(w)-1]
	if len(control) == 0 || control[0] == annexTag {
		return false // no annex has a meaning yet
	}
	if control[0]&tapscriptLeafFilter != tapscriptLeaf {
		return true
	}
	return within(w[:len(w)-2], maxTapscriptItem)
}

func within(items [][]byte, limit int) bool {
	for _, item := range items {
		if len(item) > limit {
			return false
		}
	}
	return true
}
