package jsonrpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestMembersAreHeldAgainstTheirFields(t *testing.T) {
	for _, c := range []struct {
		raw, fields string
		code        Code
		fault       string
	}{
		{`[{"txid":"a","vout":1}]`, "txid:text vout:int", 0, ""},
		{`[{"txid":"a","vout":1,"vout":"x"}]`, "txid:text vout:int", 0, ""},
		{`{"txid":"a","vout":1}`, "txid:text vout:int", 0, ""},
		{`[]`, "txid:text", 0, ""},
		{`[{"txid":"a","x":1}]`, "txid:text ...", 0, ""},
		{`[{"txid":null}]`, "txid:text?", 0, ""},
		{`[{"txid":"a","x":1}]`, "txid:text", CodeType, "Unexpected key x"},
		{`[{"TXID":"a"}]`, "txid:text ...", CodeType, "Missing txid"},
		{`[{"txid":null}]`, "txid:text", CodeType, "Missing txid"},
		{`[{}]`, "txid:text vout:int", CodeType, "Missing txid"},
		{`[{"txid":"a"}]`, "txid:text vout:int", CodeType, "Missing vout"},
		{`[{"txid":1}]`, "txid:text", CodeType, "JSON value of type number for field txid is not of expected type string"},
		{`[{"vout":"1"}]`, "vout:int", CodeType, "JSON value of type string for field vout is not of expected type number"},
		{`["a"]`, "txid:text", CodeType, "JSON value of type string is not of expected type object"},
		{`[{"txid":"a"},null]`, "txid:text", CodeType, "JSON value of type null is not of expected type object"},
	} {
		p := bound(t, "o:any", "["+c.raw+"]")
		for _, m := range p.Members("o", c.fields) {
			m.String("txid")
			m.Int("vout")
		}
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (c.fault != "") || bad && (e.Code != c.code || e.Message != c.fault) {
			t.Errorf("%s by %s: %v, want %s", c.raw, c.fields, p.Err(), c.fault)
		}
	}
	p := bound(t, "o:any", `[[{"n":1},{"n":2147483648}]]`)
	list := p.Members("o", "n:int")
	if list[0].Int("n") != 1 || p.Err() != nil {
		t.Errorf("first: %v", p.Err())
	}
	list[1].Int("n")
	if p.Err() == nil || list[0].Err() != nil {
		t.Error("what is wrong with a member does not stick to the whole, or to its neighbour")
	}
}

// No word of the language that this is written in reaches a client.
func TestWhatCannotBeReadIsSaidInJSONsWords(t *testing.T) {
	type options struct {
		N     uint32   `json:"n"`
		Text  string   `json:"text"`
		On    *bool    `json:"on"`
		List  []string `json:"list"`
		Inner struct {
			Money Amount `json:"money"`
		} `json:"inner"`
	}
	for raw, want := range map[string]Error{
		`{"n":1,"text":"x","on":true,"list":["a"],"inner":{"money":0.5}}`: {},
		`{"n":"x"}`:               {-3, "JSON value of type string for field n is not of expected type number"},
		`{"n":-1}`:                {-1, "JSON integer out of range"},
		`{"n":1.5}`:               {-1, "JSON integer out of range"},
		`{"n":4294967296}`:        {-1, "JSON integer out of range"},
		`{"text":{}}`:             {-3, "JSON value of type object for field text is not of expected type string"},
		`{"on":"x"}`:              {-3, "JSON value of type string for field on is not of expected type bool"},
		`{"list":{}}`:             {-3, "JSON value of type object for field list is not of expected type array"},
		`{"inner":[]}`:            {-3, "JSON value of type array for field inner is not of expected type object"},
		`{"inner":{"money":"x"}}`: {-3, "Invalid amount"},
		`[]`:                      {-3, "JSON value of type array is not of expected type object"},
		`"x"`:                     {-3, "JSON value of type string is not of expected type object"},
	} {
		p := bound(t, "o:any", "["+raw+"]")
		p.Object("o", new(options))
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (want != Error{}) || bad && *e != want {
			t.Errorf("%s: %v, want %v", raw, p.Err(), want)
		}
	}
}

func TestTextsOfAListAreText(t *testing.T) {
	for raw, want := range map[string]string{
		`[["a",1]]`: "JSON value of type number is not of expected type string", `[[null]]`: "JSON value of type null is not of expected type string",
		`[{}]`: "JSON value of type object is not of expected type array",
	} {
		p := bound(t, "l:any", raw)
		p.Strings("l")
		if e, _ := errors.AsType[*Error](p.Err()); e == nil || e.Code != -3 || e.Message != want {
			t.Errorf("%s: %v, want %s", raw, p.Err(), want)
		}
	}
}

func TestAListOfPairsHasOneInEachObject(t *testing.T) {
	for raw, want := range map[string]Error{
		`[[{"a":1},{"b":2}]]`: {}, `[{"a":1,"b":2}]`: {}, `[[]]`: {},
		`[[{"a":1,"b":2}]]`: {-8, "Invalid parameter, key-value pair must contain exactly one key"},
		`[[{}]]`:            {-8, "Invalid parameter, key-value pair must contain exactly one key"},
		`[["a"]]`:           {-8, "Invalid parameter, key-value pair not an object as expected"},
		`["a"]`:             {-3, "JSON value of type string is not of expected type array"},
	} {
		p := bound(t, "o:any", raw)
		p.Pairs("o")
		e, bad := errors.AsType[*Error](p.Err())
		if bad != (want != Error{}) || bad && *e != want {
			t.Errorf("%s: %v, want %v", raw, p.Err(), want)
		}
	}
}

func TestUnescapedChangesTextsAlone(t *testing.T) {
	for raw, want := range map[string]string{
		`{"a\u00e4" : [1.50, "\u003c\\\"\u0000x\/", "\ud834\udd1e", null], "":"" }`: `{"aä" : [1.50, "<\\\"\u0000x/", "𝄞", null], "":"" }`, `"\\"`: `"\\"`, `1e5`: `1e5`, `""`: `""`,
	} {
		if got := string(Unescaped(json.RawMessage(raw))); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

// members reads as encoding/json's own decoder does.
func TestMembersAreThoseThatADecoderFinds(t *testing.T) {
	for _, raw := range []string{
		`{}`, ` { } `, `{"a":1}`, "\t{ \"a\" :\r\n 1 , \"b\": [1,{\"c\":2}] }", `{"a":{"b":{"c":[]}},"a":2}`,
		`{"a\"b":"c\"}","\\":",","\u0041":"\\"}`, `{"":null,"x":"","y":{},"z":[]}`, "{\"\xff\":\"\xfe\"}", `{"\ud83d\ude00":-1.5e3,"\ud83d":true}`,
		`{":":":"}`, `{"a": "\u007d","b":"]}"}`,
	} {
		if !json.Valid([]byte(raw)) {
			t.Fatalf("%s is no JSON", raw)
		}
		var want []Pair
		dec := json.NewDecoder(strings.NewReader(raw))
		_, _ = dec.Token()
		for dec.More() {
			name, _ := dec.Token()
			var v json.RawMessage
			_ = dec.Decode(&v)
			want = append(want, Pair{name.(string), v})
		}
		if got := members(json.RawMessage(raw)); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
