package show

import (
	"encoding/hex"
	"slices"
	"strconv"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Script is an output's script [ScriptToUniv].
type Script struct {
	Asm     string `json:"asm"`
	Desc    string `json:"desc,omitempty"`
	Hex     string `json:"hex"`
	Address string `json:"address,omitempty"`
	Type    string `json:"type"`
}

// NewScript describes an output's script.
func NewScript(pk []byte, net *chaincfg.Params) Script {
	desc, address := descriptor.Describe(pk, net)
	return Script{Asm: asm(pk, false), Desc: desc, Hex: hexText(pk), Address: address, Type: ScriptType(pk)}
}

// AppendScript appends what encoding/json makes of NewScript: none of its texts has anything to escape.
func AppendScript(dst, pk []byte, net *chaincfg.Params) []byte {
	desc, address := descriptor.Describe(pk, net)
	dst = appendAsm(append(dst, `{"asm":"`...), pk, false)
	dst = append(append(dst, `","desc":"`...), desc...)
	dst = hex.AppendEncode(append(dst, `","hex":"`...), pk)
	if address != "" {
		dst = append(append(dst, `","address":"`...), address...)
	}
	dst = append(append(dst, `","type":"`...), ScriptType(pk)...)
	return append(dst, `"}`...)
}

// Hash is a hash as people write it, in one piece of memory.
func Hash(h chain.Hash) string {
	slices.Reverse(h[:])
	return hexText(h[:])
}

// AppendHash appends a hash as people write it, which is its last byte first.
func AppendHash(dst []byte, h chain.Hash) []byte {
	slices.Reverse(h[:])
	return hex.AppendEncode(dst, h[:])
}

// hexText is hex.EncodeToString, which makes what is short twice.
func hexText(b []byte) string {
	var short [2 * shortHex]byte
	if len(b) > shortHex {
		return hex.EncodeToString(b)
	}
	return string(hex.AppendEncode(short[:0], b))
}

// shortHex holds all usual output scripts, hashes, keys and signatures.
const shortHex = 80

// ScriptType is Core's word for a script's form (GetTxnOutputType).
func ScriptType(pk []byte) string {
	switch policy.KindOf(pk) {
	case policy.PubKey:
		return "pubkey"
	case policy.PubKeyHash:
		return "pubkeyhash"
	case policy.ScriptHash:
		return "scripthash"
	case policy.Multisig:
		return "multisig"
	case policy.NullData:
		return "nulldata"
	case policy.Anchor:
		return "anchor"
	case policy.WitnessKeyHash:
		return "witness_v0_keyhash"
	case policy.WitnessScriptHash:
		return "witness_v0_scripthash"
	case policy.Taproot:
		return "witness_v1_taproot"
	case policy.WitnessUnknown:
		return "witness_unknown"
	}
	return "nonstandard"
}

// Address is whom a script pays; empty when there is no address for it.
func Address(pk []byte, net *chaincfg.Params) string { return wallet.AddressOf(pk, net) }

// Asm is a script's opcodes and pushes.
func Asm(script []byte) string { return asm(script, false) }

// asm disassembles as Core does: pushes of up to four bytes are numbers, longer
// ones hex. In input scripts, signatures show their hash type by name.
func asm(script []byte, signatures bool) string {
	var short [2 * shortHex]byte
	return string(appendAsm(short[:0], script, signatures))
}

func appendAsm(words, script []byte, signatures bool) []byte {
	from := len(words)
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		words = append(appendWord(words, t.Opcode(), t.Data(), signatures), ' ')
	}
	if t.Err() != nil {
		words = append(words, "[error] "...)
	}
	return words[:max(from, len(words)-1)]
}

