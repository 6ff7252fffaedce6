package cli

import (
	"fmt"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/node"
)

// EnvVars names the environment variable of a flag.
func EnvVars(name string) []string { return []string{envName(name)} }

func StringFlag(name, usage string) *urfave.StringFlag {
	return &urfave.StringFlag{Name: name, Usage: usage, EnvVars: EnvVars(name)}
}

func ListFlag(name, usage string) *urfave.StringSliceFlag {
	return &urfave.StringSliceFlag{Name: name, Usage: usage, EnvVars: EnvVars(name)}
}

func BoolFlag(name, usage string) *urfave.BoolFlag {
	return &urfave.BoolFlag{Name: name, Usage: usage, EnvVars: EnvVars(name)}
}

func IntFlag(name string, value int, usage string) *urfave.IntFlag {
	return &urfave.IntFlag{Name: name, Value: value, Usage: usage, EnvVars: EnvVars(name)}
}

// MineMode reads --mine.
func MineMode(s string) (node.Mine, error) {
	var m node.Mine
	switch rest, every := strings.CutPrefix(s, "every="); {
	case s == "manual":
	case s == "on-tx":
		m.OnTx = true
	case every:
		d, err := time.ParseDuration(rest)
		if err != nil || d <= 0 {
			return m, Usagef("--mine %q: want a time as in every=10s", s)
		}
		m.Every = d
	default:
		return m, &UsageError{Command: "grapevine node", Why: fmt.Sprintf("--mine %q: want manual, on-tx or every=10s", s)}
	}
	return m, nil
}
