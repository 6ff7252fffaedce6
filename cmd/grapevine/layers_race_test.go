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
	alone := strings.Fields(strings.ReplaceAll(makefileSays(t, "ALONE"), "./", ""))
	reached := reachable(t, alone)
	for room, files := range byRoom(sources(t)) {
		for _, s := range files {
			if !reached[room] || s.test && !slices.Contains(alone, room) {
				continue
			}
			for _, what := range goroutines(s.file) {
				t.Errorf("%s: %s starts a goroutine, and the Makefile's ALONE has the package tested without the race detector", s.name, what)
			}
		}
		alone = slices.DeleteFunc(alone, func(name string) bool { return name == room })
	}
	if len(alone) > 0 {
		t.Errorf("the Makefile names packages that are not there: %v", alone)
	}
}

// Of testnet/model the tests of the Makefile's BESIDE alone keep the race detector: all that start
// goroutines themselves, and for each function of the package that does one that calls it.
func TestWhatStartsGoroutinesInTheModelKeepsTheRaceDetector(t *testing.T) {
	beside := strings.Split(makefileSays(t, "BESIDE"), "|")
	calls := map[string][]string{} // of each function
	var starters []string
	for _, s := range byRoom(sources(t))["testnet/model"] {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			calls[f.Name.Name] = called(f)
			if len(goroutines(f)) > 0 {
				starters = append(starters, f.Name.Name)
			}
		}
	}
	for _, name := range beside {
		if _, ok := calls[name]; !ok || !strings.HasPrefix(name, "Test") {
			t.Errorf("the Makefile's BESIDE names %s, which is no test", name)
		}
	}
	for _, name := range starters {
		calledBy := func(test string) bool { return slices.Contains(calls[test], name) }
		if !slices.Contains(beside, name) && !slices.ContainsFunc(beside, calledBy) {
			t.Errorf("%s starts goroutines, and no test of the Makefile's BESIDE runs it under the race detector", name)
		}
	}
	if len(starters) < 3 {
		t.Errorf("only %v start goroutines: are they found?", starters)
	}
}

// makefileSays is the value of a variable of the Makefile's, on one line.
func makefileSays(t *testing.T, name string) string {
	raw, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^` + name + ` +:= ((?:.*\\\n)*.*)$`).FindSubmatch(raw)
	if list == nil {
		t.Fatal("the Makefile has no " + name)
	}
	return strings.ReplaceAll(string(list[1]), "\\\n", " ")
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

// starting are names of functions that start a goroutine, ours and the standard library's.
var starting = []string{"Go", "AfterFunc", "Parallel", "RunParallel", "NewServer", "NewTLSServer", "NewUnstartedServer", "Serve", "ListenAndServe"}

// goroutines names each go statement, and each call of something that starts one.
func goroutines(in ast.Node) (found []string) {
	ast.Inspect(in, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, "go")
		case *ast.CallExpr:
			if sel, ok := n.Fun.(*ast.SelectorExpr); ok && slices.Contains(starting, sel.Sel.Name) {
				found = append(found, sel.Sel.Name)
			}
		}
		return true
	})
	return found
}

// called names the functions of its own package that a function calls.
func called(f *ast.FuncDecl) (names []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if id, ok := c.Fun.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
		}
		return true
	})
	return names
}
