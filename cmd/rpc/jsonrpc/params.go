package jsonrpc

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// Params are the parameters of one call, read by name whether they came by
// position or by name. The first fault sticks: a method reads all it wants and
// asks Err once. A parameter that is absent or null reads as its row's default.
type Params struct {
	sign   []Param
	values []json.RawMessage // by position; nil: not given, or null
	given  int               // how many came, the last of them null or not
	nulls  []string          // members of an object that were null; see Null

	miscounted bool // more or fewer came than the method takes
	err        *Error
	of         *Params // whose list or object these are the members of; see Members
}

// bind reads "params" as the method's row has them.
func (m *row) bind(raw json.RawMessage) (p Params) {
	sign := m.params
	p.sign, p.values = sign, make([]json.RawMessage, len(sign))
	given := p.values[:0] // in place, most often
	if kind(raw) == "object" {
		list := p.gather(raw, m.options)
		if m.Open {
			list = slices.DeleteFunc(list, func(o Pair) bool { return p.at(o.Name) < 0 })
		}
		given = p.byName(list)
	} else if kind(raw) == "array" {
		for part := range elements(raw) {
			given = append(given, part)
		}
	}
	if m.Open && len(given) > len(sign) {
		given = given[:len(sign)]
	}
	need := 0
	for i := range sign {
		if !sign[i].Optional {
			need = i + 1
		}
	}
	if p.given = len(given); p.given < need || p.given > len(sign) {
		p.miscounted = p.err == nil
		return p
	}
	copy(p.values, given)
	p.checkTypes()
	for i, v := range p.values {
		if kind(v) == "null" {
			p.values[i] = nil
		}
	}
	return p
}

// homeOf is the place of the object that options are members of: the last one; -1: there is none.
func homeOf(params []Param) int {
	home := -1
	for i := range params {
		if params[i].Kind == kindObject {
			home = i
		}
	}
	return home
}

// gather puts the options that an object names as if they were parameters into
// the parameter that they are members of.
func (p *Params) gather(raw json.RawMessage, options []Param) (list []Pair) {
	home := homeOf(p.sign)
	var among []Pair
	for _, m := range members(raw) {
		if home >= 0 && p.at(m.Name) < 0 && slices.ContainsFunc(options, func(o Param) bool { return o.Name == m.Name }) {
			among = append(among, m)
		} else {
			list = append(list, m)
		}
	}
	if among == nil {
		return list
	}
	name := p.sign[home].Name
	if slices.ContainsFunc(list, func(m Pair) bool { return m.Name == name }) {
		p.fail(CodeInvalidParam, "Parameter %s conflicts with parameter %s", name, among[0].Name)
	}
	return append(list, Pair{name, object(among)})
}

// byName puts what an object names in its place; its "args", which bitcoin-cli
// -named uses for parameters by position, come before (Core:
// transformNamedArguments).
func (p *Params) byName(list []Pair) []json.RawMessage {
	var args, named []json.RawMessage
	seen := map[string]bool{}
	for _, m := range list {
		if seen[m.Name] {
			p.fail(CodeInvalidParam, "Parameter %s specified multiple times", m.Name)
		}
		seen[m.Name] = true
		i := slices.IndexFunc(p.sign, func(s Param) bool { return m.Name == s.Name || m.Name == s.Older && m.Name != "" })
		switch {
		case i >= 0:
			named = append(named, make([]json.RawMessage, max(0, i+1-len(named)))...)
			if named[i] != nil {
				p.fail(CodeInvalidParam, "Parameter %s specified multiple times", m.Name)
			}
			named[i] = m.Value
		case m.Name == "args":
			_ = json.Unmarshal(m.Value, &args) // what is no array gives none
		default:
			p.fail(CodeInvalidParam, "Unknown named parameter %s", m.Name)
		}
	}
	for i := range min(len(args), len(named)) {
		if named[i] != nil {
			p.fail(CodeInvalidParam, "Parameter %s specified twice both as positional and named argument", p.sign[i].Name)
		}
	}
	if len(named) > len(args) {
		args = append(args, named[len(args):]...)
	}
	return args
}

// checkTypes names every parameter that is of another type than its row says.
func (p *Params) checkTypes() {
	var wrong []string
	for i := range p.given {
		got := kind(p.values[i])
		if got == "" {
			got = "null" // a place that no name has filled
		}
		if want, ok := p.sign[i].mismatch(got); ok {
			wrong = append(wrong, p.typeFault(i, got, want))
		}
	}
	if wrong != nil {
		p.fail(CodeType, "Wrong type passed:\n{\n%s\n}", strings.Join(wrong, ",\n"))
	}
}

func (p *Params) typeFault(i int, got, want string) string {
	return fmt.Sprintf("    \"Position %d (%s)\": \"JSON value of type %s is not of expected type %s\"", i+1, p.sign[i].names(), got, want)
}

// Err is the first fault found while reading, nil if there was none.
func (p *Params) Err() error {
	if p.err == nil {
		return nil
	}
	return p.err
}

// Refuse makes a fault of the method's own stick.
func (p *Params) Refuse(c Code, format string, args ...any) { p.fail(c, format, args...) }

func (p *Params) fail(c Code, format string, args ...any) { p.failWith(Errorf(c, format, args...)) }

func (p *Params) failWith(err *Error) {
	for ; p != nil; p = p.of {
		if p.err == nil {
			p.err = err
		}
	}
}

