package miniscript

import (
	"encoding/hex"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// shelf is the keys of one expression, as their hex was read.
type shelf struct {
	ctx Context
	raw [][]byte
}

func (s *shelf) read(text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 33 && (len(raw) != 32 || s.ctx != Tapscript) {
		return errors.New("no key: " + text)
	}
	if s.ctx == Tapscript && len(raw) == 33 {
		raw = raw[1:]
	}
	s.raw = append(s.raw, raw)
	return nil
}

func (s *shelf) name(i int) string { return hex.EncodeToString(s.raw[i]) }

func parse(t *testing.T, text string, ctx Context) (*Expr, *shelf) {
	t.Helper()
	s := &shelf{ctx: ctx}
	e, err := Parse(text, ctx, s.read)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if e != nil {
		e.Distinguish(s.name)
	}
	return e, s
}

// decode reads a script with the keys that another reading has.
func decode(script []byte, ctx Context, known [][]byte) (*Expr, *shelf) {
	s := &shelf{ctx: ctx}
	e := FromScript(script, ctx, func(raw []byte) bool {
		if len(raw) == 20 {
			for _, key := range known {
				if string(hash160(key)) == string(raw) {
					raw = key
				}
			}
		}
		s.raw = append(s.raw, raw)
		return len(raw) == len(known[0])
	})
	if e != nil {
		e.Distinguish(s.name)
	}
	return e, s
}

func TestExpressionsAreWhatCoreSaysOfThem(t *testing.T) {
	file, err := os.ReadFile("testdata/core.txt")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(file)) {
		if !strings.HasPrefix(line, "#") {
			f := strings.Fields(line)
			checkVector(t, f, WitnessScript, f[2], "p2wsh_invalid")
			tap := f[3]
			if tap == "=" {
				tap = f[2]
			}
			checkVector(t, f, Tapscript, tap, "tapscript_invalid")
			count++
		}
	}
	if count != 97 {
		t.Errorf("%d lines", count)
	}
}

func checkVector(t *testing.T, f []string, ctx Context, script, invalid string) {
	t.Helper()
	text, flags := f[0], "+"+f[1]+"+"
	e, keys := parse(t, text, ctx)
	is := func(flag string) bool { return strings.Contains(flags, "+"+flag+"+") }
	if is("invalid") || is(invalid) {
		if e != nil && e.root.valid(ctx) {
			t.Errorf("%s in %d is valid", text, ctx)
		}
		return
	}
	if e == nil || !e.root.valid(ctx) || !e.root.typ.has(tB) {
		t.Errorf("%s in %d is not valid", text, ctx)
		return
	}
	made := e.Script(keys.raw)
	if got := hex.EncodeToString(made); script != "?" && got != script || len(made) != e.root.size {
		t.Errorf("%s in %d: script %s of %d bytes, want %s of %d", text, ctx, got, len(made), script, e.root.size)
	}
	if typ := e.root.typ; typ.has(tM) != is("nonmal") || typ.has(tS) != is("needsig") || typ.has(tUnmixed) == is("timelockmix") {
		t.Errorf("%s in %d: type %b, want %s", text, ctx, typ, flags)
	}
	checkAgain(t, e, keys, made)
	checkLimits(t, e, f)
}

// checkAgain: text and script lead back to the same expression.
func checkAgain(t *testing.T, e *Expr, keys *shelf, script []byte) {
	t.Helper()
	text := e.Text(keys.name)
	again, _ := parse(t, text, e.ctx)
	if again == nil || again.Text(keys.name) != text {
		t.Errorf("written as %s, which does not read as the same", text)
	}
	if len(keys.raw) == 0 {
		keys.raw = [][]byte{make([]byte, 33)}
	}
	found, names := decode(script, e.ctx, keys.raw)
	if found == nil {
		t.Errorf("%s is not found by its script %x", text, script)
		return
	}
	if s := found.Script(names.raw); string(s) != string(script) {
		t.Errorf("%s: its script is found as %s", text, found.Text(names.name))
	}
}

func checkLimits(t *testing.T, e *Expr, f []string) {
	t.Helper()
	items, bytes, _ := e.Witness()
	c := e.root.cost
	got := []int{c.ops + c.sat.keys, items, bytes, bytes, c.sat.peak + e.root.left()}
	for i, word := range f[4:] {
		want, err := strconv.Atoi(word)
		if err != nil || i == 2 && e.ctx == Tapscript || i == 3 && e.ctx == WitnessScript || i == 0 && e.ctx == Tapscript && strings.Contains(f[0], "multi(") {
			continue
		}
		if got[i] != want {
			t.Errorf("%s in %d: limit %d is %d, want %d", f[0], e.ctx, i, got[i], want)
		}
	}
}
