package jsonrpc

import (
	"context"
	"strconv"
	"strings"
)

// Method is one row of the table of methods: all that there is to say of it.
// The dispatch, help, parameters by name, the errors about their number and
// their types, and what a command line makes of its words follow from it
// [RPCHelpMan, CRPCTable].
type Method struct {
	Name    string
	Group   string // the title in help's list; "" lists it nowhere
	Params  string // its parameters in order, separated by blanks; see Param
	Help    string // what it does
	Example string // words behind the name in an example
	Result  string // what help says of the answer: its shape, then its kind and meaning in brackets
	// Words say of parameters what they are, by NAME or METHOD.NAME.
	Words map[string]string
	// Defaults say what counts where an optional parameter is left out and its row
	// has no value that would: it hangs on the chain, the wallet or the settings.
	// By NAME or METHOD.NAME, too.
	Defaults map[string]string
	Do       func(context.Context, *Call) (any, error)
	Early    bool // answered while the node warms up, too, and however many calls are at work
	Large    bool // its answer may be as large as a block or the pool: few at once
	Hides    bool // its parameters stand nowhere in help
	Open     bool // further parameters are taken and ignored
	Gone     bool // it has been taken away: its help is all that there is
}

// Group gives rows that stand together their title in help's list.
func Group(title string, rows ...Method) []Method {
	for i := range rows {
		rows[i].Group = title
	}
	return rows
}

// Call is one call of a method.
type Call struct {
	Params
	Wallet   string // NAME of the path /wallet/NAME
	OfWallet bool   // the path named a wallet, though NAME may be empty

	method  *Method
	running Running
	places  chan struct{} // where this call has its place; nil: it needs none
}

// Aside gives the call's place to others while it waits for something to
// happen in the world. What it returns waits for a place again.
func (c *Call) Aside() (goOn func()) {
	if c.places == nil {
		return func() {}
	}
	<-c.places
	return func() { c.places <- struct{}{} }
}

// usage is the error of who used a method wrongly: its help, as with bitcoind.
func (c *Call) Usage() *Error { return Errorf(CodeMisc, "%s", c.method.describe()) }

// row is a method with its parameters read.
type row struct {
	Method
	params, options []Param
}

func index(methods []Method) map[string]*row {
	rows := make(map[string]*row, len(methods))
	for _, m := range methods {
		rows[m.Name] = &row{m, m.Signature(), m.Options()}
	}
	return rows
}

// Kind is what a parameter takes: one of the words below. A command line sends
// the words for text, hex and any as they are and those for all others as JSON;
// for word as JSON if they are that.
type Kind string

const (
	kindText   Kind = "text"
	kindHex    Kind = "hex"
	kindInt    Kind = "int"    // a whole number of 32 bits
	kindLong   Kind = "long"   // a whole number of 64 bits
	kindNum    Kind = "num"    // any number
	kindAmount Kind = "amount" // bitcoins: a number, or text that is one
	kindBool   Kind = "bool"
	kindLevel  Kind = "level" // a whole number; false is 0 and true is 1
	kindWord   Kind = "word"  // a number or text
	kindAny    Kind = "any"
	kindJSON   Kind = "json"
	kindList   Kind = "list"
	kindObject Kind = "object"
)

// Param is one parameter of a method [RPCArg]. In a row it stands as
//
//	NAME[|OLDER]:KIND[?|=DEFAULT]
//
// with a ? behind what may be left out, or what counts then. For KIND stands a
// word of those above, or, as help shows it, a list or object between
// brackets and without blanks (txids:["txid",...]), or the one text that is
// taken (dummy:""). A * before it says that other types are taken too. Behind a
// ; stand the members of an object of options.
type Param struct {
	Name     string
	Older    string // another name that is understood too, or ""
	Kind     Kind
	Sketch   string // what help shows for its name, or ""
	Loose    bool   // other types than the kind's are left to the method
	Optional bool
	Default  string // as JSON; "" if there is none
}

// Signature reads Params.
func (m *Method) Signature() []Param {
	params, _, _ := strings.Cut(m.Params, ";")
	return parseParams(params)
}

// Options are the members of the method's last object, behind a ; in Params. A
// call by name may give them as if they were parameters [OBJ_NAMED_PARAMS].
func (m *Method) Options() []Param {
	_, options, _ := strings.Cut(m.Params, ";")
	return parseParams(options)
}

func parseParams(words string) []Param {
	var list []Param
	for _, word := range strings.Fields(words) {
		list = append(list, parseParam(word))
	}
	return list
}

func parseParam(word string) (p Param) {
	name, kind, _ := strings.Cut(word, ":")
	p.Name, p.Older, _ = strings.Cut(name, "|")
	kind, p.Loose = strings.CutPrefix(kind, "*")
	mark := ""
	if i := sketchEnd(kind); i > 0 {
		p.Sketch, mark = kind[:i], kind[i:]
		p.Kind = map[byte]Kind{'[': kindList, '{': kindObject, '"': kindText}[kind[0]]
	} else if i := strings.IndexAny(kind, "?="); i >= 0 {
		p.Kind, mark = Kind(kind[:i]), kind[i:]
	} else {
		p.Kind = Kind(kind)
	}
	p.Optional = mark != ""
	if value, ok := strings.CutPrefix(mark, "="); ok {
		p.Default = value
		if p.isText() {
			p.Default = strconv.Quote(value)
		}
	}
	return p
}

// sketchEnd is where the list, object or text at the beginning of s ends; 0: it
// begins with none.
func sketchEnd(s string) int {
	if strings.HasPrefix(s, `"`) {
		return 2 + strings.IndexByte(s[1:], '"')
	}
	depth := 0
	for i, c := range s {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth == 0 && i == 0 {
			return 0
		} else if depth == 0 {
			return i + 1
		}
	}
	return 0
}

func (p *Param) isText() bool { return p.Kind == kindText || p.Kind == kindHex }

// FromText says how a command line sends a word for this parameter: as the text
// it is, as JSON, or (both) as JSON if it is that [vRPCConvertParams].
func (p *Param) FromText() (asText, asJSON bool) {
	switch p.Kind {
	case kindText, kindHex, kindAny:
		return true, false
	case kindWord:
		return true, true
	}
	return false, true
}

// names are all names of the parameter, as bitcoind writes them.
func (p *Param) names() string {
	if p.Older == "" {
		return p.Name
	}
	return p.Name + "|" + p.Older
}

// mismatch is bitcoind's word for the type wanted, if a value of type got is not of it.
func (p *Param) mismatch(got string) (want string, wrong bool) {
	switch p.Kind {
	case kindText, kindHex:
		want = "string"
	case kindInt, kindLong, kindNum:
		want = "number"
	case kindBool:
		want = "bool"
	case kindList:
		want = "array"
	case kindObject:
		want = "object"
	}
	if p.Loose || want == "" || got == want || got == "null" && p.Optional {
		return "", false
	}
	return want, true
}
