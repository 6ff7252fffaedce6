package show

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// PayToDescriptor is the script of an output descriptor (BIP380 to BIP386)
// whose keys are written out in hex or as private keys, with or without
// checksum. Errors are in Core's words.
func PayToDescriptor(text string, net *chaincfg.Params) ([]byte, error) {
	body, sum, summed := strings.Cut(text, "#")
	switch {
	case strings.Contains(sum, "#"):
		return nil, fmt.Errorf("Multiple '#' symbols")
	case summed && len(sum) != checksumLen:
		return nil, fmt.Errorf("Expected %d character checksum, not %d characters", checksumLen, len(sum))
	case summed && WithChecksum(body) != text:
		want := WithChecksum(body)
		return nil, fmt.Errorf("Provided checksum '%s' does not match computed checksum '%s'", sum, want[max(0, len(want)-checksumLen):])
	}
	return (&expander{net}).script(body, atTop)
}

// place is where in a descriptor an expression stands; it decides what may.
type place int

const (
	atTop place = iota
	inSH
	inWSH
)

type expander struct{ net *chaincfg.Params }

// script expands one expression, FUNCTION(INSIDE).
func (e *expander) script(text string, at place) ([]byte, error) {
	name, inside, ok := strings.Cut(text, "(")
	inside, closed := strings.CutSuffix(inside, ")")
	if !ok || !closed {
		return nil, unknownFunction(text)
	}
	switch name {
	case "pk", "pkh", "wpkh":
		return e.oneKey(name, inside, at)
	case "multi", "sortedmulti":
		return e.multi(inside, at, name == "sortedmulti")
	case "sh", "wsh":
		return e.hashed(name, inside, at)
	case "combo", "addr", "raw":
		if at != atTop {
			return nil, fmt.Errorf("Can only have %s() at top level", name)
		}
		return e.alone(name, inside)
	case "tr", "rawtr":
		if at != atTop {
			return nil, fmt.Errorf("Can only have %s at top level", name)
		}
		return e.taproot(name, inside)
	}
	return nil, unknownFunction(text)
}

func unknownFunction(text string) error {
	return fmt.Errorf("'%s' is not a valid descriptor function", Clip(text))
}

// hashed is sh(X) or wsh(X).
func (e *expander) hashed(name, inside string, at place) ([]byte, error) {
	if name == "sh" {
		if at != atTop {
			return nil, fmt.Errorf("Can only have sh() at top level")
		}
		inner, err := e.script(inside, inSH)
		if err == nil && len(inner) > txscript.MaxScriptElementSize {
			err = fmt.Errorf("P2SH script is too large, %d bytes is larger than %d bytes", len(inner), txscript.MaxScriptElementSize)
		}
		return scriptHash(inner), err
	}
	if at == inWSH {
		return nil, fmt.Errorf("Can only have wsh() at top level or inside sh()")
	}
	inner, err := e.script(inside, inWSH)
	return witnessScriptHash(inner), err
}

// alone are those that have no place in another.
func (e *expander) alone(name, inside string) ([]byte, error) {
	switch name {
	case "addr":
		script, err := PayTo(inside, e.net)
		if err != nil {
			return nil, fmt.Errorf("Address is not valid")
		}
		return script, nil
	case "raw":
		script, err := hex.DecodeString(inside)
		if err != nil || inside == "" {
			return nil, fmt.Errorf("Raw script is not hex")
		}
		return script, nil
	}
	key, err := e.key(name+"()", inside, atTop)
	if err != nil {
		return nil, err
	}
	if len(key) == btcec.PubKeyBytesLenCompressed {
		return keyHash(address.Hash160(key)), nil // of the four it stands for, as Core chooses
	}
	return pubKeyHash(key), nil
}

