package walletapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/psbt"
	"grapevine/wallet/service"
	"grapevine/wallet/state"
)

// feeWords puts the fee of a call, which may stand beside its options, among them
// [InterpretFeeEstimationInstructions].
func feeWords(c *jsonrpc.Call, fields string) *jsonrpc.Params {
	opts := c.Inside("options", fields)
	if opts.Has("conf_target") || opts.Has("estimate_mode") {
		if c.Has("conf_target") || c.Has("estimate_mode") {
			c.Refuse(jsonrpc.CodeInvalidParam, "Pass conf_target and estimate_mode either as arguments or in the options object, but not both")
		}
	} else {
		opts.Set("conf_target", c.Raw("conf_target"))
		opts.Set("estimate_mode", c.Raw("estimate_mode"))
	}
	if opts.Has("fee_rate") {
		if c.Has("fee_rate") {
			c.Refuse(jsonrpc.CodeInvalidParam, "Pass the fee_rate either as an argument, or in the options object, but not both")
		}
	} else {
		opts.Set("fee_rate", c.Raw("fee_rate"))
	}
	if opts.Has("conf_target") && (!opts.Has("estimate_mode") || opts.String("estimate_mode") == "unset") {
		c.Refuse(jsonrpc.CodeInvalidParam, "Specify estimate_mode")
	}
	for _, w := range []struct{ older, newer string }{
		{"feeRate", "fee_rate (sat/vB)"}, {"changeAddress", "change_address"}, {"changePosition", "change_position"},
		{"includeWatching", "include_watching"}, {"lockUnspents", "lock_unspents"}, {"subtractFeeFromOutputs", "subtract_fee_from_outputs"},
	} {
		if opts.Has(w.older) {
			c.Refuse(jsonrpc.CodeInvalidParam, "Use %s instead of %s", w.newer, w.older)
		}
	}
	return opts
}

func (a *API) sendOut(ctx context.Context, c *jsonrpc.Call) (any, error) {
	opts := feeWords(c, every)
	rbf := a.signalsBIP125(opts)
	if err := c.Err(); err != nil {
		return nil, err
	}
	p := &plan{opts: opts, outputs: c.Pairs("outputs")}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if _, err := a.Raw.Outputs(p.outputs); err != nil {
		return nil, err
	}
	p.o.SubtractFee = subtractFrom(opts, "subtract_fee_from_outputs", p.outputs)
	var err error
	if p.tx, err = a.Raw.Construct(rawapi.Parts{Inputs: opts, LockTime: opts, Outputs: p.outputs, Replaceable: rbf, Asked: rbf}); err != nil {
		return nil, err
	}
	p.o.OnlyCoins = len(p.tx.TxIn) > 0
	if err := a.inputWeights(p, opts); err != nil {
		return nil, err
	}
	var again []wallet.Input // what the caller names though a payment spends it: that one is to be replaced
	for _, in := range p.tx.TxIn {
		spent, _, err := a.Wallet.Spent(ctx, in.PreviousOutPoint)
		if err != nil {
			return nil, err
		}
		if spent {
			again = append(again, wallet.Input{OutPoint: in.PreviousOutPoint})
		}
	}
	f, err := a.fund(ctx, p)
	if err != nil {
		return nil, err
	}
	return a.finish(ctx, opts, f.Tx, again)
}

// made is what is answered of a transaction that is sent or to be signed elsewhere.
type made struct {
	PSBT     string `json:"psbt,omitempty"`
	TxID     string `json:"txid,omitempty"`
	Hex      string `json:"hex,omitempty"`
	Complete bool   `json:"complete"`
}

