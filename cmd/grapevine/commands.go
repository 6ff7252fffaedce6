package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"grapevine/testnet/process"
)

// maxPrinted is how much of what a command printed a page shows.
const maxPrinted = 64 << 10

// ownCommands runs this program's commands for the page of a node, with base after their own arguments: it says which
// node or network they are about.
type ownCommands struct {
	base []string
}

// run is web.Commands'. What the command prints goes to a file, not through us: it may outlive this process.
func (o ownCommands) run(ctx context.Context, node string, args ...string) (printed string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find our own program: %w", err)
	}
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
	cmd := exec.CommandContext(ctx, exe, append(args, o.base...)...)
	cmd.Env = append(process.WithoutSettings(os.Environ()), "NO_COLOR=1")
	cmd.Stdout, cmd.Stderr = out.File, said.File
	cmd.SysProcAttr = process.Attributes(true)
	err = cmd.Run()
	printed = out.text()
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		return printed, errors.New(strings.TrimPrefix(said.text(), "grapevine: "))
	}
	return printed, errors.Join(err, ctx.Err())
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

func (f printed) text() string {
	raw, err := io.ReadAll(io.NewSectionReader(f.File, 0, maxPrinted))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(raw))
}
