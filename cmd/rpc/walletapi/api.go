package walletapi

import (
	"context"
	"errors"
	"slices"
	"strings"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/wallet"
	"grapevine/wallet/service"
)

// API answers; its fields are who is asked.
type API struct {
	Params *chain.Params
	Wallet *service.Service
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
	Raw    *rawapi.API // signs what the wallet does not
}

// Methods are the rows of what is answered here; each stands with its function.
func (a *API) Methods() []jsonrpc.Method {
	return slices.Concat(a.nameRows(),
		a.guard(slices.Concat(a.beginRows(), a.keepRows(), a.addressRows(), a.coinRows(), a.historyRows(), a.sendRows(), a.signRows(), a.importRows())))
}

// guard refuses calls for another wallet than ours, and gives the wallet's
// errors their codes.
func (a *API) guard(methods []jsonrpc.Method) []jsonrpc.Method {
	for i, m := range methods {
		methods[i].Do = func(ctx context.Context, c *jsonrpc.Call) (any, error) {
			if !a.ours(c) {
				return nil, errNotLoaded()
			}
			v, err := m.Do(ctx, c)
			return v, coded(err)
		}
	}
	return methods
}

// ours says whether a call is for the node's wallet: by no name, or by its own.
func (a *API) ours(c *jsonrpc.Call) bool {
	name, _ := a.Wallet.Name()
	return !c.OfWallet || c.Wallet == name
}

// coded gives an error of the wallet bitcoind's code for it.
func coded(err error) error {
	if err == nil {
		return nil
	}
	code := jsonrpc.CodeWallet
	if _, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*wallet.FundsError](err); ok {
		return jsonrpc.Errorf(jsonrpc.CodeInsufficient, "I%s", strings.TrimPrefix(err.Error(), "i")) // "Insufficient funds", as clients look for
	}
	for _, known := range []struct {
		err  error
		code jsonrpc.Code
	}{
		{wallet.ErrNoWallet, jsonrpc.CodeWalletNotFound}, {wallet.ErrBadWords, jsonrpc.CodeInvalidAddress},
		{wallet.ErrDust, jsonrpc.CodeInsufficient}, {chain.ErrAmount, jsonrpc.CodeType},
		{policy.ErrFeeRate, jsonrpc.CodeType}, {wallet.ErrFeeTooHigh, jsonrpc.CodeInsufficient},
		{wallet.ErrTooLarge, jsonrpc.CodeInsufficient}, {wallet.ErrNotOurs, jsonrpc.CodeInvalidParam},
		{wallet.ErrSpent, jsonrpc.CodeInvalidParam}, {wallet.ErrLock, jsonrpc.CodeInvalidParam},
		{wallet.ErrNoFeeRate, jsonrpc.CodeInsufficient}, {wallet.ErrBearsFee, jsonrpc.CodeInsufficient},
		{wallet.ErrNobody, jsonrpc.CodeInsufficient}, {wallet.ErrNoKeys, jsonrpc.CodeWallet}, {wallet.ErrAbandon, jsonrpc.CodeInvalidAddress},
	} {
		if errors.Is(err, known.err) {
			code = known.code
		}
	}
	if _, ok := errors.AsType[*chain.PolicyError](err); ok {
		code = jsonrpc.CodeVerifyRejected
	}
	if _, ok := errors.AsType[*chain.RuleError](err); ok {
		code = jsonrpc.CodeVerifyRejected
	}
	if errors.Is(err, wallet.ErrRescanning) {
		return jsonrpc.Errorf(code, "Wallet is currently rescanning. Abort existing rescan or wait.")
	}
	if errors.Is(err, wallet.ErrUnknownTx) {
		return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Invalid or non-wallet transaction id")
	}
	return jsonrpc.Errorf(code, "%s", err)
}

type blockPlace struct {
	Hash   string `json:"hash"`
	Height int32  `json:"height"`
}

// lastBlock is the block that the wallet stands at.
func (a *API) lastBlock() blockPlace {
	n := a.Ledger.AtHeight(a.Wallet.Status().At)
	if n == nil { // the chain has just become shorter
		n = a.Ledger.Tip()
	}
	return blockPlace{n.Hash.String(), n.Height}
}
