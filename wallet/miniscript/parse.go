package miniscript

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// parser reads an expression from the front of a text.
type parser struct {
	ctx  Context
	text string
	key  func(text string) error
	keys int
	err  error // of a key
	size int   // of the script of what was read
}

// Parse reads an expression; key is called with each of its keys. Nil without an error: it
// is no expression of BIP379, or its script is larger than any may be. Whether it is valid
// or even sane, Fault says [FromString].
func Parse(text string, ctx Context, key func(text string) error) (*Expr, error) {
	p := &parser{ctx: ctx, text: text, key: key}
	root := p.wrapped()
	switch {
	case p.err != nil:
		return nil, p.err
	case root == nil || p.text != "":
		return nil, nil
	}
	return newExpr(ctx, root, p.keys), nil
}

// node is one more; nil: the script is too large with it.
func (p *parser) node(n node) *node {
	made := newNode(p.ctx, n)
	if p.size += made.own(); p.size > p.ctx.maxSize() {
		return nil
	}
	return made
}

// wrapped reads an expression with letters of wrappers before it.
func (p *parser) wrapped() *node {
	letters := ""
	for i := 1; i < len(p.text); i++ {
		if p.text[i] == ':' {
			letters = p.text[:i]
			p.text = p.text[i+1:]
			break
		}
		if p.text[i] < 'a' || p.text[i] > 'z' {
			break
		}
	}
	if strings.Trim(letters, "ascdvjnutl") != "" || strings.Contains(letters, "vv") { // vv: has no type, and no size
		return nil
	}
	x := p.plain()
	for i := len(letters) - 1; i >= 0 && x != nil; i-- {
		x = p.wrap(letters[i], x)
	}
	return x
}

func (p *parser) wrap(letter byte, x *node) *node {
	switch letter {
	case 'u', 'l':
		zero := p.node(node{fragment: just0})
		if zero == nil {
			return nil
		}
		subs := []*node{x, zero}
		if letter == 'l' {
			subs = []*node{zero, x}
		}
		return p.node(node{fragment: orI, subs: subs})
	case 't':
		one := p.node(node{fragment: just1})
		if one == nil {
			return nil
		}
		return p.node(node{fragment: andV, subs: []*node{x, one}})
	}
	return p.node(node{fragment: wrapA + fragment(strings.IndexByte("ascdvjn", letter)), subs: []*node{x}})
}

// plain reads a constant or a function.
func (p *parser) plain() *node {
	for _, f := range []fragment{just0, just1} {
		if rest, ok := strings.CutPrefix(p.text, f.word()); ok {
			p.text = rest
			return p.node(node{fragment: f})
		}
	}
	word, rest, ok := strings.Cut(p.text, "(")
	if !ok {
		return nil
	}
	p.text = rest
	switch word {
	case "pk":
		return p.checked(pkK)
	case "pkh":
		return p.checked(pkH)
	case "and_n":
		return p.function(andOr, 2)
	}
	for f := pkK; f <= multiA; f++ {
		if f.word() != word || f.wraps() {
			continue
		}
		switch f {
		case pkK, pkH:
			return p.oneKey(f)
		case older, after:
			return p.lock(f)
		case sha256Of, hash256Of, ripemd160Of, hash160Of:
			return p.preimage(f)
		case multi, multiA:
			return p.multi(f)
		case thresh:
			return p.thresh()
		case andOr:
			return p.function(f, 3)
		default:
			return p.function(f, 2)
		}
	}
	return nil
}

// upTo takes what stands before a character, and the character; false: nothing does, or
// the bracket is closed before.
func (p *parser) upTo(end byte) (string, bool) {
	at := strings.IndexByte(p.text, end)
	if at < 1 || end != ')' && strings.IndexByte(p.text[:at], ')') >= 0 {
		return "", false
	}
	word := p.text[:at]
	p.text = p.text[at+1:]
	return word, true
}

// number takes one from 1 to below 2^31.
func (p *parser) number(end byte) (uint32, bool) {
	word, ok := p.upTo(end)
	if !ok || strings.Trim(word, "0123456789") != "" {
		return 0, false
	}
	v, err := strconv.ParseInt(word, 10, 64)
	if err != nil || v < 1 || v >= 1<<31 {
		return 0, false
	}
	return uint32(v), true
}

// checked is pk(KEY) or pkh(KEY).
func (p *parser) checked(f fragment) *node {
	x := p.oneKey(f)
	if x == nil {
		return nil
	}
	return p.node(node{fragment: wrapC, subs: []*node{x}})
}

func (p *parser) oneKey(f fragment) *node {
	word, ok := p.upTo(')')
	if !ok {
		return nil
	}
	key, ok := p.readKey(word)
	if !ok {
		return nil
	}
	return p.node(node{fragment: f, keys: []int{key}})
}

func (p *parser) readKey(word string) (int, bool) {
	if p.err = p.key(word); p.err != nil {
		return 0, false
	}
	p.keys++
	return p.keys - 1, true
}

func (p *parser) lock(f fragment) *node {
	k, ok := p.number(')')
	if !ok {
		return nil
	}
	return p.node(node{fragment: f, k: k})
}

func (p *parser) preimage(f fragment) *node {
	word, _ := p.upTo(')')
	hash, err := hex.DecodeString(word)
	if _, size := f.hashOp(); err != nil || len(hash) != size {
		return nil
	}
	return p.node(node{fragment: f, hash: hash})
}

// multi is multi(NEED,KEY,…), or multi_a in a tree.
func (p *parser) multi(f fragment) *node {
	most := maxMultiKeys
	if f == multiA {
		most = maxMultiAKeys
	}
	need, ok := p.number(',')
	if !ok || (f == multiA) != (p.ctx == Tapscript) {
		return nil
	}
	n := node{fragment: f, k: need}
	for more := true; more; {
		word, ok := p.upTo(',')
		if more = ok; !ok {
			if word, ok = p.upTo(')'); !ok {
				return nil
			}
		}
		key, ok := p.readKey(word)
		if !ok {
			return nil
		}
		n.keys = append(n.keys, key)
	}
	if len(n.keys) > most || int64(need) > int64(len(n.keys)) {
		return nil
	}
	return p.node(n)
}

func (p *parser) thresh() *node {
	need, ok := p.number(',')
	if !ok {
		return nil
	}
	n := node{fragment: thresh, k: need}
	for {
		x := p.wrapped()
		if x == nil || p.text == "" {
			return nil
		}
		n.subs = append(n.subs, x)
		end := p.text[0]
		p.text = p.text[1:]
		switch {
		case end == ')' && int64(need) <= int64(len(n.subs)):
			return p.node(n)
		case end != ',':
			return nil
		}
	}
}

// function is one of so many subs; of and_n(X,Y) the third is 0.
func (p *parser) function(f fragment, count int) *node {
	n := node{fragment: f}
	for i := range count {
		if i > 0 && !p.take(',') {
			return nil
		}
		x := p.wrapped()
		if x == nil {
			return nil
		}
		n.subs = append(n.subs, x)
	}
	if !p.take(')') {
		return nil
	}
	if f == andOr && count == 2 {
		zero := p.node(node{fragment: just0})
		if zero == nil {
			return nil
		}
		n.subs = append(n.subs, zero)
	}
	return p.node(n)
}

func (p *parser) take(c byte) bool {
	if p.text == "" || p.text[0] != c {
		return false
	}
	p.text = p.text[1:]
	return true
}