// finish signs a transaction as far as the wallet can, and sends it where nothing is
// missing and nothing else was asked for. Again are coins to be spent though they are
// spent already [FinishTransaction].
func (a *API) finish(ctx context.Context, opts *jsonrpc.Params, tx *wire.MsgTx, again []wallet.Input) (any, error) {
	p := psbt.New(tx)
	fill := state.Fill{Origins: true, Finalize: true}
	if _, err := a.Wallet.FillPSBT(ctx, p, fill); err != nil {
		return nil, err
	}
	fill.Sign, fill.Origins = true, false
	if _, err := a.Wallet.FillPSBT(ctx, p, fill); err != nil && !errors.Is(err, wallet.ErrLocked) {
		return nil, err // a locked wallet's is signed elsewhere, or later
	}
	answer := made{Complete: p.Finalize()}
	wanted := opts.Bool("psbt")
	keep := !opts.Has("add_to_wallet") || opts.Bool("add_to_wallet")
	if wanted || !answer.Complete || !keep {
		answer.PSBT = p.Text()
	}
	if !answer.Complete {
		return answer, nil
	}
	done := chain.NewTx(p.Extract())
	answer.TxID = done.ID.String()
	if !keep || wanted {
		answer.Hex = hex.EncodeToString(done.Raw())
		return answer, nil
	}
	if _, err := a.Wallet.Commit(ctx, done, wallet.Options{Inputs: again}); err != nil {
		return nil, spentError(err, jsonrpc.CodeWallet)
	}
	a.onDisk(ctx)
	return answer, nil
}

// recipients are sendall's: an address alone gets a share of what is left.
func (a *API) recipients(c *jsonrpc.Call) (outputs []jsonrpc.Pair, share map[string]bool, err error) {
	var list []json.RawMessage
	_ = json.Unmarshal(c.Raw("recipients"), &list) // the row says that it is a list
	share = map[string]bool{}
	for _, raw := range list {
		if name := (jsonrpc.Pair{Value: raw}).Text(); jsonrpc.TypeOf(raw) == "string" {
			outputs = append(outputs, jsonrpc.Pair{Name: name, Value: json.RawMessage("0")})
			share[name] = true
			continue
		}
		one, err := jsonrpc.OnePair(raw)
		if err != nil {
			return nil, nil, err
		}
		outputs = append(outputs, one)
	}
	if len(share) == 0 {
		return nil, nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Must provide at least one address without a specified amount")
	}
	return outputs, share, nil
}

func (a *API) sendAll(ctx context.Context, c *jsonrpc.Call) (any, error) {
	opts := feeWords(c, every+" send_max:bool? ")
	if err := c.Err(); err != nil {
		return nil, err
	}
	outputs, share, err := a.recipients(c)
	if err != nil {
		return nil, err
	}
	var o wallet.Options
	feeOf(opts, &o, false)
	a.signals(opts, &o)
	o.Watching = opts.Bool("include_watching")
	if opts.Has("minconf") && opts.Int("minconf") < 0 {
		opts.Refuse(jsonrpc.CodeInvalidParam, "Invalid minconf (minconf cannot be negative): %d", opts.Int("minconf"))
	}
	depths(opts, &o)
	o.Lock = opts.Bool("lock_unspents")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if _, _, err := a.Wallet.FeeRate(o); err != nil {
		if _, low := errors.AsType[*wallet.RateError](err); low {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s", err)
		}
		return nil, spentError(err, jsonrpc.CodeWallet)
	}
	tx, err := a.Raw.Construct(rawapi.Parts{Inputs: opts, LockTime: opts, Outputs: outputs, Replaceable: !o.Final, Asked: !o.Final})
	if err != nil {
		return nil, err
	}
	q, err := a.allOf(ctx, opts, tx, o)
	if err != nil {
		return nil, err
	}
	for i := range q.Payments {
		q.Payments[i].Name, q.Payments[i].Share = outputs[i].Name, share[outputs[i].Name]
	}
	f, err := a.Wallet.FundAll(ctx, q, opts.Bool("send_max"))
	if err != nil {
		return nil, allError(err)
	}
	return a.finish(ctx, opts, f.Tx, nil)
}

// allOf is the request for everything, or for the inputs that are named.
func (a *API) allOf(ctx context.Context, opts *jsonrpc.Params, tx *wire.MsgTx, o wallet.Options) (service.Request, error) {
	q := service.RequestFor(tx, o, nil)
	switch {
	case !opts.Has("inputs"):
		return q, nil
	case opts.Has("send_max"):
		return q, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Cannot combine send_max with specific inputs.")
	case opts.Has("minconf") || opts.Has("maxconf"):
		return q, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Cannot combine minconf or maxconf with specific inputs.")
	}
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		spent, ours, err := a.Wallet.Spent(ctx, op)
		switch {
		case err != nil:
			return q, err
		case spent:
			return q, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Input not available. UTXO (%s:%d) was already spent.", op.Hash, op.Index)
		case !ours:
			return q, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Input not found. UTXO (%s:%d) is not part of wallet.", op.Hash, op.Index)
		}
	}
	return q, nil
}

