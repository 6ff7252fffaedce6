package rawapi

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/signer"
)

// PrevTxs is how a row names the coins that a caller knows of.
const PrevTxs = `prevtxs:[{"txid":"hex","vout":n,"scriptPubKey":"hex","redeemScript":"hex","witnessScript":"hex","amount":amount},...]?`

// signRows sign with keys that the caller brings, and join what several signed.
func (a *API) signRows() []jsonrpc.Method {
	return jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "signrawtransactionwithkey", Params: `hexstring:hex privkeys:["privatekey",...] ` + PrevTxs + ` sighashtype:text=DEFAULT`, Do: a.signWithKey,
			Help: "Signs the inputs that these keys can sign. What they spend may be named when neither chain nor pool knows it, and the scripts behind hashes must be. The keys are not kept.", Example: `02000000... '["cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW"]'`},
		jsonrpc.Method{Name: "combinerawtransaction", Params: `txs:["hexstring",...]`, Do: a.combineRawTransaction,
			Help: "Puts the signatures of several copies of one transaction together.", Example: `'["02000000...","02000000..."]'`},
	)
}

// HashType reads the name of a kind of signature [ParseSighashString].
func HashType(c *jsonrpc.Call, name string) txscript.SigHashType {
	text := c.String(name)
	kind, ok := map[string]txscript.SigHashType{
		"": txscript.SigHashDefault, "DEFAULT": txscript.SigHashDefault, "ALL": txscript.SigHashAll, "NONE": txscript.SigHashNone, "SINGLE": txscript.SigHashSingle,
		"ALL|ANYONECANPAY":    txscript.SigHashAll | txscript.SigHashAnyOneCanPay,
		"NONE|ANYONECANPAY":   txscript.SigHashNone | txscript.SigHashAnyOneCanPay,
		"SINGLE|ANYONECANPAY": txscript.SigHashSingle | txscript.SigHashAnyOneCanPay,
	}[text]
	if !ok || text == "" && c.Has(name) {
		c.Refuse(jsonrpc.CodeInvalidParam, "'%s' is not a valid sighash parameter.", show.Clip(text))
	}
	return kind
}

func (a *API) signWithKey(_ context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.AnyForm)
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	list := c.Strings("privkeys")
	if err := c.Err(); err != nil {
		return nil, err
	}
	known := descriptor.NewProvider()
	for _, text := range list {
		secret, err := a.readSecret(text)
		if err != nil {
			return nil, err
		}
		known.AddOwn(secret)
	}
	coins, err := a.Coins(tx.MsgTx)
	if err != nil {
		return nil, err
	}
	if err := AddPrevTxs(c, coins, known); err != nil {
		return nil, err
	}
	kind := HashType(c, "sighashtype")
	if err := c.Err(); err != nil {
		return nil, err
	}
	signed := tx.MsgTx.Copy()
	return NewSigned(signed, coins, signer.Sign(signed, coins, known, kind))
}

// AddPrevTxs adds the coins that the caller knows of, and the scripts behind
// them, to what is known [ParsePrevouts].
func AddPrevTxs(c *jsonrpc.Call, coins map[wire.OutPoint]chain.Coin, known *descriptor.Provider) error {
	for _, p := range c.Members("prevtxs", "txid:text vout:num scriptPubKey:text redeemScript:*text? witnessScript:*text? amount:*any? ...") {
		op := wire.OutPoint{Hash: p.Hash("txid")}
		n := p.Int("vout")
		if n < 0 {
			p.Refuse(jsonrpc.CodeDeserialization, "vout cannot be negative")
		}
		op.Index = uint32(n)
		pk := hexMember(p, "scriptPubKey")
		if err := c.Err(); err != nil {
			return err
		}
		if coin, ok := coins[op]; ok && string(coin.PkScript) != string(pk) {
			return jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Previous output scriptPubKey mismatch:\n%s\nvs:\n%s", show.Asm(coin.PkScript), show.Asm(pk))
		}
		coin := chain.Coin{Value: signer.NoAmount, PkScript: pk, Height: 1}
		if p.Has("amount") {
			coin.Value = p.Amount("amount")
		}
		coins[op] = coin
		if known != nil && (txscript.IsPayToScriptHash(pk) || txscript.IsPayToWitnessScriptHash(pk)) {
			addBehind(p, pk, known)
		}
		if err := c.Err(); err != nil {
			return err
		}
	}
	return c.Err()
}

