package chain

import "github.com/btcsuite/btcd/txscript/v2"

// legacySigOps counts signature operations in tx's own scripts, whether they
// run or not [GetLegacySigOpCount].
func legacySigOps(tx *Tx) int {
	n := 0
	for _, in := range tx.TxIn {
		n += txscript.GetSigOpCount(in.SignatureScript)
	}
	for _, out := range tx.TxOut {
		n += txscript.GetSigOpCount(out.PkScript)
	}
	return n
}

// SigOpCost is what tx counts towards MaxSigOpCost; coins are those it spends,
// in input order (none for a coinbase) [GetTransactionSigOpCost].
func SigOpCost(tx *Tx, coins []Coin, flags txscript.ScriptFlags) int {
	cost := legacySigOps(tx) * WitnessScale
	if tx.IsCoinbase() {
		return cost
	}
	for i, in := range tx.TxIn {
		pk := coins[i].PkScript
		if flags&txscript.ScriptBip16 != 0 && txscript.IsPayToScriptHash(pk) {
			cost += txscript.GetPreciseSigOpCount(in.SignatureScript, pk, true) * WitnessScale
		}
		if flags&txscript.ScriptVerifyWitness != 0 {
			cost += txscript.GetWitnessSigOpCount(in.SignatureScript, pk, in.Witness)
		}
	}
	return cost
}
