package main

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The packages of the Makefile's UNREACHED start goroutines, or import what does, but no test of
// theirs gets there: from its calls no function is reached that starts one.
func TestWhatIsTestedWithoutTheRaceDetectorReachesNoGoroutine(t *testing.T) {
	for _, room := range strings.Fields(strings.ReplaceAll(makefileSays(t, "UNREACHED"), "./", "")) {
		c := callsFrom(t, room)
		if len(c.tests()) == 0 {
			t.Errorf("the Makefile's UNREACHED names %s, which has no tests", room)
		}
		for f, way := range c.reached() {
			if what := c.starts(f); what != "" {
				t.Errorf("%s is tested without the race detector, and its tests come to %q in %s", room, what, way)
			}
		}
	}
}

// The rule finds what starts a goroutine: a function, a method, in another package too.
func TestReachedGoroutinesAreFound(t *testing.T) {
	for room, want := range map[string]function{
		"testnet/model": {"testnet/model", "RunSeeds", false},
		"chain/miner":   {"chain/ledger", "Run", true},
		"testnet/link":  {"testnet/link", "Read", true},
	} {
		c := callsFrom(t, room)
		if way := c.reached()[want]; way == "" {
			t.Errorf("%s: no test is found to come to %s", room, want)
		}
		starters := 0
		for f := range c.reached() {
			if c.starts(f) != "" && !slices.Contains(c.tests(), f) {
				starters++
			}
		}
		if starters == 0 {
			t.Errorf("%s: no test is found to come to a goroutine", room)
		}
	}
}

// function is one of a package's, or all its methods of one name.
type function struct {
	room, name string
	method     bool
}

func (f function) String() string { return f.room + "." + f.name }

// declared is a function with what its file's names mean.
type declared struct {
	*ast.FuncDecl
	test    bool
	room    string
	names   map[string]string // the packages of ours that the file imports
	methods []string          // packages beside its own whose methods it may call
}

// calls are the functions of a package, its tests, and all they import of ours.
type calls map[function][]declared

// callsFrom reads calls without types: a name is the package's function, pkg.Name is pkg's, and
// anything.Name is every method of that name in the package itself, in what the file imports,
// directly or not, and in the package under test, which may have handed it in as an interface.
// A function that is named and not called counts as called.
func callsFrom(t *testing.T, room string) calls {
	c, all := calls{}, behind(t)
	within := reachable(t, []string{room})
	for _, s := range sources(t) {
		if !within[s.room] || s.test && s.room != room {
			continue
		}
		names, methods := map[string]string{}, []string{room}
		for _, imp := range s.file.Imports {
			full, _ := strconv.Unquote(imp.Path.Value)
			to, ours := strings.CutPrefix(full, "grapevine/")
			if !ours {
				continue
			}
			name := path.Base(to)
			if imp.Name != nil {
				name = imp.Name.Name
			}
			names[name] = to
			methods = append(methods, all[to]...)
		}
		slices.Sort(methods)
		methods = slices.Compact(methods)
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				name := function{s.room, f.Name.Name, f.Recv != nil}
				c[name] = append(c[name], declared{f, s.test, s.room, names, methods})
			}
		}
	}
	return c
}

// behind is of each package what it imports of ours, directly or not, and itself.
func behind(t *testing.T) map[string][]string {
	imports := map[string][]string{}
	for _, p := range listPackages(t) {
		imports[p.room()] = p.Imports
	}
	all := map[string][]string{}
	for room := range imports {
		found := []string{room}
		for i := 0; i < len(found); i++ {
			for _, imp := range imports[found[i]] {
				if next, ours := strings.CutPrefix(imp, "grapevine/"); ours && !slices.Contains(found, next) {
					found = append(found, next)
				}
			}
		}
		all[room] = found
	}
	return all
}

func (c calls) tests() (all []function) {
	for f, as := range c {
		begins := func(prefix string) bool { return strings.HasPrefix(f.name, prefix) }
		if as[0].test && !f.method && (begins("Test") || begins("Fuzz") || begins("Example")) {
			all = append(all, f)
		}
	}
	return all
}

// starts is what starts a goroutine in a function.
func (c calls) starts(f function) string {
	for _, d := range c[f] {
		if found := goroutines(d.FuncDecl); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// reached are all functions that the tests come to, with the way.
func (c calls) reached() map[function]string {
	found := map[function]string{}
	queue := c.tests()
	for _, f := range queue {
		found[f] = f.name
	}
	for ; len(queue) > 0; queue = queue[1:] {
		visit := func(next function) {
			if _, there := c[next]; there && found[next] == "" {
				found[next] = found[queue[0]] + " > " + next.String()
				queue = append(queue, next)
			}
		}
		for _, d := range c[queue[0]] {
			d.called(visit)
		}
	}
	return found
}

// called names what a function may call. A method that is not exported is its own package's alone.
func (d declared) called(visit func(function)) {
	ast.Inspect(d.FuncDecl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			visit(function{d.room, n.Name, false})
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && d.names[x.Name] != "" {
				visit(function{d.names[x.Name], n.Sel.Name, false})
				return false
			}
			visit(function{d.room, n.Sel.Name, true})
			for _, room := range d.methods {
				if n.Sel.IsExported() {
					visit(function{room, n.Sel.Name, true})
				}
			}
		}
		return true
	})
}
