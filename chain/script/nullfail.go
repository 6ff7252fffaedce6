package script

import (
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"
)

// NULLFAIL (BIP146): under the rules of relay a signature that fails must be
// empty. txscript forgets to ask where OP_CHECKSIG meets a key that is no point
// of the curve, or a signature whose numbers are out of range: it says false and
// goes on. So an input that holds such an item is looked at step by step.

// hiddenNullFail is the failure that txscript does not see before it ends as it
// did; nil: there is none.
func (p *Prepared) hiddenNullFail(i int, flags txscript.ScriptFlags) error {
	if flags&txscript.ScriptVerifyNullFail == 0 || p.taprootPath(i) != noTaproot || !slices.ContainsFunc(p.items(i), unreadable) {
		return nil
	}
	vm, err := p.engine(i, flags)
	if err != nil {
		return nil
	}
	for {
		line, _ := vm.DisasmPC()
		f := failing{op: opOf(line)}
		if f.op == "OP_CHECKSIG" {
			f.stack = vm.GetStack()
		}
		done, err := vm.Step()
		if err != nil {
			return nil
		}
		if sig := f.signature(); len(sig) > 0 {
			if after := vm.GetStack(); len(after) > 0 && !truth(after[len(after)-1]) {
				return txscript.Error{ErrorCode: txscript.ErrNullFail, Description: "signature not empty on failed checksig"}
			}
		}
		if done {
			return nil
		}
	}
}

// items are what an input pushes, and what the scripts that it runs push.
func (p *Prepared) items(i int) [][]byte {
	in := p.tx.TxIn[i]
	items := slices.Concat([][]byte(in.Witness), pushedBy(in.SignatureScript), pushedBy(p.coins[i].PkScript))
	for _, script := range slices.Clone(items) {
		if len(script) > 33 {
			items = append(items, pushedBy(script)...)
		}
	}
	return items
}

func pushedBy(script []byte) (items [][]byte) {
	for t := txscript.MakeScriptTokenizer(0, script); t.Next(); {
		if len(t.Data()) > 0 {
			items = append(items, t.Data())
		}
	}
	return items
}

// unreadable says of an item that it has the form of a key or of a signature with
// its hash type, and is none.
func unreadable(item []byte) bool {
	switch {
	case len(item) == 33 && (item[0] == 2 || item[0] == 3), len(item) == 65 && item[0] == 4:
		_, err := btcec.ParsePubKey(item)
		return err != nil
	case len(item) > 8 && len(item) <= 73 && item[0] == 0x30:
		_, err := ecdsa.ParseDERSignature(item[:len(item)-1])
		return err != nil
	}
	return false
}
