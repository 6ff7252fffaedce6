package descriptor

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
)

const (
	hardened = hdkeychain.HardenedKeyStart

	uncompressedLen = 65 // bytes of a key with its y
	compressedLen   = btcec.PubKeyBytesLenCompressed
)

// derive is how the last step of a key's path is made of the index.
type derive int

const (
	fixed derive = iota
	unhardened
	hardly // hardened: needs the private key
)

// key is one KEY expression (BIP380).
type key struct {
	origin     *Origin // what was said between brackets
	apostrophe bool    // hardened steps were written with '

	pub    []byte // a fixed key, 33 or 65 bytes; nil: ext
	xonly  bool   // written by its x only
	secret *Secret

	ext    *hdkeychain.ExtendedKey // the public key that the path begins at
	extPrv *hdkeychain.ExtendedKey // its private half, where that was given
	path   []uint32
	derive derive
	parent *hdkeychain.ExtendedKey // at the end of path; nil: cannot be had without private keys
	line   *line                   // the public children of parent, where the last step is not hardened
	told   map[uint32][]byte       // public keys behind a hardened last step, see Descriptor.Tell
}

// size is how many bytes the key is written in.
func (k *key) size() int {
	if k.pub != nil {
		return len(k.pub)
	}
	return btcec.PubKeyBytesLenCompressed
}

func (k *key) ranged() bool { return k.derive != fixed }

func (k *key) private() bool { return k.secret != nil || k.extPrv != nil }

// at is the key at an index, and where it comes from.
func (k *key) at(index uint32) (Origin, error) {
	o, err := k.place(index)
	switch {
	case err != nil:
	case k.pub != nil:
		o.PubKey = k.pub
	default:
		o.PubKey, err = k.derived(index)
	}
	return o, err
}

// place is where the key stands at an index, also where it cannot be derived.
func (k *key) place(index uint32) (o Origin, err error) {
	var above, step []uint32
	switch {
	case k.origin != nil:
		o.Fingerprint, above = k.origin.Fingerprint, k.origin.Path
	case k.pub != nil:
		copy(o.Fingerprint[:], id4(k.pub))
	default:
		root, err := k.ext.ECPubKey()
		if err != nil {
			return o, fmt.Errorf("extended key: %w", err)
		}
		copy(o.Fingerprint[:], id4(root.SerializeCompressed()))
	}
	switch k.derive {
	case unhardened:
		step = []uint32{index}
	case hardly:
		step = []uint32{index | hardened}
	}
	o.Path = slices.Concat(above, k.path, step)
	return o, nil
}

// derived is the public key at an index below an extended one.
func (k *key) derived(index uint32) ([]byte, error) {
	if k.line != nil && k.derive == unhardened {
		pub, err := k.line.at(index)
		return pub, wrapDerive(err)
	}
	child, err := k.child(index)
	if pub, ok := k.told[index]; ok && errors.Is(err, ErrPrivate) {
		return pub, nil
	}
	if err != nil {
		return nil, err
	}
	pub, err := child.ECPubKey()
	if err != nil {
		return nil, fmt.Errorf("derived key: %w", err)
	}
	return pub.SerializeCompressed(), nil
}

// child is the extended key at an index.
func (k *key) child(index uint32) (*hdkeychain.ExtendedKey, error) {
	if k.parent == nil || k.derive == hardly && !k.parent.IsPrivate() {
		return nil, ErrPrivate
	}
	switch k.derive {
	case unhardened:
		child, err := k.parent.Derive(index)
		return child, wrapDerive(err)
	case hardly:
		child, err := k.parent.Derive(index | hardened)
		return child, wrapDerive(err)
	}
	return k.parent, nil
}

func wrapDerive(err error) error {
	if err != nil {
		return fmt.Errorf("derive a key: %w", err)
	}
	return nil
}

// secretAt is the private key at an index, if it can be had.
func (k *key) secretAt(index uint32) (s Secret, ok bool) {
	if k.secret != nil {
		return *k.secret, true
	}
	if k.extPrv == nil {
		return s, false
	}
	child, err := k.child(index)
	if err != nil || !child.IsPrivate() {
		return s, false
	}
	prv, err := child.ECPrivKey()
	return Secret{prv, true}, err == nil
}

