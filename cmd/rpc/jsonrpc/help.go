package jsonrpc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// usage is a method's name and parameters on one line, as bitcoind writes it.
func (m *Method) usage() string {
	words := []string{m.Name}
	open := false
	for _, p := range m.shown() {
		switch {
		case p.Optional && !open:
			words = append(words, "(")
		case !p.Optional && open:
			words = append(words, ")")
		}
		open = p.Optional
		words = append(words, p.usage())
	}
	if open {
		words = append(words, ")")
	}
	return strings.Join(words, " ")
}

// shown are the parameters that help shows.
func (m *Method) shown() []Param {
	if m.Hides {
		return nil
	}
	return m.Signature()
}

func (p *Param) usage() string {
	switch {
	case p.Sketch != "":
		return p.Sketch
	case p.isText(), p.Kind == kindAny:
		return `"` + p.Name + `"`
	}
	return p.Name
}

// describe is what help says of one method, in the shape that readers of
// bitcoind's help take apart [RPCHelpMan::ToString].
func (m *Method) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.usage(), m.Help)
	if m.Gone {
		return b.String()
	}
	m.describeArguments(&b)
	fmt.Fprintf(&b, "\nResult:\n%s\n", cmp.Or(m.Result, "...    (as said above)"))
	words := strings.TrimRight(m.Name+" "+m.Example, " ")
	fmt.Fprintf(&b, "\nExamples:\n> bitcoin-cli %s\n", words)
	fmt.Fprintf(&b, `> curl --user myusername --data-binary '{"jsonrpc": "2.0", "id": "curltest", "method": "%s", "params": [%s]}'`+
		" -H 'content-type: application/json' http://127.0.0.1:8332/\n", m.Name, strings.Join(m.exampleJSON(), ", "))
	fmt.Fprintf(&b, "> grapevine rpc %s\n", words)
	return b.String()
}

// describeArguments writes the section Arguments: a line each, without an empty
// one between them.
func (m *Method) describeArguments(b *strings.Builder) {
	params := m.shown()
	width := 0
	for _, p := range params {
		width = max(width, len(p.Name))
	}
	for i, p := range params {
		if i == 0 {
			b.WriteString("\nArguments:\n")
		}
		fmt.Fprintf(b, "%d. %-*s    %s %s\n", i+1, width, p.Name, m.kinds(&p), m.word(&p))
		if options := m.Options(); p.Kind == kindObject && len(options) > 0 {
			describeOptions(b, m, options)
		}
	}
}

func describeOptions(b *strings.Builder, m *Method, options []Param) {
	width := 0
	for _, o := range options {
		width = max(width, len(o.Name)+len(o.shape()))
	}
	b.WriteString("     {\n")
	for _, o := range options {
		fmt.Fprintf(b, "       %-*s    %s %s\n", width+5, fmt.Sprintf("%q: %s,", o.Name, o.shape()), m.kinds(&o), m.word(&o))
	}
	b.WriteString("       ...\n     }\n")
}

// word is what is known of a parameter.
func (m *Method) word(p *Param) string {
	if w := cmp.Or(m.Words[m.Name+"."+p.Name], m.Words[p.Name]); w != "" {
		return w
	}
	return "The " + strings.ReplaceAll(p.Name, "_", " ") + "."
}

// kindWords are Core's words for the type of a parameter.
var kindWords = map[Kind]string{
	kindText: "string", kindHex: "string", kindInt: "numeric", kindLong: "numeric", kindNum: "numeric",
	kindAmount: "numeric or string", kindBool: "boolean", kindLevel: "numeric", kindWord: "string or numeric",
	kindAny: "json", kindJSON: "json", kindList: "json array", kindObject: "json object",
}

// kinds is a parameter's type, and what counts when it is left out, in brackets.
func (m *Method) kinds(p *Param) string {
	what := kindWords[p.Kind]
	unless := cmp.Or(p.Default, m.Defaults[m.Name+"."+p.Name], m.Defaults[p.Name])
	switch {
	case p.Optional && unless != "":
		return "(" + what + ", optional, default=" + unless + ")"
	case p.Optional:
		return "(" + what + ", optional)"
	}
	return "(" + what + ", required)"
}

// shape is how an option's value looks.
func (p *Param) shape() string {
	switch {
	case p.Sketch != "":
		return p.Sketch
	case p.isText():
		return `"str"`
	case p.Kind == kindAmount:
		return "amount"
	case p.Kind == kindBool:
		return "bool"
	case p.Kind == kindList:
		return "[...]"
	case p.Kind == kindObject:
		return "{...}"
	}
	return "n"
}

// exampleJSON are the example's words as JSON.
func (m *Method) exampleJSON() (list []string) {
	params := m.Signature()
	for i, word := range shellWords(m.Example) {
		if i < len(params) {
			if asText, asJSON := params[i].FromText(); asJSON && (json.Valid([]byte(word)) || !asText) {
				list = append(list, word)
				continue
			}
		}
		quoted, _ := Encode(word) // text always encodes
		list = append(list, string(quoted))
	}
	return list
}

// shellWords splits a line as a shell does that knows quotes alone.
func shellWords(line string) (words []string) {
	var word strings.Builder
	quote, inside := rune(0), false
	for _, c := range line {
		switch {
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inside = c, true
		case c == quote:
			quote = 0
		case quote == 0 && c == ' ':
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// Conversion says of one name of a parameter whether a command line sends its
// words as text: METHOD, place, NAME, text or not [RPCHelpMan::GetArgMap].
type Conversion [4]any

// Conversions are those of all methods; an option has the place of the object
// that it is a member of. A method that has been taken away has none.
func Conversions(methods []Method) []Conversion {
	var list []Conversion
	for _, m := range methods {
		if m.Gone {
			continue
		}
		params := m.Signature()
		for i, p := range params {
			list = p.conversions(list, m.Name, i)
		}
		for _, o := range m.Options() {
			list = o.conversions(list, m.Name, homeOf(params))
		}
	}
	return list
}

func (p *Param) conversions(list []Conversion, method string, place int) []Conversion {
	_, asJSON := p.FromText()
	for name := range strings.SplitSeq(p.names(), "|") {
		list = append(list, Conversion{method, place, name, !asJSON})
	}
	return list
}

// Describe is what help answers: all methods under the titles of their groups,
// or what there is to say of the one named.
func Describe(methods []Method, name string) string {
	if name != "" {
		if i := slices.IndexFunc(methods, func(m Method) bool { return m.Name == name }); i >= 0 {
			return methods[i].describe()
		}
		return "help: unknown command: " + name
	}
	listed := slices.DeleteFunc(slices.Clone(methods), func(m Method) bool { return m.Group == "" })
	slices.SortFunc(listed, func(a, b Method) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name)) })
	var lines []string
	for i, m := range listed {
		if i == 0 || listed[i-1].Group != m.Group {
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, "== "+m.Group+" ==")
		}
		lines = append(lines, m.usage())
	}
	return strings.Join(lines, "\n")
}
