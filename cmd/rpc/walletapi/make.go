package walletapi

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/coinselect"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/psbt"
	"grapevine/wallet/service"
	"grapevine/wallet/spend"
	"grapevine/wallet/state"
)

// What the methods take that choose coins: the words of all of them, for their rows
// and to be checked by.
const (
	solving = `solving_data:{"pubkeys":["hex",...],"scripts":["hex",...],"descriptors":["str",...]}?`
	weights = `input_weights:[{"txid":"hex","vout":n,"weight":n},...]?`
	// older are options under the names that they had first.
	older  = `changeAddress:text? changePosition:int? includeWatching:bool? lockUnspents:bool? feeRate:*amount? subtractFeeFromOutputs:[n,...]?`
	newer  = `change_address:text? change_position:int? include_watching:bool? lock_unspents:bool? subtract_fee_from_outputs:[n,...]?`
	common = `add_inputs:bool? include_unsafe:bool=false minconf:int=0 maxconf:int? change_type:text? replaceable:bool? max_tx_weight:int? ` + solving
	fees   = `fee_rate:*amount? conf_target:int? estimate_mode:text=unset`
	sends  = `add_to_wallet:bool=true inputs:[{"txid":"hex","vout":n,"sequence":n,"weight":n},...]? locktime:*int=0 psbt:bool?`
	every  = common + " " + fees + " " + older + " " + newer + " " + sends + " " + weights
)

// makeRows make transactions of the wallet's coins.
func (a *API) makeRows() []jsonrpc.Method {
	outputs := `outputs:*[{"address":amount,...},{"data":"hex"},...]`
	return append(jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "send", Params: outputs + ` conf_target:int? estimate_mode:text=unset fee_rate:amount? options:object? ; ` + common + " " + newer + " " + sends, Do: a.sendOut,
			Help: "Pays by coins of the wallet, or by those named, and answers a PSBT where signatures are still missing or one is asked for.", Example: `'{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.1}' null unset 2`},
		jsonrpc.Method{Name: "sendall", Params: `recipients:["address",{"address":amount,...},...] conf_target:int? estimate_mode:text=unset fee_rate:amount? options:object? ; add_to_wallet:bool=true include_watching:bool? inputs:[{"txid":"hex","vout":n,"sequence":n},...]? locktime:*int=0 lock_unspents:bool=false psbt:bool? send_max:bool=false minconf:int=0 maxconf:int? replaceable:bool? ` + solving, Do: a.sendAll,
			Help: "Spends all coins of the wallet, or those named. Addresses without an amount share what is left; send_max leaves coins alone that cost more than they are worth.", Example: `'["bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"]'`},
		jsonrpc.Method{Name: "walletcreatefundedpsbt", Params: `inputs:[{"txid":"hex","vout":n,"sequence":n,"weight":n},...]? ` + outputs + ` locktime:*long=0 options:object? bip32derivs:bool=true ; ` + common + " " + fees + " " + older, Do: a.createFunded,
			Help: "As createpsbt, with coins of the wallet added until they pay, and all that the wallet knows of them. Nothing is signed.", Example: `'[]' '[{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.01}]'`},
		jsonrpc.Method{Name: "simulaterawtransaction", Params: `rawtxs:["rawtx",...]? options:object? ; include_watchonly:bool?`, Do: a.simulate,
			Help: "What the wallet would gain or lose if these transactions were made, in their order.", Example: `'["02000000..."]'`},
	), jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "fundrawtransaction", Params: "hexstring:hex options:*object? iswitness:bool? ; " + common + " " + fees + " " + older + " " + weights, Do: a.fundRawTransaction,
			Help: "Adds coins of the wallet, and change, until a transaction pays for its outputs and fee. What it has stays. fee_rate is in sat/vB, feeRate in BTC/kvB.", Example: `02000000... '{"fee_rate":2}'`},
	)...)
}

