package main

import (
	"context"
	"io"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// ofItsMachine are settings whose values only the machine knows where the node will run: files
// and names of its network. (--onlynet asks whether there is a proxy.)
var ofItsMachine = []string{"peers", "proxy", "onion", "onlynet"}

// checkNode judges lines of a grapevine.conf, each "name = value", as the node will that is
// told them. It opens nothing, asks nobody and says nothing.
func checkNode(lines []string) error {
	p := &program{cli.Program{Out: cli.Plain(io.Discard), Err: cli.Plain(io.Discard), Env: func(string) string { return "" }}}
	app := p.app()
	node := app.Command("node")
	deafen(app.Flags)
	deafen(node.Flags)
	node.Action = func(c *urfave.Context) error {
		if _, err := p.nodeConfig(c); err != nil {
			return err
		}
		return profileConfig(c.String("pprof"))
	}
	args := []string{app.Name, node.Name, "--datadir=nowhere"}
	for _, l := range lines {
		if name, value, _ := strings.Cut(l, " = "); !slices.Contains(ofItsMachine, name) {
			args = append(args, "--"+name+"="+value)
		}
	}
	line, err := cli.Parse(app, args)
	if err != nil {
		return err
	}
	return app.RunContext(context.Background(), line.Argv())
}

// deafen lets flags hear nothing of this program's environment, which a node of a local
// network is not given.
func deafen(flags []urfave.Flag) {
	for _, f := range flags {
		switch f := f.(type) {
		case *urfave.StringFlag:
			f.EnvVars = nil
		case *urfave.StringSliceFlag:
			f.EnvVars = nil
		case *urfave.IntFlag:
			f.EnvVars = nil
		case *urfave.BoolFlag:
			f.EnvVars = nil
		case *urfave.DurationFlag:
			f.EnvVars = nil
		}
	}
}
