package script

import (
	"bytes"
	"crypto/sha256"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// The rules of the fast road are:
//   - true means that the engine would accept under these flags, whichever
//     they are; false means nothing at all.
//   - It takes only what no flag forbids: compressed keys, strict DER with low
//     S, SIGHASH_ALL, smallest pushes, a clean stack.
//   - Templates that a soft fork gave a meaning need that fork's flag.

// witnessFlags must hold for a witness program to mean anything.
const witnessFlags = txscript.ScriptBip16 | txscript.ScriptVerifyWitness

// fast accepts an input that is an ordinary spend of a common template. With a batch, true
// may mean that the batch has to say.
func (c *Checker) fast(p *Prepared, i int, flags txscript.ScriptFlags, b *Batch) bool {
	in, pk := p.tx.TxIn[i], p.coins[i].PkScript
	s := spend{c: c, p: p, i: i, batch: b}
	switch {
	case len(in.Witness) == 0:
		return s.legacy(in.SignatureScript, pk, flags)
	case flags&witnessFlags != witnessFlags:
		return false
	case txscript.IsPayToTaproot(pk):
		return flags&txscript.ScriptVerifyTaproot != 0 && len(in.SignatureScript) == 0 && s.taproot(in.Witness, pk[2:])
	case len(in.SignatureScript) == 0:
		return s.program(in.Witness, pk)
	case txscript.IsPayToScriptHash(pk):
		redeem, ok := onlyPush(in.SignatureScript)
		return ok && bytes.Equal(address.Hash160(redeem), pk[2:22]) && s.program(in.Witness, redeem)
	}
	return false
}

// spend is one input on the fast road.
type spend struct {
	c     *Checker
	p     *Prepared
	i     int
	batch *Batch // nil: nothing is left for later
}

// legacy accepts P2PKH, P2PK and P2SH multisig.
func (s spend) legacy(sigScript, pk []byte, flags txscript.ScriptFlags) bool {
	switch {
	case txscript.IsPayToPubKeyHash(pk):
		sig, rest, _ := push(sigScript)
		key, rest, ok := push(rest)
		return ok && len(rest) == 0 && bytes.Equal(address.Hash160(key), pk[3:23]) &&
			s.ecdsa(sig, key, pk, s.p.legacyHash)
	case len(pk) == 35 && pk[0] == txscript.OP_DATA_33 && pk[34] == txscript.OP_CHECKSIG:
		sig, ok := onlyPush(sigScript)
		return ok && s.ecdsa(sig, pk[1:34], pk, s.p.legacyHash)
	case txscript.IsPayToScriptHash(pk) && flags&txscript.ScriptBip16 != 0:
		items, ok := pushes(sigScript)
		if !ok {
			return false
		}
		redeem := items[len(items)-1]
		return bytes.Equal(address.Hash160(redeem), pk[2:22]) &&
			s.multisig(items[:len(items)-1], redeem, s.p.legacyHash)
	}
	return false
}

// program accepts version 0 witness programs: P2WPKH, and P2WSH multisig.
func (s spend) program(witness [][]byte, program []byte) bool {
	switch {
	case txscript.IsPayToWitnessPubKeyHash(program):
		if len(witness) != 2 || !bytes.Equal(address.Hash160(witness[1]), program[2:]) {
			return false
		}
		code := [25]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20,
			23: txscript.OP_EQUALVERIFY, 24: txscript.OP_CHECKSIG}
		copy(code[3:], program[2:])
		return s.ecdsa(witness[0], witness[1], code[:], s.p.witnessHash)
	case txscript.IsPayToWitnessScriptHash(program):
		script := witness[len(witness)-1]
		hash := sha256.Sum256(script)
		return bytes.Equal(hash[:], program[2:]) &&
			s.multisig(witness[:len(witness)-1], script, s.p.witnessHash)
	}
	return false
}

// taproot accepts the key path with the default hash type and no annex.
func (s spend) taproot(witness [][]byte, xonly []byte) bool {
	if len(witness) != 1 || len(witness[0]) != 64 {
		return false
	}
	var compressed [33]byte
	compressed[0] = 2
	copy(compressed[1:], xonly)
	key := s.c.parseKey(compressed[:])
	if key == nil {
		return false
	}
	hash := s.p.taprootHash(s.i)
	if s.batch != nil {
		s.batch.leaveSchnorr(s, claim{[64]byte(witness[0]), hash, key})
		return true
	}
	return s.c.curve.schnorr((*[64]byte)(witness[0]), &hash, key)
}

