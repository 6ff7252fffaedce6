package descriptor

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/wallet"
	"grapevine/wallet/miniscript"
)

// ErrPrivate: a hardened step of a path needs a private key that is not there.
var ErrPrivate = errors.New("Cannot derive script without private keys")

// place is where in a descriptor an expression stands; it decides what may.
type place int

const (
	atTop place = iota
	inSH
	inWPKH
	inWSH
	inTR
)

func (at place) uncompressed() bool { return at == atTop || at == inSH }

// expr is one SCRIPT expression.
type expr struct {
	name   string
	keys   []*key
	subs   []*expr // of sh, wsh; of tr the leaves
	depths []int   // of tr: how deep each leaf lies
	need   int     // of multi and its kin: how many must sign
	script []byte  // of addr and raw
	addr   string
	xonly  bool // pk in a leaf, and miniscript there

	mini *miniscript.Expr // of an expression of BIP379, which has no name here
}

// Descriptor is an output descriptor that was read.
type Descriptor struct {
	root    *expr
	net     *chaincfg.Params
	secrets bool
}

type parser struct {
	net     *chaincfg.Params
	secrets bool // a private key was there
	choice  int  // which of the steps <a;b;…> counts (BIP389)
	choices int  // how many there are; 1: none was written
}

// maxText is the longest text that is read: 999 keys of a multi_a, each with
// its origin and path, fit.
const maxText = 500_000

// Parse reads a descriptor that stands for one script at each index; the
// checksum is asked for where need says so [CheckChecksum].
func Parse(text string, net *chaincfg.Params, need bool) (*Descriptor, error) {
	all, err := ParseAll(text, net, need)
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, errors.New("Descriptor with multipath derivation path specifiers is not allowed here")
	}
	return all[0], nil
}

// ParseAll reads a descriptor; one with <a;b> in its paths (BIP389) stands for
// as many.
func ParseAll(text string, net *chaincfg.Params, need bool) ([]*Descriptor, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("Descriptor is too long: %d characters, at most %d are read", len(text), maxText)
	}
	body, err := WithoutChecksum(text, need)
	if err != nil {
		return nil, err
	}
	var all []*Descriptor
	for choice, choices := 0, 1; choice < choices; choice++ {
		p := &parser{net: net, choice: choice, choices: 1}
		rest := body
		root, err := p.script(&rest, atTop)
		if err == nil && rest != "" {
			err = fmt.Errorf("'%s' stands behind the descriptor's end", clip(rest))
		}
		if err != nil {
			return nil, err
		}
		choices = p.choices
		all = append(all, &Descriptor{root, net, p.secrets})
	}
	return all, nil
}

