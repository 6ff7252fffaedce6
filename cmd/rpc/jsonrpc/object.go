package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// Strings reads an array of texts.
func (p *Params) Strings(name string) []string {
	var list []json.RawMessage
	if !p.read(name, "array", &list) {
		return nil
	}
	texts := make([]string, len(list))
	for i, raw := range list {
		if got := kind(raw); got != "string" {
			p.wrongType(got, "string")
			return nil
		}
		texts[i] = textOf(raw)
	}
	return texts
}

// Members reads an object, or each object of a list, by the fields that it may
// have, which are written as a row's Params; "..." behind them lets others pass.
// What is wrong with them is said in Core's words (RPCTypeCheckObj), and what
// is found while reading them sticks to p too.
func (p *Params) Members(name, fields string) []*Params {
	fields, open := strings.CutSuffix(fields, "...")
	sign := (&Method{Params: fields}).Signature()
	raw := p.Raw(name)
	objects := []json.RawMessage{raw}
	switch kind(raw) {
	case "":
		return nil
	case "array":
		_ = json.Unmarshal(raw, &objects) // it is an array
	}
	list := make([]*Params, len(objects))
	for i, o := range objects {
		if k := kind(o); k != "object" {
			p.wrongType(k, "object")
			return nil
		}
		m := &Params{sign: sign, values: make([]json.RawMessage, len(sign)), of: p}
		unknown := m.fill(members(o))
		m.checkFields()
		if unknown != "" && !open {
			m.fail(CodeType, "Unexpected key %s", unknown)
		}
		list[i] = m
	}
	return list
}

// Inside reads an object of options, as Members does; what is absent or null has none.
func (p *Params) Inside(name, fields string) *Params {
	if list := p.Members(name, fields); len(list) == 1 {
		return list[0]
	}
	fields, _ = strings.CutSuffix(fields, "...")
	sign := (&Method{Params: fields}).Signature()
	return &Params{sign: sign, values: make([]json.RawMessage, len(sign)), of: p}
}

// Null says whether a member of an object was there and null.
func (p *Params) Null(name string) bool { return slices.Contains(p.nulls, name) }

// Set puts a value in the place of a parameter; nil takes it away.
func (p *Params) Set(name string, raw json.RawMessage) {
	if i := p.at(name); i >= 0 {
		p.values[i] = raw
	}
}

// fill puts members in their places and returns the name of one that has none.
func (p *Params) fill(list []Pair) (unknown string) {
	for _, m := range list {
		switch i := p.at(m.Name); {
		case i < 0 && unknown == "":
			unknown = m.Name
		case i >= 0 && kind(m.Value) == "null":
			p.nulls = append(p.nulls, m.Name)
		case i >= 0 && p.values[i] == nil:
			p.values[i] = m.Value
		}
	}
	return unknown
}

func (p *Params) checkFields() {
	for i, raw := range p.values {
		f := &p.sign[i]
		if raw == nil && !f.Optional {
			p.fail(CodeType, "Missing %s", f.Name)
		}
		if want, wrong := f.mismatch(kind(raw)); raw != nil && wrong {
			p.fail(CodeType, "JSON value of type %s for field %s is not of expected type %s", kind(raw), f.Name, want)
		}
	}
}

// Object reads an object or array into v, as encoding/json does, but takes no
// members of an object that v has no field for.
func (p *Params) Object(name string, v any) {
	raw := p.Raw(name)
	if raw == nil {
		return
	}
	if k := kind(raw); k != "object" && k != "array" {
		p.wrongType(k, "object")
		return
	}
	if err := json.Unmarshal(raw, v); err != nil {
		p.failWith(typeError(err))
	}
	if t := reflect.TypeOf(v).Elem(); t.Kind() == reflect.Struct {
		p.refuseUnknown(raw, t)
	}
}

// refuseUnknown refuses members that no field of t is named for (Core:
// RPCTypeCheckObj, strict): an option that is not understood must not be left out
// in silence.
func (p *Params) refuseUnknown(raw json.RawMessage, t reflect.Type) {
	known := map[string]bool{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	for _, m := range members(raw) {
		if !known[m.Name] {
			p.fail(CodeType, "Unexpected key %s", clip(m.Name))
		}
	}
}

// typeError says in Core's words why encoding/json could not read a value.
func typeError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return Errorf(CodeType, "JSON value is not of the expected type")
	}
	got, _, _ := strings.Cut(e.Value, " ")
	want := ""
	switch e.Type.Kind() {
	case reflect.String:
		want = "string"
	case reflect.Bool:
		want = "bool"
	case reflect.Slice, reflect.Array:
		want = "array"
	case reflect.Struct, reflect.Map:
		want = "object"
	default:
		want = "number"
	}
	field := e.Field[strings.LastIndexByte(e.Field, '.')+1:]
	switch {
	case got == want:
		return Errorf(CodeMisc, "JSON integer out of range")
	case field == "":
		return Errorf(CodeType, "JSON value of type %s is not of expected type %s", got, want)
	}
	return Errorf(CodeType, "JSON value of type %s for field %s is not of expected type %s", got, field, want)
}

