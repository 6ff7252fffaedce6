package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/argv"
	"grapevine/cmd/grapevine/term"
	"grapevine/cmd/node"
)

const (
	defaultListen = "127.0.0.1:18444"
	defaultCache  = 450 // MiB, as Bitcoin Core
	maxCache      = 1 << 20
	mib           = 1 << 20
)

func (p *program) nodeCommand() *cli.Command {
	listen := stringFlag("listen", "`HOST:PORT` where peers connect, or off")
	listen.Value = defaultListen
	rpcListen := stringFlag("rpclisten", "`HOST:PORT` of RPC, REST and metrics, or off")
	rpcListen.Value = defaultRPC
	mine := stringFlag("mine", "`MODE` manual, on-tx (a block for every transaction) or every=10s")
	mine.Value = "manual"
	walletFlag := boolFlag("wallet", "keep a wallet; --wallet=false does not")
	walletFlag.Value = true
	txIndex := boolFlag("txindex", "find any transaction by its id (default on regtest)")
	txIndex.Value = true
	filters := boolFlag("blockfilterindex", "keep BIP157 filters (default on regtest)")
	filters.Value = true
	level := stringFlag("loglevel", "`LEVEL` debug, info, warn or error")
	level.Value = "info"
	format := stringFlag("logformat", "`FORMAT` text or json")
	format.Value = "text"
	return &cli.Command{
		Name:  "node",
		Usage: "run a node in the foreground",
		Description: `Runs until Ctrl-C or SIGTERM; a second one stops it at once. The log goes to stderr.

  $ grapevine node                                      a node of its own on regtest
  $ grapevine node --mine on-tx                         every payment is in a block at once
  $ grapevine node --datadir /tmp/b --listen 127.0.0.1:18544 --rpclisten 127.0.0.1:18543 \
                   --addnode 127.0.0.1:18444            a second one that knows the first
  $ grapevine status --datadir /tmp/b                   look at it from another terminal`,
		Flags: []cli.Flag{
			listen,
			listFlag("connect", "`HOST:PORT` these peers and no others (may be repeated)"),
			listFlag("addnode", "`HOST:PORT` try these peers too (may be repeated)"),
			rpcListen, mine,
			stringFlag("mineto", "`ADDRESS` of what is mined (default the node's own wallet)"),
			intFlag("dbcache", defaultCache, "`MiB` of coins kept in memory"),
			stringFlag("assumevalid", "`HASH` of a block whose ancestors' signatures are taken as good; 0 checks all"),
			stringFlag("minimumchainwork", "`HEX` chains with less work than this are not followed"),
			intFlag("maxpeers", 125, "`N` connections at most"),
			walletFlag, txIndex, filters,
			boolFlag("coinstatsindex", "comes with a later version"),
			level, format,
		},
		Action: p.runNode,
	}
}

func (p *program) runNode(c *cli.Context) error {
	cfg, err := p.nodeConfig(c)
	if err != nil {
		return err
	}
	n, err := node.New(cfg)
	if err != nil {
		return nodeFailure(cfg, err)
	}
	cfg.Log.Info("grapevine starts", "version", versionText(), "network", cfg.Params.Name, "datadir", cfg.DataDir)
	noted := make(chan struct{})
	ctx, cancel := context.WithCancel(c.Context)
	go func() {
		defer close(noted)
		noteRPC(ctx, n, cfg)
	}()
	err = n.Run(ctx)
	cancel()
	<-noted
	if err != nil {
		return nodeFailure(cfg, err)
	}
	cfg.Log.Info("grapevine has stopped")
	return nil
}

// noteRPC writes where RPC listens while the node runs.
func noteRPC(ctx context.Context, n *node.Node, cfg node.Config) {
	if n.RPC == nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-n.Ready():
	}
	path := filepath.Join(cfg.DataDir, rpcNote)
	addr := n.RPC.Addr().String()
	if err := os.WriteFile(path, []byte(addr+"\n"), 0o600); err != nil {
		cfg.Log.Warn("the command line will need --rpc to find this node", "err", err)
	}
	cfg.Log.Info("ready", "rpc", "http://"+addr)
	<-ctx.Done()
	if err := os.Remove(path); err != nil {
		cfg.Log.Debug("remove the note of RPC's address", "err", err)
	}
}

// nodeFailure says what to do in the words of the flags that were given.
func nodeFailure(cfg node.Config, err error) error {
	hint := strings.ReplaceAll(hintFor(err), "--datadir DIR", "--datadir "+cfg.DataDir)
	return &failure{what: "node", err: err, hint: hint}
}

