package walletapi

import (
	"context"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

// signRows sign with the wallet's keys.
func (a *API) signRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "signrawtransactionwithwallet", Params: `hexstring:hex ` + rawapi.PrevTxs + ` sighashtype:text=DEFAULT`, Do: a.signWithWallet,
			Help: "Signs the inputs that are the wallet's. What they spend may be named when neither chain nor pool knows it.", Example: "02000000..."},
	)
}

func (a *API) signWithWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	kind := rawapi.HashType(c, "sighashtype")
	tx, err := show.DecodeTx(c.String("hexstring"), show.AnyForm)
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	coins, err := a.Raw.Coins(tx.MsgTx)
	if err != nil {
		return nil, err
	}
	known := descriptor.NewProvider()
	if err := rawapi.AddPrevTxs(c, coins, known); err != nil {
		return nil, err
	}
	signed := tx.MsgTx.Copy()
	problems, err := a.Wallet.SignTx(ctx, signed, coins, known, kind)
	if err != nil {
		return nil, err
	}
	return rawapi.NewSigned(signed, coins, problems)
}
