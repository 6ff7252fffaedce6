package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/grapevine/testnetcmd"
	"grapevine/db"
)

// app is the table of commands.
func (p *program) app() *urfave.App {
	p.CheckNode = checkNode
	a := &urfave.App{
		Name:  "grapevine",
		Usage: "a Bitcoin node without a server",
		Description: `Nodes gossip transactions and blocks with each other, and each keeps the whole chain.

  $ grapevine testnet demo                        watch a network live, in half a minute
  $ grapevine testnet up                          start four nodes and keep them
  $ grapevine wallet send ADDRESS 1.5 --node 0    pay
  $ grapevine peers --node 0                      see who talks to whom

Called bitcoind or bitcoin-cli (by a link, or as its first word) it speaks as
Bitcoin Core's programs do.`,
		Flags:           globalFlags(),
		HideVersion:     true,
		HideHelp:        true,
		HideHelpCommand: true,
		OnUsageError:    cli.OnUsage,
		ExitErrHandler:  func(*urfave.Context, error) {}, // run reports errors, nobody else
		Writer:          p.Out,
		ErrWriter:       p.Err,
		Commands: []*urfave.Command{
			p.nodeCommand(),
			testnetcmd.Command(&p.Program),
			p.statusCommand(),
			p.peersCommand(),
			p.mineCommand(),
			p.walletCommand(),
			p.psbtCommand(),
			p.txCommand(),
			p.blockCommand(),
			p.watchCommand(),
			p.traceCommand(),
			p.rpcCommand(),
			p.dbCommand(),
			p.versionCommand(),
		},
	}
	a.Commands = append(a.Commands, p.comfortCommands()...)
	for _, c := range a.Commands {
		prepare(c)
	}
	return a
}

// prepare sets what all commands have in common.
func prepare(c *urfave.Command) {
	c.HideHelp, c.HideHelpCommand, c.OnUsageError = true, true, cli.OnUsage
	for _, s := range c.Subcommands {
		prepare(s)
	}
}

func globalFlags() []urfave.Flag {
	network := cli.StringFlag("network", "`NAME` "+cli.Networks("or"))
	network.Value = "regtest"
	return []urfave.Flag{
		network,
		cli.StringFlag("datadir", "`DIR` the node's data directory (default ~/.grapevine/NETWORK)"),
		cli.StringFlag("node", "`N` talk to node N of the local network that is up, or to the one of that name"),
		cli.StringFlag("dir", "`DIR` of the local network (default ~/.grapevine/testnet)"),
		cli.StringFlag("nodes-file", "`FILE` names nodes elsewhere with their RPC addresses, in place of a local network"),
		cli.StringFlag("rpc", "`URL` talk to a node elsewhere, as http://HOST:PORT"),
		cli.StringFlag("rpcuser", "`NAME` for RPC; without it the data directory's cookie is used"),
		cli.StringFlag("rpcpassword", "`SECRET` for RPC"),
		cli.BoolFlag("progress", "tell how far long work is also where stderr is no terminal"),
		cli.BoolFlag("json", "print JSON, for programs"),
	}
}

// readConf lets grapevine.conf of the data directory speak where the line is
// silent. With --node everything stands in net.json instead.
func (p *program) readConf(line *cli.Line) error {
	if n := line.Value("node", p.Env); n != "" {
		return nil
	}
	network := line.Value("network", p.Env)
	if network == "" {
		network = "regtest"
	}
	dir, err := cli.DataDir(line.Value("datadir", p.Env), network)
	if err != nil {
		if line.Value("dir", p.Env) != "" || line.Value("nodes-file", p.Env) != "" {
			return nil // they say where all is, and there is no file
		}
		return err
	}
	path := filepath.Join(dir, "grapevine.conf")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f, err := db.OpenFile(path)
	if err != nil {
		return cli.Fail("grapevine.conf", err)
	}
	defer f.Close()
	settings, err := cli.ReadConf(f, network)
	if err != nil {
		return cli.Usagef("%s: %v", path, err)
	}
	for _, s := range settings {
		switch s.Name {
		case "datadir", "network", "node", "dir":
			return cli.Usagef("%s: line %d: --%s is read before this file and cannot stand in it", path, s.Line, s.Name)
		}
	}
	if err := line.Apply(settings, p.Env); err != nil {
		return cli.Usagef("%s: %v", path, err)
	}
	return nil
}