// nodeConfig turns flags into a configuration, and says what is wrong with them.
func (p *program) nodeConfig(c *cli.Context) (cfg node.Config, err error) {
	if c.Bool("coinstatsindex") {
		return cfg, usagef("--coinstatsindex comes with a later version")
	}
	if cfg.Params, err = params(c.String("network")); err != nil {
		return cfg, err
	}
	if cfg.DataDir, err = dataDir(c.String("datadir"), c.String("network")); err != nil {
		return cfg, err
	}
	if cfg.Log, err = p.logger(c.String("loglevel"), c.String("logformat")); err != nil {
		return cfg, err
	}
	if err := addresses(c, &cfg); err != nil {
		return cfg, err
	}
	if err := chainFlags(c, &cfg); err != nil {
		return cfg, err
	}
	if cfg.Mine, err = mineMode(c.String("mine")); err != nil {
		return cfg, err
	}
	cfg.MineTo = c.String("mineto")
	cfg.Wallet, cfg.TxIndex, cfg.FilterIndex = c.Bool("wallet"), c.Bool("txindex"), c.Bool("blockfilterindex")
	if mining := cfg.Mine != (node.Mine{}); mining && !cfg.Wallet && cfg.MineTo == "" {
		return cfg, usagef("--mine needs --mineto ADDRESS where there is no wallet")
	}
	cfg.Version = version
	return cfg, nil
}

// addresses reads everything of the form HOST:PORT.
func addresses(c *cli.Context, cfg *node.Config) (err error) {
	if cfg.Listen, err = listenAddress("listen", c.String("listen")); err != nil {
		return err
	}
	if cfg.RPCListen, err = listenAddress("rpclisten", c.String("rpclisten")); err != nil {
		return err
	}
	cfg.Connect, cfg.AddNode = c.StringSlice("connect"), c.StringSlice("addnode")
	for _, list := range []struct {
		flag string
		in   []string
	}{{"connect", cfg.Connect}, {"addnode", cfg.AddNode}} {
		for _, a := range list.in {
			if _, err := listenAddress(list.flag, a); err != nil {
				return err
			}
		}
	}
	cfg.RPCUser, cfg.RPCPassword = c.String("rpcuser"), c.String("rpcpassword")
	if cfg.RPCUser != "" && cfg.RPCPassword == "" {
		return usagef("--rpcuser needs --rpcpassword")
	}
	cfg.MaxPeers = c.Int("maxpeers")
	if cfg.MaxPeers < 1 {
		return usagef("--maxpeers %d: at least 1", cfg.MaxPeers)
	}
	return nil
}

// listenAddress checks HOST:PORT; "off" is none.
func listenAddress(flag, s string) (string, error) {
	if s == "off" {
		return "", nil
	}
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || host == "" {
		return "", usagef("--%s %q: want HOST:PORT, as in 127.0.0.1:18444", flag, s)
	}
	return s, nil
}

// chainFlags reads what concerns the chain and its memory.
func chainFlags(c *cli.Context, cfg *node.Config) error {
	cache := c.Int("dbcache")
	if cache < 4 || cache > maxCache {
		return usagef("--dbcache %d: want 4 to %d MiB", cache, maxCache)
	}
	cfg.DBCache = int64(cache) * mib
	if s := c.String("assumevalid"); s != "" && s != "0" {
		h, err := parseHash(s)
		if err != nil {
			return usagef("--assumevalid %q: %v", s, err)
		}
		cfg.AssumeValid = &h
	}
	if s := strings.TrimLeft(c.String("minimumchainwork"), "0"); s != "" && s != "x" {
		return usagef("--minimumchainwork comes with a later version (on regtest it is 0)")
	}
	return nil
}

// parseHash reads 64 hex digits.
func parseHash(s string) (chain.Hash, error) {
	const digits = 64
	if len(s) != digits {
		return chain.Hash{}, fmt.Errorf("want %d hex digits, not %d", digits, len(s))
	}
	h, err := chainhash.NewHashFromStr(s)
	if err != nil {
		return chain.Hash{}, err
	}
	return *h, nil
}

// mineMode reads --mine.
func mineMode(s string) (node.Mine, error) {
	var m node.Mine
	switch rest, every := strings.CutPrefix(s, "every="); {
	case s == "manual":
	case s == "on-tx":
		m.OnTx = true
	case every:
		d, err := time.ParseDuration(rest)
		if err != nil || d <= 0 {
			return m, usagef("--mine %q: want a time as in every=10s", s)
		}
		m.Every = d
	default:
		return m, &argv.UsageError{Command: "grapevine node", Why: fmt.Sprintf("--mine %q: want manual, on-tx or every=10s", s)}
	}
	return m, nil
}

// logger writes to stderr.
func (p *program) logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--loglevel %q: want debug, info, warn or error", level)
	}
	switch format {
	case "text":
		return slog.New(term.NewLogHandler(p.err, l)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: l})), nil
	}
	return nil, usagef("--logformat %q: want text or json", format)
}
