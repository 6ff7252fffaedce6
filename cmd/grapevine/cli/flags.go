package cli

import (
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
	m, err := node.ParseMine(s)
	if err != nil {
		return m, Usagef("--mine %q: %v", Printable(s), err)
	}
	return m, nil
}
