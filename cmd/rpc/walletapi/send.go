package walletapi

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

// sendRows pay.
func (a *API) sendRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "sendtoaddress", Params: "address:text amount:amount comment:text? comment_to:text? subtractfeefromamount:bool=false replaceable:bool? conf_target:int? estimate_mode:text=unset avoid_reuse:bool? fee_rate:amount? verbose:bool=false", Do: a.sendToAddress,
			Help: "Pays an address; the amount is in BTC, fee_rate in sat/vB. Answers the txid when the payment is kept and handed in.", Example: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 1.5"},
		jsonrpc.Method{Name: "sendmany", Params: `dummy:""= amounts:{"address":amount,...} minconf:int? comment:text? subtractfeefrom:["address",...]? replaceable:bool? conf_target:int? estimate_mode:text=unset fee_rate:amount? verbose:bool=false`, Do: a.sendMany,
			Help: "Pays several addresses in one transaction.", Example: `"" '{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":0.01}'`},
		jsonrpc.Method{Name: "settxfee", Params: "amount:amount", Do: a.setTxFee,
			Help: "Sets the fee rate, in BTC/kvB, of the wallet's payments that name none, until the node stops; 0 goes back to estimates.", Example: "0.00001"},
	), a.makeRows(), a.bumpRows())
}

// tooMuch is more than Core reads as a number with decimals [ParseFixedPoint].
const tooMuch policy.FeeRate = 1_000_000_000_000_000_000

// readRate reads satoshis per virtual byte, with at most 3 decimals.
func readRate(raw json.RawMessage) (policy.FeeRate, error) {
	switch jsonrpc.TypeOf(raw) {
	case "number", "string":
	default:
		return 0, jsonrpc.Errorf(jsonrpc.CodeType, "Amount is not a number or string")
	}
	text, negative := strings.CutPrefix(strings.Trim(string(raw), `"`), "-")
	r, err := policy.ParseFeeRate(text)
	switch {
	case err != nil || r >= tooMuch:
		return 0, jsonrpc.Errorf(jsonrpc.CodeType, "Invalid amount")
	case negative && r > 0 || int64(r) > int64(chain.MaxMoney):
		return 0, jsonrpc.Errorf(jsonrpc.CodeType, "Amount out of range")
	}
	return r, nil
}

// feeOf reads the three ways to say what fee is paid: conf_target, estimate_mode and
// fee_rate [SetFeeEstimateMode]. Any: fee_rate may be below what is relayed.
func feeOf(p *jsonrpc.Params, o *wallet.Options, any bool) {
	mode := "unset"
	if p.Has("estimate_mode") {
		mode = p.String("estimate_mode")
	}
	if raw := p.Raw("fee_rate"); raw != nil {
		twoRates(p, "fee_rate", p.Has("conf_target"), mode)
		rate, err := readRate(raw)
		refuseBy(p, err)
		o.FeeRate, o.AnyRate = &rate, o.AnyRate || any
		return
	}
	switch strings.ToLower(mode) {
	case "unset":
	case "economical":
		o.Mode = wallet.FeeEconomical
	case "conservative":
		o.Mode = wallet.FeeConservative
	default:
		p.Refuse(jsonrpc.CodeInvalidParam, `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`)
	}
	if p.Has("conf_target") {
		o.Target = show.FeeTarget(p.Int("conf_target"), p)
	}
}

// refuseBy makes an error stick.
func refuseBy(p *jsonrpc.Params, err error) {
	if e, ok := err.(*jsonrpc.Error); ok && e != nil {
		p.Refuse(e.Code, "%s", e.Message)
	}
}

// twoRates refuses a call that names a fee rate and asks for an estimate too.
func twoRates(p *jsonrpc.Params, rate string, hasTarget bool, mode string) {
	if hasTarget {
		p.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both conf_target and %s. Please provide either a confirmation target in blocks for automatic fee estimation, or an explicit fee rate.", rate)
	}
	if mode != "unset" {
		p.Refuse(jsonrpc.CodeInvalidParam, "Cannot specify both estimate_mode and %s", rate)
	}
}

// signals reads replaceable; the wallet's habit counts where it is not there, but
// not beside a fee rate that the caller names.
func (a *API) signals(p *jsonrpc.Params, o *wallet.Options) {
	if p.Has("replaceable") || o.FeeRate == nil {
		o.Final = !a.signalsBIP125(p)
	}
}

