package rpc

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/rawapi"
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
	raw := &rawapi.API{Params: onChain.Params, Ledger: onChain.Ledger, Pool: onChain.Pool, TxIndex: onChain.TxIndex, Policy: s.cfg.Policy}
	all := slices.Concat(s.controlRows(), s.peerRows(), s.bookRows(), s.testRows(), s.localRows(), onChain.Methods(), onPool.Methods(), raw.Methods())
	if onWallet != nil {
		onWallet.Raw = raw
		all = append(all, onWallet.Methods()...)
	}
	words, left := maps.Clone(glossary), maps.Clone(defaults) // what help says of parameters and answers stands apart from the rows
	for i := range all {
		all[i].Words, all[i].Defaults = words, left
		all[i].Result = results[all[i].Name]
	}
	return all
}

// controlRows are about the process.
func (s *Server) controlRows() []jsonrpc.Method {
	return slices.Concat(jsonrpc.Group("Control",
		jsonrpc.Method{Name: "help", Params: "command:text?", Do: s.helpText, Early: true,
			Help: "This list, or what one method does.", Example: "getblock"},
		jsonrpc.Method{Name: "stop", Params: "wait:int?", Do: s.stopNode, Early: true, Hides: true,
			Help: "Stops the node cleanly. With wait the answer comes so many milliseconds later, a second at most."},
		jsonrpc.Method{Name: "uptime", Do: s.uptime, Early: true,
			Help: "Seconds since the node's start, by the node's clock."},
		jsonrpc.Method{Name: "getrpcinfo", Do: s.getRPCInfo, Early: true,
			Help: "The calls that run, and the file of the log."},
		jsonrpc.Method{Name: "getmemoryinfo", Params: "mode:text=stats", Do: getMemoryInfo,
			Help: "The memory of the node's heap. Where Core tells of the memory that it locks for keys, nothing is locked here."},
		jsonrpc.Method{Name: "logging", Params: `include:["include_category",...]? exclude:["exclude_category",...]?`, Do: s.logging,
			Help: "Which categories are written to the debug log. With lists some are added (include), then others taken out (exclude)." + s.categoriesText(), Example: `'["all"]' '["http"]'`},
	), []jsonrpc.Method{
		{Name: "echo", Params: tenArgs("any"), Do: echo,
			Help: "Answers its parameters; arg9 = trigger_internal_bug shows what an internal error looks like.", Example: "hello"},
		{Name: "echojson", Params: tenArgs("json"), Do: echo,
			Help: "As echo; the command line sends its words as JSON.", Example: "1"},
		{Name: "echoipc", Params: "arg:text", Do: echoIPC,
			Help: "Answers its parameter. Core sends it through a second process in some of its builds; there is none here.", Example: "hello"},
		{Name: "setmocktime", Params: "timestamp:long", Do: s.setMockTime,
			Help: "Regtest: sets the node's clock to a Unix time, where it stands still; 0 gives it back.", Example: "1700000000"},
	}, jsonrpc.Group("Signer",
		jsonrpc.Method{Name: "enumeratesigners", Do: enumerateSigners,
			Help: "External signers. There are none: this node runs no other program to sign."},
	), s.zmqRows(), s.eventRows())
}

func enumerateSigners(context.Context, *jsonrpc.Call) (any, error) {
	return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Error: restart bitcoind with -signer=<cmd>")
}

// tenArgs are arg0 to arg9 of a kind.
func tenArgs(kind string) string {
	var list []string
	for i := range 10 {
		list = append(list, fmt.Sprintf("arg%d:%s?", i, kind))
	}
	return strings.Join(list, " ")
}

func (s *Server) helpText(_ context.Context, c *jsonrpc.Call) (any, error) {
	if all := c.All(); len(all) > 0 && all[0] == nil {
		c.Refuse(jsonrpc.CodeType, "JSON value of type null is not of expected type string")
	}
	name := c.String("command")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if name == "dump_all_command_conversions" { // Core's word for tools that make a command line
		return jsonrpc.Conversions(s.rows), nil
	}
	return jsonrpc.Describe(s.rows, name), nil
}

// stopNode waits first where it was asked to: the answer must be out before the
// server is gone.
func (s *Server) stopNode(ctx context.Context, c *jsonrpc.Call) (any, error) {
	wait := time.Duration(c.Int("wait")) * time.Millisecond
	if err := c.Err(); err != nil {
		return nil, err
	}
	if wait > 0 {
		later := time.NewTimer(min(wait, stopTime/2))
		defer later.Stop()
		s.cfg.Stop()
		<-later.C
		return stopText, nil
	}
	s.cfg.Stop()
	return stopText, nil
}

const stopText = "grapevine stopping"

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
		list = append(list, jsonrpc.Unescaped(raw))
	}
	if len(list) == 10 && string(c.Raw("arg9")) == `"trigger_internal_bug"` { // Core: CHECK_NONFATAL, for its tests of clients
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, `Internal bug detected: request.params[9].get_str() != "trigger_internal_bug"`)
	}
	return list, nil
}

func echoIPC(_ context.Context, c *jsonrpc.Call) (any, error) { return c.String("arg"), nil }

const (
	// maxMockTime is the last second that a block's header can count: with a later
	// one this node would make blocks of a time that no other node reads as it does.
	maxMockTime = math.MaxUint32
	// coreMockTime is the last that Core takes: as many nanoseconds fit 64 bits.
	coreMockTime = math.MaxInt64 / int64(time.Second)
)

func (s *Server) setMockTime(ctx context.Context, c *jsonrpc.Call) (any, error) {
	t := c.Int("timestamp")
	if s.cfg.MockTime == nil {
		c.Refuse(jsonrpc.CodeMisc, "setmocktime is for regression testing (-regtest mode) only")
	}
	if t < 0 || t > coreMockTime {
		c.Refuse(jsonrpc.CodeInvalidParam, "Mocktime must be in the range [0, %d], not %d.", coreMockTime, t)
	}
	if t > maxMockTime {
		c.Refuse(jsonrpc.CodeInvalidParam, "Mocktime must be in the range [0, %d], not %d: a block's time has 32 bits.", int64(maxMockTime), t)
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return nil, s.cfg.MockTime(ctx, t)
}
