package walletapi

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

// sendRows pay.
func (a *API) sendRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "sendtoaddress", Params: "address:text amount:amount comment:text? comment_to:text? subtractfeefromamount:bool=false replaceable:bool=true conf_target:int? estimate_mode:text=unset avoid_reuse:bool? fee_rate:amount? verbose:bool=false", Do: a.sendToAddress,
			Help: "Pays an address; the amount is in BTC, fee_rate in sat/vB. Answers the txid when the payment is kept and handed in.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1.5"},
		jsonrpc.Method{Name: "sendmany", Params: `dummy:""= amounts:{"address":amount,...} minconf:int? comment:text? subtractfeefrom:["address",...]? replaceable:bool=true conf_target:int? estimate_mode:text=unset fee_rate:amount? verbose:bool=false`, Do: a.sendMany,
			Help: "Pays several addresses in one transaction.", Example: `"" '{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.01}'`},
	), jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "fundrawtransaction", Params: "hexstring:hex options:*object? iswitness:bool? ; add_inputs:bool=true changeAddress:text? changePosition:int? change_type:text? lockUnspents:bool=false fee_rate:amount? feeRate:amount? subtractFeeFromOutputs:list=[] replaceable:bool=true conf_target:int? estimate_mode:text=unset includeWatching:bool?", Do: a.fundRawTransaction,
			Help: "Adds coins of the wallet, and change, until a transaction pays for its outputs and fee. Options: fee_rate (sat/vB), feeRate (BTC/kvB), changePosition, change_type, lockUnspents, subtractFeeFromOutputs, replaceable, add_inputs.", Example: `02000000... '{"fee_rate":2}'`},
	))
}

// feeRate reads satoshis per virtual byte; 0: not given.
func feeRate(c *jsonrpc.Call, name string) policy.FeeRate {
	raw := c.Raw(name)
	if raw == nil {
		return 0
	}
	r, err := policy.ParseFeeRate(strings.Trim(string(raw), `"`))
	if err != nil {
		c.Refuse(jsonrpc.CodeType, "Invalid amount: %s", err)
	}
	if err == nil && r < wallet.MinFeeRate { // 0 too: it must not pass for "not given"
		c.Refuse(jsonrpc.CodeInsufficient, "Fee rate (%s) is lower than the minimum fee rate setting (%s)", r.PerVB(), wallet.MinFeeRate.PerVB())
	}
	twoRates(c, name, c.Has("conf_target"), c.String("estimate_mode"))
	return r
}

// twoRates refuses a call that names a fee rate and asks for an estimate too.
func twoRates(c *jsonrpc.Call, rate string, hasTarget bool, mode string) {
	if hasTarget {
		c.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both conf_target and %s. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.", rate)
	}
	if mode != "" && mode != "unset" {
		c.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both estimate_mode and %s", rate)
	}
}

// options reads what sendtoaddress and sendmany have in common.
func options(c *jsonrpc.Call) wallet.Options {
	show.FeeMode(c.String("estimate_mode"), c)
	o := wallet.Options{FeeRate: feeRate(c, "fee_rate"), Final: !c.Bool("replaceable"), Comment: c.String("comment")}
	if c.Has("conf_target") {
		o.Target = show.FeeTarget(c.Int("conf_target"), c)
	}
	return o
}

func (a *API) sendToAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	script := a.script(c, "address", "Invalid Bitcoin address")
	amount := c.Amount("amount")
	o := options(c)
	refuseReuse(c)
	if c.Bool("subtractfeefromamount") {
		o.SubtractFee = []int{0}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return a.send(ctx, c, []wallet.Payment{{Script: script, Amount: amount}}, o)
}

