package coins

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// maxScriptSize is the longest script that can be spent, in bytes (Core's
// MAX_SCRIPT_SIZE); longer ones never become coins.
const maxScriptSize = txscript.MaxScriptSize

var (
	errShort  = errors.New("coin ends too early")
	errAmount = errors.New("coin with an impossible amount")
	errScript = errors.New("coin with an impossible script")
)

// How scripts are written: a form, then what the form leaves open. From
// formRaw on, the number is the script's length + formRaw.
const (
	formP2PKH  = iota // 20 bytes
	formP2SH          // 20 bytes
	formP2PK2         // 32 bytes: the key behind its first byte, 2
	formP2PK3         // 32 bytes: the key behind its first byte, 3
	formP2PK4         // 64 bytes: an uncompressed key behind its first byte, 4
	formP2WPKH        // 20 bytes
	formP2WSH         // 32 bytes
	formP2TR          // 32 bytes
	// Only in undo records: nothing follows, because the input that spends the
	// coin shows the key or script that the hash is of.
	formShownP2PKH
	formShownP2SH
	formShownP2WPKH
	formShownP2WSH
	formRaw
)

// template is a script of fixed bytes around one hash or key.
type template struct {
	head, tail string
	size       int // bytes between them
}

func templateOf(form uint64) (template, bool) {
	switch form {
	case formP2PKH:
		return template{"\x76\xa9\x14", "\x88\xac", 20}, true
	case formP2SH:
		return template{"\xa9\x14", "\x87", 20}, true
	case formP2PK2:
		return template{"\x21\x02", "\xac", 32}, true
	case formP2PK3:
		return template{"\x21\x03", "\xac", 32}, true
	case formP2PK4:
		return template{"\x41\x04", "\xac", 64}, true
	case formP2WPKH:
		return template{"\x00\x14", "", 20}, true
	case formP2WSH:
		return template{"\x00\x20", "", 32}, true
	case formP2TR:
		return template{"\x51\x20", "", 32}, true
	}
	return template{}, false
}

// guess is the only form that a script of that length and beginning can have.
func guess(s []byte) uint64 {
	switch {
	case len(s) == 25 && s[0] == 0x76:
		return formP2PKH
	case len(s) == 23 && s[0] == 0xa9:
		return formP2SH
	case len(s) == 35 && s[0] == 0x21 && s[1] == 2:
		return formP2PK2
	case len(s) == 35 && s[0] == 0x21 && s[1] == 3:
		return formP2PK3
	case len(s) == 67 && s[0] == 0x41:
		return formP2PK4
	case len(s) == 22 && s[0] == 0x00:
		return formP2WPKH
	case len(s) == 34 && s[0] == 0x00:
		return formP2WSH
	case len(s) == 34 && s[0] == 0x51:
		return formP2TR
	}
	return formRaw
}

func appendScript(dst, s []byte) []byte {
	form := guess(s)
	if t, ok := templateOf(form); ok {
		from, to := len(t.head), len(s)-len(t.tail)
		if string(s[:from]) == t.head && string(s[to:]) == t.tail {
			return append(binary.AppendUvarint(dst, form), s[from:to]...)
		}
	}
	return append(binary.AppendUvarint(dst, formRaw+uint64(len(s))), s...)
}

// decodeScript reads a script; in is the input that spends it in an undo
// record, nil for a coin.
func decodeScript(b []byte, in *wire.TxIn) (script, rest []byte, err error) {
	form, k := binary.Uvarint(b)
	if k <= 0 {
		return nil, nil, errShort
	}
	b = b[k:]
	t, ok := templateOf(form)
	switch {
	case ok:
	case form < formRaw && in == nil:
		return nil, nil, errScript
	case form < formRaw:
		return shownScript(form, in), b, nil
	default:
		t.size = int(min(form-formRaw, math.MaxInt32))
	}
	if t.size > maxScriptSize {
		return nil, nil, errScript
	}
	if len(b) < t.size {
		return nil, nil, errShort
	}
	return t.around(b[:t.size]), b[t.size:], nil
}

