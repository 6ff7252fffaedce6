package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"grapevine/cmd/grapevine/argv"
	"grapevine/cmd/grapevine/term"
)

// version and commit are filled in by the linker (see Makefile).
var (
	version = "0.1.0"
	commit  = ""
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	// The first signal asks to stop; the second one, no longer caught, stops at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	p := &program{
		in:  os.Stdin,
		out: term.New(os.Stdout, os.Getenv),
		err: term.New(os.Stderr, os.Getenv),
		env: os.Getenv,
	}
	os.Exit(p.run(ctx, os.Args))
}

// program is the command line together with what it touches of the system.
type program struct {
	in       io.Reader
	out, err *term.Out
	env      func(string) string
}

// run does what args say and returns the exit status.
func (p *program) run(ctx context.Context, args []string) int {
	err := p.do(ctx, args)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		p.err.Printf("grapevine: interrupted\n")
		return exitFailed
	}
	return p.report(err)
}

func (p *program) do(ctx context.Context, args []string) error {
	app := p.app()
	line, err := argv.Parse(app, args)
	if err != nil {
		return err
	}
	path := line.Path()
	if line.Help() || len(path) == 0 {
		p.help(p.out, app, path)
		return nil
	}
	if leaf := path[len(path)-1]; len(leaf.Subcommands) > 0 {
		p.help(p.err, app, path)
		return usagef("`%s` needs one of the commands above", fullName(app, path))
	}
	if err := p.readConf(line); err != nil {
		return err
	}
	err = app.RunContext(ctx, line.Argv())
	if u, ok := errors.AsType[*argv.UsageError](err); ok && u.Command == "" {
		u.Command = fullName(app, path)
	}
	return err
}