// plan is a transaction that a call describes.
type plan struct {
	tx      *wire.MsgTx // with all its outputs
	outputs []jsonrpc.Pair
	opts    *jsonrpc.Params
	o       wallet.Options
	anyRate bool
}

// fundOptions reads the options of all that choose coins [FundTransaction].
func (a *API) fundOptions(p *plan) error {
	o, q := p.opts, &p.o
	noNulls(o)
	if o.Has("add_inputs") {
		q.OnlyCoins = !o.Bool("add_inputs")
	}
	a.changeOptions(p)
	q.Watching = o.Bool(either(o, "include_watching", "includeWatching"))
	q.Lock = o.Bool(either(o, "lock_unspents", "lockUnspents"))
	q.Unsafe = o.Bool("include_unsafe")
	if o.Has("feeRate") {
		if o.Has("fee_rate") {
			o.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)")
		}
		twoRates(o, "feeRate", o.Has("conf_target"), "unset")
		if o.Has("estimate_mode") {
			o.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both estimate_mode and feeRate")
		}
		rate := policy.FeeRate(o.Amount("feeRate")) // BTC per 1,000 vB in satoshis is the same unit
		q.FeeRate, q.AnyRate = &rate, true
	}
	depths(o, q)
	if !o.Has("feeRate") {
		feeOf(o, q, p.anyRate)
	}
	a.signals(o, q)
	if o.Has("max_tx_weight") {
		n := int(o.Int("max_tx_weight"))
		q.MaxWeight = &n
	}
	return o.Err()
}

// noNulls refuses the options that may be left out and may not be null.
func noNulls(o *jsonrpc.Params) {
	for _, known := range []struct{ kind, names string }{
		{"bool", "add_inputs lockUnspents lock_unspents include_unsafe replaceable"},
		{"string", "changeAddress change_address change_type"},
		{"number", "changePosition change_position minconf maxconf max_tx_weight"},
		{"object", "solving_data"}, {"array", "input_weights"},
	} {
		for _, name := range strings.Fields(known.names) {
			if o.Null(name) {
				o.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type %s", known.kind)
			}
		}
	}
}

func either(p *jsonrpc.Params, newer, older string) string {
	if p.Has(newer) {
		return newer
	}
	return older
}

// changeOptions read where the change goes.
func (a *API) changeOptions(p *plan) {
	o := p.opts
	to := either(o, "change_address", "changeAddress")
	if o.Has(to) {
		script, err := show.PayTo(o.String(to), a.Params.Params)
		if err != nil {
			o.Refuse(jsonrpc.CodeInvalidAddress, "Change address must be a valid bitcoin address")
		}
		p.o.ChangeTo = script
	}
	if at := either(o, "change_position", "changePosition"); o.Has(at) {
		n := int(o.Int(at))
		if n < 0 || n > len(p.tx.TxOut) {
			o.Refuse(jsonrpc.CodeInvalidParam, "changePosition out of bounds")
		}
		p.o.ChangeAt = &n
	}
	if !o.Has("change_type") {
		return
	}
	if o.Has(to) {
		o.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both change address and address type options")
	}
	kind := kindNamed(o, "change_type", "change")
	p.o.ChangeKind = &kind
}

// depths reads how deep coins must and may lie.
func depths(o *jsonrpc.Params, q *wallet.Options) {
	if o.Has("minconf") {
		if q.MinDepth = int32(o.Int("minconf")); q.MinDepth < 0 {
			o.Refuse(jsonrpc.CodeInvalidParam, "Negative minconf")
		}
	}
	if o.Has("maxconf") {
		n := int32(o.Int("maxconf"))
		if n < q.MinDepth {
			o.Refuse(jsonrpc.CodeInvalidParam, "maxconf can't be lower than minconf: %d < %d", n, q.MinDepth)
		}
		q.MaxDepth = &n
	}
}