// around is the template's script with that hash or key in it.
func (t template) around(b []byte) []byte {
	script := make([]byte, 0, len(t.head)+len(b)+len(t.tail))
	return append(append(append(script, t.head...), b...), t.tail...)
}

// Append writes a coin:
//
//	height × 2 + coinbase   uvarint
//	value                   uvarint, compressed: see packAmount
//	script                  form, uvarint, and its bytes: see formP2PKH
//
// For example 50 BTC from the coinbase of block 1 to a P2WPKH script is
// 03 32 05 and twenty bytes.
func Append(dst []byte, c chain.Coin) []byte {
	return appendScript(appendHead(dst, c), c.PkScript)
}

// appendHead writes all but the script.
func appendHead(dst []byte, c chain.Coin) []byte {
	dst = binary.AppendUvarint(dst, headOf(c))
	return binary.AppendUvarint(dst, packAmount(uint64(c.Value)))
}

// headOf is height × 2 + coinbase, as Core packs them.
func headOf(c chain.Coin) uint64 {
	head := uint64(uint32(c.Height)) << 1
	if c.Coinbase {
		head |= 1
	}
	return head
}

// Decode reads a coin that fills b.
func Decode(b []byte) (chain.Coin, error) {
	c, rest, err := decodeNext(b, nil)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes after a coin", len(rest))
	}
	return c, err
}

func decodeNext(b []byte, in *wire.TxIn) (c chain.Coin, rest []byte, err error) {
	head, k := binary.Uvarint(b)
	if k <= 0 || head>>1 > math.MaxInt32 {
		return c, nil, errShort
	}
	b = b[k:]
	packed, k := binary.Uvarint(b)
	if k <= 0 {
		return c, nil, errShort
	}
	c.Height, c.Coinbase = int32(head>>1), head&1 == 1
	value := unpackAmount(packed)
	if value > uint64(chain.MaxMoney) || packAmount(value) != packed {
		return c, nil, errAmount
	}
	c.Value = btcutil.Amount(value)
	c.PkScript, rest, err = decodeScript(b[k:], in)
	return c, rest, err
}

// packAmount makes round amounts small: with n = d × 10^e and e at most 9, it
// takes e and the last digit of d out (Core's CompressAmount).
func packAmount(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	e := uint64(0)
	for n%10 == 0 && e < 9 {
		n /= 10
		e++
	}
	if e == 9 {
		return 1 + (n-1)*10 + 9
	}
	return 1 + (n/10*9+n%10-1)*10 + e
}

func unpackAmount(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	n := x + 1
	if e < 9 {
		n = x/9*10 + x%9 + 1
	}
	for range e {
		n *= 10
	}
	return n
}

// appendKey writes an outpoint so that keys sort by txid and then by number:
// the txid, then the number in 1 byte below 0xfd, else 0xfd and 2 bytes, else
// 0xfe and 4 bytes, big-endian.
func appendKey(dst []byte, op wire.OutPoint) []byte {
	dst = append(dst, op.Hash[:]...)
	switch {
	case op.Index < 0xfd:
		return append(dst, byte(op.Index))
	case op.Index <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(dst, 0xfd), uint16(op.Index))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0xfe), op.Index)
}

// decodeKey reads what appendKey wrote.
func decodeKey(b []byte) (op wire.OutPoint, err error) {
	n := copy(op.Hash[:], b)
	b = b[n:]
	switch {
	case len(b) == 1 && b[0] < 0xfd:
		op.Index = uint32(b[0])
	case len(b) == 3 && b[0] == 0xfd:
		op.Index = uint32(binary.BigEndian.Uint16(b[1:]))
	case len(b) == 5 && b[0] == 0xfe:
		op.Index = binary.BigEndian.Uint32(b[1:])
	default:
		return op, fmt.Errorf("outpoint ends in %x", b)
	}
	return op, nil
}
