package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	urfave "github.com/urfave/cli/v2"

	"grapevine/chain/policy"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/show"
	"grapevine/db"
	"grapevine/p2p"
	"grapevine/testnet/process"
	"grapevine/wallet"
)

const (
	defaultCache = 450 // MiB, as Bitcoin Core
	maxCache     = 1 << 20
	mib          = 1 << 20
)

func (p *program) nodeCommand() *urfave.Command {
	listen := cli.StringFlag("listen", "`HOST[:PORT]` where peers connect, or off")
	listen.DefaultText = "the network's port; on regtest 127.0.0.1:18444"
	rpcListen := cli.StringFlag("rpclisten", "`HOST[:PORT]` of RPC, REST and metrics, or off")
	rpcListen.DefaultText = "127.0.0.1 and bitcoind's port of the network"
	rest := cli.BoolFlag("rest", "answer REST and /metrics, which need no password (default on regtest, on loopback)")
	rest.DefaultText = " "
	mine := cli.StringFlag("mine", "`MODE` manual, on-tx (a block for every transaction) or every=10s")
	mine.Value = "manual"
	walletFlag := cli.BoolFlag("wallet", "keep a wallet; --wallet=false does not")
	walletFlag.Value = true
	txIndex := cli.BoolFlag("txindex", "find any transaction by its id (default on regtest)")
	txIndex.DefaultText = " "
	filters := cli.BoolFlag("blockfilterindex", "keep BIP157 filters (default on regtest)")
	filters.DefaultText = " "
	relay := cli.StringFlag("policy", "`RELEASE` 31 or 28.1: the rules of relay are those of that Bitcoin Core")
	relay.Value = policy.Core31().Name
	level := cli.StringFlag("loglevel", "`LEVEL` debug, info, warn or error")
	level.Value = "info"
	format := cli.StringFlag("logformat", "`FORMAT` text or json")
	format.Value = "text"
	return &urfave.Command{
		Name:  "node",
		Usage: "run a node in the foreground",
		Description: `Runs until Ctrl-C or SIGTERM; a second one stops it at once. The log goes to stderr.

  $ grapevine node                                      a node of its own on regtest
  $ grapevine node --mine on-tx                         every payment is in a block at once
  $ grapevine node --datadir /tmp/b --listen 127.0.0.1:18544 --rpclisten 127.0.0.1:18543 \
                   --addnode 127.0.0.1:18444            a second one that knows the first
  $ grapevine status --datadir /tmp/b                   look at it from another terminal`,
		Flags: append([]urfave.Flag{
			listen,
			cli.ListFlag("connect", "`HOST[:PORT]` these peers and no others (may be repeated)"),
			cli.ListFlag("addnode", "`HOST[:PORT]` try these peers too (may be repeated; on a local network the first and seven more while a new node syncs, then all)"),
			rpcListen, rest,
			cli.ListFlag("allowhost", "`NAME` of this machine by which REST and /metrics may be asked, beside IP addresses and localhost (may be repeated)"),
			mine,
			cli.StringFlag("mineto", "`ADDRESS` of what is mined (default the node's own wallet)"),
			cli.IntFlag("dbcache", defaultCache, "`MiB` of coins kept in memory; less by itself under a low GOMEMLIMIT"),
			cli.StringFlag("assumevalid", "`HASH` of a block whose ancestors' signatures are taken as good; 0 checks all"),
			cli.StringFlag("minimumchainwork", "`HEX` chains with less work than this are not followed"),
			cli.IntFlag("maxpeers", 125, "`N` connections at most"),
			walletFlag, txIndex, filters,
			cli.BoolFlag("coinstatsindex", "keep the coin set's hash and amounts at every block"),
			relay, level, format,
		}, slices.Concat(roadFlags(), talkFlags(), mannersFlags(), keepFlags(), exploreFlags(), webFlags(), zmqFlags(), accessFlags(), profileFlags(), localFlags(), cli.RulesFlags())...),
		Action: p.runNode,
	}
}

