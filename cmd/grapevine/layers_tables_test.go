package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
)

// A table is an unexported package-level variable that holds a literal, or
// what a constructor of an unchangeable thing returns, and that no file of its
// package writes after the declaration. The rules are:
//
//   - The literal holds no pointer: what it points to could be written unseen.
//   - The table is only read: indexed, ranged over, compared, measured by len,
//     asked for a field, or given to a function of the standard library that
//     reads. Whoever wants to hand it on hands on a clone.
//
// A slice or map *inside* a table that is taken out under another name is not
// followed.

// isTable says whether a declaration may be a table at all.
func isTable(name string, value ast.Expr) bool {
	if ast.IsExported(name) {
		return false
	}
	if _, ok := value.(*ast.CallExpr); ok {
		return unchangeable(value)
	}
	lit, ok := value.(*ast.CompositeLit)
	if !ok {
		return false
	}
	pointer := false
	ast.Inspect(lit, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncType:
			return false // code and signatures hold nothing
		case *ast.StarExpr:
			pointer = true
		case *ast.UnaryExpr:
			pointer = pointer || n.Op == token.AND
		case *ast.CompositeLit:
			_, chars := n.Type.(*ast.ChanType)
			pointer = pointer || chars
		case *ast.SelectorExpr: // (*T).Method is code as well
			if p, ok := n.X.(*ast.ParenExpr); ok {
				_, star := p.X.(*ast.StarExpr)
				return !star
			}
		}
		return true
	})
	return !pointer
}

// unchangeable: values whose documentation says that they do not change.
func unchangeable(e ast.Expr) bool {
	_, ok := e.(*ast.CallExpr)
	return ok && (isCall(e, "regexp", "MustCompile") || isCall(e, "strings", "NewReplacer") || isCall(e, "crc32", "MakeTable") ||
		isCall(e, "sync", "OnceValue"))
}

// tableWrites names each use of a table that may write it.
func tableWrites(decl *ast.ValueSpec, name string, files []source) (faults []string) {
	free := unchangeable(decl.Values[slices.IndexFunc(decl.Names, func(n *ast.Ident) bool { return n.Name == name })])
	for _, s := range files {
		var path []ast.Node
		ast.Inspect(s.file, func(n ast.Node) bool {
			if n == nil {
				path = path[:len(path)-1]
				return true
			}
			path = append(path, n)
			id, ok := n.(*ast.Ident)
			if ok && id.Name == name && refersTo(id, decl, path) && !onlyReads(path, free) {
				faults = append(faults, fmt.Sprintf("%s:%d: the table %s may be written here; read it, or hand on a clone", s.name, s.line(id.Pos()), name))
			}
			return true
		})
	}
	return faults
}

// refersTo tells the table from locals, fields and methods of the same name.
// The parser leaves a name of another file unresolved.
func refersTo(id *ast.Ident, decl *ast.ValueSpec, path []ast.Node) bool {
	if id.Obj != nil && id.Obj.Decl != decl {
		return false
	}
	switch up := path[len(path)-2].(type) {
	case *ast.SelectorExpr:
		return up.X == id
	case *ast.KeyValueExpr:
		return up.Value == id
	case *ast.ValueSpec:
		return up != decl
	case *ast.Field, *ast.FuncDecl, *ast.BranchStmt, *ast.LabeledStmt:
		return false
	}
	return true
}

// onlyReads decides on one use by what stands around it, from the inside out.
// free: the value itself cannot be changed, only the variable.
func onlyReads(path []ast.Node, free bool) bool {
	inside := false // of an element or a field, no longer the table itself
	for i := len(path) - 1; i > 0; i-- {
		switch up := path[i-1].(type) {
		case *ast.IndexExpr:
			if up.X != path[i] {
				return inside // it is an index of something else
			}
			inside = true
		case *ast.SelectorExpr:
			if call, ok := path[i-2].(*ast.CallExpr); ok && call.Fun == up && !inside {
				return free // a method of the table
			}
			inside = true
		case *ast.ParenExpr:
		case *ast.RangeStmt:
			return up.X == path[i]
		case *ast.CallExpr:
			return inside || free || readingCall(up)
		case *ast.UnaryExpr:
			return up.Op != token.AND
		case *ast.AssignStmt:
			return (inside || free) && !slices.ContainsFunc(up.Lhs, func(e ast.Expr) bool { return e == path[i] })
		case *ast.IncDecStmt, *ast.SliceExpr:
			return false
		case *ast.BinaryExpr:
			return true
		default:
			return inside || free
		}
	}
	return false
}

// readingCall: functions that read what they are given.
func readingCall(call *ast.CallExpr) bool {
	if id, ok := call.Fun.(*ast.Ident); ok {
		return id.Name == "len" || id.Name == "cap"
	}
	return isCall(call.Fun, "slices", "Contains", "ContainsFunc", "Index", "IndexFunc", "BinarySearch", "BinarySearchFunc", "Clone", "Concat", "Sorted", "Values", "All", "Equal", "Max", "Min") ||
		isCall(call.Fun, "maps", "Clone", "Keys", "Values", "All") || isCall(call.Fun, "strings", "Join")
}
