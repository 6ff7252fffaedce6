package signer

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// MissingAmount is said of an input whose amount a signature must commit to
// (BIP143), when nobody said it.
const MissingAmount = "Missing amount"

// Sign signs, in place, what it can of a transaction, and says in Core's words
// which inputs are not good after that. Coins of value NoAmount have a script
// only [SignTransaction].
func Sign(msg *wire.MsgTx, prev map[wire.OutPoint]chain.Coin, known *descriptor.Provider, kind txscript.SigHashType) []wallet.SignProblem {
	coins := make([]chain.Coin, len(msg.TxIn))
	have := make([]bool, len(msg.TxIn))
	whole := true
	for i, in := range msg.TxIn {
		coins[i], have[i] = prev[in.PreviousOutPoint]
		whole = whole && have[i]
	}
	t := NewTx(msg, coins, whole)
	var problems []wallet.SignProblem
	for i := range msg.TxIn {
		why := "Input not found or already spent"
		if have[i] {
			why = t.sign(i, known, kind)
		}
		if why != "" {
			problems = append(problems, wallet.SignProblem{Input: i, Why: why})
		}
	}
	return problems
}

func (t *Tx) sign(i int, known *descriptor.Provider, kind txscript.SigHashType) (why string) {
	d := t.Extract(i)
	single := kind&^txscript.SigHashAnyOneCanPay == txscript.SigHashSingle
	if !single || i < len(t.msg.TxOut) {
		Solve(known, t.Input(i, kind), t.coins[i].PkScript, d)
	}
	in := t.msg.TxIn[i]
	in.SignatureScript, in.Witness = d.ScriptSig, d.Witness
	if t.coins[i].Value == NoAmount && len(in.Witness) > 0 {
		return MissingAmount
	}
	if d.Complete {
		return ""
	}
	switch why := t.Verify(i); why {
	case "Operation not valid with the current stack size":
		return "Unable to sign input, invalid stack size (possibly missing key)"
	case "Signature must be zero for failed CHECK(MULTI)SIG operation":
		return "CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)"
	default:
		return why
	}
}

// Combine puts into merged, in place, what several copies of it have of its
// inputs' signatures (Core: combinerawtransaction). Coins stand in the order of
// its inputs; copies may have fewer inputs.
func Combine(merged *wire.MsgTx, copies []*wire.MsgTx, coins []chain.Coin) *wire.MsgTx {
	t := NewTx(merged, coins, true)
	nobody := descriptor.NewProvider()
	var from []*Tx
	for _, one := range copies {
		if len(one.TxIn) <= len(coins) {
			from = append(from, NewTx(one, coins[:len(one.TxIn)], true))
		}
	}
	for i, in := range merged.TxIn {
		d := NewData()
		for _, one := range from {
			if i < len(one.msg.TxIn) {
				d.Merge(one.Extract(i))
			}
		}
		Solve(nobody, t.Input(i, txscript.SigHashAll), coins[i].PkScript, d)
		in.SignatureScript, in.Witness = d.ScriptSig, d.Witness
	}
	return merged
}
