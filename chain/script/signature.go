package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// parseKey parses a compressed key, or finds it parsed; nil: not one. No key
// of another form has 33 bytes.
func (c *Checker) parseKey(raw []byte) key {
	if len(raw) != 33 {
		return nil
	}
	if k, ok := c.keys.lookup([33]byte(raw)); ok {
		return k
	}
	k := c.curve.parse(raw)
	if k != nil {
		c.keys.put([33]byte(raw), k)
	}
	return k
}

// signature is an ECDSA signature in range.
type signature struct{ r, s *btcec.ModNScalar }

// parseSig parses an ECDSA signature with its hash type in the one form that
// no flag forbids: strict DER (BIP66), low S, SIGHASH_ALL. Shorter signatures
// than 60 bytes exist but are nobody's; the engine takes them.
func parseSig(raw []byte) *signature {
	const shortest, longest = 60, 72
	if len(raw) < shortest || len(raw) > longest || raw[0] != 0x30 || int(raw[1]) != len(raw)-3 {
		return nil
	}
	if raw[len(raw)-1] != byte(txscript.SigHashAll) {
		return nil
	}
	body := raw[2 : len(raw)-1]
	r, body, ok := parseDERInt(body)
	if !ok {
		return nil
	}
	s, body, ok := parseDERInt(body)
	if !ok || len(body) != 0 || s.IsOverHalfOrder() {
		return nil
	}
	return &signature{r, s}
}

// parseDERInt reads one positive integer in its shortest form, below the
// curve's order, and returns what follows it.
func parseDERInt(b []byte) (n *btcec.ModNScalar, rest []byte, ok bool) {
	if len(b) < 3 || b[0] != 0x02 {
		return nil, nil, false
	}
	size := int(b[1])
	if size == 0 || size > 33 || size > len(b)-2 {
		return nil, nil, false
	}
	digits, rest := b[2:2+size], b[2+size:]
	switch {
	case digits[0]&0x80 != 0: // negative
		return nil, nil, false
	case digits[0] == 0 && (size == 1 || digits[1]&0x80 == 0): // zero, or padded
		return nil, nil, false
	case digits[0] == 0:
		digits = digits[1:]
	case size == 33: // above the order
		return nil, nil, false
	}
	n = new(btcec.ModNScalar)
	overflow := n.SetByteSlice(digits)
	return n, rest, !overflow
}
