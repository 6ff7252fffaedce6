package show

import (
	"encoding/hex"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Decoded is what decodescript says: a script, and the addresses that pay to
// its hash where somebody could spend from them.
type Decoded struct {
	Asm     string   `json:"asm"`
	Desc    string   `json:"desc"`
	Address string   `json:"address,omitempty"`
	Type    string   `json:"type"`
	P2SH    string   `json:"p2sh,omitempty"`
	SegWit  *Wrapped `json:"segwit,omitempty"`
}

// Wrapped is the witness program that stands for a script.
type Wrapped struct {
	Script
	P2SH string `json:"p2sh-segwit"`
}

// NewDecoded describes a script.
func NewDecoded(script []byte, net *chaincfg.Params) Decoded {
	s := NewScript(script, net)
	d := Decoded{Asm: s.Asm, Desc: s.Desc, Address: s.Address, Type: s.Type}
	if !canWrap(script, s.Type) {
		return d
	}
	d.P2SH = Address(descriptor.PayToScriptHash(script), net)
	known := descriptor.NewProvider()
	inner := descriptor.PayToWitnessScriptHash(script)
	switch s.Type {
	case "nonstandard":
		known.AddScript(script)
	case "multisig":
		if _, keys, _ := policy.MultisigKeys(script); !compressed(keys) {
			return d
		}
		known.AddScript(script)
	case "pubkey":
		key, _ := policy.PaidKey(script)
		if !compressed([][]byte{key}) {
			return d
		}
		inner = descriptor.PayToWitnessKeyHash(key)
	case "pubkeyhash":
		inner = wallet.WitnessScript(0, script[3:23])
	default: // a witness program has no place in another
		return d
	}
	shown := NewScript(inner, net)
	shown.Desc = descriptor.Infer(inner, net, known).String()
	d.SegWit = &Wrapped{shown, Address(descriptor.PayToScriptHash(inner), net)}
	return d
}

// canWrap says whether a script may stand behind a hash: one that can run, and
// that means the same under every rule (no OP_SUCCESS of BIP342 in it).
func canWrap(script []byte, kind string) bool {
	switch kind {
	case "multisig", "nonstandard", "pubkey", "pubkeyhash", "witness_v0_keyhash", "witness_v0_scripthash":
	default:
		return false
	}
	if !policy.ValidOps(script) || txscript.IsUnspendable(script) || len(script) > txscript.MaxScriptSize {
		return false
	}
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		if t.Opcode() == txscript.OP_CHECKSIGADD || success(t.Opcode()) {
			return false
		}
	}
	return true
}

// success says whether an opcode is one of BIP342's OP_SUCCESSx.
func success(op byte) bool {
	return op == 80 || op == 98 || op >= 126 && op <= 129 || op >= 131 && op <= 134 || op >= 137 && op <= 138 ||
		op >= 141 && op <= 142 || op >= 149 && op <= 153 || op >= 187 && op <= 254
}

func compressed(keys [][]byte) bool {
	return !slices.ContainsFunc(keys, func(key []byte) bool { return len(key) != btcec.PubKeyBytesLenCompressed })
}

// TxForm is how the bytes of a transaction may be read.
type TxForm int

// The forms of transactions. Without inputs both look alike (BIP144): AnyForm
// takes the one whose scripts make sense.
const (
	AnyForm TxForm = iota
	WithWitness
	withoutWitness
)

// FormOf reads iswitness, by which a caller says how to read its transaction.
func FormOf(c *jsonrpc.Call) TxForm {
	switch {
	case !c.Has("iswitness"):
		return AnyForm
	case c.Bool("iswitness"):
		return WithWitness
	}
	return withoutWitness
}

// DecodeTx reads a transaction in hex [DecodeHexTx].
func DecodeTx(text string, form TxForm) (*chain.Tx, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if form == withoutWitness {
		return chain.DecodeTxNoWitness(raw)
	}
	tx, err := chain.DecodeTx(raw)
	if form == WithWitness || err == nil && sane(tx) {
		return tx, err
	}
	if plain, fault := chain.DecodeTxNoWitness(raw); fault == nil && (err != nil || sane(plain)) {
		return plain, nil
	}
	return tx, err
}

// sane says whether a transaction's scripts can be read [CheckTxScriptsSanity].
func sane(tx *chain.Tx) bool {
	for _, in := range tx.TxIn {
		if !tx.IsCoinbase() && (!policy.ValidOps(in.SignatureScript) || len(in.SignatureScript) > txscript.MaxScriptSize) {
			return false
		}
	}
	for _, out := range tx.TxOut {
		if !policy.ValidOps(out.PkScript) || len(out.PkScript) > txscript.MaxScriptSize {
			return false
		}
	}
	return true
}
