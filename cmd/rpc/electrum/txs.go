package electrum

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/show"
)

func (s *Server) txRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "blockchain.transaction.get", Params: "tx_hash:text verbose:bool=false", Do: s.getTx, Large: true, Help: "A transaction in hex, or as getrawtransaction shows it."},
		{Name: "blockchain.transaction.get_merkle", Params: "tx_hash:text height:int", Do: s.getMerkle, Help: "Proof that a transaction is in the block at a height."},
		{Name: "blockchain.transaction.id_from_pos", Params: "height:int tx_pos:int merkle:bool=false", Do: s.idFromPos, Help: "The txid at a place of a block, with a proof if asked."},
		{Name: "blockchain.transaction.broadcast", Params: "raw_tx:text", Do: s.broadcast, Help: "Hands a transaction in."},
		{Name: "blockchain.transaction.broadcast_package", Params: "raw_txs:list verbose:bool=false", Do: s.broadcastPackage, Help: "Hands in transactions that build on each other, parents first."},
		{Name: "blockchain.estimatefee", Params: "number:int mode:any?", Do: s.estimateFee, Help: "The fee rate (BTC/kvB) for a block within so many; -1 when nobody knows."},
		{Name: "blockchain.relayfee", Do: s.relayFee, Help: "The least fee rate that is relayed, BTC/kvB; before 1.6."},
		{Name: "mempool.get_fee_histogram", Do: s.histogram, Help: "Fee rates of the pool (sat/vB), each with the virtual bytes that pay it."},
		{Name: "mempool.get_info", Do: s.poolInfo, Help: "The least fee rates, BTC/kvB."},
	}
}

func txHash(c *jsonrpc.Call) (chain.Hash, error) {
	return hashOf(c, "tx_hash", "should be a transaction hash")
}

func (s *Server) getTx(_ context.Context, c *jsonrpc.Call) (any, error) {
	id, err := txHash(c)
	if err != nil {
		return nil, err
	}
	f, err := s.cfg.Explore.Pool.Find(id)
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return nil, jsonrpc.Errorf(codeDaemon, "daemon error: %s", rpc.Message)
	}
	if err != nil {
		return nil, err
	}
	if c.Bool("verbose") {
		return s.cfg.Explore.Pool.Show(f)
	}
	return hex.EncodeToString(f.Tx.Raw()), nil
}

// idsAt are the txids of the block at a height of the chain.
func (s *Server) idsAt(h int32) ([]chain.Hash, error) {
	n := s.cfg.Explore.Chain.Ledger.AtHeight(h)
	if n == nil {
		return nil, jsonrpc.Errorf(codeBadRequest, "height %d is out of range", h)
	}
	ids, err := s.cfg.Explore.IDs(n)
	return ids, told(err)
}

func (s *Server) getMerkle(_ context.Context, c *jsonrpc.Call) (any, error) {
	id, err := txHash(c)
	at := height(c, "height")
	if err = errors.Join(err, c.Err()); err != nil {
		return nil, err
	}
	ids, err := s.idsAt(at)
	if err != nil {
		return nil, err
	}
	pos := slices.Index(ids, id)
	if pos < 0 {
		return nil, jsonrpc.Errorf(codeBadRequest, "tx %s not in block at height %d", id, at)
	}
	return struct {
		Height int32    `json:"block_height"`
		Merkle []string `json:"merkle"`
		Pos    int      `json:"pos"`
	}{at, show.Hashes(chain.Branch(ids, pos)), pos}, nil
}

func (s *Server) idFromPos(_ context.Context, c *jsonrpc.Call) (any, error) {
	at, pos, merkle := height(c, "height"), height(c, "tx_pos"), c.Bool("merkle")
	if err := c.Err(); err != nil {
		return nil, err
	}
	ids, err := s.idsAt(at)
	if err != nil {
		return nil, err
	}
	if int(pos) >= len(ids) {
		return nil, jsonrpc.Errorf(codeBadRequest, "no tx at position %d in block at height %d", pos, at)
	}
	if !merkle {
		return ids[pos].String(), nil
	}
	return struct {
		TxHash string   `json:"tx_hash"`
		Merkle []string `json:"merkle"`
	}{ids[pos].String(), show.Hashes(chain.Branch(ids, int(pos)))}, nil
}

