package descriptor

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"

	"grapevine/wallet/miniscript"
)

// miniscript reads an expression of BIP379; nil without an error: it is none [KeyParser].
func (p *parser) miniscript(whole string, at place) (*expr, error) {
	ctx, keysAt := miniscript.Tapscript, inTR
	if at == inWSH {
		ctx, keysAt = miniscript.WitnessScript, inWSH
	}
	e := &expr{xonly: at == inTR}
	mini, err := miniscript.Parse(whole, ctx, func(text string) error {
		k, err := p.key(text, keysAt)
		e.keys = append(e.keys, k)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case mini == nil:
		return nil, nil
	case at != inWSH && at != inTR:
		return nil, errors.New("Miniscript expressions can only be used in wsh or tr.")
	}
	mini.Distinguish(func(i int) string { return e.keys[i].first() })
	part, why := mini.Fault(func(i int) string {
		text, _ := e.keys[i].public() // public keys can always be written
		return text
	})
	if why != "" {
		return nil, errors.New(clip(part) + why)
	}
	e.mini = mini
	return e, nil
}

// first tells keys apart by what they are at index 0. Those that cannot be derived without
// their private keys are all alike to Core, which takes two of them for a key that stands
// there twice [PubkeyProvider::operator<].
func (k *key) first() string {
	if k.pub == nil {
		bare := *k
		bare.extPrv = nil
		if bare.parent = bare.walk(); bare.parent == nil {
			bare.line = nil
		}
		k = &bare
	}
	o, err := k.at(0)
	if err != nil {
		return ""
	}
	return string(o.PubKey)
}

// miniScript is the script of a miniscript expression with these keys. A tree has keys by
// their x only, and by the hash of that.
func (e *expr) miniScript(pubs [][]byte, out *Provider) []byte {
	for i, pub := range pubs {
		if e.xonly {
			pubs[i] = pub[1:]
		}
		out.PubKeys[IDOf(pubs[i])] = pub
	}
	return e.mini.Script(pubs)
}

// MiniscriptOf takes a script apart that is miniscript. Keys are found by what is known, where
// the script names them by their hash: of any length, as known has them; they come in
// the order of their numbers.
func MiniscriptOf(script []byte, ctx miniscript.Context, known func(hash []byte) ([]byte, bool)) (e *miniscript.Expr, keys [][]byte) {
	size := compressedLen
	if ctx == miniscript.Tapscript {
		size--
	}
	e = miniscript.FromScript(script, ctx, func(raw []byte) bool {
		if len(raw) == len(ID{}) {
			pub, ok := known(raw)
			keys = append(keys, pub)
			return ok
		}
		keys = append(keys, raw)
		return len(raw) == size && (size == compressedLen-1 || raw[0] == 2 || raw[0] == 3)
	})
	return e, keys
}

// miniscript is the expression that a script is made of, if it is sane.
func (in inferrer) miniscript(script []byte, at place) *expr {
	ctx := miniscript.WitnessScript
	if at == inTR {
		ctx = miniscript.Tapscript
	}
	mini, pubs := MiniscriptOf(script, ctx, in.known.PubKeyOf)
	if mini == nil {
		return nil
	}
	e := &expr{mini: mini, xonly: at == inTR}
	for _, pub := range pubs {
		if len(pub) == compressedLen-1 {
			pub = append([]byte{2}, pub...)
		}
		k := in.key(pub, at)
		if k == nil {
			return nil
		}
		e.keys = append(e.keys, k)
	}
	mini.Distinguish(func(i int) string { return string(e.keys[i].pub) })
	if !mini.Sane() {
		return nil
	}
	return e
}
