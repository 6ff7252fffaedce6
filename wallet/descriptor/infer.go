package descriptor

import (
	"bytes"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain/policy"
	"grapevine/wallet"
)

// Infer is the descriptor that says most of a script, with what is known of
// keys and scripts (Core: InferDescriptor); p may be nil.
func Infer(script []byte, net *chaincfg.Params, p *Provider) *Descriptor {
	if p == nil {
		p = &Provider{} // of which nothing is known
	}
	in := inferrer{p}
	if e := in.script(script, atTop); e != nil {
		return &Descriptor{root: e, net: net}
	}
	if addr := wallet.AddressOf(script, net); addr != "" {
		return &Descriptor{root: &expr{name: "addr", script: script, addr: addr}, net: net}
	}
	return &Descriptor{root: &expr{name: "raw", script: script}, net: net}
}

// Describe is the descriptor that Infer makes of a script of which nothing is known, and the script's address, "" if
// it has none. Most scripts are said by their address, and nothing is built for those.
func Describe(script []byte, net *chaincfg.Params) (desc, address string) {
	address = wallet.AddressOf(script, net)
	if address == "" || txscript.IsPayToTaproot(script) { // which shows its key
		return Infer(script, net, nil).String(), address
	}
	return WithChecksum("addr(" + address + ")"), address
}

type inferrer struct{ known *Provider }

// script is nil when nothing is known to be said.
func (in inferrer) script(script []byte, at place) *expr {
	e := in.usual(script, at)
	if e == nil && (at == inWSH || at == inTR) {
		e = in.miniscript(script, at)
	}
	return e
}

// usual is a script that needs no miniscript.
func (in inferrer) usual(script []byte, at place) *expr {
	if at == inTR {
		return in.leaf(script)
	}
	if version, program, err := txscript.ExtractWitnessProgramInfo(script); err == nil {
		return in.program(version, program, at)
	}
	if pub, ok := policy.PaidKey(script); ok {
		if k := in.key(pub, at); k != nil {
			return &expr{name: "pk", keys: []*key{k}}
		}
		return nil
	}
	switch {
	case txscript.IsPayToPubKeyHash(script):
		if k := in.hashed(script[3:23], at); k != nil {
			return &expr{name: "pkh", keys: []*key{k}}
		}
	case txscript.IsPayToScriptHash(script) && at == atTop:
		return in.behind("sh", ID(script[2:22]), inSH)
	default:
		if _, _, ok := policy.MultisigKeys(script); ok {
			return in.multi(script, at)
		}
	}
	return nil
}

// behind is sh(X) or wsh(X) of a script with that HASH160.
func (in inferrer) behind(name string, id ID, at place) *expr {
	inner, ok := in.known.Scripts[id]
	if !ok {
		return nil
	}
	sub := in.script(inner, at)
	if sub == nil {
		return nil
	}
	return &expr{name: name, subs: []*expr{sub}}
}

func (in inferrer) program(version int, program []byte, at place) *expr {
	outside := at == atTop || at == inSH
	switch n := len(program); {
	case version == 0 && n == 20 && outside:
		if pub, ok := in.known.PubKeyOf(program); ok {
			if k := in.key(pub, inWPKH); k != nil {
				return &expr{name: "wpkh", keys: []*key{k}}
			}
		}
	case version == 0 && n == 32 && outside:
		return in.behind("wsh", IDOfProgram(program), inWSH)
	case version == 1 && n == 32 && at == atTop:
		return in.taproot(program)
	}
	return nil
}

// key is nil for keys that may not stand at that place. Whether a key is on the
// curve nobody asks (Core: IsValidNonHybrid).
func (in inferrer) key(pub []byte, at place) *key {
	switch {
	case !policy.KeySized(pub) || pub[0] > 4:
		return nil
	case len(pub) == uncompressedLen && !at.uncompressed():
		return nil
	}
	k := &key{pub: pub}
	if o, ok := in.known.OriginOf(pub); ok {
		k.origin = &o
	}
	return k
}

func (in inferrer) xonly(x []byte) *key {
	k := &key{pub: append([]byte{2}, x...), xonly: true}
	if o, ok := in.known.OriginOf(x); ok {
		k.origin = &o
	}
	return k
}

// hashed is the key with that hash, if it is known.
func (in inferrer) hashed(id []byte, at place) *key {
	pub, ok := in.known.PubKeyOf(id)
	if !ok {
		return nil
	}
	return in.key(pub, at)
}

func (in inferrer) multi(script []byte, at place) *expr {
	need, pubs, _ := policy.MultisigKeys(script)
	e := &expr{name: "multi", need: need}
	for _, pub := range pubs {
		k := in.key(pub, at)
		if k == nil {
			return nil
		}
		e.keys = append(e.keys, k)
	}
	return e
}

const leafKey = 34 // bytes: a push of 32, and the opcode

// LeafKeys takes a script of a tree (BIP342) apart that asks for so many of these
// keys' signatures: pk(KEY) or multi_a(NEED,KEY,…). Keys are x only.
func LeafKeys(script []byte) (need int, xs [][]byte, ok bool) {
	rest := script
	for len(rest) >= leafKey && rest[0] == txscript.OP_DATA_32 {
		xs = append(xs, rest[1:33])
		rest = rest[leafKey:]
	}
	if len(xs) == 1 && len(rest) == 0 && script[leafKey-1] == txscript.OP_CHECKSIG {
		return 1, xs, true
	}
	need = smallNumber(rest)
	if len(xs) == 0 || len(xs) > maxMultiAKeys || need < 1 || need > len(xs) {
		return 0, nil, false
	}
	made, err := multiAScript(need, xs)
	return need, xs, err == nil && bytes.Equal(made, script)
}

// leaf is a script of a tree: pk or multi_a.
func (in inferrer) leaf(script []byte) *expr {
	need, xs, ok := LeafKeys(script)
	if !ok {
		return nil
	}
	if len(script) == leafKey {
		return &expr{name: "pk", keys: []*key{in.xonly(xs[0])}, xonly: true}
	}
	e := &expr{name: "multi_a", need: need}
	for _, x := range xs {
		e.keys = append(e.keys, in.xonly(x))
	}
	return e
}

// smallNumber is the one that a script begins with; 0: it begins with none.
func smallNumber(script []byte) int {
	t := txscript.MakeScriptTokenizer(0, script)
	if !t.Next() {
		return 0
	}
	if op := t.Opcode(); op >= txscript.OP_1 && op <= txscript.OP_16 {
		return int(op) - txscript.OP_1 + 1
	}
	n := 0
	for i, b := range t.Data() {
		if i > 1 {
			return 0
		}
		n |= int(b) << (8 * i)
	}
	return n
}

// taproot is tr() where the tree is known, else rawtr().
func (in inferrer) taproot(program []byte) *expr {
	if tree, ok := in.known.Trees[[32]byte(program)]; ok {
		e := &expr{name: "tr", keys: []*key{in.xonly(tree.Internal)}}
		for _, l := range tree.Leaves {
			var sub *expr
			if l.Version == byte(txscript.BaseLeafVersion) {
				sub = in.script(l.Script, inTR)
			}
			if sub == nil {
				e = nil
				break
			}
			e.subs, e.depths = append(e.subs, sub), append(e.depths, l.Depth)
		}
		if e != nil {
			return e
		}
	}
	if _, err := schnorr.ParsePubKey(program); err != nil {
		return nil
	}
	return &expr{name: "rawtr", keys: []*key{in.xonly(program)}}
}
