package rpc

import (
	_ "embed"
	"fmt"
	"strings"
)

// helpFile describes every method: groups under "== Name ==", a usage line per
// method in Core's notation, its paragraph indented below.
//
//go:embed help.txt
var helpFile string

// manual is helpFile, parsed.
type manual struct {
	order  []string // usage lines and group titles, as they stand
	byName map[string]string
}

func newManual(text string) *manual {
	m := &manual{byName: map[string]string{}}
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "=="):
			if len(m.order) > 0 {
				m.order = append(m.order, "")
			}
			m.order = append(m.order, line)
		case strings.HasPrefix(line, "    "):
			m.byName[name] += "\n" + line[4:]
		case line != "":
			name, _, _ = strings.Cut(line, " ")
			m.byName[name] = line + "\n"
			m.order = append(m.order, line)
		}
	}
	return m
}

// list names all methods.
func (m *manual) list() string { return strings.Join(m.order, "\n") }

// usage describes one method.
func (m *manual) usage(name string) string {
	if text, ok := m.byName[name]; ok {
		return text
	}
	return fmt.Sprintf("help: unknown command: %s", name)
}