func id4(pub []byte) []byte {
	id := IDOf(pub)
	return id[:4]
}

// keyIn reads a key; uncompressed ones are good at the top and under sh() only.
func (p *parser) key(text string, at place) (*key, error) {
	k := &key{}
	parts := strings.Split(text, "]")
	if len(parts) > 2 {
		return nil, errors.New("Multiple ']' characters found for a single pubkey")
	}
	if len(parts) == 2 {
		if err := p.origin(k, parts[0]); err != nil {
			return nil, err
		}
	}
	if err := p.inner(k, parts[len(parts)-1], at); err != nil {
		return nil, err
	}
	p.secrets = p.secrets || k.private()
	return k, nil
}

func (p *parser) origin(k *key, text string) error {
	if !strings.HasPrefix(text, "[") {
		got := "]"
		if text != "" {
			got = text[:1]
		}
		return fmt.Errorf("Key origin start '[ character expected but not found, got '%s' instead", got)
	}
	steps := strings.Split(text[1:], "/")
	if len(steps[0]) != 8 {
		return fmt.Errorf("Fingerprint is not 4 bytes (%d characters instead of 8 characters)", len(steps[0]))
	}
	fingerprint, err := hex.DecodeString(steps[0])
	if err != nil {
		return fmt.Errorf("Fingerprint '%s' is not hex", steps[0])
	}
	k.origin = &Origin{}
	copy(k.origin.Fingerprint[:], fingerprint)
	k.origin.Path, err = p.steps(k, steps[1:], false)
	return err
}

// steps reads the steps of a path; one of them may stand for several, <0;1>
// (BIP389), of which the parser's choice counts.
func (p *parser) steps(k *key, words []string, multi bool) (path []uint32, err error) {
	chosen := false
	for _, word := range words {
		inside, open := strings.CutPrefix(word, "<")
		inside, closed := strings.CutSuffix(inside, ">")
		if !multi || !open || !closed {
			step, err := k.step(word)
			if err != nil {
				return nil, err
			}
			path = append(path, step)
			continue
		}
		if chosen {
			return nil, errors.New("Multiple multipath key path specifiers found")
		}
		chosen = true
		step, err := p.choose(k, inside)
		if err != nil {
			return nil, err
		}
		path = append(path, step)
	}
	return path, nil
}

// choose reads the steps a;b;… that one step of a path may be.
func (p *parser) choose(k *key, inside string) (uint32, error) {
	words := strings.Split(inside, ";")
	if len(words) < 2 {
		return 0, errors.New("Multipath key path specifiers must have at least two items")
	}
	seen := map[uint32]bool{}
	var steps []uint32
	for _, word := range words {
		step, err := k.step(word)
		if err != nil {
			return 0, err
		}
		if seen[step] {
			return 0, fmt.Errorf("Duplicated key path value %d in multipath specifier", step)
		}
		seen[step] = true
		steps = append(steps, step)
	}
	if p.choices > 1 && p.choices != len(steps) {
		return 0, errors.New("Multipath subscripts have mismatched lengths")
	}
	p.choices = len(steps)
	return steps[p.choice], nil
}

func (k *key) step(word string) (uint32, error) {
	var mark uint32
	digits := word
	if n := len(word); n > 0 && (word[n-1] == '\'' || word[n-1] == 'h') {
		digits, mark = word[:n-1], hardened
		k.apostrophe = word[n-1] == '\''
	}
	v, err := parseUint(digits)
	if err != nil {
		return 0, fmt.Errorf("Key path value '%s' is not a valid uint32", clip(digits))
	}
	if v > math.MaxInt32 {
		return 0, fmt.Errorf("Key path value %d is out of range", v)
	}
	return v | mark, nil
}

// parseUint reads a number of 32 bits as Core does [ParseUInt32].
func parseUint(digits string) (uint32, error) {
	v, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), 10, 32)
	return uint32(v), err
}

