package rawapi

import (
	"context"
	"encoding/hex"
	"errors"
	"math"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

// txParams are those of the methods that make a transaction.
const txParams = `inputs:[{"txid":"hex","vout":n,"sequence":n},...] outputs:*[{"address":amount,...},{"data":"hex"},...] locktime:long=0 replaceable:bool? version:*int=2`

// buildRows make transactions by hand and read what they are made of.
func (a *API) buildRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "createrawtransaction", Params: txParams, Do: a.createRawTransaction,
			Help: "Makes an unsigned transaction of the inputs and outputs named.", Example: `'[]' '[{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.01}]'`},
		jsonrpc.Method{Name: "decoderawtransaction", Params: "hexstring:hex iswitness:bool?", Do: a.decodeRawTransaction,
			Help: "Shows what is in a transaction.", Example: "02000000..."},
		jsonrpc.Method{Name: "decodescript", Params: "hexstring:hex", Do: a.decodeScript,
			Help: "Shows what a script is, and the addresses that pay to its hash.", Example: "51"},
	), jsonrpc.Group("Util",
		jsonrpc.Method{Name: "validateaddress", Params: "address:text", Do: a.validateAddress,
			Help: "Return information about the given bitcoin address.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
	))
}

func (a *API) createRawTransaction(_ context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := a.buildTx(c)
	if err != nil {
		return nil, err
	}
	return hex.EncodeToString(chain.NewTx(tx).Raw()), nil
}

// buildTx makes the transaction that a call describes.
func (a *API) buildTx(c *jsonrpc.Call) (*wire.MsgTx, error) {
	if a.Policy.Name == policy.Core28().Name && c.Has("version") {
		return nil, c.Usage() // Core takes it since 30.0
	}
	version := c.Int("version")
	if version < 1 || version > 3 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, version out of range(1~3)")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if !c.Has("outputs") {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, output argument must be non-null")
	}
	parts := Parts{Inputs: &c.Params, LockTime: &c.Params, Outputs: c.Pairs("outputs"), Replaceable: c.Bool("replaceable") || !c.Has("replaceable"), Asked: c.Bool("replaceable")}
	tx, err := a.Construct(parts)
	if tx != nil {
		tx.Version = int32(version)
	}
	return tx, err
}

// Parts are what a transaction is made of, and where a call says so: Inputs and
// LockTime have members "inputs" and "locktime".
type Parts struct {
	Inputs, LockTime *jsonrpc.Params
	Outputs          []jsonrpc.Pair
	Replaceable      bool // by BIP125
	Asked            bool // and that is what the caller said
}

// Construct makes a transaction [ConstructTransaction].
func (a *API) Construct(p Parts) (*wire.MsgTx, error) {
	lock := p.LockTime.Int("locktime")
	if lock < 0 || lock > math.MaxUint32 {
		p.LockTime.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, locktime out of range")
	}
	if err := p.LockTime.Err(); err != nil {
		return nil, err
	}
	tx := wire.NewMsgTx(2)
	tx.LockTime = uint32(lock)
	sequence := uint32(wire.MaxTxInSequenceNum)
	switch {
	case p.Replaceable:
		sequence = policy.MaxReplaceable
	case lock > 0:
		sequence = policy.MaxNonFinal
	}
	if err := addInputs(tx, p.Inputs, sequence); err != nil {
		return nil, err
	}
	var err error
	if tx.TxOut, err = a.Outputs(p.Outputs); err != nil {
		return nil, err
	}
	if p.Asked && len(tx.TxIn) > 0 && !policy.SignalsReplacement(tx) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter combination: Sequence number(s) contradict replaceable option")
	}
	return tx, nil
}

func addInputs(tx *wire.MsgTx, c *jsonrpc.Params, sequence uint32) error {
	for _, in := range c.Members("inputs", "txid:*text? vout:*int? sequence:*long? ...") {
		switch {
		case !in.Has("txid"):
			in.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
		case in.Type("vout") != "number":
			in.Hash("txid") // what is wrong with it is said first
			in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, missing vout key")
		}
		op := show.OutPoint(in)
		txin := wire.NewTxIn(&op, nil, nil)
		txin.Sequence = sequence
		if in.Type("sequence") == "number" {
			n := in.Int("sequence")
			if n < 0 || n > math.MaxUint32 {
				in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, sequence number is out of range")
			}
			txin.Sequence = uint32(n)
		}
		tx.AddTxIn(txin)
	}
	return c.Err()
}

// Outputs reads [{"address": amount}, {"data": "hex"}, …] or one object of all of
// them [ParseOutputs].
func (a *API) Outputs(pairs []jsonrpc.Pair) (list []*wire.TxOut, err error) {
	seen := map[string]bool{} // scripts, and the word data
	for _, o := range pairs {
		if o.Name == "data" && seen[o.Name] {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicate key: data")
		}
		out, err := a.output(o, seen)
		if err != nil {
			return nil, err
		}
		list = append(list, out)
	}
	return list, nil
}

func (a *API) output(o jsonrpc.Pair, seen map[string]bool) (*wire.TxOut, error) {
	if o.Name == "data" {
		seen[o.Name] = true
		data, err := hex.DecodeString(o.Text())
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Data must be hexadecimal string (not '%s')", show.Clip(o.Text()))
		}
		script, err := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN).AddFullData(data).Script()
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "data: %s", err)
		}
		return wire.NewTxOut(0, script), nil
	}
	script, err := show.PayTo(o.Name, a.Params.Params)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: %s (%s)", show.Clip(o.Name), err)
	}
	if seen[string(script)] {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated address: %s", show.Clip(o.Name))
	}
	seen[string(script)] = true
	amount, err := jsonrpc.DecodeAmount(o.Value)
	if err != nil {
		return nil, err
	}
	return wire.NewTxOut(int64(amount), script), nil
}

func (a *API) decodeRawTransaction(_ context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.FormOf(c))
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return show.NewTx(tx, a.Params.Params, show.Detail{}), nil
}

func (a *API) decodeScript(_ context.Context, c *jsonrpc.Call) (any, error) {
	text := c.String("hexstring")
	script, err := hex.DecodeString(text)
	if err != nil {
		c.Refuse(jsonrpc.CodeInvalidParam, "argument must be hexadecimal string (not '%s')", show.Clip(text))
	}
	return show.NewDecoded(script, a.Params.Params), c.Err()
}

type badAddress struct {
	Valid     bool   `json:"isvalid"`
	Locations []int  `json:"error_locations"`
	Error     string `json:"error"`
}

type goodAddress struct {
	Valid bool `json:"isvalid"`
	show.Destination
}

func (a *API) validateAddress(_ context.Context, c *jsonrpc.Call) (any, error) {
	text, net := c.String("address"), a.Params.Params
	if err := c.Err(); err != nil {
		return nil, err
	}
	script, err := show.PayTo(text, net)
	if bad, ok := errors.AsType[*wallet.AddressError](err); ok {
		return badAddress{Error: bad.Why, Locations: append([]int{}, bad.Places...)}, nil
	}
	return goodAddress{true, show.NewDestination(script, net)}, err
}