// Has says whether the parameter was given and is not null.
func (p *Params) Has(name string) bool { return p.Raw(name) != nil }

// Given says whether the parameter came, though it may be null.
func (p *Params) Given(name string) bool {
	i := p.at(name)
	return i >= 0 && i < p.given
}

// Type is bitcoind's word for the type of what was given; "" if nothing was.
func (p *Params) Type(name string) string { return kind(p.Raw(name)) }

// Raw is the parameter's JSON, nil if it was not given.
func (p *Params) Raw(name string) json.RawMessage {
	if i := p.at(name); i >= 0 {
		return p.values[i]
	}
	return nil
}

func (p *Params) at(name string) int {
	return slices.IndexFunc(p.sign, func(s Param) bool { return s.Name == name })
}

// All are the parameters by position as far as they were given; nil for null.
func (p *Params) All() []json.RawMessage { return p.values[:p.given] }

// value is the parameter's JSON or its default's; nil if there is neither.
func (p *Params) value(name string) json.RawMessage {
	i := p.at(name)
	switch {
	case i < 0:
		return nil
	case p.values[i] == nil && p.sign[i].Default != "":
		return json.RawMessage(p.sign[i].Default)
	}
	return p.values[i]
}

// read decodes the parameter into v; false if there is none or it is of
// another type.
func (p *Params) read(name, want string, v any) bool {
	raw := p.value(name)
	if raw == nil {
		return false
	}
	if got := kind(raw); got != want {
		p.wrongType(got, want)
		return false
	}
	if json.Unmarshal(raw, v) != nil {
		p.fail(CodeMisc, "JSON double out of range") // what is text or a list always fits
		return false
	}
	return true
}

// wrongType is said of what the row leaves to the method.
func (p *Params) wrongType(got, want string) {
	p.fail(CodeType, "JSON value of type %s is not of expected type %s", got, want)
}

// String reads text.
func (p *Params) String(name string) (s string) {
	if inner, ok := plain(p.value(name)); ok {
		return string(inner)
	}
	p.read(name, "string", &s)
	return s
}

// Int reads a whole number: of 32 bits, or of 64 where the row says so.
func (p *Params) Int(name string) int64 {
	raw := p.value(name)
	if raw == nil {
		return 0
	}
	if got := kind(raw); got != "number" {
		p.wrongType(got, "number")
		return 0
	}
	bits := 32
	if k := p.sign[p.at(name)].Kind; k == kindLong {
		bits = 64
	}
	n, err := strconv.ParseInt(string(raw), 10, bits)
	if err != nil {
		p.fail(CodeMisc, "JSON integer out of range")
		return 0
	}
	return n
}

// Float reads a number.
func (p *Params) Float(name string) (v float64) {
	p.read(name, "number", &v)
	return v
}

// Bool reads true or false.
func (p *Params) Bool(name string) (v bool) {
	switch string(p.value(name)) {
	case "true":
		return true
	case "false":
		return false
	}
	p.read(name, "bool", &v)
	return v
}

// Verbosity reads a level; false is 0 and true is 1.
func (p *Params) Verbosity(name string) int64 {
	switch string(p.value(name)) {
	case "true":
		return 1
	case "false":
		return 0
	}
	return p.Int(name)
}

// Amount reads bitcoins from a number or a string of one.
func (p *Params) Amount(name string) btcutil.Amount {
	raw := p.value(name)
	if raw == nil {
		return 0
	}
	v, err := DecodeAmount(raw)
	if err != nil {
		p.fail(CodeType, "%s", asError(err).Message)
	}
	return v
}

// Hash reads a txid or block hash as people write it. Some methods of Core's
// call it otherwise in their errors than in their help.
func (p *Params) Hash(name string, called ...string) (h chainhash.Hash) {
	s := p.String(name)
	if p.err == nil {
		var err error
		if h, err = ParseHash(append(called, name)[0], s); err != nil {
			p.failWith(asError(err))
		}
	}
	return h
}

// ParseHash reads 64 hex digits; name is what the error calls them [ParseHashV].
func ParseHash(name, s string) (chainhash.Hash, error) {
	if len(s) != 2*chainhash.HashSize {
		return chainhash.Hash{}, Errorf(CodeInvalidParam, "%s must be of length %d (not %d, for '%s')", name, 2*chainhash.HashSize, len(s), clip(s))
	}
	var digits [2 * chainhash.HashSize]byte
	var h chainhash.Hash
	copy(digits[:], s)
	if _, err := hex.Decode(h[:], digits[:]); err != nil {
		return chainhash.Hash{}, Errorf(CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	slices.Reverse(h[:])
	return h, nil
}

// Bytes reads hex; what is wrong with it is said in the words of the caller.
func (p *Params) Bytes(name string, wrong *Error) []byte {
	b, err := hex.DecodeString(p.String(name))
	if err != nil {
		p.failWith(wrong)
	}
	return b
}

// TypeOf is bitcoind's word for the type of a JSON value; "" if there is none.
func TypeOf(raw json.RawMessage) string { return kind(raw) }

// kind is bitcoind's word for the type of a JSON value; "" if there is none.
func kind(raw json.RawMessage) string {
	for _, c := range raw {
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return "object"
		case '[':
			return "array"
		case '"':
			return "string"
		case 't', 'f':
			return "bool"
		case 'n':
			return "null"
		}
		return "number"
	}
	return ""
}

// clip shortens what a client sent before an error quotes it.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "… (" + strconv.Itoa(len(s)) + " characters)"
}
