package main

import (
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// `make test` spares packages the race detector that start no goroutine: neither they
// nor their tests, nor what they import of ours.
func TestPackagesTestedWithoutTheRaceDetectorStartNoGoroutine(t *testing.T) {
	raw, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^ALONE +:= ((?:.*\\\n)*.*)$`).FindSubmatch(raw)
	if list == nil {
		t.Fatal("the Makefile has no ALONE")
	}
	alone := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(list[1]), "\\\n", " "), "./", ""))
	reached := reachable(t, alone)
	for room, files := range byRoom(sources(t)) {
		for _, s := range files {
			if !reached[room] || s.test && !slices.Contains(alone, room) {
				continue
			}
			for _, fault := range goroutines(s) {
				t.Error(fault)
			}
		}
		alone = slices.DeleteFunc(alone, func(name string) bool { return name == room })
	}
	if len(alone) > 0 {
		t.Errorf("the Makefile names packages that are not there: %v", alone)
	}
}

// reachable are some rooms and all that they and their tests import of ours, directly or not.
func reachable(t *testing.T, from []string) map[string]bool {
	rooms, found := map[string]pkg{}, map[string]bool{}
	for _, p := range listPackages(t) {
		rooms[p.room()] = p
	}
	var visit func(room string, tests bool)
	visit = func(room string, tests bool) {
		imports := rooms[room].Imports
		if tests {
			imports = slices.Concat(imports, rooms[room].TestImports, rooms[room].XTestImports)
		}
		for _, imp := range imports {
			if next, ours := strings.CutPrefix(imp, "grapevine/"); ours && !found[next] {
				found[next] = true
				visit(next, false)
			}
		}
	}
	for _, room := range from {
		found[room] = true
		visit(room, true)
	}
	return found
}

// goroutines names each go statement, and each call of something that starts one.
func goroutines(s source) (faults []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		what := ""
		switch n := n.(type) {
		case *ast.GoStmt:
			what = "go"
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"Go", "AfterFunc", "Parallel", "NewServer"}, sel.Sel.Name) {
				what = sel.Sel.Name
			}
		}
		if what != "" {
			faults = append(faults, s.name+": "+what+" starts a goroutine, and the Makefile's ALONE has the package tested without the race detector")
		}
		return true
	})
	return faults
}