// refusal gives a verdict ElectrumX's words, by which clients know it.
func refusal(what string, err error) error {
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok {
		return jsonrpc.Errorf(codeBadRequest, "the %s was rejected by network rules.\n\n%s", what, rpc.Message)
	}
	return err
}

func (s *Server) broadcast(ctx context.Context, c *jsonrpc.Call) (any, error) {
	text := c.String("raw_tx")
	if err := c.Err(); err != nil {
		return nil, err
	}
	id, err := s.cfg.Explore.Pool.SendHex(ctx, text)
	if err != nil {
		return nil, refusal("transaction", err)
	}
	return id.String(), nil
}

func (s *Server) broadcastPackage(ctx context.Context, c *jsonrpc.Call) (any, error) {
	list, verbose := c.Strings("raw_txs"), c.Bool("verbose")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 || len(list) > policy.MaxPackageCount {
		return nil, jsonrpc.Errorf(codeBadRequest, "want 1 to %d transactions", policy.MaxPackageCount)
	}
	txs := make([]*chain.Tx, len(list))
	for i, text := range list {
		var err error
		if txs[i], err = show.DecodeTx(text, show.WithWitness); err != nil {
			return nil, jsonrpc.Errorf(codeBadRequest, "transaction %d cannot be decoded", i)
		}
	}
	result, err := s.cfg.Explore.Pool.SendPackage(ctx, txs, poolapi.DefaultMaxRate)
	if err != nil {
		return nil, refusal("tx package", err)
	}
	if verbose {
		return result, nil
	}
	return brief(result), nil
}

// brief is what 1.6 says of submitpackage's answer.
func brief(full poolapi.PackageResult) any {
	type fault struct {
		TxID  string `json:"txid"`
		Error string `json:"error"`
	}
	v := struct {
		Success bool    `json:"success"`
		Errors  []fault `json:"errors,omitempty"`
	}{Success: full.Message == "success"}
	for _, r := range full.Results {
		if r.Error != "" {
			v.Errors = append(v.Errors, fault{r.TxID, r.Error})
		}
	}
	return v
}

func (s *Server) estimateFee(_ context.Context, c *jsonrpc.Call) (any, error) {
	n := c.Int("number")
	if n < 1 {
		c.Refuse(codeBadRequest, "number of blocks should be positive")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	if s.cfg.Explore.Pool.NoEstimates {
		return -1, nil
	}
	rate, _, ok := s.cfg.Explore.Pool.Pool.EstimateFee(int(min(n, show.MaxTarget)), c.Type("mode") == "string" && string(c.Raw("mode")) == `"CONSERVATIVE"`)
	if !ok {
		return -1, nil
	}
	return jsonrpc.Amount(rate), nil
}

func (s *Server) relayFee(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	if speaks(ctx, newest) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMethodNotFound, "unknown method \"blockchain.relayfee\": since 1.6 it is mempool.get_info")
	}
	return jsonrpc.Amount(s.pooled().Rules().MinRelay), nil
}

func (s *Server) pooled() *mempool.Pool { return s.cfg.Explore.Pool.Pool }

func (s *Server) poolInfo(context.Context, *jsonrpc.Call) (any, error) {
	rules := s.pooled().Rules()
	return struct {
		Least     jsonrpc.Amount `json:"mempoolminfee"`
		Relay     jsonrpc.Amount `json:"minrelaytxfee"`
		Increment jsonrpc.Amount `json:"incrementalrelayfee"`
	}{jsonrpc.Amount(s.pooled().MinFee()), jsonrpc.Amount(rules.MinRelay), jsonrpc.Amount(rules.Increment)}, nil
}

func (s *Server) histogram(context.Context, *jsonrpc.Call) (any, error) {
	return s.cfg.Explore.Histogram(), nil
}
