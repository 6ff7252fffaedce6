package jsonrpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSignatureIsReadFromTheRow(t *testing.T) {
	m := Method{Name: "m", Params: `id:hex level|verbose:level=1 list:["txid",...]=[] who:text=all o:*{"a":n,"b":[1,2]}? rest:any? dummy:""=`}
	want := []Param{
		{Name: "id", Kind: "hex"},
		{Name: "level", Older: "verbose", Kind: "level", Optional: true, Default: "1"},
		{Name: "list", Kind: "list", Sketch: `["txid",...]`, Optional: true, Default: "[]"},
		{Name: "who", Kind: "text", Optional: true, Default: `"all"`},
		{Name: "o", Kind: "object", Sketch: `{"a":n,"b":[1,2]}`, Optional: true, Loose: true},
		{Name: "rest", Kind: "any", Optional: true},
		{Name: "dummy", Kind: "text", Sketch: `""`, Optional: true, Default: `""`},
	}
	got := m.Signature()
	if len(got) != len(want) {
		t.Fatalf("%d parameters", len(got))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
	if got, want := m.usage(), `m "id" ( level ["txid",...] "who" {"a":n,"b":[1,2]} "rest" "" )`; got != want {
		t.Errorf("usage %s, want %s", got, want)
	}
}

func TestHelpSaysAllThatTheRowSays(t *testing.T) {
	words := map[string]string{"n": "How many.", "b.s": "A text of b's.", "s": "A text."}
	rows := append(Group("Second", Method{Name: "b", Params: "n:int=3 s:text? list:[]?", Help: "Does b.", Example: "5 'a b' '[1]'", Words: words, Defaults: map[string]string{"n": "4", "b.s": "the tip's", "s": "none"}, Result: "n    (numeric) Its number."}, Method{Name: "a", Help: "Does a."}),
		append(Group("First", Method{Name: "z", Params: "long_name|y:hex", Help: "Does z."}), Method{Name: "hidden", Params: "n:int?", Help: "Is not listed.", Hides: true}, Method{Name: "gone", Help: "has been taken away.", Gone: true})...)
	if got, want := Describe(rows, ""), "== First ==\nz \"long_name\"\n\n== Second ==\na\nb ( n \"s\" [] )"; got != want {
		t.Errorf("list:\n%s\nwant\n%s", got, want)
	}
	tail := func(name, words, params string) string {
		return "\n\nExamples:\n> bitcoin-cli " + name + words + "\n> curl --user myusername --data-binary '{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", \"method\": \"" + name +
			"\", \"params\": [" + params + "]}' -H 'content-type: application/json' http://127.0.0.1:8332/\n> grapevine rpc " + name + words + "\n"
	}
	for name, want := range map[string]string{
		"b": "b ( n \"s\" [] )\n\nDoes b.\n\nArguments:\n1. n       (numeric, optional, default=3) How many.\n2. s       (string, optional, default=the tip's) A text of b's.\n" +
			"3. list    (json array, optional) The list.\n\nResult:\nn    (numeric) Its number." + tail("b", " 5 'a b' '[1]'", `5, "a b", [1]`),
		"z":       "z \"long_name\"\n\nDoes z.\n\nArguments:\n1. long_name    (string, required) The long name.\n\nResult:\n...    (as said above)" + tail("z", "", ""),
		"hidden":  "hidden\n\nIs not listed.\n\nResult:\n...    (as said above)" + tail("hidden", "", ""),
		"gone":    "gone\n\nhas been taken away.\n",
		"getgold": "help: unknown command: getgold",
	} {
		if got := Describe(rows, name); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestConversionsNameWhatIsText(t *testing.T) {
	rows := []Method{
		{Name: "m", Params: "id:hex level|verbose:level=1 o:object? range:json? hash_or_height:word? any:any? ; rate:amount? mode:text?"},
		{Name: "none"}, {Name: "gone", Params: "x:int", Gone: true},
	}
	want := []Conversion{
		{"m", 0, "id", true}, {"m", 1, "level", false}, {"m", 1, "verbose", false}, {"m", 2, "o", false}, {"m", 3, "range", false},
		{"m", 4, "hash_or_height", false}, {"m", 5, "any", true}, {"m", 2, "rate", false}, {"m", 2, "mode", true},
	}
	if got := Conversions(rows); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestExamplesAreSplitAsAShellDoes(t *testing.T) {
	for line, want := range map[string][]string{
		"": nil, "a  b": {"a", "b"}, `'' "x y"`: {"", "x y"}, `'["a","b c"]' d`: {`["a","b c"]`, "d"}, `"it's"`: {"it's"}, `a"b"c`: {"abc"},
	} {
		if got := shellWords(line); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// The numbers of 32 bits end where Core's int does, the others at 64 bits.
func TestWholeNumbersHaveTheBoundsOfTheirRow(t *testing.T) {
	for _, c := range []struct {
		kind, raw string
		ok        bool
	}{
		{"int", fmt.Sprint(math.MaxInt32), true}, {"int", fmt.Sprint(int64(math.MaxInt32) + 1), false},
		{"int", fmt.Sprint(math.MinInt32), true}, {"int", fmt.Sprint(int64(math.MinInt32) - 1), false},
		{"level", fmt.Sprint(int64(math.MaxInt32) + 1), false}, {"word", fmt.Sprint(int64(math.MaxInt32) + 1), false},
		{"long", "9223372036854775807", true}, {"long", "9223372036854775808", false}, {"long", "-9223372036854775808", true},
		{"int", "1.5", false}, {"int", "1.0", false}, {"int", "1e2", false}, {"int", "-0", true}, {"long", "1e400", false},
	} {
		p := bound(t, "n:"+c.kind, "["+c.raw+"]")
		p.Int("n")
		e, bad := errors.AsType[*Error](p.Err())
		if bad == c.ok || bad && (e.Code != -1 || e.Message != "JSON integer out of range") {
			t.Errorf("%s %s: %v", c.kind, c.raw, p.Err())
		}
	}
	p := bound(t, "n:num", "[1e400]")
	p.Float("n")
	if e, _ := errors.AsType[*Error](p.Err()); e == nil || e.Code != -1 || e.Message != "JSON double out of range" {
		t.Errorf("1e400: %v", p.Err())
	}
}

func TestEveryWrongTypeIsNamedAtOnce(t *testing.T) {
	const signature = `h:hex n:int? b:bool=true l:["x"]? o:object? w:word? any:any? v|verbose:level? a:amount? loose:*{"x":1}?`
	fault := func(lines ...string) string { return "Wrong type passed:\n{\n" + strings.Join(lines, ",\n") + "\n}" }
	line := func(i int, name, got, want string) string {
		return fmt.Sprintf("    \"Position %d (%s)\": \"JSON value of type %s is not of expected type %s\"", i, name, got, want)
	}
	for raw, want := range map[string]string{
		`["", 1, false, [], {}, 1, {}, true, "1", []]`: "",
		`["", null, null, null, null, null, null]`:     "",
		`["", 1, 0]`: fault(line(3, "b", "number", "bool")),
		`[null]`:     fault(line(1, "h", "null", "string")),
		`{"n":1}`:    fault(line(1, "h", "null", "string")),
		`[1, "x", "", {}, []]`: fault(line(1, "h", "number", "string"), line(2, "n", "string", "number"), line(3, "b", "string", "bool"),
			line(4, "l", "object", "array"), line(5, "o", "array", "object")),
		`["", true]`: fault(line(2, "n", "bool", "number")),
	} {
		m := Method{Params: signature}
		p := index([]Method{m})[m.Name].bind(json.RawMessage(raw))
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (want != "") || bad && (e.Code != -3 || e.Message != want) {
			t.Errorf("%s: %v\nwant %s", raw, p.Err(), want)
		}
	}
	p := bound(t, "v|verbose:bool", `["x"]`)
	if e, _ := errors.AsType[*Error](p.Err()); e == nil || e.Message != fault(line(1, "v|verbose", "string", "bool")) {
		t.Errorf("both names: %v", p.Err())
	}
}

func TestParametersByNameAndByPositionTogether(t *testing.T) {
	for _, c := range []struct{ raw, want, fault string }{
		{`{}`, `[]`, ""},
		{`{"a":1}`, `[1]`, ""},
		{`{"c":null}`, `[null,null,null]`, ""},
		{`{"c":3,"args":[1]}`, `[1,null,3]`, ""},
		{`{"args":[1,null]}`, `[1,null]`, ""},
		{`{"old":2}`, `[null,2]`, ""},
		{`{"args":[1,2],"b":3}`, "", "Parameter b specified twice both as positional and named argument"},
		{`{"args":[1,null],"b":3}`, "", "Parameter b specified twice both as positional and named argument"},
		{`{"args":[1],"args":[2]}`, "", "Parameter args specified multiple times"},
		{`{"a":1,"a":1}`, "", "Parameter a specified multiple times"},
		{`{"b":1,"old":1}`, "", "Parameter old specified multiple times"},
		{`{"d":1}`, "", "Unknown named parameter d"},
		{`{"":1}`, "", "Unknown named parameter "},
		{`{"args":1}`, `[]`, ""},
	} {
		m := Method{Params: "a:any? b|old:any? c:any?"}
		p := index([]Method{m})[m.Name].bind(json.RawMessage(c.raw))
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (c.fault != "") || bad && (e.Code != -8 || e.Message != c.fault) {
			t.Errorf("%s: %v, want %q", c.raw, p.Err(), c.fault)
			continue
		}
		if got, _ := json.Marshal(p.All()); !bad && string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.raw, got, c.want)
		}
	}
}

func TestTooFewAndTooManyParameters(t *testing.T) {
	for _, c := range []struct {
		raw string
		ok  bool
	}{
		{`[]`, false}, {`null`, false}, {`[1]`, false}, {`[1,2]`, true}, {`[1,2,3]`, true}, {`[1,2,3,4]`, false}, {`[1,2,null,null]`, false},
		{`{"a":1}`, false}, {`{"b":1}`, true}, {`{"args":[1,2,3,4]}`, false},
	} {
		m := Method{Params: "a:any b:any c:any?"}
		if p := index([]Method{m})[m.Name].bind(json.RawMessage(c.raw)); p.miscounted == c.ok {
			t.Errorf("%s: miscounted %v", c.raw, p.miscounted)
		}
	}
}

// As bitcoin-cli -named fundrawtransaction hexstring=… fee_rate=2.
func TestOptionsMayBeNamedAsIfTheyWereParameters(t *testing.T) {
	for _, c := range []struct{ raw, want, fault string }{
		{`{"a":1,"rate":2,"on":true}`, `[1,{"rate":2,"on":true}]`, ""},
		{`{"args":[1],"rate":2}`, `[1,{"rate":2}]`, ""},
		{`{"a":1,"options":{"rate":2}}`, `[1,{"rate":2}]`, ""},
		{`{"a":1,"on":true,"b":3}`, `[1,{"on":true},3]`, ""},
		{`{"a":1,"options":{},"on":true}`, "", "Parameter options conflicts with parameter on"},
		{`{"args":[1,{}],"on":true}`, "", "Parameter options specified twice both as positional and named argument"},
		{`{"a":1,"off":true}`, "", "Unknown named parameter off"},
	} {
		m := Method{Name: "m", Params: "a:any options:object? b:int? ; rate:amount? on:bool=false b:text?"}
		p := index([]Method{m})["m"].bind(json.RawMessage(c.raw))
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (c.fault != "") || bad && (e.Code != -8 || e.Message != c.fault) {
			t.Errorf("%s: %v, want %q", c.raw, p.Err(), c.fault)
			continue
		}
		if got, _ := json.Marshal(p.All()); !bad && string(got) != c.want {
			t.Errorf("%s: %s, want %s", c.raw, got, c.want)
		}
	}
	m := Method{Name: "m", Group: "G", Params: "options:object? ; rate:amount? on:bool=false", Help: "Does."}
	want := "m ( options )\n\nDoes.\n\nArguments:\n1. options    (json object, optional) The options.\n     {\n" +
		"       \"rate\": amount,    (numeric or string, optional) The rate.\n       \"on\": bool,        (boolean, optional, default=false) The on.\n       ...\n     }\n"
	if got, _, _ := strings.Cut(m.describe(), "\nResult:"); got != want {
		t.Errorf("help:\n%s\nwant\n%s", got, want)
	}
}
