package poolapi

import (
	"context"
	"encoding/hex"
	"errors"
	"math"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

const (
	// bip125Sequence signals that a transaction may be replaced.
	bip125Sequence = wire.MaxTxInSequenceNum - 2
	// lockSequence lets the lock time count without signalling.
	lockSequence = wire.MaxTxInSequenceNum - 1
)

// buildRows make transactions by hand and read what they are made of.
func (a *API) buildRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "createrawtransaction", Params: `inputs:[{"txid":"hex","vout":n,"sequence":n},...] outputs:*[{"address":amount,...},{"data":"hex"},...] locktime:long=0 replaceable:bool=true version:int=2`, Do: a.createRawTransaction,
			Help: "Makes an unsigned transaction of the inputs and outputs named.", Example: `'[]' '[{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.01}]'`},
		jsonrpc.Method{Name: "decodescript", Params: "hexstring:hex", Do: a.decodeScript,
			Help: "Shows what a script is, and the addresses that pay to its hash.", Example: "51"},
	), jsonrpc.Group("Util",
		jsonrpc.Method{Name: "validateaddress", Params: "address:text", Do: a.validateAddress,
			Help: "Says whether an address is valid here, and what it is.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"},
	))
}

func (a *API) createRawTransaction(_ context.Context, c *jsonrpc.Call) (any, error) {
	lock, replaceable, version := c.Int("locktime"), c.Bool("replaceable"), c.Int("version")
	if lock < 0 || lock > math.MaxUint32 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, locktime out of range")
	}
	if version < 1 || version > 3 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, version out of range(1~3)")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	tx := wire.NewMsgTx(int32(version))
	tx.LockTime = uint32(lock)
	sequence := uint32(wire.MaxTxInSequenceNum)
	switch {
	case replaceable:
		sequence = bip125Sequence
	case lock > 0:
		sequence = lockSequence
	}
	if err := addInputs(tx, c, sequence); err != nil {
		return nil, err
	}
	if err := a.addOutputs(tx, c); err != nil {
		return nil, err
	}
	return hex.EncodeToString(chain.NewTx(tx).Raw()), nil
}

func addInputs(tx *wire.MsgTx, c *jsonrpc.Call, sequence uint32) error {
	var inputs []struct {
		TxID     string `json:"txid"`
		Vout     *int64 `json:"vout"`
		Sequence *int64 `json:"sequence"`
	}
	c.Object("inputs", &inputs)
	if err := c.Err(); err != nil {
		return err
	}
	for _, in := range inputs {
		op, err := outPoint(in.TxID, in.Vout)
		if err != nil {
			return err
		}
		txin := wire.NewTxIn(&op, nil, nil)
		txin.Sequence = sequence
		if in.Sequence != nil {
			if *in.Sequence < 0 || *in.Sequence > math.MaxUint32 {
				return jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, sequence number is out of range")
			}
			txin.Sequence = uint32(*in.Sequence)
		}
		tx.AddTxIn(txin)
	}
	return nil
}

// addOutputs reads [{"address": amount}, {"data": "hex"}, …] or one such object.
func (a *API) addOutputs(tx *wire.MsgTx, c *jsonrpc.Call) error {
	seen := map[string]bool{}
	for _, o := range c.Pairs("outputs") {
		if seen[o.Name] {
			return jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated address: %s", o.Name)
		}
		seen[o.Name] = true
		out, err := a.output(o)
		if err != nil {
			return err
		}
		tx.AddTxOut(out)
	}
	return c.Err()
}

func (a *API) output(o jsonrpc.Pair) (*wire.TxOut, error) {
	if o.Name == "data" {
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
	amount, err := jsonrpc.DecodeAmount(o.Value)
	if err != nil {
		return nil, err
	}
	return wire.NewTxOut(int64(amount), script), nil
}

type decodedScript struct {
	Asm     string `json:"asm"`
	Desc    string `json:"desc"`
	Address string `json:"address,omitempty"`
	Type    string `json:"type"`
	P2SH    string `json:"p2sh,omitempty"`
	SegWit  any    `json:"segwit,omitempty"`
}

func (a *API) decodeScript(_ context.Context, c *jsonrpc.Call) (any, error) {
	script := c.Bytes("hexstring", jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "argument must be hexadecimal string"))
	if err := c.Err(); err != nil {
		return nil, err
	}
	net := a.Params.Params
	s := show.NewScript(script, net)
	d := decodedScript{Asm: s.Asm, Desc: s.Desc, Address: s.Address, Type: s.Type}
	switch s.Type {
	case "pubkey", "pubkeyhash", "multisig", "nonstandard", "witness_v0_keyhash", "witness_v0_scripthash":
		d.P2SH = show.Address(show.ScriptHash(script), net)
	}
	switch s.Type {
	case "multisig", "nonstandard":
		w := show.NewScript(show.WitnessScriptHash(script), net)
		d.SegWit = w
	}
	return d, nil
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
