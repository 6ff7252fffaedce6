package poolapi

import (
	"context"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/cmd/rpc/jsonrpc"
)

// miningRows are about what miners prefer.
func (a *API) miningRows() []jsonrpc.Method {
	return append(jsonrpc.Group("Mining",
		jsonrpc.Method{Name: "prioritisetransaction", Params: "txid:hex dummy:num? fee_delta:long", Do: a.prioritiseTransaction,
			Help: "Adds satoshis to what a transaction counts as paying, or takes them off: for entry to the pool, replacement, eviction and mining. Nobody pays them. dummy is 0 or null.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b 0 10000"},
		jsonrpc.Method{Name: "getprioritisedtransactions", Do: a.getPrioritisedTransactions,
			Help: "What prioritisetransaction has added, by txid, until a block confirms the transaction."},
	), jsonrpc.Method{Name: "mockscheduler", Params: "delta_time:long", Do: a.mockScheduler,
		Help: "Regtest: what the node does from time to time comes so many seconds sooner (1 to 3600).", Example: "900"})
}

func (a *API) prioritiseTransaction(ctx context.Context, c *jsonrpc.Call) (any, error) {
	txid, delta := c.Hash("txid"), c.Int("fee_delta")
	if c.Float("dummy") != 0 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Priority is no longer supported, dummy argument to prioritisetransaction must be 0.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	// Dust must leave no reason to be mined without the child that spends it.
	if e, ok := a.Pool.Entry(txid); ok && slices.ContainsFunc(e.Tx.TxOut, func(o *wire.TxOut) bool { return a.Pool.Rules().IsDust(o) }) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Priority is not supported for transactions with dust outputs.")
	}
	return true, a.Prioritise(ctx, txid, btcutil.Amount(delta))
}

type prioritised struct {
	Delta    int64  `json:"fee_delta"` // satoshis, as is the next
	InPool   bool   `json:"in_mempool"`
	Modified *int64 `json:"modified_fee,omitempty"`
}

func (a *API) getPrioritisedTransactions(context.Context, *jsonrpc.Call) (any, error) {
	all := map[string]prioritised{}
	for txid, d := range a.Pool.Prioritised() {
		one := prioritised{Delta: int64(d.Added), InPool: d.Pooled}
		if d.Pooled {
			fee := int64(d.Fee)
			one.Modified = &fee
		}
		all[txid.String()] = one
	}
	return all, nil
}

// maxForward is what Core takes at once.
const maxForward = int64(time.Hour / time.Second)

func (a *API) mockScheduler(ctx context.Context, c *jsonrpc.Call) (any, error) {
	if a.MockForward == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "mockscheduler is for regression testing (-regtest mode) only")
	}
	seconds := c.Int("delta_time")
	if seconds < 1 || seconds > maxForward {
		c.Refuse(jsonrpc.CodeMisc, "delta_time must be between 1 and %d seconds (1 hr)", maxForward)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, a.MockForward(ctx, time.Duration(seconds)*time.Second)
}
