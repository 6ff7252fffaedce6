package policy

import (
	"bytes"

	"github.com/btcsuite/btcd/txscript/v2"
)

// Kind is the form of an output script [TxoutType].
type Kind uint8

const (
	NonStandard Kind = iota
	PubKey
	PubKeyHash
	ScriptHash
	Multisig
	NullData
	Anchor // P2A: OP_1 <4e73>
	WitnessKeyHash
	WitnessScriptHash
	Taproot
	WitnessUnknown // versions and lengths that later soft forks may give a meaning
)

// KindOf tells what form an output script has [Solver].
func KindOf(script []byte) Kind {
	if version, program, ok := WitnessProgram(script); ok {
		return witnessKind(version, program)
	}
	switch {
	case txscript.IsPayToScriptHash(script):
		return ScriptHash
	case isNullData(script):
		return NullData
	case txscript.IsPayToPubKeyHash(script):
		return PubKeyHash
	}
	if _, ok := PaidKey(script); ok {
		return PubKey
	}
	if _, _, ok := MultisigKeys(script); ok {
		return Multisig
	}
	return NonStandard
}

// WitnessProgram takes a BIP141 output script apart: OP_0 or OP_1..OP_16, then
// one direct push of 2 to 40 bytes.
func WitnessProgram(script []byte) (version int, program []byte, ok bool) {
	if len(script) < 4 || len(script) > 42 || int(script[1])+2 != len(script) {
		return 0, nil, false
	}
	if !txscript.IsSmallInt(script[0]) {
		return 0, nil, false
	}
	return txscript.AsSmallInt(script[0]), script[2:], true
}

func witnessKind(version int, program []byte) Kind {
	switch {
	case version == 0 && len(program) == 20:
		return WitnessKeyHash
	case version == 0 && len(program) == 32:
		return WitnessScriptHash
	case version == 0:
		return NonStandard
	case version == 1 && len(program) == 32:
		return Taproot
	case version == 1 && bytes.Equal(program, []byte{0x4e, 0x73}):
		return Anchor
	}
	return WitnessUnknown
}

func isNullData(script []byte) bool {
	return len(script) >= 1 && script[0] == txscript.OP_RETURN && txscript.IsPushOnlyScript(script[1:])
}

// PaidKey is the key of a script that pays to it directly [MatchPayToPubkey].
func PaidKey(script []byte) (key []byte, ok bool) {
	n := len(script)
	if n < 2 || int(script[0]) != n-2 || script[n-1] != txscript.OP_CHECKSIG || !KeySized(script[1:n-1]) {
		return nil, false
	}
	return script[1 : n-1], true
}

// KeySized says whether a key's first byte goes with its length; it looks at
// nothing else, as Core does (CPubKey::ValidSize).
func KeySized(key []byte) bool {
	if len(key) == 0 {
		return false
	}
	switch key[0] {
	case 2, 3:
		return len(key) == 33
	case 4, 6, 7:
		return len(key) == 65
	}
	return false
}

// MultisigKeys takes "need key… count OP_CHECKMULTISIG" apart [MatchMultisig].
func MultisigKeys(script []byte) (need int, keys [][]byte, ok bool) {
	if len(script) == 0 || script[len(script)-1] != txscript.OP_CHECKMULTISIG {
		return 0, nil, false
	}
	t := txscript.MakeScriptTokenizer(0, script)
	if !t.Next() {
		return 0, nil, false
	}
	if need, ok = keyCount(t.Opcode(), t.Data()); !ok {
		return 0, nil, false
	}
	for t.Next() && KeySized(t.Data()) {
		keys = append(keys, t.Data())
	}
	if t.Err() != nil || t.Done() {
		return 0, nil, false
	}
	count, ok := keyCount(t.Opcode(), t.Data())
	if !ok || count != len(keys) || count < need || !t.Next() || t.Opcode() != txscript.OP_CHECKMULTISIG || !t.Done() {
		return 0, nil, false
	}
	return need, keys, true
}

// keyCount reads a number from 1 to 20 in its shortest form.
func keyCount(op byte, data []byte) (int, bool) {
	const maxKeys = 20 // Core: MAX_PUBKEYS_PER_MULTISIG
	if op != txscript.OP_0 && txscript.IsSmallInt(op) {
		return txscript.AsSmallInt(op), true
	}
	if op == txscript.OP_DATA_1 && data[0] > 16 && data[0] <= maxKeys {
		return int(data[0]), true
	}
	return 0, false
}

// ValidOps says whether a script consists of known opcodes and pushes of no more
// than a stack element may be [HasValidOps].
func ValidOps(script []byte) bool {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		if t.Opcode() > txscript.OP_NOP10 || len(t.Data()) > maxPush {
			return false
		}
	}
	return t.Err() == nil
}

// lastPush is what a push-only script leaves on top of the stack.
func lastPush(script []byte) (top []byte, ok bool) {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		switch op := t.Opcode(); {
		case op == txscript.OP_1NEGATE:
			top = []byte{0x81}
		case op == txscript.OP_0:
			top = nil
		case txscript.IsSmallInt(op):
			top = []byte{byte(txscript.AsSmallInt(op))}
		case op <= txscript.OP_PUSHDATA4 && len(t.Data()) <= maxPush:
			top = t.Data()
		default:
			return nil, false
		}
		ok = true
	}
	return top, ok && t.Err() == nil
}
