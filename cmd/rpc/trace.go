package rpc

import (
	"context"

	"grapevine/chain"
	"grapevine/cmd/rpc/events"
	"grapevine/cmd/rpc/jsonrpc"
)

// eventRows are about what has happened on the node.
func (s *Server) eventRows() []jsonrpc.Method {
	return jsonrpc.Group("Network",
		jsonrpc.Method{Name: "traceevents", Params: "hash:hex", Do: s.traceEvents, Example: "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
			Help: "What the node still knows of the way of a transaction, by its txid or wtxid, or of a block, by its hash: when it heard of it and from whom, what it " +
				"found of it, whom it told. Oldest first; docs/events.md says what an event holds."},
	)
}

func (s *Server) traceEvents(_ context.Context, c *jsonrpc.Call) (any, error) {
	hash := c.Hash("hash")
	if err := c.Err(); err != nil {
		return nil, err
	}
	evs := []events.Event{}
	if hash == (chain.Hash{}) {
		return evs, nil // a filter of zero is none
	}
	if of := s.cfg.Events.Kept(events.Filter{Tx: hash}); len(of) > 0 {
		return of, nil
	}
	return append(evs, s.cfg.Events.Kept(events.Filter{Block: hash})...), nil
}
