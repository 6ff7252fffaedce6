package show

import (
	"encoding/hex"
	"strconv"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// Detail says how much of a transaction is shown.
type Detail struct {
	Hex     bool         // its bytes too
	Spent   []chain.Coin // what its inputs spend, for the fee; nil: not known
	Prevout bool         // and show each of these coins
}

// NewTx is a transaction as JSON [TxToUniv].
func NewTx(tx *chain.Tx, net *chaincfg.Params, d Detail) jsonrpc.Encoded {
	return append(AppendTx(append(make([]byte, 0, shownSize(tx.Size, tx.Weight)), '{'), tx, net, d), '}')
}

// shownSize is about how many bytes of JSON a transaction or a block of that size and weight makes.
func shownSize(size, weight int) int {
	const (
		each        = 15 // bytes for one that is no witness's
		eachWitness = 4  // and for one that is: it stands there twice, in hex
	)
	stripped := (weight - size) / (chain.WitnessScale - 1)
	return each*stripped + eachWitness*(size-stripped)
}

// AppendTx appends the members of a transaction, in Core's order. All texts are hex, addresses and the like, so that none
// has anything to escape, and a block of thousands is written several times faster than by encoding/json.
func AppendTx(dst []byte, tx *chain.Tx, net *chaincfg.Params, d Detail) []byte {
	dst = AppendHash(append(dst, `"txid":"`...), tx.ID)
	dst = AppendHash(append(dst, `","hash":"`...), tx.WID)
	dst = strconv.AppendUint(append(dst, `","version":`...), uint64(uint32(tx.Version)), 10)
	dst = strconv.AppendInt(append(dst, `,"size":`...), int64(tx.Size), 10)
	dst = strconv.AppendInt(append(dst, `,"vsize":`...), int64(tx.VSize()), 10)
	dst = strconv.AppendInt(append(dst, `,"weight":`...), int64(tx.Weight), 10)
	dst = strconv.AppendUint(append(dst, `,"locktime":`...), uint64(tx.LockTime), 10)
	known := d.Spent != nil && len(d.Spent) == len(tx.TxIn)
	var fee btcutil.Amount
	dst = append(dst, `,"vin":[`...)
	for i, in := range tx.TxIn {
		dst = appendInput(comma(dst, i), in, tx.IsCoinbase())
		if known {
			fee += d.Spent[i].Value
		}
		if known && d.Prevout {
			dst = appendPrevout(append(dst, `,"prevout":`...), d.Spent[i], net)
		}
		dst = append(strconv.AppendUint(append(dst, `,"sequence":`...), uint64(in.Sequence), 10), '}')
	}
	dst = append(dst, `],"vout":[`...)
	for i, out := range tx.TxOut {
		fee -= btcutil.Amount(out.Value)
		dst = chain.AppendAmount(append(comma(dst, i), `{"value":`...), btcutil.Amount(out.Value))
		dst = strconv.AppendInt(append(dst, `,"n":`...), int64(i), 10)
		dst = append(AppendScript(append(dst, `,"scriptPubKey":`...), out.PkScript, net), '}')
	}
	dst = append(dst, ']')
	if known {
		dst = chain.AppendAmount(append(dst, `,"fee":`...), fee)
	}
	if d.Hex {
		dst = append(hex.AppendEncode(append(dst, `,"hex":"`...), tx.Raw()), '"')
	}
	return dst
}

// comma appends one before each element of a list but its first.
func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

// appendInput appends what begins an object: either a coinbase, or the outpoint that is spent and how.
func appendInput(dst []byte, in *wire.TxIn, coinbase bool) []byte {
	if coinbase {
		dst = append(hex.AppendEncode(append(dst, `{"coinbase":"`...), in.SignatureScript), '"')
	} else {
		dst = AppendHash(append(dst, `{"txid":"`...), in.PreviousOutPoint.Hash)
		dst = strconv.AppendUint(append(dst, `","vout":`...), uint64(in.PreviousOutPoint.Index), 10)
		dst = appendAsm(append(dst, `,"scriptSig":{"asm":"`...), in.SignatureScript, chain.Spendable(in.SignatureScript))
		dst = append(hex.AppendEncode(append(dst, `","hex":"`...), in.SignatureScript), `"}`...)
	}
	for i, item := range in.Witness {
		if i == 0 {
			dst = append(dst, `,"txinwitness":[`...)
		}
		dst = append(hex.AppendEncode(append(comma(dst, i), '"'), item), '"')
	}
	if len(in.Witness) > 0 {
		dst = append(dst, ']')
	}
	return dst
}

// appendPrevout appends the coin that an input spends.
func appendPrevout(dst []byte, c chain.Coin, net *chaincfg.Params) []byte {
	dst = strconv.AppendBool(append(dst, `{"generated":`...), c.Coinbase)
	dst = strconv.AppendInt(append(dst, `,"height":`...), int64(c.Height), 10)
	dst = chain.AppendAmount(append(dst, `,"value":`...), c.Value)
	return append(AppendScript(append(dst, `,"scriptPubKey":`...), c.PkScript, net), '}')
}

// ScriptSig is an input's script.
type ScriptSig struct {
	Asm string `json:"asm"`
	Hex string `json:"hex"`
}

// NewScriptSig shows an input's script.
func NewScriptSig(script []byte) ScriptSig {
	return ScriptSig{Asm: asm(script, chain.Spendable(script)), Hex: hexText(script)}
}

// OutPoint reads an outpoint, {"txid", "vout"}, as clients write it; a fault sticks to o.
func OutPoint(o *jsonrpc.Params) wire.OutPoint {
	h, n := o.Hash("txid"), o.Int("vout")
	if n < 0 {
		o.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
	}
	return wire.OutPoint{Hash: h, Index: uint32(n)}
}