// known reads solving_data: what the caller knows of the scripts of foreign inputs.
func (a *API) known(o *jsonrpc.Params) (*descriptor.Provider, error) {
	known := descriptor.NewProvider()
	data := o.Inside("solving_data", `pubkeys:["hex",...]? scripts:["hex",...]? descriptors:["str",...]? ...`)
	for _, text := range data.Strings("pubkeys") {
		key, err := rawapi.ReadPubKey(text)
		if err != nil {
			return nil, err
		}
		known.AddPubKey(key)
		if len(key) == btcec.PubKeyBytesLenCompressed {
			known.AddScript(descriptor.PayToWitnessKeyHash(key))
		}
	}
	for _, text := range data.Strings("scripts") {
		script, err := hex.DecodeString(text)
		if err != nil || text == "" {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "'%s' is not hex", show.Clip(text))
		}
		known.AddScript(script)
	}
	for _, text := range data.Strings("descriptors") {
		d, err := descriptor.Parse(text, a.Params.Params, true)
		if err == nil {
			_, err = d.Expand(0, known)
		}
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Unable to parse descriptor '%s': %s", show.Clip(text), err)
		}
	}
	return known, o.Err()
}

// readWeights reads how heavy inputs will be, from one of the lists of inputs.
func readWeights(o *jsonrpc.Params, name string, all bool) (list []wallet.Input) {
	for _, in := range o.Members(name, "txid:*text? vout:*int? weight:*long? ...") {
		if !all && !in.Has("weight") {
			continue
		}
		if !in.Has("txid") {
			in.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
		}
		hash := in.Hash("txid")
		n := int64(0)
		switch {
		case in.Type("vout") != "number":
			in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, missing vout key")
		default:
			if n = in.Int("vout"); n < 0 {
				in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, vout cannot be negative")
			}
		}
		if in.Type("weight") != "number" {
			in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, missing weight key")
			return list
		}
		switch w := in.Int("weight"); {
		case w < spend.LeastInput:
			in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, weight cannot be less than 165 (41 bytes (size of outpoint + sequence + empty scriptSig) * 4 (witness scaling factor)) + 1 (empty witness)")
		case w > policy.MaxWeight:
			in.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, weight cannot be greater than the maximum standard tx weight of %d", policy.MaxWeight)
		default:
			list = append(list, wallet.Input{OutPoint: wire.OutPoint{Hash: hash, Index: uint32(n)}, Weight: int(w)})
		}
	}
	return list
}

// fund chooses the coins of a plan.
func (a *API) fund(ctx context.Context, p *plan) (spend.Funded, error) {
	if err := a.fundOptions(p); err != nil {
		return spend.Funded{}, err
	}
	known, err := a.known(p.opts)
	if err != nil {
		return spend.Funded{}, err
	}
	p.o.Inputs = append(p.o.Inputs, readWeights(p.opts, "input_weights", true)...)
	if err := p.opts.Err(); err != nil {
		return spend.Funded{}, err
	}
	if len(p.tx.TxOut) == 0 {
		return spend.Funded{}, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "TX must have at least one output")
	}
	coins, err := a.Raw.Coins(p.tx)
	if err != nil {
		return spend.Funded{}, err
	}
	q := service.RequestFor(p.tx, p.o, coins)
	q.Known = known
	f, err := a.Wallet.Fund(ctx, q)
	return f, spentError(err, jsonrpc.CodeWallet)
}

