package argv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// UsageError is a wrong use of the command line: exit status 2.
type UsageError struct {
	Command string // full name of the command that was being used
	Why     string
	Hint    string // what to do instead; may be empty
}

func (e *UsageError) Error() string { return e.Why }

// Reorder returns args (args[0] is the program) so that cli/v2 reads them as
// people mean them. The rules are:
//
//   - a flag may stand anywhere after the command it belongs to, and a global
//     flag on any command;
//   - "--flag value" and "--flag=value" are one; a boolean flag takes only the
//     second form;
//   - after "--" everything is an argument; so is "-" and a negative number;
//   - an unknown flag or command is an error that names the nearest known one;
//   - a command without ArgsUsage takes no arguments.
func Reorder(app *cli.App, args []string) ([]string, error) {
	r := reorderer{app: app, name: app.Name, commands: app.Commands}
	if len(args) == 0 {
		return nil, nil
	}
	for rest := args[1:]; len(rest) > 0; {
		n, err := r.take(rest)
		if err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return r.result(args[0])
}

// level is one command of the path with the flags given for it.
type level struct {
	cmd   *cli.Command
	flags []string
}

type reorderer struct {
	app      *cli.App
	name     string         // of the command so far, for messages
	commands []*cli.Command // what may come next
	global   []string
	path     []level
	args     []string
	rest     bool // "--" was seen
}

// take reads one argument, or a flag with its value, and says how many it read.
func (r *reorderer) take(rest []string) (int, error) {
	tok := rest[0]
	switch {
	case r.rest || !isFlag(tok):
		return 1, r.word(tok)
	case tok == "--":
		r.rest = true
		return 1, nil
	}
	name, _, inline := strings.Cut(strings.TrimLeft(tok, "-"), "=")
	f, dst := r.find(name)
	if f == nil {
		return 0, r.unknownFlag(name)
	}
	*dst = append(*dst, tok)
	if inline || isBool(f) {
		return 1, nil
	}
	if len(rest) < 2 {
		return 0, r.wrong("", "--%s needs a value", name)
	}
	*dst = append((*dst)[:len(*dst)-1], tok+"="+rest[1])
	return 2, nil
}

func (r *reorderer) word(tok string) error {
	if len(r.commands) > 0 {
		for _, c := range r.commands {
			if c.HasName(tok) {
				r.path = append(r.path, level{cmd: c})
				r.name += " " + c.Name
				r.commands = c.Subcommands
				return nil
			}
		}
		if tok == "help" || tok == "h" {
			return r.help()
		}
		return r.unknownCommand(tok)
	}
	r.args = append(r.args, tok)
	return nil
}

// help turns "wallet help" into "wallet --help".
func (r *reorderer) help() error {
	if len(r.path) == 0 {
		r.global = append(r.global, "--help")
	} else {
		l := &r.path[len(r.path)-1]
		l.flags = append(l.flags, "--help")
	}
	return nil
}

// find looks for a flag in the commands of the path, innermost first, then
// among the global ones, and says where it is to be written.
func (r *reorderer) find(name string) (cli.Flag, *[]string) {
	for i := len(r.path) - 1; i >= 0; i-- {
		if f := lookup(r.path[i].cmd.Flags, name); f != nil {
			return f, &r.path[i].flags
		}
	}
	if f := lookup(r.app.Flags, name); f != nil {
		return f, &r.global
	}
	if name == "help" || name == "h" {
		if len(r.path) > 0 {
			return cli.HelpFlag, &r.path[len(r.path)-1].flags
		}
		return cli.HelpFlag, &r.global
	}
	return nil, nil
}

func (r *reorderer) result(program string) ([]string, error) {
	out := append([]string{program}, r.global...)
	for _, l := range r.path {
		out = append(append(out, l.cmd.Name), l.flags...)
	}
	if len(r.args) == 0 {
		return out, nil
	}
	if leaf := r.path[len(r.path)-1].cmd; leaf.ArgsUsage == "" {
		return nil, r.wrong("", "unexpected argument %q: `%s` takes none", r.args[0], r.name)
	}
	return append(append(out, "--"), r.args...), nil
}

func (r *reorderer) wrong(hint, format string, args ...any) error {
	return &UsageError{Command: r.name, Why: fmt.Sprintf(format, args...), Hint: hint}
}

func (r *reorderer) unknownFlag(name string) error {
	known := names(r.app.Flags)
	for _, l := range r.path {
		known = append(known, names(l.cmd.Flags)...)
	}
	hint := ""
	if near := nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean --%s?", near)
	}
	return r.wrong(hint, "there is no flag --%s for `%s`", name, r.name)
}

func (r *reorderer) unknownCommand(tok string) error {
	var known []string
	for _, c := range r.commands {
		known = append(known, c.Name)
	}
	hint := ""
	if near := nearest(tok, known); near != "" {
		hint = fmt.Sprintf("did you mean `%s %s`?", r.name, near)
	}
	return r.wrong(hint, "there is no command `%s %s`", r.name, tok)
}

// isFlag: "-" and negative numbers are arguments.
func isFlag(tok string) bool {
	return len(tok) > 1 && tok[0] == '-' && (tok[1] < '0' || tok[1] > '9') && tok[1] != '.'
}

func isBool(f cli.Flag) bool {
	_, ok := f.(*cli.BoolFlag)
	return ok
}

func lookup(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func names(flags []cli.Flag) []string {
	var out []string
	for _, f := range flags {
		out = append(out, f.Names()[0])
	}
	return out
}

// nearest is the known word at most two edits (and fewer than its length) away.
func nearest(word string, known []string) string {
	const most = 2
	best, at := "", most+1
	for _, k := range known {
		if d := distance(word, k); d < at && d < len(k) {
			best, at = k, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
