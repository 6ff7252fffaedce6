package walletapi

import (
	"context"
	"errors"
	"strings"
	"sync"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/wallet"
	"grapevine/wallet/vault"
)

// Config is who answers.
type Config struct {
	Params *chain.Params
	Vault  *vault.Vault
	Ledger *ledger.Ledger
	Pool   *mempool.Pool
}

// API has the methods.
type API struct {
	cfg Config

	mu    sync.Mutex
	name  string // what clients call the wallet
	named bool
}

// New makes an API.
func New(cfg Config) *API { return &API{cfg: cfg} }

// Methods is the table of what is answered here.
func (a *API) Methods() []jsonrpc.Method {
	return append(a.ownMethods(), a.guard([]jsonrpc.Method{
		{Name: "getwalletinfo", Do: a.getWalletInfo},
		{Name: "getnewaddress", Params: "label? address_type?", Do: a.getNewAddress},
		{Name: "getrawchangeaddress", Params: "address_type?", Do: a.getRawChangeAddress},
		{Name: "getaddressinfo", Params: "address", Do: a.getAddressInfo},
		{Name: "listdescriptors", Params: "private?", Do: a.listDescriptors},
		{Name: "getaddressesbylabel", Params: "label", Do: a.getAddressesByLabel},
		{Name: "listlabels", Params: "purpose?", Do: a.listLabels},
		{Name: "setlabel", Params: "address label", Do: a.setLabel},
		{Name: "getbalance", Params: "dummy? minconf? include_watchonly? avoid_reuse?", Do: a.getBalance},
		{Name: "getbalances", Do: a.getBalances},
		{Name: "listunspent", Params: "minconf? maxconf? addresses? include_unsafe? query_options?", Do: a.listUnspent},
		{Name: "lockunspent", Params: "unlock transactions? persistent?", Do: a.lockUnspent},
		{Name: "listlockunspent", Do: a.listLockUnspent},

		{Name: "listtransactions", Params: "label|dummy? count? skip? include_watchonly?", Do: a.listTransactions},
		{Name: "listsinceblock", Params: "blockhash? target_confirmations? include_watchonly? include_removed? include_change? label?", Do: a.listSinceBlock},
		{Name: "gettransaction", Params: "txid include_watchonly? verbose?", Do: a.getTransaction},
		{Name: "abandontransaction", Params: "txid", Do: a.abandonTransaction},
		{Name: "getreceivedbyaddress", Params: "address minconf? include_immature_coinbase?", Do: a.getReceivedByAddress},

		{Name: "sendtoaddress", Params: "address amount comment? comment_to? subtractfeefromamount? replaceable? conf_target? estimate_mode? avoid_reuse? fee_rate? verbose?", Do: a.sendToAddress},
		{Name: "sendmany", Params: "dummy amounts minconf? comment? subtractfeefrom? replaceable? conf_target? estimate_mode? fee_rate? verbose?", Do: a.sendMany},
		{Name: "fundrawtransaction", Params: "hexstring options? iswitness?", Do: a.fundRawTransaction},
		{Name: "signrawtransactionwithwallet", Params: "hexstring prevtxs? sighashtype?", Do: a.signWithWallet},

		{Name: "backupwallet", Params: "destination", Do: a.backupWallet},
		{Name: "walletwords", Do: a.walletWords},
		{Name: "wallethistory", Params: "count? skip?", Do: a.walletHistory},
	})...)
}

// guard refuses calls for another wallet than ours, and gives the wallet's
// errors their codes.
func (a *API) guard(methods []jsonrpc.Method) []jsonrpc.Method {
	for i, m := range methods {
		methods[i].Do = func(ctx context.Context, c *jsonrpc.Call) (any, error) {
			if !a.ours(c) {
				return nil, jsonrpc.Errorf(jsonrpc.CodeWalletNotFound, "Requested wallet does not exist or is not loaded")
			}
			v, err := m.Do(ctx, c)
			return v, coded(err)
		}
	}
	return methods
}

func (a *API) ours(c *jsonrpc.Call) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !c.OfWallet || !a.named || c.Wallet == a.name
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
		{wallet.ErrDust, jsonrpc.CodeInsufficient}, {wallet.ErrAmount, jsonrpc.CodeType},
		{wallet.ErrFeeRate, jsonrpc.CodeType}, {wallet.ErrFeeTooHigh, jsonrpc.CodeInsufficient},
		{wallet.ErrTooLarge, jsonrpc.CodeInsufficient}, {wallet.ErrNotOurs, jsonrpc.CodeInvalidParam},
		{wallet.ErrSpent, jsonrpc.CodeInvalidParam},
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
	n := a.cfg.Ledger.AtHeight(a.cfg.Vault.Status().At)
	if n == nil { // the chain has just become shorter
		n = a.cfg.Ledger.Tip()
	}
	return blockPlace{n.Hash.String(), n.Height}
}