// appendWord appends one opcode or push.
func appendWord(words []byte, op byte, data []byte, signatures bool) []byte {
	switch {
	case op == txscript.OP_0:
		return append(words, '0')
	case op == txscript.OP_1NEGATE:
		return append(words, "-1"...)
	case op >= txscript.OP_1 && op <= txscript.OP_16:
		return strconv.AppendInt(words, int64(op)-txscript.OP_1+1, 10)
	case op > txscript.OP_PUSHDATA4:
		return append(words, OpName(op)...)
	case len(data) <= 4:
		return strconv.AppendInt(words, scriptNumber(data), 10)
	}
	if signatures {
		if name := hashTypeName(data); name != "" {
			return append(append(append(hex.AppendEncode(words, data[:len(data)-1]), '['), name...), ']')
		}
	}
	return hex.AppendEncode(words, data)
}

// LastPush is what a script pushes last; nil when that is not the last that it does.
func LastPush(script []byte) (data []byte) {
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		data = t.Data()
	}
	if t.Err() != nil {
		return nil
	}
	return data
}

// OpName is an opcode's name.
func OpName(op byte) string {
	if op == txscript.OP_INVALIDOPCODE {
		return "OP_INVALIDOPCODE"
	}
	if op > txscript.OP_NOP10 && op != txscript.OP_CHECKSIGADD {
		return "OP_UNKNOWN"
	}
	name, _ := txscript.DisasmString([]byte{op}) // one opcode without data always disassembles
	return name
}

// scriptNumber reads little-endian with the sign in the top bit, at most four
// bytes, minimal or not (CScriptNum).
func scriptNumber(b []byte) int64 {
	var v int64
	for i, c := range b {
		v |= int64(c) << (8 * i)
	}
	if n := len(b); n > 0 && b[n-1]&0x80 != 0 {
		return -(v &^ (0x80 << (8 * (n - 1))))
	}
	return v
}

// hashTypeName is "ALL" and so on for a strictly encoded signature with a
// defined hash type; empty for anything else.
func hashTypeName(push []byte) string {
	if !hasSignatureForm(push) {
		return ""
	}
	kind := txscript.SigHashType(push[len(push)-1])
	if kind == txscript.SigHashDefault { // which is said by no byte at all
		return ""
	}
	return SigHashName(kind)
}

// hasSignatureForm says whether a push is two numbers in strict DER with a byte behind them (BIP66), whatever the
// numbers are [IsValidSignatureEncoding].
func hasSignatureForm(push []byte) bool {
	if len(push) < 9 || len(push) > 73 || push[0] != 0x30 || int(push[1]) != len(push)-3 {
		return false
	}
	rest, ok := cutNumber(push[2 : len(push)-1])
	if ok {
		rest, ok = cutNumber(rest)
	}
	return ok && len(rest) == 0
}

// cutNumber cuts one number that is not negative off, in its shortest form.
func cutNumber(b []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != 0x02 || b[1] == 0 || int(b[1]) > len(b)-2 {
		return nil, false
	}
	digits, rest := b[2:2+int(b[1])], b[2+int(b[1]):]
	padded := len(digits) > 1 && digits[0] == 0 && digits[1]&0x80 == 0
	return rest, digits[0]&0x80 == 0 && !padded
}

// SigHashName is Core's word for a kind of signature; empty for one that is none.
func SigHashName(kind txscript.SigHashType) string {
	name := map[txscript.SigHashType]string{
		txscript.SigHashDefault: "DEFAULT", txscript.SigHashAll: "ALL", txscript.SigHashNone: "NONE", txscript.SigHashSingle: "SINGLE",
	}[kind&^txscript.SigHashAnyOneCanPay]
	switch {
	case kind&txscript.SigHashAnyOneCanPay == 0 || name == "":
		return name
	case name == "DEFAULT":
		return ""
	}
	return name + "|ANYONECANPAY"
}

// Witness is a witness program: what BIP141 makes of an output's script.
type Witness struct {
	Version int
	Program []byte
}

// witnessOf is the script's witness program, nil if it is none.
func witnessOf(pk []byte) *Witness {
	version, program, err := txscript.ExtractWitnessProgramInfo(pk)
	if err != nil {
		return nil
	}
	return &Witness{version, program}
}
