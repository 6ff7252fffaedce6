package main

import (
	"cmp"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
)

// accessFlags say who may call RPC beside the cookie and the user, and what; their
// names and values are bitcoind's.
func accessFlags() []urfave.Flag {
	return []urfave.Flag{
		cli.ListFlag("rpcauth", "`USER:SALT$HASH` may call too: HMAC-SHA-256 of a password with SALT as its key (may be repeated)"),
		cli.ListFlag("rpcwhitelist", "`USER:METHOD,METHOD` all that this user may call (may be repeated); then users without one may call nothing"),
		cli.ListFlag("rpcallowip", "`ADDRESS` or network that may call, beside this machine (may be repeated; default whoever reaches --rpclisten)"),
		cli.IntFlag("rpcthreads", 0, "`N` calls at work at once (default 16, and those that wait for a block)"),
		cli.IntFlag("rpcworkqueue", 0, "`N` requests wait at most beside --rpcthreads, others are answered 503 (default 64 with --rpcthreads, else as many as connections)"),
	}
}

func accessConfig(c *urfave.Context, cfg *node.Config) error {
	cfg.RPCAuth, cfg.RPCWhitelist = c.StringSlice("rpcauth"), c.StringSlice("rpcwhitelist")
	for _, line := range cfg.RPCAuth {
		if err := rpc.CheckAuth(line); err != nil {
			return cli.Usagef("--rpcauth: want USER:SALT$HASH")
		}
	}
	if c.IsSet("rpcallowip") {
		cfg.RPCAllowIP = c.StringSlice("rpcallowip")
	}
	if err := rpc.CheckAllowIP(cfg.RPCAllowIP); err != nil {
		return cli.Usagef("--rpcallowip: want an address or a network, as 1.2.3.0/24")
	}
	for _, name := range []string{"rpcthreads", "rpcworkqueue"} {
		if c.IsSet(name) && c.Int(name) < 1 {
			return cli.Usagef("--%s %d: at least 1", name, c.Int(name))
		}
	}
	if c.IsSet("rpcthreads") || c.IsSet("rpcworkqueue") {
		cfg.RPCThreads, cfg.RPCQueue = cmp.Or(c.Int("rpcthreads"), rpc.CoreThreads), cmp.Or(c.Int("rpcworkqueue"), rpc.CoreQueue)
	}
	return nil
}