// ecdsa accepts one signature over a script code.
func (s spend) ecdsa(rawSig, rawKey, code []byte, hash func(int, []byte) chainhash.Hash) bool {
	sig, key := parseSig(rawSig), s.c.parseKey(rawKey)
	if sig == nil || key == nil {
		return false
	}
	h := hash(s.i, code)
	if s.batch != nil {
		s.batch.leaveECDSA(s, ecdsaClaim{sig, h, key})
		return true
	}
	return s.c.curve.ecdsa(sig.r, sig.s, &h, key)
}

// multisig accepts m signatures in the order of the n keys of a plain multisig
// script; stack is the empty dummy (BIP147) and the signatures.
func (s spend) multisig(stack [][]byte, script []byte, hash func(int, []byte) chainhash.Hash) bool {
	need, keys, ok := multisigOf(script)
	if !ok || len(stack) != need+1 || len(stack[0]) != 0 {
		return false
	}
	h := hash(s.i, script)
	sigs := stack[1:]
	for len(sigs) > 0 && len(keys) >= len(sigs) {
		// The last signature belongs to the last keys: the engine begins
		// there, and every key it tries is parsed by it too.
		sig, key := parseSig(sigs[len(sigs)-1]), s.c.parseKey(keys[len(keys)-1])
		if sig == nil || key == nil {
			return false
		}
		switch {
		case s.batch != nil && len(keys) == len(sigs): // it is this key's, or the input is bad
			s.batch.leaveECDSA(s, ecdsaClaim{sig, h, key})
			sigs = sigs[:len(sigs)-1]
		case s.c.curve.ecdsa(sig.r, sig.s, &h, key):
			sigs = sigs[:len(sigs)-1]
		}
		keys = keys[:len(keys)-1]
	}
	return len(sigs) == 0
}

// multisigOf takes apart a script of the form: m, n compressed keys, n,
// OP_CHECKMULTISIG, with m and n as small numbers.
func multisigOf(script []byte) (need int, keys [][]byte, ok bool) {
	const keySize = 1 + 33
	n := (len(script) - 3) / keySize
	if n < 1 || n > 16 || len(script) != 3+n*keySize {
		return 0, nil, false
	}
	need = int(script[0]) - (txscript.OP_1 - 1)
	tail := script[len(script)-2:]
	if need < 1 || need > n || int(tail[0]) != txscript.OP_1-1+n || tail[1] != txscript.OP_CHECKMULTISIG {
		return 0, nil, false
	}
	for at := 1; at < len(script)-2; at += keySize {
		if script[at] != txscript.OP_DATA_33 {
			return 0, nil, false
		}
		keys = append(keys, script[at+1:at+keySize])
	}
	return need, keys, true
}

// push takes one item off a script: a direct push of at least two bytes, or
// the smallest OP_PUSHDATA that can hold it. Numbers have their own opcodes
// and no template needs them.
func push(script []byte) (item, rest []byte, ok bool) {
	if len(script) == 0 {
		return nil, nil, false
	}
	size, at := int(script[0]), 1
	switch {
	case size == txscript.OP_PUSHDATA1 && len(script) > 1:
		size, at = int(script[1]), 2
		ok = size > txscript.OP_DATA_75
	case size == txscript.OP_PUSHDATA2 && len(script) > 2:
		size, at = int(script[1])|int(script[2])<<8, 3
		ok = size > 0xff && size <= txscript.MaxScriptElementSize
	default:
		ok = size >= 2 && size <= txscript.OP_DATA_75
	}
	if !ok || len(script)-at < size {
		return nil, nil, false
	}
	return script[at : at+size], script[at+size:], true
}

// onlyPush is the one item of a script that pushes nothing else.
func onlyPush(script []byte) ([]byte, bool) {
	item, rest, ok := push(script)
	return item, ok && len(rest) == 0
}

// pushes are the items of a P2SH multisig's input script: the dummy OP_0, then
// pushes.
func pushes(script []byte) (items [][]byte, ok bool) {
	if len(script) < 2 || len(script) > txscript.MaxScriptSize || script[0] != txscript.OP_0 {
		return nil, false
	}
	items = append(items, nil)
	for rest := script[1:]; len(rest) > 0; {
		var item []byte
		if item, rest, ok = push(rest); !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}
