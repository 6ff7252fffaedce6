package chainapi

import (
	"cmp"
	"context"
	"slices"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// activity is what descriptors' scripts have spent and received, in the order in which it is looked through.
type activity struct {
	api    *API
	wanted needles
	found  []any // spendActivity and receiveActivity
}

// place is where something has happened; nowhere of what waits in the pool.
type place struct {
	Block  string `json:"blockhash,omitempty"`
	Height *int32 `json:"height,omitempty"`
}

type spendActivity struct {
	Type   string         `json:"type"`
	Amount jsonrpc.Amount `json:"amount"`
	place
	TxID        string      `json:"spend_txid"`
	Vin         int         `json:"spend_vin"`
	PrevoutTxID string      `json:"prevout_txid"`
	PrevoutVout uint32      `json:"prevout_vout"`
	Script      show.Script `json:"prevout_spk"`
}

type receiveActivity struct {
	Type   string         `json:"type"`
	Amount jsonrpc.Amount `json:"amount"`
	place
	TxID   string      `json:"txid"`
	Vout   int         `json:"vout"`
	Script show.Script `json:"output_spk"`
}

func (a *API) getDescriptorActivity(ctx context.Context, c *jsonrpc.Call) (any, error) {
	nodes, err := a.mainBlocks(c, "blockhashes")
	if err != nil {
		return nil, err
	}
	wanted, err := a.needles(c)
	if err != nil {
		return nil, err
	}
	pool := c.Bool("include_mempool")
	if err := c.Err(); err != nil {
		return nil, err
	}
	act := activity{api: a, wanted: wanted, found: []any{}}
	for _, n := range nodes {
		if err := cmp.Or(ctx.Err(), act.addBlock(n)); err != nil {
			return nil, err
		}
	}
	if pool {
		if err := act.addPool(ctx); err != nil {
			return nil, err
		}
	}
	return struct {
		Activity []any `json:"activity"`
	}{act.found}, nil
}

// mainBlocks reads hashes of blocks of the main chain: each once, in order of height.
func (a *API) mainBlocks(c *jsonrpc.Call, name string) (nodes []*chain.HeaderNode, err error) {
	for _, text := range c.Strings(name) {
		hash, err := jsonrpc.ParseHash("blockhash", text)
		if err != nil {
			return nil, err
		}
		n, _, ok := a.Ledger.Lookup(hash)
		switch {
		case !ok:
			return nil, errBlockNotFound()
		case a.Ledger.AtHeight(n.Height) != n:
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block is not in main chain")
		}
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *chain.HeaderNode) int { return cmp.Compare(a.Height, b.Height) })
	return slices.Compact(nodes), c.Err()
}

func (act *activity) addBlock(n *chain.HeaderNode) error {
	b, err := act.api.Ledger.Block(n.Hash)
	if err != nil {
		return act.api.bodyError(err)
	}
	spent := make([][]chain.Coin, len(b.Txs))
	if n.Parent != nil { // genesis spends nothing and has no record of it
		if spent, err = act.api.Ledger.SpentBy(b); err != nil {
			return act.api.bodyError(err)
		}
	}
	at := place{n.Hash.String(), &n.Height}
	for i, tx := range b.Txs {
		act.addTx(tx, spent[i], at)
	}
	return nil
}

// addPool looks through the pool, parents before their children; what leaves it meanwhile is left out.
func (act *activity) addPool(ctx context.Context) error {
	for _, e := range act.api.Pool.Entries() {
		spent, ok, err := act.api.Pool.Spends(e.Tx.ID)
		if err := cmp.Or(ctx.Err(), err); err != nil {
			return err
		}
		if ok {
			act.addTx(e.Tx, spent, place{})
		}
	}
	return nil
}

// addTx notes what a transaction spends of the scripts, then what it pays them. A coinbase
// spends nothing.
func (act *activity) addTx(tx *chain.Tx, spent []chain.Coin, at place) {
	net := act.api.Params.Params
	for i, coin := range spent {
		if act.wanted[string(coin.PkScript)] == nil {
			continue
		}
		from := tx.TxIn[i].PreviousOutPoint
		act.found = append(act.found, spendActivity{Type: "spend", Amount: jsonrpc.Amount(coin.Value), place: at, TxID: tx.ID.String(), Vin: i,
			PrevoutTxID: from.Hash.String(), PrevoutVout: from.Index, Script: show.NewScript(coin.PkScript, net)})
	}
	for i, out := range tx.TxOut {
		if act.wanted[string(out.PkScript)] != nil {
			act.found = append(act.found, receiveActivity{Type: "receive", Amount: jsonrpc.Amount(out.Value), place: at, TxID: tx.ID.String(), Vout: i,
				Script: show.NewScript(out.PkScript, net)})
		}
	}
}
