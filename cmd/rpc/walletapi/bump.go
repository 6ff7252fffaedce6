package walletapi

import (
	"context"
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
	"grapevine/wallet/psbt"
	"grapevine/wallet/service"
	"grapevine/wallet/state"
)

const bumpFields = `conf_target:int? fee_rate:*amount? replaceable:bool? estimate_mode:text? outputs:*[{"address":amount,...},{"data":"hex"},...]? original_change_index:int?`

// bumpRows replace payments by ones of a higher fee.
func (a *API) bumpRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "bumpfee", Params: "txid:hex options:object? ; " + bumpFields, Do: a.bumpFee,
			Help: "Replaces a payment that waits for a block by one that pays more: its change gets less, and coins are added where that is not enough. It must signal that it may be replaced (BIP125), and nothing may spend of it. fee_rate is in sat/vB.", Example: "d1514757030c26d54e90b242c696f46f539bb55e92fb105505d9ee43e61657a9"},
		jsonrpc.Method{Name: "psbtbumpfee", Params: "txid:hex options:object? ; " + bumpFields, Do: a.psbtBumpFee,
			Help: "As bumpfee, but answers a PSBT that is not signed.", Example: "d1514757030c26d54e90b242c696f46f539bb55e92fb105505d9ee43e61657a9"},
	)
}

// bumped is what is answered of a replacement.
type bumped struct {
	TxID   string         `json:"txid,omitempty"`
	PSBT   string         `json:"psbt,omitempty"`
	OldFee jsonrpc.Amount `json:"origfee"`
	Fee    jsonrpc.Amount `json:"fee"`
	Errors []string       `json:"errors"`
}

func (a *API) bumpFee(ctx context.Context, c *jsonrpc.Call) (any, error) {
	if watch, _ := a.Wallet.Keys(); watch {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "bumpfee is not available with wallets that have private keys disabled. Use psbtbumpfee instead.")
	}
	id, out, err := a.replacement(ctx, c, false)
	if err != nil {
		return nil, err
	}
	problems, err := a.Wallet.SignTx(ctx, out.Tx, nil, nil, 0)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Can't sign transaction.")
	}
	tx, err := a.Wallet.Commit(ctx, chain.NewTx(out.Tx), wallet.Options{Replaces: id})
	if err != nil {
		return nil, bumpError(err)
	}
	a.onDisk(ctx)
	return bumped{TxID: tx.ID.String(), OldFee: jsonrpc.Amount(out.Old), Fee: jsonrpc.Amount(out.Fee), Errors: []string{}}, nil
}

func (a *API) psbtBumpFee(ctx context.Context, c *jsonrpc.Call) (any, error) {
	_, out, err := a.replacement(ctx, c, true)
	if err != nil {
		return nil, err
	}
	p := psbt.New(out.Tx)
	if _, err := a.Wallet.FillPSBT(ctx, p, state.Fill{Origins: true, Finalize: true}); err != nil {
		return nil, err
	}
	return bumped{PSBT: p.Text(), OldFee: jsonrpc.Amount(out.Old), Fee: jsonrpc.Amount(out.Fee), Errors: []string{}}, nil
}

// replacement makes the transaction that takes the place of the one that is named.
func (a *API) replacement(ctx context.Context, c *jsonrpc.Call, foreign bool) (id chain.Hash, out service.Bumped, err error) {
	id = c.Hash("txid")
	if err := c.Err(); err != nil {
		return id, out, err
	}
	b, err := a.bumpOptions(c)
	if err != nil {
		return id, out, err
	}
	b.Foreign = foreign
	if err := a.unlocked(); err != nil && !foreign {
		return id, out, err
	}
	entry, err := a.Wallet.Tx(ctx, id)
	if err != nil {
		return id, out, err
	}
	if b.Coins, err = a.spentCoins(ctx, entry.Tx); err != nil {
		return id, out, err
	}
	b.Descends = func(id chain.Hash) bool {
		e, ok := a.Pool.Entry(id)
		return ok && e.DescendantCount > 1
	}
	out, err = a.Wallet.BumpFee(ctx, id, b)
	return id, out, bumpError(err)
}

// spentCoins are what a transaction spends, though it is in the pool itself.
func (a *API) spentCoins(ctx context.Context, tx *chain.Tx) (map[wire.OutPoint]chain.Coin, error) {
	found := map[wire.OutPoint]chain.Coin{}
	view := a.Ledger.View()
	for _, in := range tx.TxIn {
		op := in.PreviousOutPoint
		coin, ok, err := view.Coin(op)
		if err != nil {
			return nil, err
		}
		if e, waits := a.Pool.Entry(op.Hash); !ok && waits && int(op.Index) < len(e.Tx.TxOut) {
			coin, ok = chain.Coin{Value: amountOf(e.Tx.TxOut[op.Index]), PkScript: e.Tx.TxOut[op.Index].PkScript}, true
		}
		if ok {
			found[op] = coin
		}
	}
	return found, ctx.Err()
}

// bumpOptions reads what the caller wants of the replacement.
func (a *API) bumpOptions(c *jsonrpc.Call) (b state.Bump, err error) {
	o := c.Inside("options", bumpFields+" confTarget:int?")
	if o.Has("confTarget") {
		if o.Has("conf_target") {
			o.Refuse(jsonrpc.CodeInvalidParam, "confTarget and conf_target options should not both be set. Use conf_target (confTarget is deprecated).")
		}
		o.Set("conf_target", o.Raw("confTarget"))
	}
	b.Final = o.Has("replaceable") && !o.Bool("replaceable")
	feeOf(o, &b.Options, false)
	if o.Has("original_change_index") {
		n := int(o.Int("original_change_index"))
		if n < 0 { // Core reads a number without a sign
			o.Refuse(jsonrpc.CodeMisc, "JSON integer out of range")
		}
		b.ChangeAs = &n
	}
	if !o.Has("outputs") || o.Err() != nil {
		return b, o.Err()
	}
	pairs := o.Pairs("outputs")
	if len(pairs) == 0 && o.Type("outputs") == "array" {
		o.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, output argument cannot be an empty array")
	}
	if err := o.Err(); err != nil {
		return b, err
	}
	b.Outputs, err = a.payments(pairs)
	return b, err
}

// bumpError gives a refusal its code.
func bumpError(err error) error {
	switch e, ok := errors.AsType[*wallet.BumpError](err); {
	case err == nil:
		return nil
	case ok && e.Param:
		return jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s", err)
	case errors.Is(err, wallet.ErrBumpSpent):
		return jsonrpc.Errorf(jsonrpc.CodeMisc, "%s", err)
	case ok, errors.Is(err, wallet.ErrNoBump):
		return jsonrpc.Errorf(jsonrpc.CodeWallet, "%s", err)
	}
	return spentError(err, jsonrpc.CodeWallet)
}