// inner reads a key without its origin.
func (p *parser) inner(k *key, text string, at place) error {
	words := strings.Split(text, "/")
	first := words[0]
	if first == "" {
		return errors.New("No key provided")
	}
	if len(words) == 1 {
		if raw, err := hex.DecodeString(first); err == nil {
			return k.readHex(raw, first, at)
		}
		if secret, ok := ReadSecret(first, p.net); ok {
			if !secret.Compressed && !at.uncompressed() {
				return errors.New("Uncompressed keys are not allowed")
			}
			k.secret = &secret
			k.pub, k.xonly = secret.PubKey(), at == inTR
			return nil
		}
	}
	if err := p.extended(k, first); err != nil {
		return err
	}
	switch last := words[len(words)-1]; last {
	case "*":
		k.derive = unhardened
	case "*'", "*h":
		k.derive, k.apostrophe = hardly, last == "*'"
	}
	if k.derive != fixed {
		words = words[:len(words)-1]
	}
	var err error
	if k.path, err = p.steps(k, words[1:], true); err != nil {
		return err
	}
	if k.parent = k.walk(); k.parent != nil && k.derive == unhardened {
		k.line, err = newLine(k.parent)
	}
	return err
}

func (k *key) readHex(raw []byte, text string, at place) error {
	const evenHybrid, oddHybrid = 6, 7
	full := raw
	if len(raw) == 32 && at == inTR {
		full, k.xonly = append([]byte{2}, raw...), true
	}
	if len(raw) == uncompressedLen && (raw[0] == evenHybrid || raw[0] == oddHybrid) {
		return errors.New("Hybrid public keys are not allowed")
	}
	if _, err := btcec.ParsePubKey(full); err != nil {
		if len(raw) == btcec.PrivKeyBytesLen { // it may be a private key
			text = hidden
		}
		return fmt.Errorf("Pubkey '%s' is invalid", text)
	}
	if len(full) != btcec.PubKeyBytesLenCompressed && !at.uncompressed() {
		return errors.New("Uncompressed keys are not allowed")
	}
	k.pub = full
	return nil
}

// extended reads an xpub or xprv of this network (BIP32).
func (p *parser) extended(k *key, text string) error {
	refused := fmt.Errorf("key '%s' is not valid", hideSecret(text))
	ext, err := hdkeychain.NewKeyFromString(text)
	if err != nil || !ext.IsForNet(p.net) || ext.Depth() == 0 && (ext.ParentFingerprint() != 0 || ext.ChildIndex() != 0) {
		return refused
	}
	if ext.IsPrivate() {
		k.extPrv = ext
		if ext, err = ext.Neuter(); err != nil {
			return refused
		}
	}
	k.ext = ext
	return nil
}

// walk is the key at the end of the path, the private one where it is known.
func (k *key) walk() *hdkeychain.ExtendedKey {
	at := k.ext
	if k.extPrv != nil {
		at = k.extPrv
	}
	for _, step := range k.path {
		child, err := at.Derive(step)
		if err != nil {
			return nil // hardened, and only the public half is known
		}
		at = child
	}
	if _, err := at.ECPubKey(); err != nil { // and its public half is made once, before many ask
		return nil
	}
	return at
}

// hidden stands for what nobody else is to read.
const hidden = "(private)"

// hideSecret keeps what is nearly a private key out of an error's text: errors
// are logged, and a typing error leaves the key within reach.
func hideSecret(text string) string {
	const leastWIF, mostWIF = 48, 56 // characters; 51 and 52 are right
	wif := len(text) >= leastWIF && len(text) <= mostWIF && strings.Contains("59cKL", text[:1])
	if wif || len(text) > 4 && text[1:4] == "prv" {
		return hidden
	}
	return text
}

// hideSecrets is hideSecret for each word between the marks of a descriptor.
func hideSecrets(text string) string {
	const marks = "(){}<>[],;:/#\"@='* \t\r\n"
	var b strings.Builder
	for text != "" {
		n := strings.IndexAny(text, marks)
		if n < 0 {
			n = len(text)
		}
		if n > 0 {
			b.WriteString(hideSecret(text[:n]))
		} else {
			n = 1
			b.WriteByte(text[0])
		}
		text = text[n:]
	}
	return b.String()
}