// spentError gives what keeps a transaction from being made the code that the method
// has for all of that.
func spentError(err error, code jsonrpc.Code) error {
	if err == nil {
		return nil
	}
	for _, sentinel := range []error{
		coinselect.ErrFunds, coinselect.ErrPreset, coinselect.ErrWeight, coinselect.ErrBase, coinselect.ErrNoChange, coinselect.ErrTogether,
		coinselect.ErrChain, coinselect.ErrCluster, wallet.ErrForeign, wallet.ErrNoFeeRate, wallet.ErrDust, wallet.ErrBearsFee, wallet.ErrFeeTooHigh,
		wallet.ErrTooLarge, wallet.ErrMaxWeight, wallet.ErrChangeAt, wallet.ErrNothing, wallet.ErrNoSize, wallet.ErrNoChange, wallet.ErrNobody, wallet.ErrUnsigned,
	} {
		if errors.Is(err, sentinel) {
			return jsonrpc.Errorf(code, "%s", err)
		}
	}
	if _, ok := errors.AsType[*wallet.RateError](err); ok {
		return jsonrpc.Errorf(code, "%s", err)
	}
	if e, ok := errors.AsType[*jsonrpc.Error](coded(err)); ok && e.Code == jsonrpc.CodeInsufficient {
		return jsonrpc.Errorf(code, "%s", e.Message)
	}
	if _, ok := errors.AsType[*chain.PolicyError](err); ok {
		return jsonrpc.Errorf(code, "%s", err)
	}
	return err
}

func amountOf(out *wire.TxOut) btcutil.Amount { return btcutil.Amount(out.Value) }

func (a *API) fundRawTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.FormOf(c))
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "TX decode failed")
	}
	p := &plan{tx: tx.MsgTx.Copy(), anyRate: true}
	switch c.Type("options") {
	case "bool", "": // true is older than the options: watched coins count too
		p.opts = c.Inside("no options", every)
	default:
		p.opts = c.Inside("options", every)
	}
	for range p.tx.TxOut {
		p.outputs = append(p.outputs, jsonrpc.Pair{Name: "dummy"})
	}
	p.o.SubtractFee = subtractFrom(p.opts, "subtractFeeFromOutputs", p.outputs)
	if err := c.Err(); err != nil {
		return nil, err
	}
	f, err := a.fund(ctx, p)
	if err != nil {
		return nil, err
	}
	return struct {
		Hex       string         `json:"hex"`
		Fee       jsonrpc.Amount `json:"fee"`
		ChangePos int            `json:"changepos"`
	}{hex.EncodeToString(chain.NewTx(f.Tx).Raw()), jsonrpc.Amount(f.Fee), f.Change}, nil
}

func (a *API) createFunded(ctx context.Context, c *jsonrpc.Call) (any, error) {
	opts := c.Inside("options", every)
	rbf := a.signalsBIP125(opts)
	if err := c.Err(); err != nil {
		return nil, err
	}
	p := &plan{opts: opts, outputs: c.Pairs("outputs"), anyRate: true}
	var err error
	if p.tx, err = a.Raw.Construct(rawapi.Parts{Inputs: &c.Params, LockTime: &c.Params, Outputs: p.outputs, Replaceable: rbf, Asked: rbf}); err != nil {
		return nil, err
	}
	p.o.SubtractFee = subtractFrom(opts, either(opts, "subtract_fee_from_outputs", "subtractFeeFromOutputs"), p.outputs)
	p.o.OnlyCoins = len(p.tx.TxIn) > 0
	if err := a.inputWeights(p, &c.Params); err != nil {
		return nil, err
	}
	f, err := a.fund(ctx, p)
	if err != nil {
		return nil, err
	}
	made := psbt.New(f.Tx)
	if _, err := a.Wallet.FillPSBT(ctx, made, state.Fill{Origins: c.Bool("bip32derivs"), Kind: 1, Finalize: true}); err != nil {
		return nil, err
	}
	return struct {
		PSBT      string         `json:"psbt"`
		Fee       jsonrpc.Amount `json:"fee"`
		ChangePos int            `json:"changepos"`
	}{made.Text(), jsonrpc.Amount(f.Fee), f.Change}, nil
}

// inputWeights reads the weights that stand beside the inputs [SetOptionsInputWeights].
func (a *API) inputWeights(p *plan, in *jsonrpc.Params) error {
	if p.opts.Has("input_weights") {
		return jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Input weights should be specified in inputs rather than in options.")
	}
	p.o.Inputs = readWeights(in, "inputs", false)
	return in.Err()
}