func (a *API) sendMany(ctx context.Context, c *jsonrpc.Call) (any, error) {
	o := options(c)
	if c.String("dummy") != "" {
		c.Refuse(jsonrpc.CodeInvalidParam, "Dummy value must be set to \"\"")
	}
	bearers := c.Strings("subtractfeefrom")
	var pay []wallet.Payment
	seen := map[string]bool{} // scripts: one address can be written in two ways
	for _, p := range c.Pairs("amounts") {
		script, err := show.PayTo(p.Name, a.Params.Params)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: %s (%s)", show.Clip(p.Name), err)
		}
		amount, err := jsonrpc.DecodeAmount(p.Value)
		if err != nil {
			return nil, err
		}
		if seen[string(script)] {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated address: %s", show.Clip(p.Name))
		}
		if slices.Contains(bearers, p.Name) {
			o.SubtractFee = append(o.SubtractFee, len(pay))
		}
		seen[string(script)] = true
		pay = append(pay, wallet.Payment{Script: script, Amount: amount})
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return a.send(ctx, c, pay, o)
}

// send pays and answers when the payment is kept on disk. From then on the
// answer is its txid, whatever happens: who is told of an error pays again.
func (a *API) send(ctx context.Context, c *jsonrpc.Call, pay []wallet.Payment, o wallet.Options) (any, error) {
	reason := wallet.FeeOfCaller
	if o.FeeRate == 0 {
		o.FeeRate, reason = a.Wallet.FeeRate(o.Target)
	}
	tx, err := a.Wallet.Send(ctx, pay, o)
	if err != nil {
		return nil, err
	}
	// The blocks that it spends coins of are to be on disk too; if the node stops
	// before that, they come from peers again.
	_ = a.Ledger.Sync(ctx)
	if !c.Bool("verbose") {
		return tx.ID.String(), nil
	}
	return struct {
		TxID   string           `json:"txid"`
		Reason wallet.FeeReason `json:"fee_reason"`
	}{tx.ID.String(), reason}, nil
}

// fundOptions are fundrawtransaction's, the older name of each beside the newer.
type fundOptions struct {
	AddInputs  *bool           `json:"add_inputs"`
	ChangePos  *int            `json:"changePosition"`
	ChangePos2 *int            `json:"change_position"`
	ChangeType *string         `json:"change_type"`
	Lock       bool            `json:"lockUnspents"`
	Lock2      bool            `json:"lock_unspents"`
	FeeRate    json.RawMessage `json:"fee_rate"` // sat/vB
	FeeRateBTC *jsonrpc.Amount `json:"feeRate"`  // BTC per 1,000 vB
	Subtract   []int           `json:"subtractFeeFromOutputs"`
	Subtract2  []int           `json:"subtract_fee_from_outputs"`
	Replace    *bool           `json:"replaceable"`
	ChangeAddr *string         `json:"changeAddress"`
	ChangeAdd2 *string         `json:"change_address"`
	Target     *int64          `json:"conf_target"`
	Mode       string          `json:"estimate_mode"`

	// Of coins that are watched only, which this wallet has none of.
	Watching  bool `json:"includeWatching"`
	Watching2 bool `json:"include_watching"`

	// What this wallet does not do; it is refused by its name.
	Unsafe    json.RawMessage `json:"include_unsafe"`
	MinConf   json.RawMessage `json:"minconf"`
	MaxConf   json.RawMessage `json:"maxconf"`
	Weights   json.RawMessage `json:"input_weights"`
	MaxWeight json.RawMessage `json:"max_tx_weight"`
	Solving   json.RawMessage `json:"solving_data"`
}

// refuseOthers refuses the options that this wallet does not have.
func (f *fundOptions) refuseOthers(c *jsonrpc.Call) {
	for name, raw := range map[string]json.RawMessage{
		"include_unsafe": f.Unsafe, "minconf": f.MinConf, "maxconf": f.MaxConf,
		"input_weights": f.Weights, "max_tx_weight": f.MaxWeight, "solving_data": f.Solving,
	} {
		if raw != nil && string(raw) != "null" && string(raw) != "false" {
			c.Refuse(jsonrpc.CodeWallet, "This wallet does not have the option %s", name)
		}
	}
	show.FeeMode(f.Mode, c)
}

