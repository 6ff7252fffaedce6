package walletapi

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// coinRows are about what can be spent.
func (a *API) coinRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "getbalance", Params: "dummy:text? minconf:int=0 include_watchonly:bool? avoid_reuse:bool?", Do: a.getBalance,
			Help: "What can be spent, in BTC: confirmed coins and our own change."},
		jsonrpc.Method{Name: "getbalances", Do: a.getBalances,
			Help: "What can be spent (trusted), what is on its way (untrusted_pending) and what was mined too recently (immature)."},
		jsonrpc.Method{Name: "listunspent", Params: `minconf:int=1 maxconf:int=9999999 addresses:["address",...]? include_unsafe:bool=true query_options:object? ; minimumAmount:amount=0 maximumAmount:amount? maximumCount:int? minimumSumAmount:amount? include_immature_coinbase:bool=false`, Do: a.listUnspent,
			Help: "The wallet's coins.", Example: "0"},
		jsonrpc.Method{Name: "lockunspent", Params: `unlock:bool transactions:[{"txid":"hex","vout":n},...]? persistent:bool=false`, Do: a.lockUnspent,
			Help: "Sets coins aside (unlock false) so that they are not chosen, or gives them back; without a list gives all back. Lasts until the node stops.", Example: "true"},
		jsonrpc.Method{Name: "listlockunspent", Do: a.listLockUnspent,
			Help: "The coins set aside by lockunspent."},
	)
}

