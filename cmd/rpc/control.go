package rpc

import (
	"context"
	"math"
	"slices"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/walletapi"
)

// Rows are all methods that there are, as data: with no node behind them they
// cannot be called. Command lines convert their words by them.
func Rows() []jsonrpc.Method {
	var s Server
	return s.methods(new(chainapi.API), new(poolapi.API), new(walletapi.API))
}

// methods is the table of all that is answered; onWallet is nil in a node without a wallet.
func (s *Server) methods(onChain *chainapi.API, onPool *poolapi.API, onWallet *walletapi.API) []jsonrpc.Method {
	all := slices.Concat(s.controlRows(), s.peerRows(), s.bookRows(), onChain.Methods(), onPool.Methods())
	if onWallet == nil {
		onWallet = &walletapi.API{Params: onChain.Params, Ledger: onChain.Ledger, Pool: onChain.Pool}
		return append(all, onWallet.KeyRows()...)
	}
	return append(all, onWallet.Methods()...)
}

// controlRows are about the process.
func (s *Server) controlRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Control",
		jsonrpc.Method{Name: "help", Params: "command:text?", Do: s.helpText, Early: true,
			Help: "This list, or what one method does.", Example: "getblock"},
		jsonrpc.Method{Name: "stop", Params: "wait:num?", Do: s.stopNode, Early: true,
			Help: "Stops the node cleanly. wait is ignored."},
		jsonrpc.Method{Name: "uptime", Do: s.uptime, Early: true,
			Help: "Seconds since the node's start."},
		jsonrpc.Method{Name: "echo", Params: "arg0:any? arg1:any? arg2:any? arg3:any? arg4:any? arg5:any? arg6:any? arg7:any? arg8:any? arg9:any?", Do: echo,
			Help: "Answers its parameters.", Example: "hello"},
		jsonrpc.Method{Name: "echojson", Params: "arg0:json? arg1:json? arg2:json? arg3:json? arg4:json? arg5:json? arg6:json? arg7:json? arg8:json? arg9:json?", Do: echo,
			Help: "As echo; the command line sends its words as JSON.", Example: "1"},
		jsonrpc.Method{Name: "setmocktime", Params: "timestamp:long", Do: s.setMockTime,
			Help: "Regtest: sets the node's clock to a Unix time, where it stands still; 0 gives it back. Block times and lock times follow it, the timers of connections do not.", Example: "1700000000"},
	), s.zmqRows())
}

func (s *Server) helpText(_ context.Context, c *jsonrpc.Call) (any, error) {
	if all := c.All(); len(all) > 0 && all[0] == nil {
		c.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
	}
	name := c.String("command")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return jsonrpc.Describe(s.rows, name), nil
}

func (s *Server) stopNode(context.Context, *jsonrpc.Call) (any, error) {
	s.cfg.Stop()
	return "grapevine stopping", nil
}

func (s *Server) uptime(context.Context, *jsonrpc.Call) (any, error) {
	return max(0, s.cfg.Chain.Now().Unix()-s.started.Unix()), nil // by the node's clock, as Core's GetTime
}

// echo answers its parameters.
func echo(_ context.Context, c *jsonrpc.Call) (any, error) {
	list := []any{}
	for _, raw := range c.All() {
		if raw == nil {
			list = append(list, nil)
			continue
		}
		list = append(list, raw)
	}
	return list, nil
}

// maxMockTime is the last second that a block's header can count: with a later
// one this node would make blocks of a time that no other node reads as it does.
const maxMockTime = math.MaxUint32

func (s *Server) setMockTime(ctx context.Context, c *jsonrpc.Call) (any, error) {
	t := c.Int("timestamp")
	if s.cfg.MockTime == nil {
		c.Refuse(jsonrpc.CodeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	if t < 0 || t > maxMockTime {
		c.Refuse(jsonrpc.CodeInvalidParam, "Mocktime must be in the range [0, %d], not %d.", int64(maxMockTime), t)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, s.cfg.MockTime(ctx, t)
}
