package descriptor

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// String is the descriptor in canonical form, with public keys only and its checksum.
func (d *Descriptor) String() string {
	text, _ := d.root.text((*key).public) // public keys can always be written
	return WithChecksum(text)
}

// Address is that of an addr(…), which says no more; empty for all others.
func (d *Descriptor) Address() string { return d.root.addr }

// Private is the descriptor with its private keys; false: it has not all of them.
func (d *Descriptor) Private() (string, bool) {
	text, ok := d.root.text(func(k *key) (string, bool) { return k.privateText(d.net) })
	return WithChecksum(text), ok
}

// Normal is the descriptor with public keys from behind the last hardened step
// of each path; false: a private key is missing for that.
func (d *Descriptor) Normal() (string, bool) {
	text, ok := d.root.text((*key).normal)
	return WithChecksum(text), ok
}

// Ranged says whether there is a script for each index.
func (d *Descriptor) Ranged() bool {
	return d.root.some(func(e *expr) bool {
		for _, k := range e.keys {
			if k.ranged() {
				return true
			}
		}
		return false
	})
}

// HasSecrets says whether a private key was written.
func (d *Descriptor) HasSecrets() bool { return d.secrets }

// AllSecrets says whether the private key of each key was written.
func (d *Descriptor) AllSecrets() bool {
	return !d.root.some(func(e *expr) bool {
		for _, k := range e.keys {
			if !k.private() {
				return true
			}
		}
		return e.name == "addr" || e.name == "raw"
	})
}

// Solvable says whether who has the keys can spend: how the script is made up is known.
func (d *Descriptor) Solvable() bool { return d.root.name != "addr" && d.root.name != "raw" }

// Combo says whether a descriptor stands for several scripts at each index.
func (d *Descriptor) Combo() bool { return d.root.name == "combo" }

func (e *expr) some(is func(*expr) bool) bool {
	if is(e) {
		return true
	}
	for _, sub := range e.subs {
		if sub.some(is) {
			return true
		}
	}
	return false
}

// OutputType is Core's word for the kind of address that it pays to (legacy,
// p2sh-segwit, bech32, bech32m); empty when there is no such kind.
func (d *Descriptor) OutputType() string {
	switch e := d.root; e.name {
	case "pkh":
		return "legacy"
	case "wpkh", "wsh":
		return "bech32"
	case "tr", "rawtr":
		return "bech32m"
	case "sh":
		if in := e.subs[0].name; in == "wpkh" || in == "wsh" {
			return "p2sh-segwit"
		}
		return "legacy"
	case "addr", "raw":
		return outputTypeOf(e.script)
	}
	return ""
}

func outputTypeOf(script []byte) string {
	switch version, _, err := txscript.ExtractWitnessProgramInfo(script); {
	case err == nil && version == 0:
		return "bech32"
	case err == nil:
		return "bech32m"
	case txscript.IsPayToPubKeyHash(script), txscript.IsPayToScriptHash(script):
		return "legacy"
	}
	return ""
}

// text writes an expression; each writes a key, false: it cannot.
func (e *expr) text(each func(*key) (string, bool)) (string, bool) {
	if e.mini != nil {
		all := true
		text := e.mini.Text(func(i int) string {
			word, ok := each(e.keys[i])
			all = all && ok
			return word
		})
		return text, all
	}
	var parts []string
	switch e.name {
	case "addr":
		parts = []string{e.addr}
	case "raw":
		parts = []string{hex.EncodeToString(e.script)}
	case "multi", "sortedmulti", "multi_a", "sortedmulti_a":
		parts = []string{strconv.Itoa(e.need)}
	}
	all := true
	for _, k := range e.keys {
		word, ok := each(k)
		parts, all = append(parts, word), all && ok
	}
	if e.name == "tr" && len(e.subs) > 0 {
		next := 0
		word, ok := e.treeText(&next, 0, each)
		parts, all = append(parts, word), all && ok
	} else {
		for _, sub := range e.subs {
			word, ok := sub.text(each)
			parts, all = append(parts, word), all && ok
		}
	}
	return e.name + "(" + strings.Join(parts, ",") + ")", all
}

