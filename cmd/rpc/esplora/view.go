package esplora

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/show"
)

// status says whether and where a transaction is in the chain.
type status struct {
	Confirmed bool   `json:"confirmed"`
	Height    *int32 `json:"block_height,omitempty"`
	Hash      string `json:"block_hash,omitempty"`
	Time      int64  `json:"block_time,omitempty"`
}

// newStatus is that of a transaction in a block; nil: in the pool.
func newStatus(n *chain.HeaderNode) status {
	if n == nil {
		return status{}
	}
	return status{true, &n.Height, n.Hash.String(), n.Header.Timestamp.Unix()}
}

type transaction struct {
	TxID     string   `json:"txid"`
	Version  int32    `json:"version"`
	LockTime uint32   `json:"locktime"`
	Vin      []input  `json:"vin"`
	Vout     []output `json:"vout"`
	Size     int      `json:"size"`
	Weight   int      `json:"weight"`
	SigOps   int      `json:"sigops"`
	Fee      int64    `json:"fee"`
	Status   status   `json:"status"`
}

type input struct {
	TxID      string   `json:"txid"`
	Vout      uint32   `json:"vout"`
	Prevout   *output  `json:"prevout"`
	Script    string   `json:"scriptsig"`
	Asm       string   `json:"scriptsig_asm"`
	Witness   []string `json:"witness,omitempty"`
	Redeem    *string  `json:"inner_redeemscript_asm,omitempty"`
	InWitness *string  `json:"inner_witnessscript_asm,omitempty"`
	Coinbase  bool     `json:"is_coinbase"`
	Sequence  uint32   `json:"sequence"`
}

type output struct {
	Script  string `json:"scriptpubkey"`
	Asm     string `json:"scriptpubkey_asm"`
	Type    string `json:"scriptpubkey_type"`
	Address string `json:"scriptpubkey_address,omitempty"`
	Value   int64  `json:"value"`
}

// newTx shows a transaction; spent are the coins that it spends, nil when they are not known.
func newTx(tx *chain.Tx, spent []chain.Coin, net *chaincfg.Params, at *chain.HeaderNode) transaction {
	t := transaction{
		TxID: tx.ID.String(), Version: tx.Version, LockTime: tx.LockTime, Vin: make([]input, len(tx.TxIn)), Vout: make([]output, len(tx.TxOut)),
		Size: tx.Size, Weight: tx.Weight, Status: newStatus(at),
	}
	known := len(spent) == len(tx.TxIn)
	for i, in := range tx.TxIn {
		t.Vin[i] = newInput(in)
		t.Vin[i].Coinbase = tx.IsCoinbase()
		if known {
			t.Vin[i].spends(in, spent[i], net)
			t.Fee += int64(spent[i].Value)
		}
	}
	for i, out := range tx.TxOut {
		t.Vout[i] = newOutput(out.PkScript, out.Value, net)
		t.Fee -= out.Value
	}
	if !known {
		t.Fee = 0
	}
	if known || tx.IsCoinbase() {
		t.SigOps = chain.SigOpCost(tx, spent, chain.StandardFlags)
	}
	return t
}

func newInput(in *wire.TxIn) input {
	i := input{TxID: in.PreviousOutPoint.Hash.String(), Vout: in.PreviousOutPoint.Index, Script: hex.EncodeToString(in.SignatureScript),
		Asm: asm(in.SignatureScript), Sequence: in.Sequence}
	for _, item := range in.Witness {
		i.Witness = append(i.Witness, hex.EncodeToString(item))
	}
	return i
}

// spends adds what an input spends, and the scripts that stand within it.
func (i *input) spends(in *wire.TxIn, c chain.Coin, net *chaincfg.Params) {
	out := newOutput(c.PkScript, int64(c.Value), net)
	i.Prevout = &out
	script := c.PkScript
	if policy.KindOf(script) == policy.ScriptHash {
		redeem := show.LastPush(in.SignatureScript)
		if redeem == nil {
			return
		}
		text := asm(redeem)
		i.Redeem, script = &text, redeem
	}
	if policy.KindOf(script) == policy.WitnessScriptHash && len(in.Witness) > 0 {
		text := asm(in.Witness[len(in.Witness)-1])
		i.InWitness = &text
	}
}

func newOutput(script []byte, value int64, net *chaincfg.Params) output {
	return output{hex.EncodeToString(script), asm(script), scriptType(script), show.Address(script, net), value}
}

// scriptType is Esplora's word for a script's form.
func scriptType(script []byte) string {
	switch policy.KindOf(script) {
	case policy.PubKey:
		return "p2pk"
	case policy.PubKeyHash:
		return "p2pkh"
	case policy.ScriptHash:
		return "p2sh"
	case policy.WitnessKeyHash:
		return "v0_p2wpkh"
	case policy.WitnessScriptHash:
		return "v0_p2wsh"
	case policy.Taproot:
		return "v1_p2tr"
	case policy.Multisig:
		return "multisig"
	case policy.Anchor:
		return "anchor"
	}
	switch {
	case len(script) == 0:
		return "empty"
	case script[0] == txscript.OP_RETURN:
		return "op_return"
	case txscript.IsUnspendable(script):
		return "provably_unspendable"
	}
	return "unknown"
}

// asm takes a script apart in rust-bitcoin's words, which clients of Esplora know.
func asm(script []byte) string {
	var words []string
	t := txscript.MakeScriptTokenizer(0, script)
	for t.Next() {
		words = append(words, asmWord(t.Opcode(), t.Data()))
	}
	if t.Err() != nil {
		words = append(words, "<unexpected end>")
	}
	return strings.Join(words, " ")
}

func asmWord(op byte, data []byte) string {
	switch {
	case op == txscript.OP_0:
		return "OP_0"
	case op <= txscript.OP_DATA_75:
		return fmt.Sprintf("OP_PUSHBYTES_%d %x", op, data)
	case op <= txscript.OP_PUSHDATA4:
		return fmt.Sprintf("OP_PUSHDATA%d %x", 1<<(op-txscript.OP_PUSHDATA1), data)
	case op == txscript.OP_1NEGATE:
		return "OP_PUSHNUM_NEG1"
	case op >= txscript.OP_1 && op <= txscript.OP_16:
		return fmt.Sprintf("OP_PUSHNUM_%d", op-txscript.OP_1+1)
	case op == txscript.OP_CHECKLOCKTIMEVERIFY:
		return "OP_CLTV"
	case op == txscript.OP_CHECKSEQUENCEVERIFY:
		return "OP_CSV"
	case op > txscript.OP_CHECKSIGADD:
		return fmt.Sprintf("OP_RETURN_%d", op)
	}
	return show.OpName(op)
}
