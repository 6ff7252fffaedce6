package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// Exit statuses.
const (
	ExitDone   = 0
	ExitFailed = 1
	exitUsage  = 2
)

// Failure is an error together with what to do about it.
type Failure struct {
	What string // that failed: "node", "wallet send"
	Err  error
	Hint string // a line that says what to do; "" asks HintFor
}

func (f *Failure) Error() string { return f.What + ": " + f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Fail says what failed. nil stays nil, wrong usage stays that, and advice that
// is already there is kept.
func Fail(what string, err error) error {
	switch f := err.(type) {
	case nil:
		return nil
	case *UsageError:
		return f
	case *Failure:
		return &Failure{What: what, Err: f.Err, Hint: f.Hint}
	}
	return &Failure{What: what, Err: err}
}

// Failf makes a failure with its own advice.
func Failf(what, hint, format string, args ...any) error {
	return &Failure{What: what, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Usagef is wrong usage.
func Usagef(format string, args ...any) error {
	return &UsageError{Why: fmt.Sprintf(format, args...)}
}

// OnUsage turns what urfave's cli says of a flag's value into wrong usage:
// `invalid value "x" for flag -nodes: parse error`, `invalid boolean value "x"
// for -wallet: parse error` or, of the environment,
// `could not parse "x" as int value from environment variable "GRAPEVINE_NODES"
// for flag nodes: parse error`.
func OnUsage(c *urfave.Context, err error, _ bool) error {
	text := strings.Replace(err.Error(), "invalid boolean value ", "invalid value ", 1)
	text = strings.Replace(text, " for -", " for flag -", 1)
	if value, rest, ok := strings.Cut(strings.TrimPrefix(text, "invalid value "), " for flag -"); ok {
		name, _, _ := strings.Cut(rest, ": ")
		return &UsageError{Why: fmt.Sprintf("--%s %s: want %s", name, value, wanted(c, name))}
	}
	value, isEnv := strings.CutPrefix(text, "could not parse ")
	if _, rest, ok := strings.Cut(value, " environment variable \""); ok && isEnv {
		value, _, _ = strings.Cut(value, " as ")
		variable, rest, _ := strings.Cut(rest, "\"")
		_, name, _ := strings.Cut(rest, "for flag ")
		name, _, _ = strings.Cut(name, ":")
		return &UsageError{Why: fmt.Sprintf("%s=%s: want %s", variable, value, wanted(c, name))}
	}
	return &UsageError{Why: text}
}

// wanted is what a flag takes.
func wanted(c *urfave.Context, name string) string {
	flags := c.App.Flags
	if c.Command != nil {
		flags = slices.Concat(c.Command.Flags, flags)
	}
	return wantedBy(lookup(flags, name))
}

func wantedBy(f urfave.Flag) string {
	switch f.(type) {
	case *urfave.IntFlag:
		return "a whole number"
	case *urfave.BoolFlag:
		return "true or false"
	case *urfave.DurationFlag:
		return "a time as in 300ms, 10s or 5m"
	}
	return "another value"
}

// Report writes an error as `grapevine: what failed: why`, then what to do,
// and returns the exit status.
func (p *Program) Report(err error) int {
	p.Err.Printf("%s %s\n", p.Err.Paint(Red, "grapevine:"), err)
	if u, ok := errors.AsType[*UsageError](err); ok {
		switch {
		case u.Hint != "":
			p.Err.Printf("%s\n", u.Hint)
		case u.Command != "":
			p.Err.Printf("`%s --help` explains it.\n", u.Command)
		default:
			p.Err.Printf("`grapevine COMMAND --help` explains it.\n")
		}
		return exitUsage
	}
	hint := cmp.Or(p.hintNodes(err), HintFor(err))
	if f, ok := errors.AsType[*Failure](err); ok && f.Hint != "" {
		hint = f.Hint
	}
	if hint != "" {
		if f, ok := errors.AsType[*Failure](err); ok && strings.HasPrefix(f.What, "testnet ") {
			hint = strings.ReplaceAll(hint, "--datadir DIR", "--dir DIR")
		}
		p.Err.Printf("%s\n", p.withDir(hint))
	}
	return ExitFailed
}

// withDir adds --dir to the commands in backquotes that speak of the network.
func (p *Program) withDir(hint string) string {
	parts := strings.Split(hint, "`")
	for i := 1; i < len(parts); i += 2 {
		if strings.HasPrefix(parts[i], "grapevine testnet ") || strings.HasPrefix(parts[i], "grapevine ") && strings.Contains(parts[i], " --node ") {
			parts[i] = p.Advice(parts[i])
		}
	}
	return strings.Join(parts, "`")
}