// clip is what an error quotes of an expression: not all of a long one, and no secret.
func clip(text string) string {
	const most = 10_000 // characters: Core quotes all
	text = hideSecrets(text)
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// cut takes one expression from the front of a text: up to a comma or a closing
// bracket that is not its own (Core: script::Expr).
func cut(text *string) string {
	level := 0
	for i := range len(*text) {
		switch c := (*text)[i]; {
		case c == '(' || c == '{':
			level++
		case level > 0 && (c == ')' || c == '}'):
			level--
		case level == 0 && (c == ')' || c == '}' || c == ','):
			e := (*text)[:i]
			*text = (*text)[i:]
			return e
		}
	}
	e := *text
	*text = ""
	return e
}

// inside is what stands in NAME(…).
func inside(name, text string) (string, bool) {
	if rest, ok := strings.CutPrefix(text, name+"("); ok {
		return strings.CutSuffix(rest, ")")
	}
	return "", false
}

// script reads one expression from the front of a text.
func (p *parser) script(text *string, at place) (*expr, error) {
	whole := cut(text)
	name, _, _ := strings.Cut(whole, "(")
	args, ok := inside(name, whole)
	if !ok {
		return p.other(whole, at)
	}
	switch name {
	case "pk", "pkh", "wpkh", "combo":
		if name == "pkh" && at == inTR {
			return p.other(whole, at)
		}
		return p.oneKey(name, args, at)
	case "multi", "sortedmulti", "multi_a", "sortedmulti_a":
		return p.multi(name, args, at)
	case "sh", "wsh":
		return p.hashed(name, args, at)
	case "addr", "raw":
		return p.bare(name, args, at)
	case "tr", "rawtr":
		if at != atTop {
			return nil, fmt.Errorf("Can only have %s at top level", name)
		}
		if name == "rawtr" {
			return p.rawTaproot(args)
		}
		return p.taproot(args)
	}
	return p.other(whole, at)
}

// other is whatever has no function of ours.
func (p *parser) other(whole string, at place) (*expr, error) {
	e, err := p.miniscript(whole, at)
	switch {
	case e != nil || err != nil:
		return e, err
	case at == inSH:
		return nil, errors.New("A function is needed within P2SH")
	case at == inWSH:
		return nil, errors.New("A function is needed within P2WSH")
	}
	return nil, fmt.Errorf("'%s' is not a valid descriptor function", clip(whole))
}

// hashed is sh(X) or wsh(X).
func (p *parser) hashed(name, args string, at place) (*expr, error) {
	in := inSH
	switch {
	case name == "sh" && at != atTop:
		return nil, errors.New("Can only have sh() at top level")
	case name == "wsh":
		if at != atTop && at != inSH {
			return nil, errors.New("Can only have wsh() at top level or inside sh()")
		}
		in = inWSH
	}
	sub, err := p.script(&args, in)
	if err == nil && args != "" {
		err = fmt.Errorf("%s(): '%s' stands behind its script", name, clip(args))
	}
	if err != nil {
		return nil, err
	}
	return &expr{name: name, subs: []*expr{sub}}, nil
}

// bare is addr(ADDRESS) or raw(HEX).
func (p *parser) bare(name, args string, at place) (*expr, error) {
	if at != atTop {
		return nil, fmt.Errorf("Can only have %s() at top level", name)
	}
	if name == "addr" {
		script, err := wallet.PayTo(args, p.net)
		if err != nil {
			return nil, errors.New("Address is not valid")
		}
		return &expr{name: name, script: script, addr: wallet.AddressOf(script, p.net)}, nil
	}
	script, err := hex.DecodeString(args)
	if err != nil || args == "" {
		return nil, errors.New("Raw script is not hex")
	}
	return &expr{name: name, script: script}, nil
}

func (p *parser) oneKey(name, args string, at place) (*expr, error) {
	keys := at
	switch {
	case name == "combo" && at != atTop:
		return nil, errors.New("Can only have combo() at top level")
	case name == "wpkh" && at != atTop && at != inSH:
		return nil, errors.New("Can only have wpkh() at top level or inside sh()")
	case name == "wpkh":
		keys = inWPKH
	}
	k, err := p.key(args, keys)
	if err != nil {
		return nil, fmt.Errorf("%s(): %w", name, err)
	}
	return &expr{name: name, keys: []*key{k}, xonly: at == inTR}, nil
}

const (
	maxBareKeys     = 3   // of a standard bare multisig
	maxMultisigKeys = 20  // MAX_PUBKEYS_PER_MULTISIG
	maxMultiAKeys   = 999 // MAX_PUBKEYS_PER_MULTI_A
)

// multi is multi(NEED,KEY,…) and its kin.
func (p *parser) multi(name, args string, at place) (*expr, error) {
	leaf := strings.HasSuffix(name, "_a")
	if leaf && at != inTR {
		return nil, errors.New("Can only have multi_a/sortedmulti_a inside tr()")
	}
	if !leaf && at == inTR {
		return nil, errors.New("Can only have multi/sortedmulti at top level, in sh(), or in wsh()")
	}
	word := cut(&args)
	need, err := parseUint(word)
	if err != nil {
		return nil, fmt.Errorf("Multi threshold '%s' is not valid", clip(word))
	}
	e := &expr{name: name}
	size := 3 // of the script: both numbers and the opcode
	for args != "" {
		if args[0] != ',' {
			return nil, fmt.Errorf("Multi: expected ',', got '%c'", args[0])
		}
		args = args[1:]
		k, err := p.key(cut(&args), at)
		if err != nil {
			return nil, fmt.Errorf("Multi: %w", err)
		}
		e.keys = append(e.keys, k)
		size += k.size() + 1
	}
	if err := checkMulti(e, need, leaf); err != nil {
		return nil, err
	}
	if n := len(e.keys); at == atTop && n > maxBareKeys {
		return nil, fmt.Errorf("Cannot have %d pubkeys in bare multisig; only at most %d pubkeys", n, maxBareKeys)
	}
	if at == inSH && size > txscript.MaxScriptElementSize {
		return nil, fmt.Errorf("P2SH script is too large, %d bytes is larger than %d bytes", size, txscript.MaxScriptElementSize)
	}
	e.need = int(need)
	return e, nil
}

func checkMulti(e *expr, need uint32, leaf bool) error {
	word, most := "multisig", maxMultisigKeys
	if leaf {
		word, most = "multi_a", maxMultiAKeys
	}
	switch n := len(e.keys); {
	case n == 0 || n > most:
		return fmt.Errorf("Cannot have %d keys in %s; must have between 1 and %d keys, inclusive", n, word, most)
	case need == 0:
		return errors.New("Multisig threshold cannot be 0, must be at least 1")
	case need > uint32(n):
		return fmt.Errorf("Multisig threshold cannot be larger than the number of keys; threshold is %d but only %d keys specified", need, n)
	}
	return nil
}

func (p *parser) rawTaproot(args string) (*expr, error) {
	word := cut(&args)
	if args != "" {
		return nil, errors.New("rawtr(): only one key expected.")
	}
	k, err := p.key(word, inTR)
	if err != nil {
		return nil, err
	}
	return &expr{name: "rawtr", keys: []*key{k}}, nil
}

// maxDepth of a script in a tree [TAPROOT_CONTROL_MAX_NODE_COUNT].
const maxDepth = 128

// taproot is tr(KEY) or tr(KEY,TREE) (BIP386).
func (p *parser) taproot(args string) (*expr, error) {
	k, err := p.key(cut(&args), inTR)
	if err != nil {
		return nil, fmt.Errorf("tr(): %w", err)
	}
	e := &expr{name: "tr", keys: []*key{k}}
	if args == "" {
		return e, nil
	}
	if args[0] != ',' {
		return nil, fmt.Errorf("tr: expected ',', got '%c'", args[0])
	}
	args = args[1:]
	if err := p.tree(e, &args, 0); err != nil {
		return nil, err
	}
	if args != "" {
		return nil, errors.New("tr(): expected ')' after script expression")
	}
	return e, nil
}

// tree reads a script or {TREE,TREE}.
func (p *parser) tree(e *expr, text *string, depth int) error {
	if rest, ok := strings.CutPrefix(*text, "{"); ok {
		if depth++; depth > maxDepth {
			return fmt.Errorf("tr() supports at most %d nesting levels", maxDepth)
		}
		*text = rest
		if err := p.tree(e, text, depth); err != nil {
			return err
		}
		if *text, ok = strings.CutPrefix(*text, ","); !ok {
			return errors.New("tr(): expected ',' after script expression")
		}
		if err := p.tree(e, text, depth); err != nil {
			return err
		}
		if *text, ok = strings.CutPrefix(*text, "}"); !ok {
			return errors.New("tr(): expected '}' after script expression")
		}
		return nil
	}
	sub, err := p.script(text, inTR)
	if err != nil {
		return err
	}
	e.subs, e.depths = append(e.subs, sub), append(e.depths, depth)
	return nil
}
