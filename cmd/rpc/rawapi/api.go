package rawapi

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
)

// API answers; its fields are who is asked for coins.
type API struct {
	Params *chain.Params
	Ledger *ledger.Ledger
	Pool   *mempool.Pool

	TxIndex bool         // the ledger keeps where each transaction is
	Policy  policy.Rules // whose Core is answered like, where releases differ
}

// Methods are the rows of what is answered here; each stands with its function.
func (a *API) Methods() []jsonrpc.Method {
	return slices.Concat(a.buildRows(), a.signRows(), a.psbtRows(), a.descriptorRows(), a.messageRows())
}

// Coins are what a transaction spends, as far as pool and chain know it [FindCoins].
func (a *API) Coins(tx *wire.MsgTx) (map[wire.OutPoint]chain.Coin, error) {
	found := map[wire.OutPoint]chain.Coin{}
	pool, view := a.Pool.Coins(), a.Ledger.View()
	for _, in := range tx.TxIn {
		for _, known := range []chain.CoinView{pool, view} {
			coin, ok, err := known.Coin(in.PreviousOutPoint)
			if err != nil {
				return nil, err
			}
			if ok {
				found[in.PreviousOutPoint] = coin
				break
			}
		}
	}
	return found, nil
}