func (a *API) getBalance(ctx context.Context, c *jsonrpc.Call) (any, error) {
	minConf := c.Int("minconf")
	if c.Has("dummy") && c.String("dummy") != "*" {
		c.Refuse(codeDeprecated, `dummy first argument must be excluded or set to "*".`)
	}
	refuseReuse(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if minConf <= 0 {
		b, err := a.Wallet.Balance(ctx)
		return jsonrpc.Amount(b.Spendable()), err
	}
	coins, err := a.Wallet.Coins(ctx)
	if err != nil {
		return nil, err
	}
	var sum btcutil.Amount
	for _, coin := range coins {
		if mature(coin) && int64(coin.Confirmations) >= minConf {
			sum += coin.Value
		}
	}
	return jsonrpc.Amount(sum), nil
}

// codeDeprecated is Core's RPC_METHOD_DEPRECATED.
const codeDeprecated jsonrpc.Code = -32

// refuseReuse refuses the "avoid reuse" feature, which this wallet does not have.
func refuseReuse(c *jsonrpc.Call) {
	if c.Bool("avoid_reuse") {
		c.Refuse(jsonrpc.CodeWallet, `wallet does not have the "avoid reuse" feature enabled`)
	}
}

// mature says whether a coin could be spent but for being set aside.
func mature(c wallet.Coin) bool {
	return c.Spendable || !c.Coinbase && c.Confirmations > 0
}

func (a *API) getBalances(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	b, err := a.Wallet.Balance(ctx)
	if err != nil {
		return nil, err
	}
	type mine struct {
		Trusted  jsonrpc.Amount `json:"trusted"`
		Pending  jsonrpc.Amount `json:"untrusted_pending"`
		Immature jsonrpc.Amount `json:"immature"`
	}
	return struct {
		Mine      mine       `json:"mine"`
		LastBlock blockPlace `json:"lastprocessedblock"`
	}{mine{jsonrpc.Amount(b.Spendable()), jsonrpc.Amount(b.Unconfirmed), jsonrpc.Amount(b.Immature)}, a.lastBlock()}, nil
}

type unspent struct {
	TxID          string         `json:"txid"`
	Vout          uint32         `json:"vout"`
	Address       string         `json:"address,omitempty"`
	Label         string         `json:"label"`
	Script        string         `json:"scriptPubKey"`
	Redeem        string         `json:"redeemScript,omitempty"`
	Amount        jsonrpc.Amount `json:"amount"`
	Confirmations int32          `json:"confirmations"`
	Spendable     bool           `json:"spendable"`
	Solvable      bool           `json:"solvable"`
	Desc          string         `json:"desc"`
	ParentDescs   []string       `json:"parent_descs"`
	Safe          bool           `json:"safe"`
	Generated     bool           `json:"generated,omitempty"` // ours: a mined reward
}

// coinFilter is what listunspent's caller wants to see.
type coinFilter struct {
	min, max  int64 // confirmations
	addresses []string
	unsafe    bool
	options   struct {
		Min      *jsonrpc.Amount `json:"minimumAmount"`
		Max      *jsonrpc.Amount `json:"maximumAmount"`
		Count    int             `json:"maximumCount"`
		Sum      *jsonrpc.Amount `json:"minimumSumAmount"`
		Immature bool            `json:"include_immature_coinbase"`
	}
}

func (f *coinFilter) wants(c wallet.Coin) bool {
	value := jsonrpc.Amount(c.Value)
	o := &f.options
	switch {
	case c.Locked,
		int64(c.Confirmations) < f.min || int64(c.Confirmations) > f.max,
		len(f.addresses) > 0 && !slices.Contains(f.addresses, c.Address),
		!f.unsafe && !safe(c),
		!o.Immature && c.Coinbase && !mature(c),
		o.Min != nil && value < *o.Min,
		o.Max != nil && value > *o.Max:
		return false
	}
	return true
}

// safe coins are confirmed or made by ourselves alone.
func safe(c wallet.Coin) bool { return c.Confirmations > 0 || c.FromMe }

func (a *API) listUnspent(ctx context.Context, c *jsonrpc.Call) (any, error) {
	f := coinFilter{min: c.Int("minconf"), max: c.Int("maxconf"), addresses: c.Strings("addresses"), unsafe: c.Bool("include_unsafe")}
	c.Object("query_options", &f.options)
	for _, text := range f.addresses {
		if _, err := show.PayTo(text, a.Params.Params); err != nil {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: %s", show.Clip(text))
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	coins, err := a.Wallet.Coins(ctx)
	if err != nil {
		return nil, err
	}
	list, sum := []unspent{}, jsonrpc.Amount(0)
	for _, coin := range coins {
		if !f.wants(coin) {
			continue
		}
		list = append(list, a.unspent(coin))
		sum += jsonrpc.Amount(coin.Value)
		if f.options.Count > 0 && len(list) == f.options.Count || f.options.Sum != nil && sum >= *f.options.Sum {
			break
		}
	}
	return list, nil
}

func (a *API) unspent(c wallet.Coin) unspent {
	return unspent{
		TxID: c.OutPoint.Hash.String(), Vout: c.OutPoint.Index, Address: c.Address, Label: c.Label,
		Script: hex.EncodeToString(c.Script), Amount: jsonrpc.Amount(c.Value), Confirmations: c.Confirmations,
		Spendable: true, Solvable: !c.Unsolvable, Desc: descriptor.Infer(c.Script, a.Params.Params, nil).String(), ParentDescs: []string{descriptor.WithChecksum(c.ParentDesc)}, Safe: safe(c),
		Redeem: hex.EncodeToString(c.Redeem), Generated: c.Coinbase,
	}
}

type place struct {
	TxID string `json:"txid"`
	Vout uint32 `json:"vout"`
}

func (a *API) lockUnspent(ctx context.Context, c *jsonrpc.Call) (any, error) {
	lock := !c.Bool("unlock")
	ops, err := outPoints(c, "transactions")
	if err != nil {
		return nil, err
	}
	if !lock && !c.Has("transactions") {
		if ops, err = a.Wallet.LockedCoins(ctx); err != nil {
			return nil, err
		}
	}
	if err := a.Wallet.LockCoins(ctx, ops, lock); err != nil {
		return nil, err
	}
	return true, nil
}

// outPoints reads [{"txid", "vout"}, …].
func outPoints(c *jsonrpc.Call, name string) ([]wire.OutPoint, error) {
	var ops []wire.OutPoint
	for _, p := range c.Members(name, "txid:text vout:int ...") {
		ops = append(ops, show.OutPoint(p))
	}
	return ops, c.Err()
}

func (a *API) listLockUnspent(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	ops, err := a.Wallet.LockedCoins(ctx)
	list := make([]place, len(ops))
	for i, op := range ops {
		list[i] = place{op.Hash.String(), op.Index}
	}
	return list, err
}