func hexMember(p *jsonrpc.Params, name string) []byte {
	text := p.String(name)
	raw, err := hex.DecodeString(text)
	if err != nil {
		p.Refuse(jsonrpc.CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, show.Clip(text))
	}
	return raw
}

// addBehind reads the script behind a hash and checks that it is.
func addBehind(p *jsonrpc.Params, pk []byte, known *descriptor.Provider) {
	for _, name := range []string{"redeemScript", "witnessScript"} {
		if p.Has(name) && p.Type(name) != "string" {
			p.Refuse(jsonrpc.CodeType, "JSON value of type %s for field %s is not of expected type string", p.Type(name), name)
			return
		}
	}
	name := "witnessScript"
	if !p.Has(name) {
		name = "redeemScript"
	}
	if !p.Has(name) {
		p.Refuse(jsonrpc.CodeInvalidParam, "Missing redeemScript/witnessScript")
		return
	}
	script := hexMember(p, name)
	program := descriptor.PayToWitnessScriptHash(script)
	known.AddScript(script)
	known.AddScript(program) // callers name the witness script as the redeem script, too
	if p.Has("redeemScript") && p.Has("witnessScript") && p.String("redeemScript") != p.String("witnessScript") {
		if string(hexMember(p, "redeemScript")) != string(program) {
			p.Refuse(jsonrpc.CodeInvalidParam, "redeemScript does not correspond to witnessScript")
		}
	}
	good := string(pk) == string(program)
	if txscript.IsPayToScriptHash(pk) {
		good = string(pk) == string(descriptor.PayToScriptHash(script)) || string(pk) == string(descriptor.PayToScriptHash(program))
	}
	if !good {
		p.Refuse(jsonrpc.CodeInvalidParam, "redeemScript/witnessScript does not match scriptPubKey")
	}
}

// Signed is what the methods answer that sign a transaction.
type Signed struct {
	Hex      string      `json:"hex"`
	Complete bool        `json:"complete"`
	Errors   []signError `json:"errors,omitempty"`
}

type signError struct {
	TxID     string   `json:"txid"`
	Vout     uint32   `json:"vout"`
	Witness  []string `json:"witness"`
	Script   string   `json:"scriptSig"`
	Sequence uint32   `json:"sequence"`
	Error    string   `json:"error"`
}

// NewSigned shows a transaction that was signed, and what it lacks [SignTransactionResultToJSON].
func NewSigned(tx *wire.MsgTx, coins map[wire.OutPoint]chain.Coin, problems []wallet.SignProblem) (any, error) {
	answer := Signed{Hex: hex.EncodeToString(chain.NewTx(tx).Raw()), Complete: len(problems) == 0}
	for _, p := range problems {
		in := tx.TxIn[p.Input]
		if p.Why == signer.MissingAmount {
			coin := coins[in.PreviousOutPoint]
			return nil, jsonrpc.Errorf(jsonrpc.CodeType, "Missing amount for CTxOut(nValue=%s, scriptPubKey=%s)", jsonrpc.Amount(coin.Value), fmt.Sprintf("%.30s", hex.EncodeToString(coin.PkScript)))
		}
		e := signError{
			TxID: in.PreviousOutPoint.Hash.String(), Vout: in.PreviousOutPoint.Index, Witness: []string{},
			Script: hex.EncodeToString(in.SignatureScript), Sequence: in.Sequence, Error: p.Why,
		}
		for _, w := range in.Witness {
			e.Witness = append(e.Witness, hex.EncodeToString(w))
		}
		answer.Errors = append(answer.Errors, e)
	}
	return answer, nil
}

func (a *API) combineRawTransaction(_ context.Context, c *jsonrpc.Call) (any, error) {
	var copies []*wire.MsgTx
	for i, text := range c.Strings("txs") {
		tx, err := show.DecodeTx(text, show.AnyForm)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "TX decode failed for tx %d. Make sure the tx has at least one input.", i)
		}
		copies = append(copies, tx.MsgTx.Copy())
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(copies) == 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Missing transactions")
	}
	merged := copies[0].Copy()
	found, err := a.Coins(merged)
	if err != nil {
		return nil, err
	}
	coins := make([]chain.Coin, len(merged.TxIn))
	for i, in := range merged.TxIn {
		coin, ok := found[in.PreviousOutPoint]
		if !ok {
			return nil, jsonrpc.Errorf(jsonrpc.CodeVerify, "Input not found or already spent")
		}
		coins[i] = coin
	}
	return hex.EncodeToString(chain.NewTx(signer.Combine(merged, copies, coins)).Raw()), nil
}
