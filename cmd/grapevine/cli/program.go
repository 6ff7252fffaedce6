package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	urfave "github.com/urfave/cli/v2"
)

// Program is the command line together with what it touches of the system.
type Program struct {
	In       io.Reader
	Out, Err *Out
	Env      func(string) string
	// Said is what the line itself, and not the environment, gives for a global flag.
	Said func(name string) string
	// CheckNode says whether a node starts with these lines in its grapevine.conf.
	CheckNode func(lines []string) error

	net string // where the line's network lives
	dir string // what commands must add to mean the line's network: "" or " --dir X"
}

// DataDir is the data directory of a line or context that gives these values.
func DataDir(datadir, network string) (string, error) {
	if datadir != "" {
		return datadir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", Failf("data directory", "Say where with --datadir DIR, and a local network with --dir DIR.", "%w", err)
	}
	return filepath.Join(home, ".grapevine", network), nil
}

// Show prints v as JSON with --json, and otherwise lets human write.
func (p *Program) Show(c *urfave.Context, v any, human func(o *Out)) error {
	if !c.Bool("json") {
		human(p.Out)
		return nil
	}
	return p.PrintJSON(v)
}

func (p *Program) PrintJSON(v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	p.Out.Printf("%s\n", raw)
	return nil
}

// PrintLine prints v as one line of JSON: of what goes on, a line is a value.
func (p *Program) PrintLine(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	p.Out.Printf("%s\n", raw)
	return nil
}

// WantArgs checks how many arguments there are and returns them.
func WantArgs(c *urfave.Context, least, most int) ([]string, error) {
	args := c.Args().Slice()
	if len(args) < least || len(args) > most {
		return nil, &UsageError{
			Command: c.Command.HelpName,
			Why:     fmt.Sprintf("`%s` wants %s, not %s", c.Command.HelpName, cmp.Or(c.Command.ArgsUsage, "no arguments"), Plural(len(args), "argument")),
		}
	}
	return args, nil
}
