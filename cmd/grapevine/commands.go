package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"grapevine/cmd/web"
	"grapevine/db"
	"grapevine/testnet/process"
)

// maxPrinted is how much of what a command printed a page shows.
const maxPrinted = 64 << 10

// ownCommands runs this program's commands for the page of a node, with base after their own arguments: it says which
// node or network they are about.
type ownCommands struct {
	base []string
	dir  string // of the local network; "": there is none
}

// begin is web.Config.Begin.
func (o ownCommands) begin(ctx context.Context, args ...string) error {
	out, err := os.OpenFile(filepath.Join(o.dir, process.BegunOut), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	said, err := os.OpenFile(filepath.Join(o.dir, process.BegunErr), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer said.Close()
	err = o.exec(ctx, out, said, args)
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		return errors.New(text(said))
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		fmt.Fprintln(said, err)
	}
	return err
}

// began is web.Config.Began.
func (o ownCommands) began() (c web.Began, ok bool) {
	for _, one := range []struct {
		name string
		to   *string
	}{{process.BegunOut, &c.Printed}, {process.BegunErr, &c.Failed}} {
		f, err := db.OpenFile(filepath.Join(o.dir, one.name))
		if err != nil {
			return c, false
		}
		if info, err := f.Stat(); err == nil && info.ModTime().After(c.At) {
			c.At = info.ModTime()
		}
		*one.to = text(f)
		f.Close()
	}
	if c.Printed != "" { // the rest is advice
		c.Failed = ""
	}
	return c, true
}

// run is web.Commands'. What the command prints goes to a file, not through us: it may outlive this process.
func (o ownCommands) run(ctx context.Context, node string, args ...string) (printed string, err error) {
	if node != "" {
		args = append(args, "--node="+node)
	}
	out, err := printFile()
	if err != nil {
		return "", err
	}
	defer out.close()
	said, err := printFile()
	if err != nil {
		return "", err
	}
	defer said.close()
	err = o.exec(ctx, out.File, said.File, args)
	printed = text(out.File)
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		return printed, errors.New(text(said.File))
	}
	return printed, errors.Join(err, ctx.Err())
}

func (o ownCommands) exec(ctx context.Context, out, said *os.File, args []string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	cmd := exec.CommandContext(ctx, exe, append(args, o.base...)...)
	cmd.Env = append(process.WithoutSettings(os.Environ()), "NO_COLOR=1")
	cmd.Stdout, cmd.Stderr = out, said
	cmd.SysProcAttr = process.Attributes(true)
	return cmd.Run()
}

// printed is a file that nobody else can open.
type printed struct{ *os.File }

func printFile() (printed, error) {
	f, err := os.CreateTemp("", "grapevine-page-")
	if err != nil {
		return printed{}, fmt.Errorf("a file for what the command prints: %w", err)
	}
	_ = os.Remove(f.Name()) // where files in use can be removed, nothing is left when this process is ended
	return printed{f}, nil
}

func (f printed) close() {
	f.Close()
	os.Remove(f.Name())
}

// text is what a command has printed.
func text(f *os.File) string {
	raw, err := io.ReadAll(io.NewSectionReader(f, 0, maxPrinted))
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(strings.TrimSpace(string(raw)), "grapevine: ")
}