func (p *program) runNode(c *urfave.Context) error {
	// A daemon outlives its terminal, and whoever read its log.
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	cfg, err := p.nodeConfig(c)
	if err != nil {
		return err
	}
	profiles, err := profileAt(c)
	if err != nil {
		return err
	}
	if profiles != nil {
		defer profiles.Close()
	}
	lock, err := occupy(cfg.DataDir)
	if err != nil {
		return nodeFailure(cfg, err)
	}
	defer lock.Close()
	n, err := node.New(cfg)
	if err != nil {
		return nodeFailure(cfg, err)
	}
	cfg.Log.Info("grapevine starts", "version", versionText(), "network", cfg.Params.Name, "datadir", cfg.DataDir)
	var beside sync.WaitGroup
	ctx, cancel := context.WithCancel(c.Context)
	beside.Go(func() { noteRPC(ctx, n, cfg, lock) })
	beside.Go(func() { serveProfiles(ctx, profiles, cfg.Log) })
	err = n.Run(ctx)
	cancel()
	beside.Wait()
	if err != nil {
		return nodeFailure(cfg, err)
	}
	cfg.Log.Info("grapevine has stopped")
	return nil
}

// occupy locks the data directory, which is made if it is not there.
func occupy(dir string) (*process.Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := process.Occupy(dir)
	if errors.Is(err, process.ErrOccupied) {
		return nil, fmt.Errorf("%s: %w", dir, db.ErrLocked)
	}
	return lock, err
}

// noteRPC says in the data directory where RPC listens, so that --datadir alone
// finds this node.
func noteRPC(ctx context.Context, n *node.Node, cfg node.Config, lock *process.Lock) {
	if n.RPC == nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-n.Ready():
	}
	addr := n.RPC.Addr().String()
	if err := lock.Answers(addr); err != nil {
		cfg.Log.Warn("the command line will need --rpc to find this node", "err", err)
	}
	ready := []any{"rpc", "http://" + addr}
	if n.RPC.HasPage() {
		ready = append(ready, "page", "http://"+addr+"/")
	}
	cfg.Log.Info("ready", ready...)
	if to, err := netip.ParseAddrPort(addr); err == nil && !to.Addr().IsLoopback() {
		cfg.Log.Warn("RPC can be reached from other machines, and HTTP hides nothing: who hears the password can spend", "addr", addr)
	}
}

// nodeFailure says what to do in the words of the flags that were given.
func nodeFailure(cfg node.Config, err error) error {
	hint := strings.ReplaceAll(cli.HintFor(err), "--datadir DIR", "--datadir "+cfg.DataDir)
	return &cli.Failure{What: "node", Err: err, Hint: hint}
}

// nodeConfig turns flags into a configuration, and says what is wrong with them.
func (p *program) nodeConfig(c *urfave.Context) (cfg node.Config, err error) {
	if cfg.Params, err = cli.Params(c); err != nil {
		return cfg, err
	}
	if cfg.DataDir, err = cli.DataDir(c.String("datadir"), c.String("network")); err != nil {
		return cfg, err
	}
	log, mask, err := p.logger(c.String("loglevel"), c.String("logformat"))
	if err != nil {
		return cfg, err
	}
	cfg.Log, cfg.Logging = log, mask
	for _, read := range []func(*urfave.Context, *node.Config) error{addresses, chainFlags, talkConfig, keepConfig, exploreConfig, webConfig, mannersConfig, zmqConfig, accessConfig, localConfig} {
		if err := read(c, &cfg); err != nil {
			return cfg, err
		}
	}
	if cfg.Mine, err = cli.MineMode(c.String("mine")); err != nil {
		return cfg, err
	}
	if to := c.String("mineto"); to != "" {
		if cfg.MineTo, err = show.PayTo(to, cfg.Params.Params); err != nil {
			if other, ok := errors.AsType[*wallet.AddressError](err); ok && other.Of != "" {
				return cfg, cli.Usagef("--mineto %q is an address of %s; this node is on %s", to, other.Of, cfg.Params.Name)
			}
			return cfg, cli.Usagef("--mineto %q: %v", to, err)
		}
	}
	cfg.Wallet = c.Bool("wallet")
	if mining := cfg.Mine != (node.Mine{}); mining && !cfg.Wallet && cfg.MineTo == nil {
		return cfg, cli.Usagef("--mine needs --mineto ADDRESS where there is no wallet")
	}
	cfg.Version = version
	return cfg, nil
}

