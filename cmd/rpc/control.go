package rpc

import (
	"context"
	"math"
	"time"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/walletapi"
)

// methods is the table of all that this server answers.
func (s *Server) methods(onChain *chainapi.API, onPool *poolapi.API) []jsonrpc.Method {
	all := append(s.controlMethods(), s.peerMethods()...)
	all = append(all, s.bookMethods()...)
	all = append(all, onChain.Methods()...)
	all = append(all, onPool.Methods()...)
	if s.cfg.Wallet != nil {
		w := walletapi.New(walletapi.Config{Params: s.cfg.Params, Vault: s.cfg.Wallet, Ledger: s.cfg.Ledger, Pool: s.cfg.Pool})
		all = append(all, w.Methods()...)
	}
	return all
}

func (s *Server) controlMethods() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "help", Params: "command?", Do: s.helpText, Early: true},
		{Name: "stop", Params: "wait?", Do: s.stopNode, Early: true},
		{Name: "uptime", Do: s.uptime, Early: true},
		{Name: "echo", Params: "arg0? arg1? arg2? arg3? arg4? arg5? arg6? arg7? arg8? arg9?", Do: echo},
		{Name: "echojson", Params: "arg0? arg1? arg2? arg3? arg4? arg5? arg6? arg7? arg8? arg9?", Do: echo},
		{Name: "setmocktime", Params: "timestamp", Do: s.setMockTime},
		{Name: "getzmqnotifications", Do: noNotifications},
	}
}

func (s *Server) helpText(_ context.Context, c *jsonrpc.Call) (any, error) {
	name := c.String("command")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if name == "" {
		return s.help.list(), nil
	}
	return s.help.usage(name), nil
}

func (s *Server) stopNode(context.Context, *jsonrpc.Call) (any, error) {
	s.cfg.Stop()
	return "grapevine stopping", nil
}

func (s *Server) uptime(context.Context, *jsonrpc.Call) (any, error) {
	return int64(time.Since(s.started).Seconds()), nil
}

// echo answers its parameters, up to the last that was given.
func echo(_ context.Context, c *jsonrpc.Call) (any, error) {
	all := c.All()
	for len(all) > 0 && all[len(all)-1] == nil {
		all = all[:len(all)-1]
	}
	list := make([]any, len(all))
	for i, raw := range all {
		if raw != nil {
			list[i] = raw
		}
	}
	return list, nil
}

// maxMockTime in seconds is the most that Core's nanoseconds can count.
const maxMockTime = math.MaxInt64 / 1_000_000_000

func (s *Server) setMockTime(ctx context.Context, c *jsonrpc.Call) (any, error) {
	t := c.Int("timestamp", 0)
	if s.cfg.MockTime == nil {
		c.Refuse(jsonrpc.CodeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	if t < 0 || t > maxMockTime {
		c.Refuse(jsonrpc.CodeInvalidParam, "Mocktime must be in the range [0, %d], not %d.", maxMockTime, t)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, s.cfg.MockTime(ctx, t)
}

// noNotifications: this node has no ZeroMQ; clients that need it see an empty list.
func noNotifications(context.Context, *jsonrpc.Call) (any, error) { return []string{}, nil }
