package jsonrpc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// usage is a method's name and parameters on one line, as bitcoind writes it.
func (m *Method) usage() string {
	words := []string{m.Name}
	open := false
	for _, p := range m.Signature() {
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

func (p *Param) usage() string {
	switch {
	case p.Sketch != "":
		return p.Sketch
	case p.isText(), p.Kind == kindAny:
		return `"` + p.Name + `"`
	}
	return p.Name
}

// describe is what help says of one method.
func (m *Method) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", m.usage(), m.Help)
	for i, p := range m.Signature() {
		if i == 0 {
			b.WriteString("\nArguments:\n")
		}
		fmt.Fprintf(&b, "%d. %s: %s\n", i+1, strings.ReplaceAll(p.names(), "|", " or "), p.describe())
	}
	for i, o := range m.Options() {
		if i == 0 {
			b.WriteString("\nOptions, which a call by name may give as parameters:\n")
		}
		fmt.Fprintf(&b, "- %s: %s\n", o.Name, o.describe())
	}
	if m.Group != "" {
		fmt.Fprintf(&b, "\nExample: grapevine rpc %s\n", strings.TrimRight(m.Name+" "+m.Example, " "))
	}
	return b.String()
}

var kindWords = map[Kind]string{
	kindText: "text", kindHex: "text in hex", kindInt: "a whole number", kindLong: "a whole number", kindNum: "a number",
	kindAmount: "an amount in BTC", kindBool: "true or false", kindLevel: "a whole number, true or false", kindWord: "a number or text",
	kindAny: "anything", kindJSON: "anything", kindList: "a list", kindObject: "an object",
}

// describe is a parameter's kind and default in words.
func (p *Param) describe() string {
	what := kindWords[p.Kind]
	switch {
	case p.Default != "":
		return what + ", by default " + p.Default
	case p.Optional:
		return what + ", may be left out"
	}
	return what
}

// describe is what help answers: all methods under the titles of their groups,
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
