package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// UsageError is a wrong use of the command line: exit status 2.
type UsageError struct {
	Command string // full name of the command that was being used
	Why     string
	Hint    string // what to do instead; may be empty
}

func (e *UsageError) Error() string { return e.Why }

// Line is a command line that has been understood.
type Line struct{ r reorderer }

// Parse reads args (args[0] is the program) as people mean them. The rules are:
//
//   - a flag may stand anywhere after the command it belongs to, and a global
//     flag on any command;
//   - "--flag value" and "--flag=value" are one; a boolean flag takes only the
//     second form;
//   - after "--" everything is an argument; so is "-" and a negative number;
//   - an unknown flag or command is an error that names the nearest known one;
//   - a command without ArgsUsage takes no arguments.
func Parse(app *urfave.App, args []string) (*Line, error) {
	r := reorderer{app: app, name: app.Name, program: app.Name, commands: app.Commands}
	if len(args) > 0 {
		r.program = args[0]
		args = args[1:]
	}
	for len(args) > 0 {
		n, err := r.take(args)
		if err != nil {
			return nil, err
		}
		args = args[n:]
	}
	return &Line{r: r}, r.expected()
}

// Argv is the line in the order that cli/v2 understands: global flags, then
// each command with its flags, then "--" and the arguments.
func (l *Line) Argv() []string {
	out := append([]string{l.r.program}, l.r.global...)
	for _, c := range l.r.path {
		out = append(append(out, c.cmd.Name), c.flags...)
	}
	if len(l.r.args) > 0 {
		out = append(append(out, "--"), l.r.args...)
	}
	return out
}

// Path are the commands of the line, outermost first.
func (l *Line) Path() []*urfave.Command {
	var out []*urfave.Command
	for _, c := range l.r.path {
		out = append(out, c.cmd)
	}
	return out
}

// Help is whether the line asks for help.
func (l *Line) Help() bool { return l.has(urfave.HelpFlag) }

// Value is what a global flag was given, on the line or else by env; "" if
// neither.
func (l *Line) Value(name string, env func(string) string) string {
	value := ""
	for _, tok := range l.r.global {
		if got, v, ok := strings.Cut(strings.TrimLeft(tok, "-"), "="); ok && got == name {
			value = v
		}
	}
	if f := lookup(l.r.app.Flags, name); value == "" && f != nil {
		value = fromEnv(f, env)
	}
	return value
}

// On is whether a global flag without a value is given, on the line or else by env.
func (l *Line) On(name string, env func(string) string) bool {
	if slices.Contains(l.r.global, "--"+name) || slices.Contains(l.r.global, "-"+name) {
		return true
	}
	on, err := strconv.ParseBool(l.Value(name, env))
	return err == nil && on
}

// fromEnv is what the environment says of a flag.
func fromEnv(f urfave.Flag, env func(string) string) string {
	d, ok := f.(urfave.DocGenerationFlag)
	if !ok {
		return ""
	}
	for _, name := range d.GetEnvVars() {
		if v := env(name); v != "" {
			return v
		}
	}
	return ""
}

// Apply adds settings of a configuration file to the line. What the line or
// the environment says counts more; a setting of a flag that this command does
// not have is for another one; a name that no command knows is an error.
func (l *Line) Apply(settings []Setting, env func(string) string) error {
	given := map[urfave.Flag]bool{}
	for _, f := range l.flags() {
		given[f] = l.has(f) || fromEnv(f, env) != ""
	}
	for _, s := range settings {
		f, dst := l.r.find(s.Name)
		if f == nil {
			if !knownAnywhere(l.r.app.Flags, l.r.app.Commands, s.Name) {
				return l.r.wrong("", "line %d: there is no setting %q", s.Line, s.Name)
			}
			continue
		}
		if s.Value == "" && !mayBeEmpty(f) {
			return l.r.wrong("", "line %d: %s needs a value", s.Line, s.Name)
		}
		if !given[f] {
			*dst = append(*dst, "--"+s.Name+"="+s.Value)
		}
	}
	return nil
}

// flags are all that may stand on this line.
func (l *Line) flags() []urfave.Flag {
	out := slices.Clone(l.r.app.Flags)
	for _, c := range l.r.path {
		out = append(out, c.cmd.Flags...)
	}
	return out
}

