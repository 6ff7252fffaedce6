package cli

import (
	"slices"
	"strings"

	urfave "github.com/urfave/cli/v2"
)

// Help writes what a command is for, how it is used and examples.
func (p *Program) Help(o *Out, app *urfave.App, path []*urfave.Command) {
	if len(path) == 0 {
		o.Printf("%s\n\n%s\n", prose(o, o.Paint(Bold, app.Name)+" — "+app.Usage), prose(o, app.Description))
		p.helpCommands(o, app.Name, app.Commands)
		helpFlags(o, "Flags of every command", app.Flags)
		o.Printf("\n%s\n", prose(o, "Every flag can be set by environment (GRAPEVINE_DATADIR=…) and, without its dashes, in\ngrapevine.conf in the data directory. `grapevine COMMAND --help` says more and shows examples."))
		return
	}
	leaf := path[len(path)-1]
	name := FullName(app, path)
	o.Printf("%s\n\n", prose(o, o.Paint(Bold, name)+" — "+leaf.Usage))
	o.Printf("%s\n  %s\n", o.Paint(Bold, "Usage"), usageLine(name, leaf))
	if leaf.Description != "" {
		o.Printf("\n%s\n", prose(o, strings.Trim(leaf.Description, "\n")))
	}
	p.helpCommands(o, name, leaf.Subcommands)
	for _, c := range path {
		helpFlags(o, "Flags", c.Flags)
	}
	o.Printf("\n%s\n", prose(o, "`"+app.Name+" --help` lists the flags of every command (--datadir, --node, --rpc, --json…)."))
}

// prose breaks sentences anew where a terminal is narrower than they were written for. Lines
// that are set in, as examples are, stay as they are.
func prose(o *Out, text string) string {
	if !o.tty {
		return text
	}
	var out, para []string
	end := func() {
		if slices.ContainsFunc(para, func(line string) bool { return visible(line) > o.width }) {
			para = []string{strings.TrimSuffix(Wrap(strings.Join(para, " "), "", o.width), "\n")}
		}
		out, para = append(out, para...), nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != ' ' {
			para = append(para, line)
			continue
		}
		end()
		out = append(out, line)
	}
	end()
	return strings.Join(out, "\n")
}

func usageLine(name string, c *urfave.Command) string {
	parts := []string{name}
	switch what := []string{c.ArgsUsage, "COMMAND"}; {
	case c.ArgsUsage != "" && len(c.Subcommands) > 0:
		parts = append(parts, strings.Join(what, " | "))
	case len(c.Subcommands) > 0:
		parts = append(parts, "COMMAND")
	case c.ArgsUsage != "":
		parts = append(parts, c.ArgsUsage)
	}
	if len(c.Flags) > 0 {
		parts = append(parts, "[flags]")
	}
	return strings.Join(parts, " ")
}

func (p *Program) helpCommands(o *Out, prefix string, commands []*urfave.Command) {
	if len(commands) == 0 {
		return
	}
	o.Printf("\n%s\n", o.Paint(Bold, "Commands"))
	var pairs [][2]string
	for _, c := range commands {
		name := c.Name
		if c.ArgsUsage != "" {
			name += " " + c.ArgsUsage
		}
		pairs = append(pairs, [2]string{name, c.Usage})
	}
	twoColumns(o, pairs)
	o.Printf("\n`%s COMMAND --help` says more about one of them.\n", prefix)
}

func helpFlags(o *Out, title string, flags []urfave.Flag) {
	var pairs [][2]string
	for _, f := range flags {
		d, ok := f.(urfave.DocGenerationFlag)
		if !ok {
			continue
		}
		names := f.Names()
		text := "--" + names[0]
		for _, short := range names[1:] {
			text = "-" + short + ", " + text
		}
		value, usage := unquoteUsage(d.GetUsage())
		if d.TakesValue() {
			text += " " + value
		}
		if def := strings.Trim(d.GetDefaultText(), `" `); def != "" && def != "false" && d.TakesValue() {
			usage += " (default " + def + ")"
		}
		pairs = append(pairs, [2]string{text, usage})
	}
	if len(pairs) > 0 {
		o.Printf("\n%s\n", o.Paint(Bold, title))
		twoColumns(o, pairs)
	}
}

// unquoteUsage takes the name of a flag's value out of its usage text, where
// it stands first and in backquotes.
func unquoteUsage(usage string) (value, text string) {
	if rest, ok := strings.CutPrefix(usage, "`"); ok {
		if value, text, ok = strings.Cut(rest, "`"); ok {
			return value, strings.TrimSpace(text)
		}
	}
	return "VALUE", usage
}

// twoColumns writes names and their texts, which are wrapped in their column.
func twoColumns(o *Out, pairs [][2]string) {
	const most = 30 // a longer name gets a line of its own
	width := 0
	for _, p := range pairs {
		if n := len([]rune(p[0])); n <= most {
			width = max(width, n)
		}
	}
	for _, p := range pairs {
		name := []rune(p[0])
		indent := strings.Repeat(" ", width+4)
		text := strings.TrimPrefix(Wrap(p[1], indent, max(o.Width(), 60)), indent)
		if len(name) > width {
			o.Printf("  %s\n%s%s", o.Paint(Cyan, p[0]), indent, text)
			continue
		}
		o.Printf("  %s%s  %s", o.Paint(Cyan, p[0]), strings.Repeat(" ", width-len(name)), text)
	}
}

// FullName is "grapevine wallet send".
func FullName(app *urfave.App, path []*urfave.Command) string {
	name := app.Name
	for _, c := range path {
		name += " " + c.Name
	}
	return name
}
