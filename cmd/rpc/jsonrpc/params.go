package jsonrpc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/wallet"
)

// Params are the parameters of one call, read by name whether they came by
// position or by name. The first fault sticks: a method reads all it wants and
// asks Err once. A parameter that is absent or null reads as the default.
type Params struct {
	names  []string
	older  []string          // by position; another name that is understood too, or ""
	values []json.RawMessage // by position; nil: not given
	err    *Error
}

// bind reads "params" by the signature of a method: names separated by blanks,
// a ? behind those that may be left out. ok is false when the number of
// parameters is wrong, for which bitcoind answers with the method's help.
func bind(signature string, raw json.RawMessage) (p Params, ok bool) {
	need := 0
	for i, name := range strings.Fields(signature) {
		if !strings.HasSuffix(name, "?") {
			need = i + 1
		}
		name, older, _ := strings.Cut(strings.TrimSuffix(name, "?"), "|")
		p.names, p.older = append(p.names, name), append(p.older, older)
	}
	p.values = make([]json.RawMessage, len(p.names))
	var given []json.RawMessage
	if kind(raw) == "object" {
		given = p.bindNamed(raw)
	} else if kind(raw) == "array" {
		_ = json.Unmarshal(raw, &given) // it is an array: the whole body was parsed before
	}
	if len(given) > len(p.values) {
		return p, false
	}
	for i, v := range given {
		if p.values[i] != nil {
			p.fail(CodeInvalidParam, "Parameter %s specified twice both as positional and named argument", p.names[i])
		}
		p.values[i] = v
	}
	for i, v := range p.values {
		if kind(v) == "null" {
			p.values[i] = nil
		}
	}
	return p, p.err != nil || !slices.ContainsFunc(p.values[:need], func(v json.RawMessage) bool { return v == nil })
}

