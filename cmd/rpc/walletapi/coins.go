package walletapi

import (
	"context"
	"encoding/hex"

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
		jsonrpc.Method{Name: "getunconfirmedbalance", Do: a.getUnconfirmedBalance,
			Help: "What is on its way, as getbalances has it (untrusted_pending)."},
		jsonrpc.Method{Name: "listunspent", Params: `minconf:int=1 maxconf:int=9999999 addresses:["address",...]? include_unsafe:bool=true query_options:object? ; minimumAmount:amount=0 maximumAmount:amount? maximumCount:int? minimumSumAmount:amount? include_immature_coinbase:bool=false`, Do: a.listUnspent,
			Help: "The wallet's coins.", Example: "0"},
		jsonrpc.Method{Name: "lockunspent", Params: `unlock:bool transactions:[{"txid":"hex","vout":n},...]? persistent:bool=false`, Do: a.lockUnspent,
			Help: "Sets coins aside (unlock false) so that they are not chosen, or gives them back; without a list gives all back. Lasts until the node stops, with persistent beyond that.", Example: "true"},
		jsonrpc.Method{Name: "listlockunspent", Do: a.listLockUnspent,
			Help: "The coins set aside by lockunspent."},
	)
}

func (a *API) getBalance(ctx context.Context, c *jsonrpc.Call) (any, error) {
	minConf := c.Int("minconf")
	if c.Has("dummy") && c.String("dummy") != "*" {
		c.Refuse(codeDeprecated, `dummy first argument must be excluded or set to "*".`)
	}
	avoid := a.avoidReuse(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	b, err := a.Wallet.BalanceAt(ctx, int32(min(max(minConf, 0), 1<<30)))
	sum := b.Spendable()
	if !avoid {
		sum += b.Used - b.UsedUnconfirmed
	}
	return jsonrpc.Amount(sum), err
}

// codeDeprecated is Core's RPC_METHOD_DEPRECATED.
const codeDeprecated jsonrpc.Code = -32

// avoidReuse says whether coins of addresses that were spent from are to be left out
// [GetAvoidReuseFlag].
func (a *API) avoidReuse(c *jsonrpc.Call) bool {
	can := a.Wallet.AvoidReuse()
	avoid := can
	if c.Has("avoid_reuse") {
		avoid = c.Bool("avoid_reuse")
	}
	if avoid && !can {
		c.Refuse(jsonrpc.CodeWallet, `wallet does not have the "avoid reuse" feature enabled`)
	}
	return avoid
}

// mature says whether a coin could be spent but for being set aside.
func mature(c *wallet.Coin) bool {
	return c.Spendable || !c.Coinbase && c.Confirmations > 0
}

func (a *API) getBalances(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	b, err := a.Wallet.Balance(ctx)
	if err != nil {
		return nil, err
	}
	type mine struct {
		Trusted  jsonrpc.Amount  `json:"trusted"`
		Pending  jsonrpc.Amount  `json:"untrusted_pending"`
		Immature jsonrpc.Amount  `json:"immature"`
		Used     *jsonrpc.Amount `json:"used,omitempty"`
	}
	m := mine{Trusted: jsonrpc.Amount(b.Spendable()), Pending: jsonrpc.Amount(b.Unconfirmed), Immature: jsonrpc.Amount(b.Immature)}
	if a.Wallet.AvoidReuse() {
		used := jsonrpc.Amount(b.Used)
		m.Used = &used
	}
	return struct {
		Mine      mine       `json:"mine"`
		LastBlock blockPlace `json:"lastprocessedblock"`
	}{m, a.lastBlock()}, nil
}

func (a *API) getUnconfirmedBalance(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	b, err := a.Wallet.Balance(ctx)
	return jsonrpc.Amount(b.Unconfirmed), err
}

type unspent struct {
	TxID          string         `json:"txid"`
	Vout          uint32         `json:"vout"`
	Address       string         `json:"address,omitempty"`
	Label         *string        `json:"label,omitempty"` // of what is in the address book
	Script        string         `json:"scriptPubKey"`
	Redeem        string         `json:"redeemScript,omitempty"`
	Amount        jsonrpc.Amount `json:"amount"`
	Confirmations int32          `json:"confirmations"`
	Spendable     bool           `json:"spendable"`
	Solvable      bool           `json:"solvable"`
	Desc          string         `json:"desc,omitempty"` // of what can be solved
	ParentDescs   []string       `json:"parent_descs"`
	AncestorCount int            `json:"ancestorcount,omitempty"` // of one in the pool, with itself
	AncestorSize  int            `json:"ancestorsize,omitempty"`
	AncestorFees  int64          `json:"ancestorfees,omitempty"` // satoshis
	Reused        *bool          `json:"reused,omitempty"`       // in a wallet that avoids it
	Safe          bool           `json:"safe"`
	Generated     bool           `json:"generated,omitempty"` // ours: a mined reward
}

// coinFilter is what listunspent's caller wants to see.
type coinFilter struct {
	min, max int64           // confirmations
	scripts  map[string]bool // those only; empty: all
	unsafe   bool
	count    int // taken by now, whatever their scripts
	sum      jsonrpc.Amount
	options  struct {
		Min      *jsonrpc.Amount `json:"minimumAmount"`
		Max      *jsonrpc.Amount `json:"maximumAmount"`
		Count    int             `json:"maximumCount"`
		Sum      *jsonrpc.Amount `json:"minimumSumAmount"`
		Immature bool            `json:"include_immature_coinbase"`
	}
}

// wants is asked of each coin until it has enough.
func (f *coinFilter) wants(c *wallet.Coin) (take, enough bool) {
	value := jsonrpc.Amount(c.Value)
	o := &f.options
	switch {
	case c.Locked,
		int64(c.Confirmations) < f.min || int64(c.Confirmations) > f.max,
		!f.unsafe && !c.Safe,
		!o.Immature && c.Coinbase && !mature(c),
		o.Min != nil && value < *o.Min,
		o.Max != nil && value > *o.Max:
		return false, false
	}
	f.count++
	f.sum += value
	enough = o.Count > 0 && f.count >= o.Count || o.Sum != nil && f.sum >= *o.Sum
	return len(f.scripts) == 0 || f.scripts[string(c.Script)], enough
}

func (a *API) listUnspent(ctx context.Context, c *jsonrpc.Call) (any, error) {
	f := coinFilter{min: c.Int("minconf"), max: c.Int("maxconf"), scripts: map[string]bool{}, unsafe: c.Bool("include_unsafe")}
	c.Object("query_options", &f.options)
	for _, text := range c.Strings("addresses") {
		script, err := show.PayTo(text, a.Params.Params)
		if err != nil {
			c.Refuse(jsonrpc.CodeInvalidAddress, "Invalid Bitcoin address: %s", show.Clip(text))
		} else if f.scripts[string(script)] {
			c.Refuse(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated address: %s", show.Clip(text))
		}
		f.scripts[string(script)] = true
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	coins, err := a.Wallet.SomeCoins(ctx, f.wants)
	if err != nil {
		return nil, err
	}
	list, reuse := make([]unspent, len(coins)), a.Wallet.AvoidReuse()
	for i := range coins {
		list[i] = a.unspent(&coins[i], reuse)
	}
	return list, nil
}

func (a *API) unspent(c *wallet.Coin, reuse bool) unspent {
	u := unspent{
		TxID: c.OutPoint.Hash.String(), Vout: c.OutPoint.Index, Address: c.Address,
		Script: hex.EncodeToString(c.Script), Amount: jsonrpc.Amount(c.Value), Confirmations: c.Confirmations,
		Spendable: true, Solvable: !c.Unsolvable, ParentDescs: []string{descriptor.WithChecksum(c.ParentDesc)}, Safe: c.Safe,
		Redeem: hex.EncodeToString(c.Redeem), Generated: c.Coinbase,
	}
	if c.Booked && c.Address != "" {
		u.Label = &c.Label
	}
	if u.Solvable {
		u.Desc = descriptor.WithChecksum(c.Desc)
	}
	if reuse {
		u.Reused = &c.Reused
	}
	if c.Confirmations == 0 && a.Pool != nil {
		if e, ok := a.Pool.Entry(c.OutPoint.Hash); ok {
			u.AncestorCount, u.AncestorSize, u.AncestorFees = e.AncestorCount, e.AncestorSize, int64(e.AncestorFees)
		}
	}
	return u
}

type place struct {
	TxID string `json:"txid"`
	Vout uint32 `json:"vout"`
}

func (a *API) lockUnspent(ctx context.Context, c *jsonrpc.Call) (any, error) {
	lock, durable := !c.Bool("unlock"), c.Bool("persistent")
	ops, err := outPoints(c, "transactions")
	if err != nil {
		return nil, err
	}
	switch {
	case lock:
		err = a.Wallet.LockCoins(ctx, ops, durable)
	case c.Has("transactions"):
		err = a.Wallet.UnlockCoins(ctx, ops)
	default:
		err = a.Wallet.UnlockEvery(ctx)
	}
	if err != nil {
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
