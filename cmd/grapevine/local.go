package main

import (
	"path/filepath"
	"strconv"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/node"
	"grapevine/testnet"
	"grapevine/testnet/link"
	"grapevine/testnet/process"
)

// localFlags are for nodes of a local network.
func localFlags() []urfave.Flag {
	return []urfave.Flag{
		&urfave.DurationFlag{Name: "clockahead", Usage: "`TIME` by which the node's clock goes on ahead of the machine's (regtest; `testnet clock` sets it on all nodes)", EnvVars: cli.EnvVars("clockahead"), DefaultText: "0"},
		&urfave.IntFlag{Name: "localnode", Value: notLocal, Hidden: true, Usage: "`N` the node's number in the local network whose net.json lies beside its data directory", EnvVars: cli.EnvVars("localnode")},
	}
}

// notLocal is the number of a node that is of no local network.
const notLocal = -1

// localConfig gives a node of a local network what `grapevine testnet` does to it.
func localConfig(c *urfave.Context, cfg *node.Config) error {
	cfg.ClockAhead = c.Duration("clockahead")
	if cfg.ClockAhead.Abs() > testnet.MaxAhead {
		return cli.Usagef("--clockahead %v: want at most %v", cfg.ClockAhead, testnet.MaxAhead)
	}
	number := c.Int("localnode")
	if number < notLocal || number != notLocal && !cfg.Params.Local() {
		return cli.Usagef("--localnode %d: want the number of a node of a local network, on regtest", number)
	}
	if number != notLocal {
		cfg.LocalNode = strconv.Itoa(number)
	}
	if !cfg.Params.Local() {
		if cfg.ClockAhead != 0 {
			return cli.Usagef("--clockahead is for regtest")
		}
		return nil
	}
	gate, err := link.Open(node.TCP(), filepath.Join(cfg.DataDir, process.LinksFile))
	if err != nil {
		return &cli.Failure{What: "node", Err: err, Hint: "`grapevine testnet heal` writes the file anew; or delete it: the links are then as they come."}
	}
	cfg.Net, cfg.Links = gate, gate
	return nil
}