// Pair is one member of an object.
type Pair struct {
	Name  string
	Value json.RawMessage
}

// Text is the value if it is text, else empty.
func (p Pair) Text() string { return textOf(p.Value) }

// OnePair reads an object of one member.
func OnePair(raw json.RawMessage) (Pair, error) {
	if kind(raw) != "object" {
		return Pair{}, Errorf(CodeInvalidParam, "Invalid parameter, key-value pair not an object as expected")
	}
	one := members(raw)
	if len(one) != 1 {
		return Pair{}, Errorf(CodeInvalidParam, "Invalid parameter, key-value pair must contain exactly one key")
	}
	return one[0], nil
}

// Pairs reads an object, or an array of objects with one member each, into the
// members in their order: the order of a transaction's outputs is the client's
// [NormalizeOutputs].
func (p *Params) Pairs(name string) (pairs []Pair) {
	raw := p.Raw(name)
	switch k := kind(raw); k {
	case "object":
		return members(raw)
	case "array":
	default:
		p.wrongType(k, "array")
		return nil
	}
	var objects []json.RawMessage
	_ = json.Unmarshal(raw, &objects) // an array: see above
	for _, o := range objects {
		one, err := OnePair(o)
		if err != nil {
			p.failWith(asError(err))
			return nil
		}
		pairs = append(pairs, one)
	}
	return pairs
}

// members are an object's in their order, also those whose name stands twice. The body was
// parsed as a whole before, so that nothing here can fail; values are parts of it.
func members(object json.RawMessage) (pairs []Pair) {
	for part := range elements(object) {
		name, value := member(part)
		pairs = append(pairs, Pair{string(name), value})
	}
	return pairs
}

// member is the name and the value of one of an object's elements.
func member(part json.RawMessage) (name []byte, value json.RawMessage) {
	end := endOfText(part, 0) + 1
	name, ok := plain(part[:end])
	if !ok {
		name = []byte(textOf(part[:end]))
	}
	_, value, _ = bytes.Cut(part[end:], []byte(":"))
	return name, bytes.TrimSpace(value)
}

// plain is what stands between the quotes of a JSON text that has nothing to unescape, and would have nothing to
// escape; ok is false of all else.
func plain(raw []byte) (inner []byte, ok bool) {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return nil, false
	}
	inner = raw[1 : len(raw)-1]
	return inner, isPlain(inner)
}

// isPlain says whether a text stands in JSON as it is.
func isPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// textOf is a JSON text unescaped; what is none is empty.
func textOf(raw json.RawMessage) (s string) {
	if inner, ok := plain(raw); ok {
		return string(inner)
	}
	_ = json.Unmarshal(raw, &s)
	return s
}

// object is what members makes members of.
func object(pairs []Pair) json.RawMessage {
	raw := []byte{'{'}
	for i, m := range pairs {
		if i > 0 {
			raw = append(raw, ',')
		}
		name, _ := Encode(m.Name) // text always encodes
		raw = append(append(append(raw, name...), ':'), m.Value...)
	}
	return append(raw, '}')
}

// endOfText is the place of the quote that ends the JSON text whose first quote is at begin.
func endOfText(raw json.RawMessage, begin int) int {
	end := begin + 1
	for raw[end] != '"' { // it is JSON: there is one
		if raw[end] == '\\' {
			end++
		}
		end++
	}
	return end
}

// Unescaped is a JSON value whose texts are written as every answer's are: with no
// more escapes than there must be. Nothing else of it changes.
func Unescaped(raw json.RawMessage) json.RawMessage {
	var out []byte
	for i := 0; i < len(raw); i++ {
		if raw[i] != '"' {
			out = append(out, raw[i])
			continue
		}
		end := endOfText(raw, i)
		quoted, _ := Encode(textOf(raw[i : end+1]))
		out = append(out, quoted...)
		i = end
	}
	return out
}
