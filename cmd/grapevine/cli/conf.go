package cli

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	urfave "github.com/urfave/cli/v2"
)

// Setting is one line of grapevine.conf.
type Setting struct {
	Name, Value string
	Line        int
}

// maxConfLine bounds one line of the file; a fee rate or an address has tens of bytes.
const maxConfLine = 4096

// ReadConf reads settings in bitcoin.conf's manner: "name = value", "name"
// alone for a boolean, "#" comments, and sections "[regtest]" whose lines
// count on that network alone. Repeated names repeat the flag.
func ReadConf(r io.Reader, network string) ([]Setting, error) {
	var out []Setting
	section := ""
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, maxConfLine), maxConfLine)
	n := 0
	for sc.Scan() {
		n++
		line := strings.TrimSpace(stripComment(sc.Text()))
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "[") {
			name, ok := strings.CutSuffix(line[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d: %q is not a section like [regtest]", n, line)
			}
			section = strings.TrimSpace(name)
			if !slices.Contains(networks(), section) {
				return nil, fmt.Errorf("line %d: [%s] is no network: %s are", n, section, strings.Join(networks(), ", "))
			}
			continue
		}
		if section != "" && section != network {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !found {
			value = "true"
		}
		if name == "" || strings.ContainsAny(name, " \t") {
			return nil, fmt.Errorf("line %d: %q is not `name = value`", n, line)
		}
		out = append(out, Setting{Name: strings.TrimLeft(name, "-"), Value: value, Line: n})
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return out, nil
}

// NodeLines judges lines of a node's grapevine.conf before any node reads them.
type NodeLines struct {
	flags []urfave.Flag
	check func(lines []string) error
}

// NodeLines are those that a node of this program reads.
func (p *Program) NodeLines(app *urfave.App) NodeLines {
	return NodeLines{slices.Concat(app.Command("node").Flags, app.Flags), p.CheckNode}
}

// Line says whether there is such a setting, and whether its value is of its kind. many: it
// may be repeated.
func (n NodeLines) Line(name, value string) (many bool, err error) {
	f := lookup(n.flags, name)
	if f == nil {
		return false, fmt.Errorf("a node has no setting %q", Printable(name))
	}
	if value == "" && !mayBeEmpty(f) {
		return false, fmt.Errorf("%s needs a value", name)
	}
	switch f.(type) {
	case *urfave.IntFlag:
		_, err = strconv.ParseInt(value, 0, 64)
	case *urfave.BoolFlag:
		_, err = strconv.ParseBool(value)
	case *urfave.DurationFlag:
		_, err = time.ParseDuration(value)
	case *urfave.StringSliceFlag:
		many = true
	}
	if err != nil {
		err = fmt.Errorf("%s %q: want %s", name, Printable(value), wantedBy(f))
	}
	return many, err
}

// Node says whether a node starts that is told all these lines, each "name = value".
func (n NodeLines) Node(lines []string) error { return n.check(lines) }

// stripComment drops "#" and what follows, at the line's start or after a
// space: a password may hold one.
func stripComment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}
