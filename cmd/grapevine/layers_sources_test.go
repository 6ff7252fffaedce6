package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// pkg is what `go list -json` says of one package.
type pkg struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// room is the package's path without the module's name.
func (p pkg) room() string { return strings.TrimPrefix(p.ImportPath, "grapevine/") }

func listPackages(t *testing.T) []pkg {
	t.Helper()
	all, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// listOnce and parseOnce work for whoever asks first: to list and parse the whole module
// takes seconds under the race detector.
var (
	listOnce  = sync.OnceValues(list)
	parseOnce = sync.OnceValues(parse)
)

func list() (all []pkg, err error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) < 3 {
		return nil, fmt.Errorf("go list found only %d packages", len(all))
	}
	return all, nil
}

// source is one parsed file.
type source struct {
	name string // from the module's root
	room string
	test bool
	raw  []byte
	set  *token.FileSet
	file *ast.File
}

func (s source) line(p token.Pos) int { return s.set.Position(p).Line }

// sources are all files of all packages, parsed once: who gets them only reads.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := parseOnce()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse() (all []source, err error) {
	rooms, err := listOnce()
	if err != nil {
		return nil, err
	}
	for _, p := range rooms {
		for _, f := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			raw, err := os.ReadFile(filepath.Join(p.Dir, f))
			if err != nil {
				return nil, err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, f, raw, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			all = append(all, source{name: p.room() + "/" + f, room: p.room(), test: strings.HasSuffix(f, "_test.go"), raw: raw, set: set, file: file})
		}
	}
	return all, nil
}

// codeLines counts lines with more on them than space and comments.
func codeLines(raw []byte) int {
	set := token.NewFileSet()
	file := set.AddFile("", set.Base(), len(raw))
	var s scanner.Scanner
	s.Init(file, raw, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, _ := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		lines[file.Line(pos)] = true
	}
}

// parameters of a function, a context.Context apart.
func parameters(f *ast.FuncDecl) int {
	n := f.Type.Params.NumFields()
	if n > 0 && isCall(f.Type.Params.List[0].Type, "context", "Context") {
		n--
	}
	return n
}

func isCall(e ast.Expr, pkg string, names ...string) bool {
	if c, ok := e.(*ast.CallExpr); ok {
		e = c.Fun
	}
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg && slices.Contains(names, sel.Sel.Name)
}

// byRoom sorts files by package.
func byRoom(all []source) map[string][]source {
	rooms := map[string][]source{}
	for _, s := range all {
		rooms[s.room] = append(rooms[s.room], s)
	}
	return rooms
}
