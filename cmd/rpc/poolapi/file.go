package poolapi

import (
	"context"
	"errors"
	"path/filepath"

	"grapevine/chain/mempool/dump"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// fileRows are about the pool's file.
func (a *API) fileRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "savemempool", Do: a.saveMempool,
			Help: "Writes the pool to mempool.dat in the data directory now; a clean stop does it too."},
		jsonrpc.Method{Name: "importmempool", Params: "filepath:text options:object? ; use_current_time:bool=true apply_fee_delta_priority:bool=false apply_unbroadcast_set:bool=false", Do: a.importMempool,
			Help: `Gives the pool what a mempool.dat holds, ours or bitcoind's; with {"use_current_time":false} as old as it is. apply_fee_delta_priority adds what prioritisetransaction had added; apply_unbroadcast_set announces again what nobody had asked for.`, Example: "/tmp/mempool.dat"},
	)
}

func (a *API) saveMempool(context.Context, *jsonrpc.Call) (any, error) {
	if a.File == nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "This node keeps no pool.")
	}
	path, err := a.File.Save()
	switch {
	case errors.Is(err, dump.ErrNotLoaded):
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "The mempool was not loaded yet")
	case err != nil:
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Unable to dump mempool to disk: %s", err)
	}
	return struct {
		Name string `json:"filename"`
	}{path}, nil
}

func (a *API) importMempool(ctx context.Context, c *jsonrpc.Call) (any, error) {
	path := c.String("filepath")
	options := struct {
		Fresh       bool `json:"use_current_time"`
		Deltas      bool `json:"apply_fee_delta_priority"`
		Unbroadcast bool `json:"apply_unbroadcast_set"`
	}{Fresh: true}
	c.Object("options", &options)
	switch {
	case a.File == nil:
		c.Refuse(jsonrpc.CodeMisc, "This node keeps no pool.")
	case !filepath.IsAbs(path):
		c.Refuse(jsonrpc.CodeInvalidParam, "the file must be named by its absolute path")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.File.Import(ctx, path, Import(options)); err != nil {
		why := err.Error()
		if !errors.Is(err, dump.ErrFormat) {
			why = "it cannot be read"
		}
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Unable to import mempool file %s: %s", show.Clip(path), why)
	}
	return struct{}{}, nil
}
