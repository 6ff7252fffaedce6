package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mutant is one planted fault: in a file, a text that stands there once is
// replaced by another, and the tests named (go test's -run, in a package) must
// then fail.
type mutant struct {
	what, file, old, new, pkg, run string
}

// mutants reads testdata/mutants.txt: blank lines part the mutants, each is
// lines of "name: value"; a value runs to its line's end, or is quoted as in Go.
func mutants(t *testing.T) []mutant {
	t.Helper()
	raw, err := os.ReadFile("testdata/mutants.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	for _, block := range strings.Split(string(raw), "\n\n") {
		var m mutant
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if strings.HasPrefix(line, "#") || line == "" {
				continue
			}
			name, value, ok := strings.Cut(line, ": ")
			field := map[string]*string{"what": &m.what, "file": &m.file, "old": &m.old, "new": &m.new, "pkg": &m.pkg, "run": &m.run}[name]
			if !ok && !strings.HasSuffix(line, ":") || field == nil && name != "new:" {
				t.Fatalf("mutants.txt: not a line of a mutant: %q", line)
			}
			if quoted, err := strconv.Unquote(value); err == nil {
				value = quoted // a text of several lines
			}
			if field != nil {
				*field = value
			}
		}
		if m != (mutant{}) {
			all = append(all, m)
		}
	}
	return all
}

// apply writes the file with the fault to dir and says how go's -overlay finds it.
func (m mutant) apply(t *testing.T, dir string) (overlay string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(raw, []byte(m.old)); n != 1 {
		t.Fatalf("%s: %q stands there %d times, not once", m.file, m.old, n)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, bytes.Replace(raw, []byte(m.old), []byte(m.new), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	overlay = filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return overlay
}

// Each planted fault is found by the tests that are named beside it. The list
// itself is always held against the code; the faults are run by make mutate.
func TestMutantsAreFoundByTheirTests(t *testing.T) {
	run := os.Getenv("GRAPEVINE_MUTANTS") != ""
	for _, m := range mutants(t) {
		t.Run(m.what, func(t *testing.T) {
			overlay := m.apply(t, t.TempDir())
			if !run {
				return
			}
			cmd := exec.Command("go", "test", "-count=1", "-vet=off", "-timeout=5m", "-overlay="+overlay, "-run="+m.run, "./"+m.pkg)
			cmd.Dir = "../.."
			out, err := cmd.CombinedOutput()
			var failed *exec.ExitError
			switch {
			case err == nil:
				t.Errorf("%s: %q for %q in %s goes unnoticed", m.pkg, m.new, m.old, m.file)
			case !errors.As(err, &failed):
				t.Fatal(err)
			case !bytes.Contains(out, []byte("--- FAIL")) && !bytes.Contains(out, []byte("panic: ")):
				t.Errorf("%s: no test failed, the build did:\n%s", m.pkg, out)
			}
		})
	}
}