// treeText writes the tree whose leftmost leaf is the next one.
func (e *expr) treeText(next *int, depth int, each func(*key) (string, bool)) (string, bool) {
	if e.depths[*next] == depth {
		*next++
		return e.subs[*next-1].text(each)
	}
	left, a := e.treeText(next, depth+1, each)
	right, b := e.treeText(next, depth+1, each)
	return "{" + left + "," + right + "}", a && b
}

func (k *key) originText() string {
	if k.origin == nil {
		return ""
	}
	return "[" + hex.EncodeToString(k.origin.Fingerprint[:]) + pathText(k.origin.Path, k.apostrophe) + "]"
}

func (k *key) star(apostrophe bool) string {
	switch {
	case k.derive == fixed:
		return ""
	case k.derive == unhardened:
		return "/*"
	case apostrophe:
		return "/*'"
	}
	return "/*h"
}

func (k *key) public() (string, bool) {
	if k.pub == nil {
		return k.originText() + k.ext.String() + pathText(k.path, k.apostrophe) + k.star(k.apostrophe), true
	}
	text := hex.EncodeToString(k.pub)
	if k.xonly {
		text = text[2:]
	}
	return k.originText() + text, true
}

func (k *key) privateText(net *chaincfg.Params) (string, bool) {
	switch {
	case k.secret != nil:
		wif, err := btcutil.NewWIF(k.secret.Key, net, k.secret.Compressed)
		if err != nil {
			return "", false
		}
		return k.originText() + wif.String(), true
	case k.extPrv != nil:
		return k.originText() + k.extPrv.String() + pathText(k.path, k.apostrophe) + k.star(k.apostrophe), true
	}
	return "", false
}

// normal is the key from behind its last hardened step (Core: ToNormalizedString).
func (k *key) normal() (string, bool) {
	last := -1
	for i, step := range k.path {
		if step&hardened != 0 {
			last = i
		}
	}
	plain := *k
	plain.apostrophe = false
	if k.pub != nil || k.derive == hardly || last < 0 {
		return plain.public()
	}
	if k.extPrv == nil {
		return "", false
	}
	at := *k
	at.path, at.derive = k.path[:last+1], fixed
	o, err := at.at(0)
	deep := at.deepest()
	if err != nil || deep == nil {
		return "", false
	}
	plain.origin = &Origin{Fingerprint: o.Fingerprint, Path: o.Path}
	plain.ext, plain.path = deep, k.path[last+1:]
	return plain.public()
}

// deepest is the public key at the end of the path.
func (k *key) deepest() (public *hdkeychain.ExtendedKey) {
	end := k.walk()
	if end == nil {
		return nil
	}
	public, err := end.Neuter()
	if err != nil {
		return nil
	}
	return public
}

// Spend is the descriptor with the private keys that it was written with, and
// the public ones where no more is known. It reads as the same descriptor.
func (d *Descriptor) Spend() string {
	text, _ := d.root.text(func(k *key) (string, bool) {
		if text, ok := k.privateText(d.net); ok {
			return text, true
		}
		return k.public()
	})
	return WithChecksum(text)
}

// PerIndex is how many scripts it stands for at each index (see Expand).
func (d *Descriptor) PerIndex() int {
	if !d.Combo() {
		return 1
	}
	if d.root.keys[0].size() == uncompressedLen {
		return 2
	}
	return 4
}

// Public is the descriptor without private keys, as far up its hardened steps as they
// can be done, and without a checksum: what a wallet knows it by.
func (d *Descriptor) Public() string {
	text, ok := d.Normal()
	if !ok {
		text = d.String()
	}
	return Bare(text)
}

// Bare takes the checksum from a descriptor's text.
func Bare(text string) string {
	body, _, _ := strings.Cut(text, "#")
	return body
}
