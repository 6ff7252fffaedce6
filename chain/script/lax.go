package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
)

// Before BIP66 signatures came in any encoding that OpenSSL read. Bitcoin Core
// still reads those of old blocks; btcec, and so the engine, reads fewer of
// them: no lengths of more than a byte, none that is wrong. Where a block's
// flags ask for no strict DER, what the engine refuses is spelled anew, and put
// to it once more. No block can be mined at such heights any longer: this
// serves to sync the old ones.

// strictFlags ask, each, for strict DER.
const strictFlags = txscript.ScriptVerifyDERSignatures | txscript.ScriptVerifyStrictEncoding | txscript.ScriptVerifyLowS

// respelled is p with the signatures in an input's script that only Bitcoin
// Core reads in strict DER; nil if there are none. Signatures do not sign the
// inputs' scripts, so the new ones are as good as the old.
func (p *Prepared) respelled(i int) *Prepared {
	old := p.tx.TxIn[i].SignatureScript
	var script []byte
	changed, from := false, 0
	t := txscript.MakeScriptTokenizer(0, old)
	for t.Next() {
		if sig := strictOf(t.Data()); sig != nil {
			script = append(append(script, byte(len(sig))), sig...)
			changed = true
		} else {
			script = append(script, old[from:t.ByteIndex()]...)
		}
		from = int(t.ByteIndex())
	}
	if !changed || t.Err() != nil {
		return nil
	}
	tx := p.tx.MsgTx.Copy()
	tx.TxIn[i].SignatureScript = script
	again := *p
	again.tx = chain.NewTx(tx)
	return &again
}

// strictOf is a signature with its hash type in strict DER, if btcec does not
// read it as it is and Bitcoin Core does; else nil.
func strictOf(item []byte) []byte {
	if len(item) < 2 {
		return nil
	}
	sig, hashType := item[:len(item)-1], item[len(item)-1]
	if _, err := ecdsa.ParseSignature(sig); err == nil {
		return nil
	}
	r, s, ok := laxSig(sig)
	if !ok || r.IsZero() || s.IsZero() {
		return nil
	}
	return append(ecdsa.NewSignature(&r, &s).Serialize(), hashType)
}

// laxSig reads a signature as Bitcoin Core does where no flag asks for strict
// DER [ecdsa_signature_parse_der_lax]: numbers may be padded or negative, the
// lengths long, the sequence's own is not looked at, and bytes may follow. A
// number beyond the order makes a signature that never verifies: of zeros.
func laxSig(b []byte) (r, s btcec.ModNScalar, ok bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return r, s, false
	}
	skip := 0 // what is left of the sequence's length
	if b[1] >= 0x80 {
		skip = int(b[1] & 0x7f)
	}
	if b = b[2:]; skip > len(b) {
		return r, s, false
	}
	rDigits, b, ok := laxInt(b[skip:])
	if !ok {
		return r, s, false
	}
	sDigits, _, ok := laxInt(b)
	if !ok {
		return r, s, false
	}
	if !laxNumber(&r, rDigits) || !laxNumber(&s, sDigits) {
		return btcec.ModNScalar{}, btcec.ModNScalar{}, true
	}
	return r, s, true
}

// laxInt takes one integer's digits off.
func laxInt(b []byte) (digits, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != 0x02 {
		return nil, nil, false
	}
	size, b := int(b[1]), b[2:]
	if size >= 0x80 {
		n := size & 0x7f
		if n > len(b) {
			return nil, nil, false
		}
		size = 0
		for _, digit := range b[:n] {
			if size = size<<8 | int(digit); size > txscript.MaxScriptSize {
				return nil, nil, false // longer than any signature
			}
		}
		b = b[n:]
	}
	if size > len(b) {
		return nil, nil, false
	}
	return b[:size], b[size:], true
}

// laxNumber reads an unsigned number of any length; false: beyond the order.
func laxNumber(n *btcec.ModNScalar, digits []byte) bool {
	for len(digits) > 0 && digits[0] == 0 {
		digits = digits[1:]
	}
	return len(digits) <= 32 && !n.SetByteSlice(digits)
}