// addresses reads everything of the form HOST[:PORT].
func addresses(c *urfave.Context, cfg *node.Config) (err error) {
	port := p2p.DefaultPort(cfg.Params)
	listen := cmp.Or(c.String("listen"), cli.DefaultListen(cfg.Params))
	if cfg.Listen, err = listenAddress("listen", listen, port); err != nil {
		return err
	}
	rpcDefault := cli.DefaultRPC(c.String("network"))
	rpcListen := cmp.Or(c.String("rpclisten"), rpcDefault)
	if cfg.RPCListen, err = listenAddress("rpclisten", rpcListen, netip.MustParseAddrPort(rpcDefault).Port()); err != nil {
		return err
	}
	if cfg.Connect, err = peerAddresses(c, "connect", port); err != nil {
		return err
	}
	if cfg.AddNode, err = peerAddresses(c, "addnode", port); err != nil {
		return err
	}
	if err := roads(c, cfg); err != nil {
		return err
	}
	cfg.RPCUser, cfg.RPCPassword = c.String("rpcuser"), c.String("rpcpassword")
	if (cfg.RPCUser == "") != (cfg.RPCPassword == "") {
		return cli.Usagef("--rpcuser needs --rpcpassword, and --rpcpassword --rpcuser")
	}
	if c.IsSet("rest") {
		on := c.Bool("rest")
		cfg.REST = &on
	}
	cfg.AllowHosts = c.StringSlice("allowhost")
	cfg.MaxPeers = c.Int("maxpeers")
	if cfg.MaxPeers < 1 {
		return cli.Usagef("--maxpeers %d: at least 1", cfg.MaxPeers)
	}
	return nil
}

// listenAddress reads HOST[:PORT]; "off" is none.
func listenAddress(flag, s string, port uint16) (string, error) {
	if s == "off" {
		return "", nil
	}
	at, err := p2p.ParseHostPort(s, port)
	if err != nil {
		return "", cli.Usagef("--%s %v", flag, err)
	}
	return at.String(), nil
}

// peerAddresses reads a flag's list of HOST[:PORT], each with the network's port where
// none is given.
func peerAddresses(c *urfave.Context, flag string, port uint16) (list []string, err error) {
	for _, s := range c.StringSlice(flag) {
		to, err := p2p.ParseHostPort(s, port)
		switch {
		case s == "off":
			err = fmt.Errorf("%q: want HOST or HOST:PORT; only listening can be off", s)
		case err == nil && to.Port == 0:
			err = fmt.Errorf("%q: nobody listens at port 0", s)
		}
		if err != nil {
			return nil, cli.Usagef("--%s %v", flag, err)
		}
		list = append(list, to.String())
	}
	return list, nil
}

// logger writes to stderr. The mask lets more of a category through.
func (p *program) logger(level, format string) (*slog.Logger, *rpc.LogMask, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, nil, cli.Usagef("--loglevel %q: want debug, info, warn or error", level)
	}
	var lines slog.Handler
	switch format {
	case "text":
		lines = cli.NewLogHandler(p.Err, slog.LevelDebug)
	case "json":
		lines = slog.NewJSONHandler(p.Err, &slog.HandlerOptions{Level: slog.LevelDebug})
	default:
		return nil, nil, cli.Usagef("--logformat %q: want text or json", format)
	}
	h, mask := cli.MaskLog(cli.LimitLog(lines), l)
	return slog.New(h), mask, nil
}