// allError gives sendall's refusals their codes.
func allError(err error) error {
	for _, known := range []struct {
		err  error
		code jsonrpc.Code
	}{
		{wallet.ErrAllPoor, jsonrpc.CodeInsufficient}, {wallet.ErrAllOver, jsonrpc.CodeInsufficient}, {wallet.ErrAllFees, jsonrpc.CodeInsufficient},
		{wallet.ErrAllDust, jsonrpc.CodeInsufficient}, {wallet.ErrNamedDust, jsonrpc.CodeInvalidParam},
	} {
		if errors.Is(err, known.err) {
			return jsonrpc.Errorf(known.code, "%s", err)
		}
	}
	return spentError(err, jsonrpc.CodeWallet)
}

// simulate is what transactions would change [simulaterawtransaction].
func (a *API) simulate(ctx context.Context, c *jsonrpc.Call) (any, error) {
	c.Inside("options", "include_watchonly:bool?")
	var change jsonrpc.Amount
	fresh, spent := map[wire.OutPoint]jsonrpc.Amount{}, map[wire.OutPoint]bool{}
	texts := c.Strings("rawtxs")
	if err := c.Err(); err != nil {
		return nil, err
	}
	for _, text := range texts {
		tx, err := show.DecodeTx(text, show.AnyForm)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Transaction hex string decoding failure.")
		}
		coins, err := a.Raw.Coins(tx.MsgTx)
		if err != nil {
			return nil, err
		}
		for _, in := range tx.TxIn {
			op := in.PreviousOutPoint
			if spent[op] {
				return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Transaction(s) are spending the same output more than once")
			}
			spent[op] = true
			if value, ok := fresh[op]; ok {
				change -= value
				continue
			}
			coin, ok := coins[op]
			if !ok {
				return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "One or more transaction inputs are missing or have been spent already")
			}
			if change, err = a.count(ctx, change, -jsonrpc.Amount(coin.Value), coin.PkScript); err != nil {
				return nil, err
			}
		}
		for i, out := range tx.TxOut {
			before := change
			if change, err = a.count(ctx, change, jsonrpc.Amount(out.Value), out.PkScript); err != nil {
				return nil, err
			}
			fresh[wire.OutPoint{Hash: tx.ID, Index: uint32(i)}] = change - before
		}
	}
	return struct {
		Change jsonrpc.Amount `json:"balance_change"`
	}{change}, nil
}

// count adds a value where its script is the wallet's.
func (a *API) count(ctx context.Context, sum, value jsonrpc.Amount, script []byte) (jsonrpc.Amount, error) {
	_, ours, err := a.Wallet.Owned(ctx, script)
	if ours {
		sum += value
	}
	return sum, err
}

// processPSBT adds to a PSBT what the wallet knows, and signs.
func (a *API) processPSBT(ctx context.Context, c *jsonrpc.Call) (any, error) {
	p, err := rawapi.ReadPSBT(c.String("psbt"))
	if err != nil {
		return nil, err
	}
	fill := state.Fill{Kind: rawapi.HashType(c, "sighashtype"), Sign: c.Bool("sign"), Origins: c.Bool("bip32derivs"), Finalize: c.Bool("finalize")}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if fill.Sign {
		if err := a.unlocked(); err != nil {
			return nil, err
		}
	}
	if fill.Coins, err = a.Raw.Coins(p.Tx); err != nil {
		return nil, err
	}
	complete, err := a.Wallet.FillPSBT(ctx, p, fill)
	if err != nil {
		return nil, err
	}
	answer := made{PSBT: p.Text(), Complete: complete}
	if complete && p.Finalize() {
		answer.Hex = hex.EncodeToString(chain.NewTx(p.Extract()).Raw())
	}
	return answer, nil
}
