package rpc_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/jsonrpc"
)

const (
	rpcDoc   = "../../docs/rpc.md"
	rpcBelow = "<!-- What follows is written by `make docs`. -->\n"
)

// lines reads a file of NAME: TEXT, in order.
func linesOf(t *testing.T, path string) (names []string, texts map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	for line := range strings.Lines(string(raw)) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case strings.HasPrefix(line, "#"):
		case !ok || texts[name] != "":
			t.Errorf("%s: %q is no NAME: TEXT, or its name is there twice", path, line)
		default:
			names = append(names, name)
			texts[name] = text
		}
	}
	return names, texts
}

// docs/rpc.md names every method of Core 31 and of ours, how it is called here, and
// what differs with the reason: as the table of methods has them.
func TestDocumentsNameEveryMethod(t *testing.T) {
	rows := rpc.Rows()
	usage := map[string]string{}
	for _, r := range rows {
		usage[r.Name], _, _ = strings.Cut(jsonrpc.Describe(rows, r.Name), "\n")
	}
	titles, core := linesOf(t, "testdata/core31.txt")
	named, differences := linesOf(t, "testdata/differences.txt")
	if !slices.IsSorted(named) {
		t.Error("testdata/differences.txt is not sorted")
	}
	var b strings.Builder
	seen := map[string]bool{}
	for _, title := range titles {
		fmt.Fprintf(&b, "\n## %s\n\n| method | difference from Core 31, and why |\n|---|---|\n", title)
		for _, name := range strings.Fields(core[title]) {
			seen[name] = true
			why := differences[name]
			if call, ours := usage[name]; ours {
				fmt.Fprintf(&b, "| `%s` | %s |\n", cell(call), why)
				continue
			}
			if why == "" {
				why = "not built"
			}
			fmt.Fprintf(&b, "| ~~%s~~ | %s |\n", name, why)
		}
	}
	fmt.Fprintf(&b, "\n## Ours alone\n\n| method | what it does |\n|---|---|\n")
	for _, r := range slices.SortedFunc(slices.Values(rows), func(a, b jsonrpc.Method) int { return strings.Compare(a.Name, b.Name) }) {
		if !seen[r.Name] {
			seen[r.Name] = true
			fmt.Fprintf(&b, "| `%s` | %s |\n", cell(usage[r.Name]), cell(r.Help))
		}
	}
	for _, name := range named {
		if !seen[name] {
			t.Errorf("testdata/differences.txt: %s is neither Core's nor ours", name)
		}
	}
	raw, err := os.ReadFile(rpcDoc)
	if err != nil {
		t.Fatal(err)
	}
	head, below, ok := strings.Cut(string(raw), rpcBelow)
	if !ok {
		t.Fatalf("%s has no line %s", rpcDoc, rpcBelow)
	}
	if *rewrite {
		if err := os.WriteFile(rpcDoc, []byte(head+rpcBelow+b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if below != b.String() {
		t.Errorf("%s is not what the table of methods says: run `make docs`", rpcDoc)
	}
}

// cell is a text as a table takes it.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ")
}