func (f *fundOptions) wallet(c *jsonrpc.Call, outputs int, net *chaincfg.Params) (o wallet.Options) {
	o.SubtractFee = append(f.Subtract, f.Subtract2...)
	for _, i := range o.SubtractFee {
		if i < 0 || i >= outputs {
			c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, vout index out of bounds: %d", i)
		}
	}
	o.OnlyCoins = f.AddInputs != nil && !*f.AddInputs
	o.Final = f.Replace != nil && !*f.Replace
	if o.ChangeAt = f.ChangePos; o.ChangeAt == nil {
		o.ChangeAt = f.ChangePos2
	}
	if o.ChangeAt != nil && (*o.ChangeAt < 0 || *o.ChangeAt > outputs) {
		c.Refuse(jsonrpc.CodeInvalidParam, "changePosition out of bounds")
	}
	f.change(c, &o, net)
	if f.Target != nil {
		o.Target = show.FeeTarget(*f.Target, c)
	}
	o.FeeRate = f.rate(c)
	return o
}

// change reads where the change goes: to an address, or to a new one of some kind.
func (f *fundOptions) change(c *jsonrpc.Call, o *wallet.Options, net *chaincfg.Params) {
	to := cmp.Or(f.ChangeAdd2, f.ChangeAddr) // the newer name counts, as in Core
	if to != nil {
		var err error
		if o.Change, err = show.PayTo(*to, net); err != nil {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Change address must be a valid bitcoin address (%s)", err)
		}
	}
	if f.ChangeType == nil {
		return
	}
	if to != nil {
		c.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both change address and address type options")
	}
	kind, ok := wallet.KindNamed(*f.ChangeType)
	if !ok {
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown change type '%s'", show.Clip(*f.ChangeType))
	}
	o.ChangeKind = &kind
}

// rate is the fee rate that the caller names; 0: none.
func (f *fundOptions) rate(c *jsonrpc.Call) (r policy.FeeRate) {
	if f.FeeRateBTC == nil && string(f.FeeRate) == "null" {
		return 0
	}
	switch {
	case f.FeeRate != nil && f.FeeRateBTC != nil:
		c.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both fee_rate (sat/vB) and feeRate (BTC/kvB)")
	case f.FeeRate != nil:
		twoRates(c, "fee_rate", f.Target != nil, f.Mode)
		var err error
		if r, err = policy.ParseFeeRate(strings.Trim(string(f.FeeRate), `"`)); err != nil {
			c.Refuse(jsonrpc.CodeType, "Invalid amount")
		}
	case f.FeeRateBTC != nil:
		twoRates(c, "feeRate", f.Target != nil, f.Mode)
		r = policy.FeeRate(*f.FeeRateBTC) // BTC per 1,000 vB in satoshis is the same unit
	default:
		return 0
	}
	if r < wallet.MinFeeRate { // 0 too: it must not pass for "not given"
		c.Refuse(jsonrpc.CodeWallet, "Fee rate (%s) is lower than the minimum fee rate setting (%s)", r.PerVB(), wallet.MinFeeRate.PerVB())
	}
	return r
}

// unfunded gives what kept a transaction from being funded Core's one code for
// it; a payment's refusal has another.
func unfunded(err error) error {
	if errors.Is(err, wallet.ErrNotOurs) {
		return jsonrpc.Errorf(jsonrpc.CodeWallet, "Unable to find UTXO for external input: %s", err)
	}
	if e, ok := errors.AsType[*jsonrpc.Error](coded(err)); ok && e.Code == jsonrpc.CodeInsufficient {
		return jsonrpc.Errorf(jsonrpc.CodeWallet, "%s", e.Message)
	}
	return err
}

func (a *API) fundRawTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.FormOf(c))
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "TX decode failed")
	}
	var f fundOptions
	if c.Type("options") != "bool" { // true is older than the options: watched coins count too
		c.Object("options", &f)
	}
	f.refuseOthers(c)
	o := f.wallet(c, len(tx.TxOut), a.Params.Params)
	if err := c.Err(); err != nil {
		return nil, err
	}
	o.Lock = f.Lock || f.Lock2
	funded, err := a.Wallet.FundTx(ctx, tx.MsgTx.Copy(), o)
	if err != nil {
		return nil, unfunded(err)
	}
	return struct {
		Hex       string         `json:"hex"`
		Fee       jsonrpc.Amount `json:"fee"`
		ChangePos int            `json:"changepos"`
	}{hex.EncodeToString(chain.NewTx(funded.Tx).Raw()), jsonrpc.Amount(funded.Fee), funded.Change}, nil
}
