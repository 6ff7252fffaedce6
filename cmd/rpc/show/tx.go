package show

import (
	"encoding/hex"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// Tx is a transaction [TxToUniv]. What stands behind Vout is only there
// when the asker knows it.
type Tx struct {
	TxID     string          `json:"txid"`
	Hash     string          `json:"hash"` // wtxid
	Version  uint32          `json:"version"`
	Size     int             `json:"size"`
	VSize    int             `json:"vsize"`
	Weight   int             `json:"weight"`
	LockTime uint32          `json:"locktime"`
	Vin      []Input         `json:"vin"`
	Vout     []Output        `json:"vout"`
	Fee      *jsonrpc.Amount `json:"fee,omitempty"`
	Hex      string          `json:"hex,omitempty"`
}

// Input is either a coinbase or spends an outpoint.
type Input struct {
	Coinbase  *string    `json:"coinbase,omitempty"`
	TxID      string     `json:"txid,omitempty"`
	Vout      *uint32    `json:"vout,omitempty"`
	ScriptSig *ScriptSig `json:"scriptSig,omitempty"`
	Witness   []string   `json:"txinwitness,omitempty"`
	Prevout   *Prevout   `json:"prevout,omitempty"`
	Sequence  uint32     `json:"sequence"`
}

// ScriptSig is an input's script.
type ScriptSig struct {
	Asm string `json:"asm"`
	Hex string `json:"hex"`
}

// Prevout is the coin that an input spends.
type Prevout struct {
	Generated bool           `json:"generated"`
	Height    int32          `json:"height"`
	Value     jsonrpc.Amount `json:"value"`
	Script    Script         `json:"scriptPubKey"`
}

// Output is one output.
type Output struct {
	Value  jsonrpc.Amount `json:"value"`
	N      int            `json:"n"`
	Script Script         `json:"scriptPubKey"`
}

// Detail says how much of a transaction is shown.
type Detail struct {
	Hex     bool         // its bytes too
	Spent   []chain.Coin // what its inputs spend, for the fee; nil: not known
	Prevout bool         // and show each of these coins
}

// NewTx shows a transaction.
func NewTx(tx *chain.Tx, net *chaincfg.Params, d Detail) Tx {
	t := Tx{
		TxID: Hash(tx.ID), Hash: Hash(tx.WID), Version: uint32(tx.Version),
		Size: tx.Size, VSize: tx.VSize(), Weight: tx.Weight, LockTime: tx.LockTime,
		Vin: make([]Input, len(tx.TxIn)), Vout: make([]Output, len(tx.TxOut)),
	}
	known := d.Spent != nil && len(d.Spent) == len(tx.TxIn)
	var in, out btcutil.Amount
	for i, txin := range tx.TxIn {
		t.Vin[i] = newInput(txin, tx.IsCoinbase())
		if !known {
			continue
		}
		in += d.Spent[i].Value
		if d.Prevout {
			t.Vin[i].Prevout = newPrevout(d.Spent[i], net)
		}
	}
	for i, o := range tx.TxOut {
		out += btcutil.Amount(o.Value)
		t.Vout[i] = Output{Value: jsonrpc.Amount(o.Value), N: i, Script: NewScript(o.PkScript, net)}
	}
	if known {
		fee := jsonrpc.Amount(in - out)
		t.Fee = &fee
	}
	if d.Hex {
		t.Hex = hex.EncodeToString(tx.Raw())
	}
	return t
}

func newInput(in *wire.TxIn, coinbase bool) Input {
	i := Input{Sequence: in.Sequence}
	for _, item := range in.Witness {
		i.Witness = append(i.Witness, hexText(item))
	}
	if coinbase {
		text := hex.EncodeToString(in.SignatureScript)
		i.Coinbase = &text
		return i
	}
	i.TxID, i.Vout = Hash(in.PreviousOutPoint.Hash), &in.PreviousOutPoint.Index
	script := NewScriptSig(in.SignatureScript)
	i.ScriptSig = &script
	return i
}

// NewScriptSig shows an input's script.
func NewScriptSig(script []byte) ScriptSig {
	return ScriptSig{Asm: asm(script, !txscript.IsUnspendable(script)), Hex: hexText(script)}
}

func newPrevout(c chain.Coin, net *chaincfg.Params) *Prevout {
	return &Prevout{Generated: c.Coinbase, Height: c.Height, Value: jsonrpc.Amount(c.Value), Script: NewScript(c.PkScript, net)}
}

// OutPoint reads an outpoint, {"txid", "vout"}, as clients write it; a fault sticks to o.
func OutPoint(o *jsonrpc.Params) wire.OutPoint {
	h, n := o.Hash("txid"), o.Int("vout")
	if n < 0 {
		o.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
	}
	return wire.OutPoint{Hash: h, Index: uint32(n)}
}
