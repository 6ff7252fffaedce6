package chainapi

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

func (a *API) getBlock(_ context.Context, c *jsonrpc.Call) (any, error) {
	verbosity := c.Verbosity("verbosity", 1)
	n, _, err := a.lookup(c, "blockhash")
	if err != nil {
		return nil, err
	}
	if verbosity <= 0 {
		raw, err := a.cfg.Ledger.RawBlock(n.Hash)
		if err != nil {
			return nil, bodyError(err)
		}
		return hex.EncodeToString(raw), nil
	}
	return a.Block(n, verbosity)
}

// Block shows a block: 1 with txids, 2 with transactions, 3 with what they spend.
func (a *API) Block(n *chain.HeaderNode, verbosity int64) (any, error) {
	b, err := a.cfg.Ledger.Block(n.Hash)
	if err != nil {
		return nil, bodyError(err)
	}
	h := show.NewHeader(n, a.cfg.Ledger.Tip(), len(b.Txs))
	if verbosity < 2 {
		return show.NewBlock(h, b, a.cfg.Params.Params, nil), nil
	}
	spent, err := a.cfg.Ledger.Spent(n.Hash)
	if err != nil {
		spent = nil // a block that was never connected has none
	}
	return show.NewBlock(h, b, a.cfg.Params.Params, func(i int) show.Detail {
		d := show.Detail{Hex: true, Prevout: verbosity > 2}
		if i > 0 && i < len(spent) {
			d.Spent = spent[i]
		}
		return d
	}), nil
}

func (a *API) getBlockHeader(_ context.Context, c *jsonrpc.Call) (any, error) {
	verbose := c.Bool("verbose", true)
	n, st, err := a.lookup(c, "blockhash")
	if err != nil {
		return nil, err
	}
	if verbose {
		return a.Header(n, st), nil
	}
	return hex.EncodeToString(HeaderBytes(n)), nil
}

// HeaderBytes is the header as it travels, 80 bytes.
func HeaderBytes(n *chain.HeaderNode) []byte {
	var buf bytes.Buffer
	_ = n.Header.Serialize(&buf) // a Buffer takes everything
	return buf.Bytes()
}

// Header shows a header.
func (a *API) Header(n *chain.HeaderNode, st ledger.Status) show.Header {
	txs := 0
	if st&ledger.HaveBody != 0 {
		if raw, err := a.cfg.Ledger.RawBlock(n.Hash); err == nil && len(raw) > wire.MaxBlockHeaderPayload {
			count, _ := wire.ReadVarInt(bytes.NewReader(raw[wire.MaxBlockHeaderPayload:]), 0)
			txs = int(count)
		}
	}
	return show.NewHeader(n, a.cfg.Ledger.Tip(), txs)
}

func (a *API) getBlockFilter(_ context.Context, c *jsonrpc.Call) (any, error) {
	if kind := c.String("filtertype"); kind != "" && kind != "basic" {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Unknown filtertype")
	}
	if !a.cfg.FilterIndex {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Index is not enabled for filtertype basic")
	}
	n, _, err := a.lookup(c, "blockhash")
	if err != nil {
		return nil, err
	}
	filter, header, ok, err := a.cfg.Ledger.Filter(n.Hash)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Filter not found. Block was not connected to active chain.")
	}
	return struct {
		Filter string `json:"filter"`
		Header string `json:"header"`
	}{hex.EncodeToString(filter), header.String()}, nil
}

func (a *API) invalidateBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	return a.mark(ctx, c, a.cfg.Ledger.Invalidate)
}

func (a *API) reconsiderBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	return a.mark(ctx, c, a.cfg.Ledger.Reconsider)
}

// mark is answered when pool and wallet have followed what it changed.
func (a *API) mark(ctx context.Context, c *jsonrpc.Call, change func(context.Context, chain.Hash) (uint64, error)) (any, error) {
	n, _, err := a.lookup(c, "blockhash")
	if err != nil {
		return nil, err
	}
	seq, err := change(ctx, n.Hash)
	if err != nil {
		return nil, err
	}
	return nil, a.cfg.Settle(ctx, seq)
}
