package main

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// The checks of the layers test are checked themselves: each must turn red
// for what it forbids, and stay green for what it allows.

func planted(t *testing.T, room, code string) source {
	t.Helper()
	set := token.NewFileSet()
	raw := []byte("package x\n" + code)
	file, err := parser.ParseFile(set, "x.go", raw, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return source{name: room + "/x.go", room: room, raw: raw, set: set, file: file}
}

func TestPurityHoldsInSubPackages(t *testing.T) {
	for room, want := range map[string]bool{
		"p2p/gossip": true, "p2p/gossip/blocks": true, "p2p/gossip/a/b": true, "p2p/gossipers": false, "p2p": false,
		"chain": true, "chain/script": true, "chain/ledger": true, "chain/mempool/dump": true, "chain/tomorrow": true,
		"wallet": true, "cmd/node": false,
	} {
		if got := isPure(room); got != want {
			t.Errorf("%s is pure: %v, want %v", room, got, want)
		}
	}
	for code, red := range map[string]bool{
		"import \"time\"\nvar _ = time.Now":                                            true,
		"import \"time\"\nfunc f() { time.Sleep(1) }":                                  true,
		"import clock \"time\"\nfunc f() { clock.Now() }":                              true,
		"import . \"time\"\nfunc f() { Now() }":                                        true,
		"import \"math/rand/v2\"\nfunc f() { rand.IntN(3) }":                           true,
		"import r \"math/rand/v2\"\nfunc f() { r.IntN(3) }":                            true,
		"import \"crypto/rand\"\nfunc f() { rand.Read(nil) }":                          true,
		"import \"math/rand/v2\"\nfunc f(rand *rand.Rand) int { return rand.IntN(3) }": false,
		"import \"math/rand/v2\"\nfunc f() { rand.New(rand.NewPCG(1, 2)) }":            false,
		"import \"time\"\nfunc f(now time.Time) bool { return now.After(now) }":        false,
	} {
		if faults := clocksAndChance(planted(t, "p2p/gossip/blocks", code)); (len(faults) > 0) != red {
			t.Errorf("%q: red %v, want %v: %v", code, len(faults) > 0, red, faults)
		}
	}
}

func TestTablesAreAllowedWhileNothingWritesThem(t *testing.T) {
	const table = "var names = map[string]int{\"a\": 1}\nvar list = []string{\"a\"}\nvar one = struct{ n int }{1}\n"
	for code, red := range map[string]bool{
		"":                                     false,
		"func f() int { return names[\"a\"] }": false,
		"func f() { for range list { } }":      false,
		"func f() int { return len(list) + one.n }":                                false,
		"func f() bool { return slices.Contains(list, \"a\") }":                    false,
		"func f() []string { return slices.Clone(list) }":                          false,
		"func f() { v, ok := names[\"a\"]; _, _ = v, ok }":                         false,
		"func f() { names := 1; names = 2 }":                                       false,
		"type s struct{ names int }\nfunc f(x s) { x.names = 1; _ = s{names: 2} }": false,
		"func f(x []int) { x[names[\"a\"]] = 1 }":                                  false,
		"func f() { names[\"a\"] = 2 }":                                            true,
		"func f() { names = nil }":                                                 true,
		"func f() { list[0] = \"b\" }":                                             true,
		"func f() { one.n++ }":                                                     true,
		"func f() { one.n += 1 }":                                                  true,
		"func f() *string { return &list[0] }":                                     true,
		"func f() { p := &one; p.n = 1 }":                                          true,
		"func f() { delete(names, \"a\") }":                                        true,
		"func f() { clear(names) }":                                                true,
		"func f() { list = append(list, \"b\") }":                                  true,
		"func f() { slices.Sort(list) }":                                           true,
		"func f() { l := list; l[0] = \"b\" }":                                     true,
		"func f() { copy(list[:1], []string{}) }":                                  true,
		"func f() { for list[0] = range names { } }":                               true,
		"func f() []string { return list }":                                        true,
		"func f() { g(list) }":                                                     true,
		"func f() { names.set() }":                                                 true,
		"var Public = []int{1}":                                                    true,
		"var n = 1":                                                                true,
		"var empty map[string]int":                                                 true,
		"var built = build()":                                                      true,
		"var ps = []*int{nil}":                                                     true,
		"var ps = []any{&one}":                                                     true,
		"var re = regexp.MustCompile(``)\nfunc f() { re.MatchString(``) }":         false,
		"var re = regexp.MustCompile(``)\nfunc f() { re = nil }":                   true,
		"var rows = []row{{run: (*s).run}, {run: func(*s) {}}}":                    false,
		"func init() {}":                                                           true,
	} {
		if faults := packageVariables("x", []source{planted(t, "x", table), planted(t, "x", code)}); (len(faults) > 0) != red {
			t.Errorf("%q: red %v, want %v: %s", code, len(faults) > 0, red, strings.Join(faults, "; "))
		}
	}
}
