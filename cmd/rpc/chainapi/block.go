package chainapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// blockRows are about one block.
func (a *API) blockRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "getblock", Params: "blockhash:hex verbosity|verbose:level=1", Do: a.getBlock, Large: true,
			Help: "A block. Verbosity 0 gives its bytes in hex, 1 an object with txids (the default), 2 with whole transactions and their fees, 3 with the outputs they spend too. false and true mean 0 and 1.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206 2"},
		jsonrpc.Method{Name: "getblockheader", Params: "blockhash:hex verbose:bool=true", Do: a.getBlockHeader,
			Help: "A header and its place in the chain; with verbose false its 80 bytes in hex.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
		jsonrpc.Method{Name: "getblockfilter", Params: "blockhash:hex filtertype:text=basic", Do: a.getBlockFilter,
			Help: `The compact filter of a block (BIP157, BIP158) and its filter header. The only filtertype is "basic". Needs the filter index.`, Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
		jsonrpc.Method{Name: "getblockstats", Params: "hash_or_height:word stats:list?", Do: a.getBlockStats, Large: true,
			Help: "A block in numbers: fees and fee rates (satoshis, satoshis per virtual byte), sizes, growth of the coin set. With a list of names only those.", Example: `100 '["minfeerate","avgfeerate"]'`},
		jsonrpc.Method{Name: "gettxoutsetinfo", Params: "hash_type:text=hash_serialized_3 hash_or_height:word? use_index:bool=true", Do: a.getTxOutSetInfo,
			Help: "The coin set at the tip: number of coins, total, and a hash over all of them: hash_serialized_3 (default), muhash or none. Two nodes with one tip give one hash.", Example: "muhash"},
		jsonrpc.Method{Name: "invalidateblock", Params: "blockhash:hex", Do: a.invalidateBlock,
			Help: "Treats a block and all that build on it as invalid, and moves to the best chain without it.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
		jsonrpc.Method{Name: "reconsiderblock", Params: "blockhash:hex", Do: a.reconsiderBlock,
			Help: "Takes back invalidateblock for a block, its ancestors and its descendants.", Example: "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
	)
}

func (a *API) getBlock(_ context.Context, c *jsonrpc.Call) (any, error) {
	verbosity := c.Verbosity("verbosity")
	n, _, err := a.lookup(&c.Params, "blockhash")
	if err != nil {
		return nil, err
	}
	if verbosity <= 0 {
		var text jsonrpc.Encoded
		if err := a.Ledger.InBlock(n.Hash, func(raw []byte) { text = jsonrpc.Hex(raw) }); err != nil {
			return nil, a.bodyError(err)
		}
		return text, nil
	}
	if verbosity == 1 {
		return a.blockIDs(n)
	}
	return a.block(n, verbosity)
}

// blockIDs shows a block with the ids of its transactions.
func (a *API) blockIDs(n *chain.HeaderNode) (any, error) {
	var o chain.Outline
	var fault error
	err := a.Ledger.InBlock(n.Hash, func(raw []byte) { o, fault = chain.OutlineOf(raw) })
	if err = cmp.Or(err, fault); err != nil {
		return nil, a.bodyError(err)
	}
	return show.NewBlock(show.NewHeader(n, a.Ledger.Tip(), len(o.TxIDs)), o)
}

// block shows a block with its transactions; 3: with what they spend, too.
func (a *API) block(n *chain.HeaderNode, verbosity int64) (any, error) {
	b, err := a.Ledger.Block(n.Hash)
	if err != nil {
		return nil, a.bodyError(err)
	}
	spent, err := a.Ledger.SpentBy(b)
	if err != nil {
		spent = nil // a block that was never connected has none
	}
	h := show.NewHeader(n, a.Ledger.Tip(), len(b.Txs))
	return show.NewWholeBlock(h, b, a.Params.Params, func(i int) show.Detail {
		d := show.Detail{Hex: true, Prevout: verbosity > 2}
		if i > 0 && i < len(spent) {
			d.Spent = spent[i]
		}
		return d
	})
}

func (a *API) getBlockHeader(_ context.Context, c *jsonrpc.Call) (any, error) {
	verbose := c.Bool("verbose")
	n, st, err := a.lookup(&c.Params, "blockhash", "hash")
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
	txs := a.Ledger.TxCount(n.Hash)
	if txs == 0 && st&ledger.HaveBody != 0 {
		if raw, err := a.Ledger.RawBlock(n.Hash); err == nil && len(raw) > wire.MaxBlockHeaderPayload {
			count, _ := wire.ReadVarInt(bytes.NewReader(raw[wire.MaxBlockHeaderPayload:]), 0)
			txs = int(count)
		}
	}
	return show.NewHeader(n, a.Ledger.Tip(), txs)
}

func (a *API) getBlockFilter(_ context.Context, c *jsonrpc.Call) (any, error) {
	if kind := c.String("filtertype"); kind != "basic" {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Unknown filtertype")
	}
	if !a.FilterIndex {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Index is not enabled for filtertype basic")
	}
	n, _, err := a.lookup(&c.Params, "blockhash")
	if err != nil {
		return nil, err
	}
	filter, header, ok, err := a.Ledger.Filter(n.Hash)
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
	return a.mark(ctx, c, a.Ledger.Invalidate)
}

func (a *API) reconsiderBlock(ctx context.Context, c *jsonrpc.Call) (any, error) {
	return a.mark(ctx, c, a.Ledger.Reconsider)
}

// mark is answered when pool and wallet have followed what it changed, and it is on disk.
func (a *API) mark(ctx context.Context, c *jsonrpc.Call, change func(context.Context, chain.Hash) (uint64, error)) (any, error) {
	n, _, err := a.lookup(&c.Params, "blockhash")
	if err != nil {
		return nil, err
	}
	seq, err := change(ctx, n.Hash)
	if err != nil {
		return nil, err
	}
	return nil, errors.Join(a.Ledger.Sync(ctx), a.Settle(ctx, seq))
}
