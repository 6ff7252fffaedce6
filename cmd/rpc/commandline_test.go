package rpc_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"grapevine/cmd/rpc"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
)

// wordFor is what a person writes on a command line for a parameter.
func wordFor(p jsonrpc.Param) string {
	known := map[string]string{"timeout": "1", "transactions": "[]", "maxtries": "1", "dummy": "", "address_type": "bech32", "estimate_mode": "economical"}
	if w, ok := known[p.Name]; ok && !(p.Name == "dummy" && p.Kind == "num") {
		return w
	}
	switch {
	case p.Sketch == `["txid",...]`:
		return `["` + nowhere + `"]`
	case strings.Contains(p.Sketch, `"txid"`):
		return `[{"txid":"` + nowhere + `","vout":0,"scriptPubKey":"51","amount":1}]`
	case strings.Contains(p.Sketch, `"address"`) && p.Sketch[0] == '{':
		return `{"` + stranger + `":0.001}`
	case strings.Contains(p.Sketch, `{"address"`):
		return `[{"` + stranger + `":0.001}]`
	}
	return map[string]string{
		"text": "7", "hex": nowhere, "int": "1", "long": "1", "num": "0", "amount": "0.001", "bool": "true", "level": "1",
		"word": "1", "any": "1", "json": "1", "list": "[]", "object": "{}",
	}[string(p.Kind)]
}

// Every method of the table is called as the command line calls it, with all
// its parameters and with those alone that must be there, by position and by
// name. None of them may find that a parameter is of another type or is not there.
func TestEveryMethodTakesItsWordsFromTheCommandLine(t *testing.T) {
	w := rich(t)
	t.Chdir(t.TempDir()) // some of it is taken for the path of a file
	table := client.NewTable(rpc.Rows())
	for _, m := range rpc.Rows() {
		if m.Name == "stop" || m.Name == "generate" {
			continue
		}
		var all, needed, named []string
		for _, p := range m.Signature() {
			word := wordFor(p)
			all, named = append(all, word), append(named, p.Name+"="+word)
			if !p.Optional || p.Name == "timeout" { // without one it waits for ever
				needed = append([]string{}, all...)
			}
		}
		for _, words := range [][]string{all, needed} {
			params, err := table.Convert(m.Name, words)
			if err != nil {
				t.Errorf("%s %q: %v", m.Name, words, err)
				continue
			}
			fits(t, m.Name, words, w.Call(w.ctx, m.Name, nil, params...))
		}
		for _, p := range m.Options() {
			named = append(slices.DeleteFunc(named, func(w string) bool { return strings.Contains(w, "options=") }), p.Name+"="+wordFor(p))
		}
		params, err := table.ConvertNamed(m.Name, named)
		if err != nil {
			t.Errorf("%s %q: %v", m.Name, named, err)
			continue
		}
		fits(t, m.Name, named, w.CallNamed(w.ctx, m.Name, nil, params))
		if m.Name == "setnetworkactive" || m.Name == "setmocktime" {
			continue
		}
		older := 0
		for i, p := range m.Signature() {
			if p.Older != "" && i < len(named) {
				named[i] = p.Older + "=" + all[i]
				older++
			}
		}
		if params, err = table.ConvertNamed(m.Name, named); err != nil {
			t.Errorf("%s %q: %v", m.Name, named, err)
		} else if older > 0 {
			fits(t, m.Name, named, w.CallNamed(w.ctx, m.Name, nil, params))
		}
	}
}

// fits says whether a method has taken its parameters, whatever it made of them.
func fits(t *testing.T, method string, words []string, err error) {
	t.Helper()
	e, refused := errors.AsType[*client.Error](err)
	switch {
	case err == nil:
	case !refused:
		t.Errorf("%s %q: %v", method, words, err)
	case e.Code == int(jsonrpc.CodeMethodNotFound), strings.Contains(e.Message, "not of expected type"), strings.Contains(e.Message, "named parameter"),
		e.Code == int(jsonrpc.CodeMisc) && (strings.HasPrefix(e.Message, method+" ") || strings.HasPrefix(e.Message, method+"\n")):
		switch {
		case method == "addnode", method == "setban": // "7" is no command of theirs
			return
		case method == "unloadwallet" && len(words) == 0: // the name may stand in the path instead
			return
		}
		t.Errorf("%s %q: %v", method, words, err)
	}
}

// What the command line got wrong while it had a table of its own.
func TestWordsThatTheCommandLineOnceSentAsText(t *testing.T) {
	w := rich(t)
	table := client.NewTable(rpc.Rows())
	for _, words := range [][]string{
		{"generatetodescriptor", "1", "raw(51)"},
		{"generatetodescriptor", "1", "raw(51)", "10"},
		{"createrawtransaction", "[]", `[{"` + stranger + `":1}]`, "0", "true", "3"},
		{"sendmany", "", `{"` + stranger + `":1}`, "1", "rent", "[]", "true", "6", "unset", "null", "true"},
		{"listsinceblock", "", "1", "false", "true", "false", "7"},
		{"waitfornewblock", "1", nowhere},
		{"getreceivedbyaddress", w.text("getnewaddress"), "1", "true"},
	} {
		if words[0] == "listsinceblock" {
			words[1] = w.text("getbestblockhash")
		}
		params, err := table.Convert(words[0], words[1:])
		if err != nil {
			t.Errorf("%q: %v", words, err)
			continue
		}
		if err := w.Call(w.ctx, words[0], nil, params...); err != nil {
			t.Errorf("%q: %v", words, err)
		}
	}
}

// What may be text or JSON goes as Core's table of conversions sends it: a range and a hash or height as JSON
// where they are that, the parameters of echo as text.
func TestWordsThatMayBeTextOrJSON(t *testing.T) {
	w := rich(t)
	table := client.NewTable(rpc.Rows())
	best := w.text("getbestblockhash")
	desc := w.object("getdescriptorinfo", "wpkh(tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/*)")["descriptor"].(string)
	for _, c := range []struct {
		words []string
		want  string // what is in the answer
	}{
		{[]string{"deriveaddresses", desc, "1"}, "bcrt1q"},
		{[]string{"deriveaddresses", desc, "[1,2]"}, "bcrt1q"},
		{[]string{"getblockstats", "1"}, `"height":1,`},
		{[]string{"getblockstats", best}, best},
		{[]string{"getblockstats", `"` + best + `"`}, best},
		{[]string{"echo", "1", "[2]", "null"}, `["1","[2]","null"]`},
		{[]string{"echojson", "1", "[2]", "null"}, `[1,[2],null]`},
		{[]string{"help", "dump_all_command_conversions"}, `["deriveaddresses",1,"range",false]`},
	} {
		params, err := table.Convert(c.words[0], c.words[1:])
		if err != nil {
			t.Errorf("%q: %v", c.words, err)
			continue
		}
		var got json.RawMessage
		if err := w.Call(w.ctx, c.words[0], &got, params...); err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%q: %s, %v; want %s", c.words, got, err, c.want)
		}
	}
	for _, words := range [][]string{{"deriveaddresses", desc, "x"}, {"deriveaddresses", desc, "[1"}, {"deriveaddresses", desc, "1-2"}} {
		if _, err := table.Convert(words[0], words[1:]); err == nil {
			t.Errorf("%q goes as text", words)
		}
	}
}
