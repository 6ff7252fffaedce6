package walletapi

import (
	"context"
	"errors"
	"slices"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/rawapi"
	"grapevine/wallet"
	"grapevine/wallet/loader"
	"grapevine/wallet/service"
)

// API answers; its fields are who is asked.
type API struct {
	Params  *chain.Params
	Wallets *loader.Wallets
	Wallet  *service.Service // the one that a call is for
	Kind    wallet.Kind      // of new addresses where a call names none
	Change  *wallet.Kind     // of change; nil: it hides among what is paid
	Ledger  *ledger.Ledger
	Pool    *mempool.Pool
	Raw     *rawapi.API // signs what the wallet does not
}

// Methods are the rows of what is answered here; each stands with its function.
func (a *API) Methods() []jsonrpc.Method {
	begins := a.guard((*API).beginRows, true)
	return slices.Concat(a.nameRows(), begins, a.guard((*API).useRows, false))
}

// useRows are about a wallet that is there.
func (a *API) useRows() []jsonrpc.Method {
	return slices.Concat(a.keepRows(), a.lockRows(), a.addressRows(), a.bookRows(), a.flagRows(), a.coinRows(), a.historyRows(), a.sendRows(), a.signRows(), a.importRows(), a.hdRows(), a.legacyRows())
}

// guard finds the wallet that a call is for, and gives the wallet's errors their
// codes. Main: a call that names none is for the node's main wallet.
func (a *API) guard(rows func(*API) []jsonrpc.Method, main bool) []jsonrpc.Method {
	methods := rows(a)
	for i := range methods {
		methods[i].Do = func(ctx context.Context, c *jsonrpc.Call) (any, error) {
			one := *a
			var err error
			if one.Wallet = a.Wallets.Main(); !main || c.OfWallet || one.Wallet == nil {
				one.Wallet, err = a.Wallets.Pick(c.Wallet, c.OfWallet)
			}
			if err != nil {
				return nil, coded(err)
			}
			v, err := rows(&one)[i].Do(ctx, c)
			return v, coded(err)
		}
	}
	return methods
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
		return jsonrpc.Errorf(jsonrpc.CodeInsufficient, "%s", err)
	}
	for _, known := range []struct {
		err  error
		code jsonrpc.Code
	}{
		{wallet.ErrNoWallet, jsonrpc.CodeWalletNotFound}, {wallet.ErrBadWords, jsonrpc.CodeInvalidAddress},
		{wallet.ErrDust, jsonrpc.CodeInsufficient}, {chain.ErrAmount, jsonrpc.CodeType},
		{policy.ErrFeeRate, jsonrpc.CodeType}, {wallet.ErrFeeTooHigh, jsonrpc.CodeInsufficient},
		{wallet.ErrTooLarge, jsonrpc.CodeInsufficient}, {wallet.ErrPayRate, jsonrpc.CodeInvalidParam}, {wallet.ErrSigHash, jsonrpc.CodeDeserialization},
		{wallet.ErrMissing, jsonrpc.CodeVerify}, {wallet.ErrLies, jsonrpc.CodeDeserialization}, {wallet.ErrNotOurs, jsonrpc.CodeInvalidParam},
		{wallet.ErrSpent, jsonrpc.CodeInvalidParam}, {wallet.ErrLock, jsonrpc.CodeInvalidParam},
		{wallet.ErrNoFeeRate, jsonrpc.CodeInsufficient}, {wallet.ErrBearsFee, jsonrpc.CodeInsufficient},
		{wallet.ErrNobody, jsonrpc.CodeInsufficient}, {wallet.ErrNoKeys, jsonrpc.CodeWallet}, {wallet.ErrKeypool, codeKeypool}, {wallet.ErrNoKind, codeKeypool},
		{wallet.ErrWhichKey, jsonrpc.CodeInvalidAddress}, {wallet.ErrUnknownKey, jsonrpc.CodeInvalidAddress}, {wallet.ErrRange, jsonrpc.CodeInvalidParam}, {wallet.ErrAborted, jsonrpc.CodeMisc},
		{wallet.ErrNotLoaded, jsonrpc.CodeWalletNotFound}, {wallet.ErrNoneLoaded, jsonrpc.CodeWalletNotFound}, {wallet.ErrWhich, jsonrpc.CodeWhichWallet}, {wallet.ErrLocked, jsonrpc.CodeWalletUnlock},
		{wallet.ErrPassphrase, jsonrpc.CodePassphrase}, {wallet.ErrNoSecrets, jsonrpc.CodeEncryption}, {wallet.ErrAbandon, jsonrpc.CodeInvalidAddress},
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
