package walletapi

import (
	"context"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/cmd/rpc/show"
)

// signRows sign with the wallet's keys.
func (a *API) signRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "walletprocesspsbt", Params: `psbt:text sign:bool=true sighashtype:text=DEFAULT bip32derivs:bool=true finalize:bool=true`, Do: a.processPSBT,
			Help: "Adds to a PSBT what the wallet knows of its inputs and outputs, and signs what it can. What contradicts the chain or itself is refused.", Example: "cHNidP8BAAoCAAAAAAAAAAAAAA=="},
		jsonrpc.Method{Name: "signrawtransactionwithwallet", Params: `hexstring:hex ` + rawapi.PrevTxs + ` sighashtype:text=DEFAULT`, Do: a.signWithWallet,
			Help: "Signs the inputs that are the wallet's. What they spend may be named when neither chain nor pool knows it.", Example: "02000000..."},
	)
}

func (a *API) signWithWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.AnyForm)
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.unlocked(); err != nil {
		return nil, err
	}
	coins, err := a.Raw.Coins(tx.MsgTx)
	if err != nil {
		return nil, err
	}
	if err := rawapi.AddPrevTxs(c, coins, nil); err != nil { // their scripts are not asked for: the wallet knows its own
		return nil, err
	}
	kind := rawapi.HashType(c, "sighashtype")
	if err := c.Err(); err != nil {
		return nil, err
	}
	signed := tx.MsgTx.Copy()
	problems, err := a.Wallet.SignTx(ctx, signed, coins, nil, kind)
	if err != nil {
		return nil, err
	}
	return rawapi.NewSigned(signed, coins, problems)
}

// unlocked refuses what needs keys while the wallet is locked (Core:
// EnsureWalletIsUnlocked).
func (a *API) unlocked() error { return a.Wallet.Unlocked() }
