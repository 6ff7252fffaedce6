package chainapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// branchRows say which block to follow, and where to get it.
func (a *API) branchRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "preciousblock", Params: "blockhash:hex", Do: a.preciousBlock,
			Help: "Treats a block as if it had come before others with as much work. A later call overrides this one; it does not outlive a restart.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
		jsonrpc.Method{Name: "getblockfrompeer", Params: "blockhash:hex peer_id:long", Do: a.getBlockFromPeer,
			Help: "Asks a peer for the body of a block whose header is known (see submitheader) and whose body is not here. Answers {} once it was asked.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206 0"},
		jsonrpc.Method{Name: "getchaintxstats", Params: "nblocks:int? blockhash:hex?", Do: a.getChainTxStats,
			Help: "How many transactions the chain has, and how many came a second in the last nblocks (a month's) before a block (the tip).", Example: "2016"},
	)
}

func (a *API) preciousBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	return a.mark(ctx, c, a.Ledger.Precious)
}

func (a *API) getBlockFromPeer(ctx context.Context, c *jsonrpc.Call) (any, error) {
	hash, peer := c.Hash("blockhash"), c.Int("peer_id")
	if err := c.Err(); err != nil {
		return nil, err
	}
	n, st, ok := a.Ledger.Lookup(hash)
	switch {
	case !ok:
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Block header missing")
	case a.Prune.On && n.Height > a.Ledger.Tip().Height:
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "In prune mode, only blocks that the node has already synced previously can be fetched from a peer")
	case st&ledger.HaveBody != 0:
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Block already downloaded")
	}
	return struct{}{}, a.FetchBlock(ctx, peer, n)
}

type chainTxStats struct {
	Time     int64        `json:"time"`
	Txs      uint64       `json:"txcount,omitempty"`
	Hash     string       `json:"window_final_block_hash"`
	Height   int32        `json:"window_final_block_height"`
	Blocks   int32        `json:"window_block_count"`
	Interval *int64       `json:"window_interval,omitempty"`
	Window   *uint64      `json:"window_tx_count,omitempty"`
	Rate     *show.Number `json:"txrate,omitempty"`
}

func (a *API) getChainTxStats(_ context.Context, c *jsonrpc.Call) (any, error) {
	n := a.Ledger.Tip()
	if c.Has("blockhash") {
		var err error
		if n, _, err = a.lookup(&c.Params, "blockhash"); err != nil {
			return nil, err
		}
		if a.Ledger.AtHeight(n.Height) != n {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Block is not in main chain")
		}
	}
	const month = 30 * 24 * time.Hour
	blocks := max(0, min(int64(month/a.Params.TargetTimePerBlock), int64(n.Height-1)))
	if c.Has("nblocks") {
		blocks = c.Int("nblocks")
		if blocks < 0 || blocks > 0 && blocks >= int64(n.Height) {
			c.Refuse(jsonrpc.CodeInvalidParam, "Invalid block count: should be between 0 and the block's height - 1")
		}
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	st := chainTxStats{Time: n.Header.Timestamp.Unix(), Txs: a.Ledger.ChainTxs(n.Hash),
		Hash: n.Hash.String(), Height: n.Height, Blocks: int32(blocks)}
	if blocks > 0 {
		st.window(n, n.Ancestor(n.Height-int32(blocks)), a.Ledger)
	}
	return st, nil
}

// window says what came after first up to n.
func (st *chainTxStats) window(n, first *chain.HeaderNode, l *ledger.Ledger) {
	took := n.MedianTimePast() - first.MedianTimePast()
	st.Interval = &took
	before := l.ChainTxs(first.Hash)
	if st.Txs == 0 || before == 0 {
		return
	}
	came := st.Txs - before
	st.Window = &came
	if took > 0 {
		rate := show.Number(float64(came) / float64(took))
		st.Rate = &rate
	}
}

func (a *API) submitHeader(ctx context.Context, c *jsonrpc.Call) (any, error) {
	raw, err := hex.DecodeString(c.String("hexdata"))
	if fault := c.Err(); fault != nil {
		return nil, fault
	}
	var h wire.BlockHeader
	if err != nil || h.Deserialize(bytes.NewReader(raw)) != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Block header decode failed")
	}
	err = a.SubmitHeader(ctx, h)
	if word, ok := refusal(err); ok {
		return nil, jsonrpc.Errorf(jsonrpc.CodeVerify, "%s", word)
	}
	switch {
	case errors.Is(err, chain.ErrUnknownParent):
		return nil, jsonrpc.Errorf(jsonrpc.CodeVerify, "Must submit previous header (%s) first", h.PrevBlock)
	case errors.Is(err, chain.ErrTimeTooNew):
		return nil, jsonrpc.Errorf(jsonrpc.CodeVerify, "%s", chain.ErrTimeTooNew)
	}
	return nil, err
}
