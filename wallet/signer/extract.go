package signer

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain/policy"
	"grapevine/wallet/descriptor"
)

// Extract is what an input's scripts tell of its solution (Core:
// DataFromTransaction).
func (t *Tx) Extract(i int) *Data {
	d := NewData()
	in := t.msg.TxIn[i]
	d.ScriptSig, d.Witness, d.Segwit = in.SignatureScript, in.Witness, len(in.Witness) > 0
	if t.Verify(i) == "" {
		d.Complete = true
		return d
	}
	stack, witness := pushed(in.SignatureScript), items(in.Witness)
	code, segwit := t.coins[i].PkScript, false
	if n := len(stack); txscript.IsPayToScriptHash(code) && n > 0 && len(stack[n-1]) > 0 {
		code, stack = stack[n-1], stack[:n-1]
		d.Redeem = code
	}
	version, program, err := txscript.ExtractWitnessProgramInfo(code)
	if n := len(witness); err == nil && version == 0 && len(program) == sha256.Size && n > 0 && len(witness[n-1]) > 0 {
		code, stack, segwit = witness[n-1], witness[:n-1], true
		d.Script = code
	}
	if _, pubs, ok := policy.MultisigKeys(code); ok {
		input{t, i, 0}.match(d, stack, pubs, signedCode{code, segwit})
	}
	return d
}

// match finds the key of each signature; they stand in the keys' order.
func (in input) match(d *Data, sigs, pubs [][]byte, code signedCode) {
	next := 0
	for _, sig := range sigs {
		for k := next; k < len(pubs); k++ {
			if in.good(sig, pubs[k], code) {
				d.Sigs[descriptor.IDOf(pubs[k])] = Signature{pubs[k], sig}
				next = k + 1
				break
			}
		}
	}
}

// pushed are the items that an input's script pushes.
func pushed(script []byte) (stack [][]byte) {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		switch op := t.Opcode(); {
		case op >= txscript.OP_1 && op <= txscript.OP_16:
			stack = append(stack, []byte{op - txscript.OP_1 + 1})
		case op == txscript.OP_1NEGATE:
			stack = append(stack, []byte{0x81})
		case op > txscript.OP_16:
			return nil
		default:
			stack = append(stack, t.Data())
		}
	}
	return stack
}

// signedCode is a script that signatures commit to; segwit: as BIP143 says.
type signedCode struct {
	script []byte
	segwit bool
}