// signalsBIP125 reads replaceable where a fee rate does not matter to the habit.
func (a *API) signalsBIP125(p *jsonrpc.Params) bool {
	if p.Has("replaceable") {
		return p.Bool("replaceable")
	}
	return !a.Wallet.Habits().Final
}

// options reads what sendtoaddress and sendmany have in common.
func (a *API) options(c *jsonrpc.Call) wallet.Options {
	var o wallet.Options
	feeOf(&c.Params, &o, false)
	a.signals(&c.Params, &o)
	o.Comment = c.String("comment")
	return o
}

func (a *API) sendToAddress(ctx context.Context, c *jsonrpc.Call) (any, error) {
	o := a.options(c)
	if a.avoidReuse(c) { // then coins of one address are better spent together, too
		o.AvoidReuse, o.AvoidPartial = true, true
	}
	o.CommentTo = c.String("comment_to")
	if c.Bool("subtractfeefromamount") {
		o.SubtractFee = []int{0}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	pay, err := a.payments([]jsonrpc.Pair{{Name: c.String("address"), Value: c.Raw("amount")}})
	if err != nil {
		return nil, err
	}
	return a.send(ctx, c, pay, o)
}

func (a *API) sendMany(ctx context.Context, c *jsonrpc.Call) (any, error) {
	if c.String("dummy") != "" {
		c.Refuse(jsonrpc.CodeInvalidParam, "Dummy value must be set to \"\"")
	}
	o := a.options(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	pairs := c.Pairs("amounts")
	pay, err := a.payments(pairs)
	if err != nil {
		return nil, err
	}
	o.SubtractFee = subtractFrom(&c.Params, "subtractfeefrom", pairs)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	return a.send(ctx, c, pay, o)
}

// payments reads addresses with amounts, and data [ParseOutputs].
func (a *API) payments(pairs []jsonrpc.Pair) (pay []wallet.Payment, err error) {
	outs, err := a.Raw.Outputs(pairs)
	for i, out := range outs {
		pay = append(pay, wallet.Payment{Script: out.PkScript, Amount: amountOf(out), Name: pairs[i].Name})
	}
	return pay, err
}

// subtractFrom reads which outputs bear the fee: by their places, or by their
// addresses [InterpretSubtractFeeFromOutputInstructions].
func subtractFrom(p *jsonrpc.Params, name string, outputs []jsonrpc.Pair) (list []int) {
	var words []json.RawMessage
	if p.Type(name) == "array" {
		_ = json.Unmarshal(p.Raw(name), &words) // it is a list
	}
	for _, word := range words {
		switch jsonrpc.TypeOf(word) {
		case "string":
			text := jsonrpc.Pair{Value: word}.Text()
			at := slices.IndexFunc(outputs, func(o jsonrpc.Pair) bool { return o.Name == text })
			if at >= 0 && !slices.Contains(list, at) {
				list = append(list, at)
			}
		case "number":
			var n int
			if err := json.Unmarshal(word, &n); err != nil {
				p.Refuse(jsonrpc.CodeMisc, "JSON integer out of range")
			}
			switch {
			case slices.Contains(list, n):
				p.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated position: %d", n)
			case n < 0:
				p.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, negative position: %d", n)
			case n >= len(outputs):
				p.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, position too large: %d", n)
			}
			list = append(list, n)
		}
	}
	return list
}

// send pays and answers when the payment is kept on disk. From then on the
// answer is its txid, whatever happens: who is told of an error pays again.
func (a *API) send(ctx context.Context, c *jsonrpc.Call, pay []wallet.Payment, o wallet.Options) (any, error) {
	sent, err := a.Wallet.Send(ctx, pay, o)
	if err != nil {
		return nil, spentError(err, jsonrpc.CodeInsufficient)
	}
	a.onDisk(ctx)
	if !c.Bool("verbose") {
		return sent.ID.String(), nil
	}
	return struct {
		TxID   string           `json:"txid"`
		Reason wallet.FeeReason `json:"fee_reason"`
	}{sent.ID.String(), sent.Reason}, nil
}

// onDisk: the blocks that a payment spends coins of are to be on disk too; if the
// node stops before that, they come from peers again.
func (a *API) onDisk(ctx context.Context) { _ = a.Ledger.Sync(ctx) }

func (a *API) setTxFee(ctx context.Context, c *jsonrpc.Call) (any, error) {
	fee := c.Amount("amount")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return true, a.Wallet.SetPayRate(policy.FeeRate(fee))
}
