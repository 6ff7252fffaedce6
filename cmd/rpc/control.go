package rpc

import (
	"context"

	"grapevine/cmd/rpc/jsonrpc"
)

func (s *Server) methods() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "stop", Params: "wait?", Do: s.stopNode},
		{Name: "uptime", Do: s.uptime},
	}
}

func (s *Server) stopNode(context.Context, *jsonrpc.Call) (any, error) {
	s.cfg.Stop()
	return "grapevine stopping", nil
}

func (s *Server) uptime(context.Context, *jsonrpc.Call) (any, error) {
	return int64(s.cfg.Now().Sub(s.started).Seconds()), nil
}
