package chainapi

import (
	"context"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/cmd/rpc/jsonrpc"
)

// The two hashes that gettxoutsetinfo can give.
const (
	serialized3 = "hash_serialized_3"
	muHash      = "muhash"
)

// coinStats is gettxoutsetinfo's answer; what comes last only the index knows.
type coinStats struct {
	Height       int32           `json:"height"`
	Best         string          `json:"bestblock"`
	TxOuts       int64           `json:"txouts"`
	BogoSize     int64           `json:"bogosize"`
	Serialized3  string          `json:"hash_serialized_3,omitempty"`
	MuHash       string          `json:"muhash,omitempty"`
	Total        jsonrpc.Amount  `json:"total_amount"`
	Transactions *int64          `json:"transactions,omitempty"`
	DiskSize     *int64          `json:"disk_size,omitempty"`
	Unspendable  *jsonrpc.Amount `json:"total_unspendable_amount,omitempty"`
	Block        *coinChange     `json:"block_info,omitempty"`
}

// coinChange is what one block did to the coins.
type coinChange struct {
	Spent       jsonrpc.Amount `json:"prevout_spent"`
	Coinbase    jsonrpc.Amount `json:"coinbase"`
	NewOutputs  jsonrpc.Amount `json:"new_outputs_ex_coinbase"`
	Unspendable jsonrpc.Amount `json:"unspendable"`
	Why         struct {
		Genesis   jsonrpc.Amount `json:"genesis_block"`
		BIP30     jsonrpc.Amount `json:"bip30"`
		Scripts   jsonrpc.Amount `json:"scripts"`
		Unclaimed jsonrpc.Amount `json:"unclaimed_rewards"`
	} `json:"unspendables"`
}

func (a *API) getTxOutSetInfo(ctx context.Context, c *jsonrpc.Call) (any, error) {
	kind := c.String("hash_type")
	indexed := a.CoinStatsIndex && c.Bool("use_index")
	switch kind {
	case serialized3, muHash, "none":
	default:
		c.Refuse(jsonrpc.CodeInvalidParam, "'%s' is not a valid hash_type", kind)
	}
	asked := c.Has("hash_or_height")
	switch {
	case asked && !a.CoinStatsIndex:
		c.Refuse(jsonrpc.CodeInvalidParam, "Querying specific block heights requires coinstatsindex")
	case asked && kind == serialized3:
		c.Refuse(jsonrpc.CodeInvalidParam, "hash_serialized_3 hash type cannot be queried for a specific block")
	case asked && !indexed:
		c.Refuse(jsonrpc.CodeInvalidParam, "Cannot set use_index to false when querying for a specific block")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if !indexed || kind == serialized3 {
		return a.countCoins(ctx, kind)
	}
	at := a.Ledger.Tip()
	if asked {
		var err error
		if at, err = a.hashOrHeight(&c.Params, "hash_or_height"); err != nil {
			return nil, err
		}
	}
	return a.indexedCoins(at, kind)
}

// countCoins reads the whole coin set.
func (a *API) countCoins(ctx context.Context, kind string) (any, error) {
	st, err := a.Ledger.CountCoins(ctx, coins.Hashes{Serialized3: kind == serialized3, MuHash: kind == muHash})
	if err != nil {
		return nil, err
	}
	info := coinStats{
		Height: st.Height, Best: st.Best.String(), TxOuts: st.TxOuts, BogoSize: st.BogoSize,
		Total: jsonrpc.Amount(st.Total), Transactions: &st.Transactions, DiskSize: &st.DiskSize,
	}
	switch kind {
	case muHash:
		info.MuHash = st.MuHash.String()
	case serialized3:
		info.Serialized3 = st.Serialized3.String()
	}
	return info, nil
}

// indexedCoins is what the index keeps of a block.
func (a *API) indexedCoins(n *chain.HeaderNode, kind string) (any, error) {
	now, err := a.statsAt(n)
	if err != nil {
		return nil, err
	}
	var before coins.BlockStats
	if n.Parent != nil {
		if before, err = a.statsAt(n.Parent); err != nil {
			return nil, err
		}
	}
	amount := func(now, before btcutil.Amount) jsonrpc.Amount { return jsonrpc.Amount(now - before) }
	lost := jsonrpc.Amount(now.Unspendable())
	change := &coinChange{
		Spent: amount(now.Spent, before.Spent), Coinbase: amount(now.Coinbase, before.Coinbase),
		NewOutputs:  amount(now.NewOutputs, before.NewOutputs),
		Unspendable: amount(now.Unspendable(), before.Unspendable()),
	}
	change.Why.Genesis, change.Why.BIP30 = amount(now.Genesis, before.Genesis), amount(now.BIP30, before.BIP30)
	change.Why.Scripts, change.Why.Unclaimed = amount(now.Scripts, before.Scripts), amount(now.Unclaimed, before.Unclaimed)
	info := coinStats{Height: n.Height, Best: n.Hash.String(), TxOuts: now.TxOuts, BogoSize: now.BogoSize,
		Total: jsonrpc.Amount(now.Total), Unspendable: &lost, Block: change}
	if kind == muHash {
		info.MuHash = now.MuHash().String()
	}
	return info, nil
}

func (a *API) statsAt(n *chain.HeaderNode) (coins.BlockStats, error) {
	s, ok, err := a.Ledger.BlockStats(n.Hash)
	switch tip := a.Ledger.Tip().Height; {
	case err != nil || ok:
	case n.Height > tip:
		err = jsonrpc.Errorf(jsonrpc.CodeInternal, "Unable to get data because coinstatsindex is still syncing. Current height: %d", tip)
	default: // beside the chain, and never connected
		err = jsonrpc.Errorf(jsonrpc.CodeInternal, "Unable to read UTXO set")
	}
	return s, err
}
