package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"grapevine/cmd/rpc/jsonrpc"
)

// Table says what the parameters of each method are, so that a command line
// knows without asking the node which of its words are JSON.
type Table map[string]known

// known are a method's parameters, and the options that names may give too.
type known struct{ params, options []jsonrpc.Param }

// NewTable reads the rows of methods.
func NewTable(rows []jsonrpc.Method) Table {
	t := Table{}
	for _, m := range rows {
		t[m.Name] = known{m.Signature(), m.Options()}
	}
	return t
}

// Convert turns the words of a command line into parameters by position. What
// a method wants as text goes as text, all else as JSON, and the words for a
// method that is not in the table go as text.
func (t Table) Convert(method string, words []string) ([]any, error) {
	params := make([]any, len(words))
	for i, word := range words {
		var p *jsonrpc.Param
		if params := t[method].params; i < len(params) {
			p = &params[i]
		}
		v, err := convert(method, p, word)
		if err != nil {
			return nil, err
		}
		params[i] = v
	}
	return params, nil
}

// Named are parameters by name, in the order of the command line.
type Named []NamedParam

// NamedParam is one of Named.
type NamedParam struct {
	Name  string
	Value any
}

// MarshalJSON writes an object.
func (n Named) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(p.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(p.Value)
		if err != nil {
			return nil, err
		}
		b.Write(append(append(name, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// ConvertNamed turns words of the form name=value into parameters by name;
// words without = go by position, under "args", as with bitcoin-cli -named. Who
// names args too has it twice: the node says what is wrong with that [RPCConvertNamedValues].
func (t Table) ConvertNamed(method string, words []string) (Named, error) {
	var named Named
	var args []string
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			args = append(args, word)
			continue
		}
		v, err := convert(method, t.find(method, name), value)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(named, func(p NamedParam) bool { return p.Name == name }); i >= 0 {
			named[i].Value = v // as in bitcoin-cli the last one counts
			continue
		}
		named = append(named, NamedParam{name, v})
	}
	if args == nil {
		return named, nil
	}
	byPosition, err := t.Convert(method, args)
	return append(named, NamedParam{"args", byPosition}), err
}

func (t Table) find(method, name string) *jsonrpc.Param {
	for _, list := range [][]jsonrpc.Param{t[method].params, t[method].options} {
		for i, p := range list {
			if name == p.Name || name == p.Older && name != "" {
				return &list[i]
			}
		}
	}
	return nil
}

// convert reads a word for p; nil is a parameter that nobody knows.
func convert(method string, p *jsonrpc.Param, word string) (any, error) {
	if p == nil {
		return word, nil
	}
	asText, asJSON := p.FromText()
	switch {
	case asJSON && json.Valid([]byte(word)):
		return json.RawMessage(word), nil
	case asText:
		return word, nil
	}
	return nil, &WordError{method, p.Name, word}
}

// WordError is a word for a parameter that wants JSON and did not get it.
type WordError struct{ Method, Param, Word string }

func (e *WordError) Error() string {
	return fmt.Sprintf("%s: parameter %s: not JSON: %s", e.Method, e.Param, e.Word)
}
