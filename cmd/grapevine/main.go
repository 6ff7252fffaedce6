package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"grapevine/cmd/grapevine/bitcoincli"
	"grapevine/cmd/grapevine/bitcoind"
	"grapevine/cmd/grapevine/cli"
	"grapevine/cmd/grapevine/testnetcmd"
	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/client"
)

// version and commit are filled in by the linker (see Makefile).
var (
	version = "0.2.0"
	commit  = ""
)

func main() {
	runtime.MemProfileRate = 0 // what is allocated is sampled for --pprof alone: it costs memory and time
	if os.Getenv("GOGC") == "" {
		tuneGC()
	}
	tuneProcessors()
	// The first signal asks to stop; the second one, no longer caught, stops at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	p := &program{cli.Program{
		In:  os.Stdin,
		Out: cli.NewOut(os.Stdout, os.Getenv),
		Err: cli.NewOut(os.Stderr, os.Getenv),
		Env: os.Getenv,
	}}
	home, _ := os.UserHomeDir() // none: then the flags have to say where everything is
	switch name, line := calledAs(os.Args); name {
	case "bitcoin-cli":
		os.Exit(bitcoincli.Run(ctx, bitcoincli.System{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Home: home, Version: version, Table: client.NewTable(rpc.Rows())}, line))
	case "bitcoind":
		os.Exit(bitcoind.Run(ctx, bitcoind.System{Out: os.Stdout, Err: os.Stderr, Home: home, Version: version}, line))
	}
	os.Exit(p.run(ctx, os.Args))
}

// calledAs is the name that the program answers to, with its command line: its
// own name or the first word.
func calledAs(line []string) (name string, rest []string) {
	name = filepath.Base(line[0])
	if name != "bitcoind" && name != "bitcoin-cli" && len(line) > 1 && (line[1] == "bitcoind" || line[1] == "bitcoin-cli") {
		return line[1], line[1:]
	}
	return name, line
}

// program has all commands, a file for each group.
type program struct{ cli.Program }

// run does what args say and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	err := p.do(ctx, args)
	if lost := p.Out.Failed(); err == nil && lost != nil {
		err = cli.Failf("output", "What the command was to do is done; not all that it says was written.", "%w", lost)
	}
	switch {
	case err == nil:
		return cli.ExitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		p.Err.Printf("grapevine: interrupted\n")
		return cli.ExitFailed
	}
	return p.Report(err)
}

func (p *program) do(ctx context.Context, args []string) error {
	switch last := len(args) - 1; {
	case args[last] == askForWords:
		return p.complete(ctx, args)
	case last == 1 && args[last] == "--version":
		args = []string{args[0], "version"}
	}
	app := p.app()
	line, err := cli.Parse(app, args)
	if err != nil {
		return err
	}
	path := line.Path()
	if line.Help() || len(path) == 0 {
		p.Help(p.Out, app, path)
		return nil
	}
	if leaf := path[len(path)-1]; len(leaf.Subcommands) > 0 && leaf.ArgsUsage == "" {
		p.Help(p.Err, app, path)
		return cli.Usagef("`%s` needs one of the commands above", cli.FullName(app, path))
	}
	p.Said = func(name string) string { return line.Value(name, func(string) string { return "" }) }
	if err := p.checkLine(line); err != nil {
		return err
	}
	p.SayDir(line.Value("dir", p.Env), line.Value("datadir", p.Env), line.Value("nodes-file", p.Env))
	if err := p.readConf(line); err != nil {
		return err
	}
	err = app.RunContext(ctx, line.Argv())
	if u, ok := errors.AsType[*cli.UsageError](err); ok && u.Command == "" {
		u.Command = cli.FullName(app, path)
	}
	return err
}

// checkLine refuses what would be passed over in silence.
func (p *program) checkLine(line *cli.Line) error {
	if s := line.Value("node", p.Env); strings.HasPrefix(s, "-") {
		return cli.Usagef("--node %s: want a node's number, 0 or more", s)
	}
	node, rpc := p.Said("node"), p.Said("rpc")
	if node != "" && rpc != "" {
		return cli.Usagef("--node %s and --rpc %s name two nodes: want one of them", node, rpc)
	}
	if path := line.Path(); node != "" && len(path) == 2 && path[0].Name == "testnet" {
		if err := testnetcmd.RefuseNode(path[1].Name, node); err != nil {
			return err
		}
	}
	if line.On("progress", p.Env) {
		p.Err.Tell()
		p.Out.Tell()
	}
	return line.CheckVariables(os.Environ())
}
