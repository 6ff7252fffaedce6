package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/argv"
	"grapevine/cmd/grapevine/term"
)

// app is the table of commands.
func (p *program) app() *cli.App {
	a := &cli.App{
		Name:  "grapevine",
		Usage: "a Bitcoin node without a server",
		Description: `Nodes gossip transactions and blocks with each other, and each keeps the whole chain.

  $ grapevine testnet demo                        watch a network live, in half a minute
  $ grapevine testnet up                          start four nodes and keep them
  $ grapevine wallet send ADDRESS 1.5 --node 0    pay
  $ grapevine peers --node 0                      see who talks to whom`,
		Flags:           globalFlags(),
		HideVersion:     true,
		HideHelp:        true,
		HideHelpCommand: true,
		OnUsageError:    onUsage,
		ExitErrHandler:  func(*cli.Context, error) {}, // run reports errors, nobody else
		Writer:          p.out,
		ErrWriter:       p.err,
		Commands: []*cli.Command{
			p.nodeCommand(),
			p.testnetCommand(),
			p.statusCommand(),
			p.peersCommand(),
			p.mineCommand(),
			p.walletCommand(),
			p.txCommand(),
			p.blockCommand(),
			p.rpcCommand(),
			p.dbCommand(),
			p.versionCommand(),
		},
	}
	for _, c := range a.Commands {
		prepare(c)
	}
	return a
}

// prepare sets what all commands have in common.
func prepare(c *cli.Command) {
	c.HideHelp, c.HideHelpCommand, c.OnUsageError = true, true, onUsage
	for _, s := range c.Subcommands {
		prepare(s)
	}
}

// env names the environment variable of a flag.
func env(name string) []string { return []string{argv.EnvName(name)} }

func stringFlag(name, usage string) *cli.StringFlag {
	return &cli.StringFlag{Name: name, Usage: usage, EnvVars: env(name)}
}

func listFlag(name, usage string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, EnvVars: env(name)}
}

func boolFlag(name, usage string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, EnvVars: env(name)}
}

func intFlag(name string, value int, usage string) *cli.IntFlag {
	return &cli.IntFlag{Name: name, Value: value, Usage: usage, EnvVars: env(name)}
}

func globalFlags() []cli.Flag {
	network := stringFlag("network", "`NAME` regtest, signet, testnet4 or mainnet")
	network.Value = "regtest"
	number := intFlag("node", -1, "`N` talk to node N of the local network that is up")
	number.DefaultText = " "
	return []cli.Flag{
		network,
		stringFlag("datadir", "`DIR` the node's data directory (default ~/.grapevine/NETWORK)"),
		number,
		stringFlag("rpc", "`URL` talk to a node elsewhere, as http://HOST:PORT"),
		stringFlag("rpcuser", "`NAME` for RPC; without it the data directory's cookie is used"),
		stringFlag("rpcpassword", "`SECRET` for RPC"),
		boolFlag("json", "print JSON, for programs"),
	}
}

// params are the rules of the network that was asked for.
func params(network string) (*chain.Params, error) {
	switch network {
	case "regtest":
		return chain.ForNetwork(network)
	case "signet", "testnet4", "mainnet":
		return nil, usagef("network %s comes with a later version", network)
	}
	return nil, usagef("there is no network %q: regtest is one", network)
}

// dataDir is the data directory of a line or context that gives these values.
func dataDir(datadir, network string) (string, error) {
	if datadir != "" {
		return datadir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", failf("data directory", "Say where with --datadir DIR.", "%w", err)
	}
	return filepath.Join(home, ".grapevine", network), nil
}

// readConf lets grapevine.conf of the data directory speak where the line is
// silent. With --node everything stands in net.json instead.
func (p *program) readConf(line *argv.Line) error {
	if n := line.Value("node", p.env); n != "" && n != "-1" {
		return nil
	}
	network := line.Value("network", p.env)
	if network == "" {
		network = "regtest"
	}
	dir, err := dataDir(line.Value("datadir", p.env), network)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, "grapevine.conf")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fail("grapevine.conf", err)
	}
	defer f.Close()
	settings, err := argv.ReadConf(f, network)
	if err != nil {
		return usagef("%s: %v", path, err)
	}
	for _, s := range settings {
		switch s.Name {
		case "datadir", "network", "node":
			return usagef("%s: line %d: --%s is read before this file and cannot stand in it", path, s.Line, s.Name)
		}
	}
	if err := line.Apply(settings, p.env); err != nil {
		return usagef("%s: %v", path, err)
	}
	return nil
}

// show prints v as JSON with --json, and otherwise lets human write.
func (p *program) show(c *cli.Context, v any, human func(o *term.Out)) error {
	if !c.Bool("json") {
		human(p.out)
		return nil
	}
	return p.printJSON(v)
}

func (p *program) printJSON(v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	p.out.Printf("%s\n", raw)
	return nil
}

// wantArgs checks how many arguments there are and returns them.
func wantArgs(c *cli.Context, least, most int) ([]string, error) {
	args := c.Args().Slice()
	if len(args) < least || len(args) > most {
		return nil, &argv.UsageError{
			Command: c.Command.HelpName,
			Why:     fmt.Sprintf("`%s` wants %s, not %d arguments", c.Command.HelpName, c.Command.ArgsUsage, len(args)),
		}
	}
	return args, nil
}
