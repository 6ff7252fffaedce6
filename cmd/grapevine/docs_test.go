package main

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	urfave "github.com/urfave/cli/v2"

	"grapevine/cmd/grapevine/cli"
)

// documents are the files for people, by their path below the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	docs := map[string]string{}
	for _, path := range append(paths, "../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		docs[filepath.Base(path)] = string(raw)
	}
	return docs
}

// code is all Go source with the Makefile: where what documents name must be.
func code(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "*/*.go", "*/*/*.go", "*/*/*/*.go", "Makefile"} {
		paths, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(raw)
		}
	}
	return all.String()
}

// wordsOfSource is all words of the Go source, tests left out.
func wordsOfSource(t *testing.T) map[string]bool {
	t.Helper()
	words, word := map[string]bool{}, regexp.MustCompile(`\w+`)
	err := filepath.WalkDir("../..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, w := range word.FindAllString(string(raw), -1) {
			words[w] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// found returns what group 1 of a pattern matches, each once.
func found(pattern, in string) []string {
	set := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(in, -1) {
		set[m[1]] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// Documents name only tests, targets, variables and files that exist; for switches
// see TestDocumentsNameSwitchesThatExist.
func TestDocumentsNameWhatExists(t *testing.T) {
	const variable = `\b((?:GRAPEVINE|TWIN)_[A-Z_]+[A-Z])\b`
	all := code(t)
	type kind struct {
		pattern string
		exist   []string
	}
	kinds := map[string]kind{
		"test":     {`\b((?:Test|Benchmark)[A-Z0-9]\w*)`, found(`(?m)^func ((?:Test|Benchmark)\w+)\(`, all)},
		"target":   {"(?:`|    )make ([a-z-]+)", found(`(?m)^([a-z-]+):`, all)},
		"variable": {variable, found(variable, all)},
	}
	named := 0
	for doc, text := range documents(t) {
		for what, names := range kinds {
			if what == "test" && doc == "from-core.md" {
				continue // Core has functions that begin so
			}
			for _, name := range found(names.pattern, text) {
				named++
				if !slices.ContainsFunc(names.exist, func(e string) bool {
					return e == name || what == "test" && strings.HasPrefix(e, name+"_") // all of a row
				}) {
					t.Errorf("%s: there is no %s %s", doc, what, name)
				}
			}
		}
		for _, path := range found("[`(]((?:cmd|chain|p2p|wallet|db|testnet|docs)(?:/[\\w.]+)*)[`)]", text) {
			named++
			if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d things are named: the patterns no longer fit", named)
	}
}

// A switch that a document shows between backticks, or in a line that begins with
// grapevine, is one of some command's. docs/core-tests.md has those of Core's tests.
func TestDocumentsNameSwitchesThatExist(t *testing.T) {
	app := (&program{cli.Program{Env: os.Getenv}}).app()
	exist := map[string]bool{"help": true, "version": true}
	add := func(flags []urfave.Flag) {
		for _, f := range flags {
			for _, name := range f.Names() {
				exist[name] = true
			}
		}
	}
	add(app.Flags)
	var walk func([]*urfave.Command)
	walk = func(cs []*urfave.Command) {
		for _, c := range cs {
			add(c.Flags)
			walk(c.Subcommands)
		}
	}
	walk(app.Commands)
	named := 0
	for doc, text := range documents(t) {
		if doc == "core-tests.md" {
			continue
		}
		for _, shown := range append(found("`([^`\n]*)`", text), found(`(?m)^ +(grapevine [^#\n]*)`, text)...) {
			for _, name := range found(`(?:^|[\s\[])--([a-z][a-z0-9-]*)`, shown) {
				named++
				if !exist[name] {
					t.Errorf("%s: %q: there is no --%s", doc, shown, name)
				}
			}
		}
	}
	if named < 60 {
		t.Errorf("only %d switches are named: the pattern no longer fits", named)
	}
}

// The version stands in several places, and is the same in each.
func TestVersionIsTheSameEverywhere(t *testing.T) {
	for path, pattern := range map[string]string{
		"Makefile":               `(?m)^VERSION +\?= (\S+)$`,
		"cmd/grapevine/main.go":  `version = "([^"]+)"`,
		"docs/docker/Dockerfile": `(?m)^ARG VERSION=(\S+)$`,
		"docs/cluster.md":        `/grapevine:(\d[\w.]*)`,
	} {
		raw, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		topmost := regexp.MustCompile(`(?m)^## (\d[\d.]*)`).FindStringSubmatch(documents(t)["CHANGELOG.md"])
		if got := found(pattern, string(raw)); topmost == nil || !slices.Equal(got, topmost[1:]) {
			t.Errorf("%s: version %q, and in CHANGELOG.md %q", path, got, topmost)
		}
	}
}

// Every command line that README or a --help shows can be run as it stands.
func TestShownCommandLinesAreUnderstood(t *testing.T) {
	p := &program{cli.Program{Env: os.Getenv}}
	lines := found(`(?m)^    (grapevine .*)$`, documents(t)["README.md"])
	var walk func([]*urfave.Command)
	walk = func(cs []*urfave.Command) {
		for _, c := range cs {
			lines = append(lines, found(`(?m)^  \$ (grapevine .*)$`, strings.ReplaceAll(c.Description, "\\\n", ""))...)
			walk(c.Subcommands)
		}
	}
	walk(p.app().Commands)
	if len(lines) < 40 {
		t.Errorf("only %d command lines are shown", len(lines))
	}
	for _, shown := range lines {
		line := regexp.MustCompile(`\$\([^)]*\)`).ReplaceAllString(shown, "X")    // what another command says
		line = regexp.MustCompile(`\s(\||<|&|#|  ).*`).ReplaceAllString(line, "") // what it does with it, and what it is about
		for _, one := range strings.Split(line, ";") {
			if _, err := cli.Parse(p.app(), strings.Fields(one)); err != nil {
				t.Errorf("%s: %v", shown, err)
			}
		}
	}
}

// The README's drawing has every package by its name, and the reading lists of the three
// books name files and packages that are there.
func TestDocumentsDrawEveryPackage(t *testing.T) {
	raw, err := os.ReadFile("../../docs/architecture.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range listPackages(t) {
		if name := path.Base(pkg.ImportPath); !regexp.MustCompile(`\b` + name + `\b`).Match(raw) {
			t.Errorf("docs/architecture.svg does not have %s", pkg.room())
		}
	}
	_, books, ok := strings.Cut(documents(t)["README.md"], "## Reading the source: three books")
	books, _, end := strings.Cut(books, "\n## ")
	if !ok || !end {
		t.Fatal("README.md does not say what to read first")
	}
	named := found("`([a-z0-9]+/[a-z0-9_/.]+)`", books)
	for _, name := range named {
		if _, err := os.Stat("../../" + name); err != nil {
			if _, err := os.Stat("../../p2p/" + name); err != nil {
				t.Errorf("what is to be read first is not there: %s", name)
			}
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d places to read", len(named))
	}
}

// What docs/from-core.md names of ours stands in the file that it names: a table
// that leads astray is worse than none.
func TestTheWayFromCoreLeadsSomewhere(t *testing.T) {
	rows, seen := 0, map[string]bool{}
	source := wordsOfSource(t)
	for _, line := range strings.Split(documents(t)["from-core.md"], "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) < 4 || !strings.Contains(cells[2], "`") {
			continue
		}
		rows++
		for _, name := range strings.Split(strings.TrimPrefix(cells[0], "| "), ", ") {
			if seen[name] && !strings.HasPrefix(name, "-") { // options are gathered in one row, too
				t.Errorf("%s stands in two rows", name)
			}
			seen[name] = true
			// What is no identifier is a word, a file or an option.
			if m := regexp.MustCompile(`^(?:\w+::)*(\w*[A-Z_]\w*)$`).FindStringSubmatch(name); m != nil && !source[m[1]] {
				t.Errorf("grep %s leads nowhere", m[1])
			}
		}
		for _, place := range strings.Split(cells[2], "; ") {
			path, names, ok := strings.Cut(place, ": ")
			raw, err := os.ReadFile(filepath.Join("../..", strings.Trim(path, "`")))
			if err != nil || !ok {
				t.Errorf("%s: %q: %v", cells[0], place, err)
				continue
			}
			for _, name := range found("`(\\w+)`", names) {
				if !regexp.MustCompile(`\b` + name + `\b`).Match(raw) {
					t.Errorf("%s: %s has no %s", cells[0], path, name)
				}
			}
		}
	}
	if rows < 150 {
		t.Errorf("only %d rows", rows)
	}
}
