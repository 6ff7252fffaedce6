package psbt

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/signer"
)

// Role is who has to do something next (BIP174).
type Role int

// The roles, in the order in which they come.
const (
	Creator Role = iota
	Updater
	Signer
	Finalizer
	Extractor
)

// String is Core's word for the role.
func (r Role) String() string {
	return [...]string{"creator", "updater", "signer", "finalizer", "extractor"}[r]
}

// Analysis is what is still missing.
type Analysis struct {
	Inputs []InputAnalysis
	VSize  int // of the signed transaction, about; 0: it cannot be said
	Fee    *btcutil.Amount
	Next   Role
	Fault  string // why it can never be valid
}

// InputAnalysis is what one input is missing.
type InputAnalysis struct {
	HasUTXO, Final bool
	Next           Role
	Missing        *signer.Data // nil: nothing
}

// invalid forgets everything but the fault.
func invalid(format string, args ...any) Analysis {
	return Analysis{Next: Creator, Fault: fmt.Sprintf(format, args...)}
}

// Analyze says what is still missing; it works on a copy. By the rules of relay
// signature operations may count as size [AnalyzePSBT].
func (p *PSBT) Analyze(rules policy.Rules) Analysis {
	p = p.Copy()
	a := Analysis{Next: Extractor}
	tx := p.Signing()
	var in btcutil.Amount
	whole := true
	for i := range p.Inputs {
		out, ok := p.UTXO(i)
		if ok {
			value := btcutil.Amount(out.Value)
			switch {
			case !inRange(value) || !inRange(in+value):
				return invalid("PSBT is not valid. Input %d has invalid value", i)
			case !chain.Spendable(out.PkScript):
				return invalid("PSBT is not valid. Input %d spends unspendable output", i)
			}
			in += value
		}
		whole = whole && ok
		one := p.analyzeInput(i, ok, tx)
		a.Next = min(a.Next, one.Next)
		a.Inputs = append(a.Inputs, one)
	}
	if !whole {
		return a
	}
	var out btcutil.Amount
	for _, o := range p.Tx.TxOut {
		out += btcutil.Amount(o.Value)
		if !inRange(btcutil.Amount(o.Value)) || !inRange(out) {
			return invalid("PSBT is not valid. Output amount invalid")
		}
	}
	fee := in - out
	a.Fee = &fee
	a.VSize = p.size(tx, rules)
	return a
}

func inRange(v btcutil.Amount) bool { return v >= 0 && v <= chain.MaxMoney }

func (p *PSBT) analyzeInput(i int, hasUTXO bool, tx *signer.Tx) InputAnalysis {
	a := InputAnalysis{HasUTXO: hasUTXO, Next: Extractor}
	if p.Good(i, tx) {
		a.Final = true
		return a
	}
	complete, data := p.Sign(i, Job{Tx: tx, Known: descriptor.NewProvider(), Kind: txscript.SigHashAll, Finalize: true})
	if complete {
		a.Next = Finalizer
		return a
	}
	a.Missing, a.Next = data, Updater
	if len(data.MissingPubKeys) == 0 && data.MissingRedeem == nil && data.MissingScript == nil && len(data.MissingSigs) > 0 {
		a.Next = Signer
	}
	return a
}

// size is that of the transaction when it is signed; 0: nobody can say.
func (p *PSBT) size(tx *signer.Tx, rules policy.Rules) int {
	coins := make([]chain.Coin, len(p.Inputs))
	for i := range p.Inputs {
		complete, _ := p.Sign(i, Job{Tx: tx, Known: descriptor.NewProvider(), Finalize: true, Pretend: true})
		out, ok := p.UTXO(i)
		if !complete || !ok {
			return 0
		}
		coins[i] = chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript}
	}
	done := chain.NewTx(p.Extract())
	return rules.VSize(done.Weight, chain.SigOpCost(done, coins, txscript.StandardVerifyFlags))
}