func pubKeyHash(key []byte) []byte {
	s := append([]byte{txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20}, address.Hash160(key)...)
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

func (e *expander) oneKey(name, inside string, at place) ([]byte, error) {
	if name == "wpkh" && at == inWSH {
		return nil, fmt.Errorf("Can only have wpkh() at top level or inside sh()")
	}
	keys := at
	if name == "wpkh" {
		keys = inWSH
	}
	key, err := e.key(name+"()", inside, keys)
	switch {
	case err != nil:
		return nil, err
	case name == "wpkh":
		return keyHash(address.Hash160(key)), nil
	case name == "pkh":
		return pubKeyHash(key), nil
	}
	return append(append([]byte{byte(len(key))}, key...), txscript.OP_CHECKSIG), nil
}

const (
	maxBareKeys     = 3  // of a standard bare multisig
	maxMultisigKeys = 20 // MAX_PUBKEYS_PER_MULTISIG
)

// multi is multi(NEED,KEY,…).
func (e *expander) multi(inside string, at place, sorted bool) ([]byte, error) {
	parts := strings.Split(inside, ",")
	need, err := strconv.ParseUint(parts[0], 10, 31)
	if err != nil {
		return nil, fmt.Errorf("Multi threshold '%s' is not valid", Clip(parts[0]))
	}
	keys := make([][]byte, 0, len(parts))
	for _, text := range parts[1:] {
		key, err := e.key("Multi", text, at)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	switch n := len(keys); {
	case n == 0 || n > maxMultisigKeys:
		return nil, fmt.Errorf("Cannot have %d keys in multisig; must have between 1 and %d keys, inclusive", n, maxMultisigKeys)
	case need == 0:
		return nil, fmt.Errorf("Multisig threshold cannot be 0, must be at least 1")
	case need > uint64(n):
		return nil, fmt.Errorf("Multisig threshold cannot be larger than the number of keys; threshold is %d but only %d keys specified", need, n)
	case at == atTop && n > maxBareKeys:
		return nil, fmt.Errorf("Cannot have %d pubkeys in bare multisig; only at most %d pubkeys", n, maxBareKeys)
	}
	if sorted {
		slices.SortFunc(keys, bytes.Compare) // BIP67
	}
	b := txscript.NewScriptBuilder().AddInt64(int64(need))
	for _, key := range keys {
		b.AddData(key)
	}
	return b.AddInt64(int64(len(keys))).AddOp(txscript.OP_CHECKMULTISIG).Script()
}

// taproot is an output without scripts: tr(KEY) is tweaked (BIP386), rawtr(KEY) is not.
func (e *expander) taproot(name, inside string) ([]byte, error) {
	if strings.Contains(inside, ",") {
		return nil, fmt.Errorf("%s() with scripts is not read by this node", name)
	}
	said := name + "()"
	raw, err := hex.DecodeString(inside)
	if err != nil || len(raw) != schnorr.PubKeyBytesLen {
		if raw, err = e.key(said, inside, inWSH); err != nil {
			return nil, err
		}
		raw = raw[1:]
	}
	key, err := schnorr.ParsePubKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: Pubkey '%s' is invalid", said, Clip(inside))
	}
	if name == "tr" {
		key = txscript.ComputeTaprootKeyNoScript(key)
	}
	return append([]byte{txscript.OP_1, txscript.OP_DATA_32}, schnorr.SerializePubKey(key)...), nil
}

// key reads a public key in hex, or the one of a private key, behind what may
// be said of its origin. Under SegWit only compressed ones are good.
func (e *expander) key(said, text string, at place) ([]byte, error) {
	if rest, ok := strings.CutPrefix(text, "["); ok {
		_, text, _ = strings.Cut(rest, "]")
	}
	if text == "" {
		return nil, fmt.Errorf("%s: No key provided", said)
	}
	raw, err := hex.DecodeString(text)
	if err == nil {
		if _, err := btcec.ParsePubKey(raw); err != nil {
			return nil, fmt.Errorf("%s: Pubkey '%s' is invalid", said, Clip(text))
		}
	} else {
		wif, err := btcutil.DecodeWIF(text)
		if err != nil || !wif.IsForNet(e.net) {
			const secret = 50 // characters; what is longer may be a private key, and no error repeats one
			if len(text) > secret {
				return nil, fmt.Errorf("%s: key is not valid", said)
			}
			return nil, fmt.Errorf("%s: key '%s' is not valid", said, text)
		}
		raw = wif.SerializePubKey()
	}
	if at == inWSH && len(raw) != btcec.PubKeyBytesLenCompressed {
		return nil, fmt.Errorf("%s: Uncompressed keys are not allowed", said)
	}
	return raw, nil
}
