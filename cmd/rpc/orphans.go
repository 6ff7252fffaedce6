package rpc

import (
	"context"
	"encoding/hex"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/p2p/gossip"
)

// orphanTx is a transaction that waits for its parents [OrphanToJSON].
type orphanTx struct {
	TxID   string  `json:"txid"`
	WTxID  string  `json:"wtxid"`
	Bytes  int     `json:"bytes"`
	VSize  int     `json:"vsize"`
	Weight int     `json:"weight"`
	From   []int64 `json:"from"` // as getpeerinfo numbers them
	Hex    string  `json:"hex,omitempty"`
}

func newOrphan(o gossip.Orphan, bytes bool) orphanTx {
	x := orphanTx{TxID: show.Hash(o.Tx.ID), WTxID: show.Hash(o.Tx.WID), Bytes: o.Tx.Size, VSize: o.Tx.VSize(), Weight: o.Tx.Weight, From: o.From}
	if bytes {
		x.Hex = hex.EncodeToString(o.Tx.Raw())
	}
	return x
}

func (s *Server) getOrphanTxs(_ context.Context, c *jsonrpc.Call) (any, error) {
	if c.Type("verbosity") == "bool" {
		c.Refuse(jsonrpc.CodeType, "Verbosity was boolean but only integer allowed")
	}
	verbosity := c.Verbosity("verbosity")
	if verbosity < 0 || verbosity > 2 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid verbosity value %d", verbosity)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	list := []any{}
	for _, o := range s.cfg.Swarm.Orphans() {
		if verbosity == 0 {
			list = append(list, show.Hash(o.Tx.ID))
			continue
		}
		list = append(list, newOrphan(o, verbosity == 2))
	}
	return list, nil
}