// has is whether the line gives a flag.
func (l *Line) has(f urfave.Flag) bool {
	tokens := slices.Clone(l.r.global)
	for _, c := range l.r.path {
		tokens = append(tokens, c.flags...)
	}
	return slices.ContainsFunc(tokens, func(tok string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(tok, "-"), "=")
		return slices.Contains(f.Names(), name)
	})
}

func knownAnywhere(flags []urfave.Flag, commands []*urfave.Command, name string) bool {
	return lookup(flags, name) != nil || slices.ContainsFunc(commands, func(c *urfave.Command) bool {
		return knownAnywhere(c.Flags, c.Subcommands, name)
	})
}

// level is one command of the path with the flags given for it.
type level struct {
	cmd   *urfave.Command
	flags []string
}

type reorderer struct {
	app      *urfave.App
	program  string            // args[0]
	name     string            // of the command so far, for messages
	commands []*urfave.Command // what may come next
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
	name, value, inline := strings.Cut(strings.TrimLeft(tok, "-"), "=")
	f, dst := r.find(name)
	if f == nil {
		return 0, r.unknownFlag(name)
	}
	n := 1
	if !inline && !isBool(f) {
		if len(rest) < 2 {
			return 0, r.wrong("", "--%s needs a value", name)
		}
		n, value, tok = 2, rest[1], tok+"="+rest[1]
	}
	if value == "" && !isBool(f) && !mayBeEmpty(f) {
		return 0, r.wrong("", "--%s needs a value, and this one is empty", name)
	}
	*dst = append(*dst, tok)
	return n, nil
}

// mayBeEmpty: where a value is money's way, or a node, an empty one is a shell's
// variable that was not set; the default must not take its place in silence.
func mayBeEmpty(f urfave.Flag) bool { return f.Names()[0] == "label" }

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
		if !r.takesArgs() {
			return r.unknownCommand(tok)
		}
		r.commands = nil // after an argument no command comes
	}
	r.args = append(r.args, tok)
	return nil
}

// takesArgs: of the commands that have others below them, some take arguments of
// their own, as in `tx TXID` beside `tx send HEX`.
func (r *reorderer) takesArgs() bool {
	return len(r.path) > 0 && r.path[len(r.path)-1].cmd.ArgsUsage != ""
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
func (r *reorderer) find(name string) (urfave.Flag, *[]string) {
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
			return urfave.HelpFlag, &r.path[len(r.path)-1].flags
		}
		return urfave.HelpFlag, &r.global
	}
	return nil, nil
}

// expected refuses arguments that the command has no use for.
func (r *reorderer) expected() error {
	if len(r.args) == 0 || r.path[len(r.path)-1].cmd.ArgsUsage != "" {
		return nil
	}
	return r.wrong("", "unexpected argument %q: `%s` takes none", r.args[0], r.name)
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

func isBool(f urfave.Flag) bool {
	_, ok := f.(*urfave.BoolFlag)
	return ok
}

func lookup(flags []urfave.Flag, name string) urfave.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func names(flags []urfave.Flag) []string {
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

// forTests begin variables that only this project's own tests read.
var forTests = []string{"GRAPEVINE_TEST_", "GRAPEVINE_FULL", "GRAPEVINE_SEEDS", "GRAPEVINE_LARGE", "GRAPEVINE_MUTANTS"}

// CheckVariables refuses GRAPEVINE_ variables that no flag has: a slip of the
// pen would change nothing and say nothing. Which there are is asked only where one is set.
func (l *Line) CheckVariables(environ []string) error {
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "GRAPEVINE_") || slices.ContainsFunc(forTests, func(s string) bool { return strings.HasPrefix(name, s) }) {
			continue
		}
		known := l.r.variables()
		if slices.Contains(known, name) {
			continue
		}
		hint := "`grapevine --help` says which there are."
		if near := nearest(name, known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return l.r.wrong(hint, "there is no setting %s", name)
	}
	return nil
}

// variables are the environment variables of all flags.
func (r *reorderer) variables() (known []string) {
	var walk func([]urfave.Flag, []*urfave.Command)
	walk = func(flags []urfave.Flag, commands []*urfave.Command) {
		for _, name := range names(flags) {
			known = append(known, envName(name))
		}
		for _, c := range commands {
			walk(c.Flags, c.Subcommands)
		}
	}
	walk(r.app.Flags, r.app.Commands)
	return known
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "GRAPEVINE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