// bindNamed sets what an object names and returns its "args", which bitcoin-cli
// -named uses for parameters by position.
func (p *Params) bindNamed(raw json.RawMessage) (args []json.RawMessage) {
	var named map[string]json.RawMessage
	_ = json.Unmarshal(raw, &named) // it is an object: see bind
	for name, v := range named {
		i := slices.Index(p.names, name)
		if i < 0 && name != "" {
			i = slices.Index(p.older, name)
		}
		switch {
		case i >= 0:
			p.values[i] = v
		case name == "args" && json.Unmarshal(v, &args) == nil:
		default:
			p.fail(CodeInvalidParam, "Unknown named parameter %s", name)
		}
	}
	return args
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

func (p *Params) fail(c Code, format string, args ...any) {
	if p.err == nil {
		p.err = Errorf(c, format, args...)
	}
}

// Has says whether the parameter was given and is not null.
func (p *Params) Has(name string) bool { return p.Raw(name) != nil }

// Raw is the parameter's JSON, nil if it was not given.
func (p *Params) Raw(name string) json.RawMessage {
	if i := slices.Index(p.names, name); i >= 0 {
		return p.values[i]
	}
	return nil
}

// All are the parameters by position as far as they were given.
func (p *Params) All() []json.RawMessage { return p.values }

// read decodes the parameter into v; false if it was not given or is of
// another type.
func (p *Params) read(name, want string, v any) bool {
	raw := p.Raw(name)
	if raw == nil {
		return false
	}
	if got := kind(raw); got != want {
		p.wrongType(name, got, want)
		return false
	}
	if json.Unmarshal(raw, v) != nil {
		p.fail(CodeMisc, "JSON %s out of range: %s", want, name)
		return false
	}
	return true
}

func (p *Params) wrongType(name, got, want string) {
	p.fail(CodeType, "Wrong type passed:\n{\n    \"Position %d (%s)\": \"JSON value of type %s is not of expected type %s\"\n}",
		slices.Index(p.names, name)+1, name, got, want)
}

// String reads text, "" by default.
func (p *Params) String(name string) (s string) {
	p.read(name, "string", &s)
	return s
}

// Int reads a whole number.
func (p *Params) Int(name string, byDefault int64) int64 {
	v := byDefault
	if !p.read(name, "number", &v) {
		return byDefault
	}
	return v
}

// Float reads a number.
func (p *Params) Float(name string, byDefault float64) float64 {
	v := byDefault
	if !p.read(name, "number", &v) {
		return byDefault
	}
	return v
}

// Bool reads true or false, or a number that is 0 or not: clients written for
// old versions of bitcoind send 0 and 1.
func (p *Params) Bool(name string, byDefault bool) bool {
	n := int64(0)
	if byDefault {
		n = 1
	}
	return p.Verbosity(name, n) != 0
}

// Verbosity reads a level; false is 0 and true is 1.
func (p *Params) Verbosity(name string, byDefault int64) int64 {
	switch string(p.Raw(name)) {
	case "true":
		return 1
	case "false":
		return 0
	}
	return p.Int(name, byDefault)
}

// Amount reads bitcoins from a number or a string of one.
func (p *Params) Amount(name string, byDefault btcutil.Amount) btcutil.Amount {
	raw := p.Raw(name)
	if raw == nil {
		return byDefault
	}
	v, err := DecodeAmount(raw)
	if err != nil {
		p.fail(CodeType, "%s", asError(err).Message)
	}
	return v
}

// DecodeAmount reads bitcoins from the JSON of a number or a string of one and
// refuses what no output can carry.
func DecodeAmount(raw json.RawMessage) (btcutil.Amount, error) {
	if k := kind(raw); k != "number" && k != "string" {
		return 0, Errorf(CodeType, "Amount is not a number or string")
	}
	text := strings.Trim(string(raw), `"`)
	if strings.HasPrefix(text, "-") {
		return 0, Errorf(CodeType, "Amount out of range")
	}
	v, err := wallet.ParseAmount(text)
	if err != nil {
		return 0, Errorf(CodeType, "Invalid amount (%s)", err)
	}
	return v, nil
}

// Hash reads a txid or block hash as people write it.
func (p *Params) Hash(name string) (h chainhash.Hash) {
	s := p.String(name)
	if p.err == nil {
		var err error
		if h, err = ParseHash(name, s); err != nil {
			p.err = err.(*Error)
		}
	}
	return h
}

// ParseHash reads 64 hex digits; name is what the error calls them.
func ParseHash(name, s string) (chainhash.Hash, error) {
	if len(s) != 2*chainhash.HashSize {
		return chainhash.Hash{}, Errorf(CodeInvalidParam, "%s must be of length %d (not %d, for '%s')", name, 2*chainhash.HashSize, len(s), clip(s))
	}
	h, err := chainhash.NewHashFromStr(s)
	if err != nil {
		return chainhash.Hash{}, Errorf(CodeInvalidParam, "%s must be hexadecimal string (not '%s')", name, s)
	}
	return *h, nil
}

// Bytes reads hex; what is wrong with it is said in the words of the caller.
func (p *Params) Bytes(name string, wrong *Error) []byte {
	b, err := hex.DecodeString(p.String(name))
	if err != nil && p.err == nil {
		p.err = wrong
	}
	return b
}

// Strings reads an array of texts.
func (p *Params) Strings(name string) (list []string) {
	if raw := p.Raw(name); kind(raw) == "array" && json.Unmarshal(raw, &list) != nil {
		p.wrongType(name, "array of other things", "array of strings")
		return nil
	}
	p.read(name, "array", &list)
	return list
}

// Object reads an object or array into v, as encoding/json does.
func (p *Params) Object(name string, v any) {
	raw := p.Raw(name)
	if raw == nil {
		return
	}
	if k := kind(raw); k != "object" && k != "array" {
		p.wrongType(name, k, "object")
		return
	}
	if err := json.Unmarshal(raw, v); err != nil {
		p.fail(CodeType, "%s: %s", name, strings.TrimPrefix(err.Error(), "json: "))
	}
}

// kind is bitcoind's word for the type of a JSON value; "" if there is none.
func kind(raw json.RawMessage) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
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

// clip shortens what a client sent before an error quotes it.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return s[:most] + "… (" + strconv.Itoa(len(s)) + " characters)"
}

// Pair is one member of an object.
type Pair struct {
	Name  string
	Value json.RawMessage
}

// Text is the value if it is text, else empty.
func (p Pair) Text() (s string) {
	_ = json.Unmarshal(p.Value, &s) // not text: empty
	return s
}

// Pairs reads an object, or an array of objects, into its members in their
// order: the order of a transaction's outputs is the client's.
func (p *Params) Pairs(name string) (pairs []Pair) {
	raw := p.Raw(name)
	objects := []json.RawMessage{raw}
	switch k := kind(raw); k {
	case "object":
	case "array":
		_ = json.Unmarshal(raw, &objects) // an array: see above
	default:
		p.wrongType(name, k, "object")
		return nil
	}
	for _, o := range objects {
		if k := kind(o); k != "object" {
			p.wrongType(name, k, "object")
			return nil
		}
		dec := json.NewDecoder(bytes.NewReader(o))
		_, _ = dec.Token() // the body was parsed as a whole before: nothing below can fail
		for dec.More() {
			key, _ := dec.Token()
			var v json.RawMessage
			_ = dec.Decode(&v)
			pairs = append(pairs, Pair{key.(string), v})
		}
	}
	return pairs
}
