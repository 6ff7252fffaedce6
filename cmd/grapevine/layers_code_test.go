package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// Nothing happens by itself before main, and nothing is shared by accident.
func TestNoInitAndNoPackageVariables(t *testing.T) {
	for room, files := range byRoom(sources(t)) {
		for _, fault := range packageVariables(room, files) {
			t.Error(fault)
		}
	}
}

// packageVariables names what the files of one package must not declare: func
// init, and package-level variables other than sentinels by errors.New,
// `var _ I = …`, //go:embed, main's version that the linker fills in, and
// tables that nothing writes.
func packageVariables(room string, files []source) (faults []string) {
	for _, s := range files {
		if s.test {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					faults = append(faults, fmt.Sprintf("%s:%d: func init", s.name, s.line(d.Pos())))
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					faults = append(faults, declaredVars(room, s, d, files)...)
				}
			}
		}
	}
	return faults
}

func declaredVars(room string, s source, d *ast.GenDecl, files []source) (faults []string) {
	embedded := func(g *ast.CommentGroup) bool {
		return g != nil && slices.ContainsFunc(g.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed") })
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			switch {
			case name.Name == "_", embedded(d.Doc), embedded(v.Doc):
			case room == "cmd/grapevine" && (name.Name == "version" || name.Name == "commit"):
			case i < len(v.Values) && isCall(v.Values[i], "errors", "New"):
			case i < len(v.Values) && isTable(name.Name, v.Values[i]):
				faults = append(faults, tableWrites(v, name.Name, files)...)
			default:
				faults = append(faults, fmt.Sprintf("%s:%d: package-level var %s", s.name, s.line(name.Pos()), name.Name))
			}
		}
	}
	return faults
}

// In the pure rooms time and randomness come from outside: constructors of a
// seeded source are fine, the package's own source and the clock are not.
func TestPureRoomsAreGivenTimeAndRandomness(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || !isPure(s.room) {
			continue
		}
		for _, fault := range clocksAndChance(s) {
			t.Error(fault)
		}
	}
}

// isPure says whether a room, or one that it lies in, is in the list of pure
// ones and not among those that do the work of such a room.
func isPure(room string) bool {
	return permitted(pure, room) && !permitted(impure, room)
}

// clocksAndChance names each use of the machine's clock and of a random
// source that nobody handed in.
func clocksAndChance(s source) (faults []string) {
	names := map[string]string{} // of the package in this file: what it is
	for _, imp := range s.file.Imports {
		path := strings.Trim(imp.Path.Value, `"`)
		kind, name := "", path
		switch path {
		case "math/rand", "math/rand/v2", "crypto/rand":
			kind, name = "rand", "rand"
		case "time":
			kind = "time"
		}
		if imp.Name != nil {
			name = imp.Name.Name
		}
		if kind != "" {
			names[name] = kind
		}
		if kind != "" && name == "." {
			faults = append(faults, fmt.Sprintf("%s:%d: import . %q", s.name, s.line(imp.Pos()), path))
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok || x.Obj != nil {
			return true
		}
		switch kind := names[x.Name]; {
		case kind == "time" && slices.Contains([]string{"Now", "Since", "Until", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc", "Sleep"}, sel.Sel.Name),
			kind == "rand" && !slices.Contains([]string{"Rand", "New", "NewPCG", "NewChaCha8", "Source", "PCG", "ChaCha8"}, sel.Sel.Name):
			faults = append(faults, fmt.Sprintf("%s:%d: %s.%s", s.name, s.line(sel.Pos()), x.Name, sel.Sel.Name))
		}
		return true
	})
	return faults
}
