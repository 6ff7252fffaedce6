package jsonrpc

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// tooDeep counts brackets outside strings.
func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// twice asks valid and encoding/json.
func twice(t *testing.T, body []byte) {
	t.Helper()
	if got, want := valid(body), json.Valid(body) && !tooDeep(body); got != want {
		t.Fatalf("%.300q: valid %v, want %v", body, got, want)
	}
}

func TestValidIsWhatEncodingJSONSays(t *testing.T) {
	for _, s := range []string{
		"", " ", "0", "-", "-0", "00", "01", "-01", "1.", ".1", "1.0", "1e", "1e+", "1E-5", "1e5.0", "+1", "1 2", "0x1", "1a",
		"true", "tru", "truee", "null", "nul", "false", "True", "nulltrue", "[]", "[ ]", "{ }", "[1,]", "[,1]", "[1 2]", "{}", `{"a"}`, `{"a":}`, `{"a":1,}`,
		`{"a":1 "b":2}`, `{"a" : 1 , "b" : [ ] }`, `{a:1}`, `{"a":1}}`, "]", "}", "[", "{", `[}`, `{]`, `{"a":[}`, `"`, `"\`, `"\"`, `"\\"`, `"\x"`, `"\u12"`, `"\u12g4"`,
		`"\u12aF"`, `"\/\b\f\n\r\t\""`, "\"\t\"", "\"\x00\"", "\x00", "1\x00", "\"\x7f\"", "\"\xff\"", "\xef\xbb\xbf1", "\v1", " \t\r\n1 \t\r\n",
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
		strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth), strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1),
		strings.Repeat("[", 100_000), `"` + strings.Repeat("[", 1000) + `"`,
	} {
		twice(t, []byte(s))
	}
	r := rand.New(rand.NewPCG(1, 2))
	parts := []string{"[", "]", "{", "}", ",", ":", `"`, `"a"`, `\`, `\u00`, "0", "1", "-", ".", "e", "+", " ", "\n", "true", "null", "f", "\x01", "\xc3"}
	for range 300_000 {
		var body []byte
		for range r.IntN(12) {
			body = append(body, parts[r.IntN(len(parts))]...)
		}
		twice(t, body)
	}
	sound := []byte(`{"jsonrpc":"1.0","id":[-1.50e+3,null],"method":"a\u00e9\n","params":{"x":[true,false,{}],"y":""}}`)
	for at := range sound { // one byte otherwise, or missing
		for c := range 256 {
			was := sound[at]
			sound[at] = byte(c)
			twice(t, sound)
			sound[at] = was
		}
		twice(t, append(append([]byte{}, sound[:at]...), sound[at+1:]...))
	}
}

func FuzzValid(f *testing.F) {
	f.Add([]byte(`[{"id":1,"method":"x","params":[-0.5e1,"\u1234"]}]`))
	f.Fuzz(func(t *testing.T, body []byte) { twice(t, body) })
}
