package crypter

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

var (
	// ErrPassphrase: it is another passphrase than the one that wrapped the key.
	ErrPassphrase = errors.New("the passphrase is wrong")
	// ErrDamaged: the bytes are not those that were written.
	ErrDamaged = errors.New("the encrypted part of the wallet is damaged")
)

// Params are what argon2id is to cost: passes over so many KiB of memory, in
// so many lanes.
type Params struct {
	Passes, KiB uint32
	Lanes       uint8
}

// Default is RFC 9106's second recommended choice, for where memory is scarce:
// about a tenth of a second.
func Default() Params { return Params{Passes: 3, KiB: 64 << 10, Lanes: 4} }

// What is read from a file may be damaged, and must cost no more than this.
const (
	maxPasses = 64
	maxKiB    = 512 << 10 // half a GiB
	maxLanes  = 64
)

func (p Params) check() error {
	if p.Passes < 1 || p.Passes > maxPasses || p.Lanes < 1 || p.Lanes > maxLanes || p.KiB < 8*uint32(p.Lanes) || p.KiB > maxKiB {
		return fmt.Errorf("%w: argon2id with %d passes over %d KiB in %d lanes", ErrDamaged, p.Passes, p.KiB, p.Lanes)
	}
	return nil
}

const (
	keyBytes   = chacha20poly1305.KeySize    // 32
	nonceBytes = chacha20poly1305.NonceSizeX // 24
	tagBytes   = chacha20poly1305.Overhead   // 16
	saltBytes  = 16
	sumBytes   = 4

	version = 1
)

// Key is a master key. It has no String, so that no log shows it.
type Key struct{ b [keyBytes]byte }

// NewKey makes a random key.
func NewKey(rand io.Reader) (*Key, error) {
	k := new(Key)
	if _, err := io.ReadFull(rand, k.b[:]); err != nil {
		return nil, fmt.Errorf("randomness for a key: %w", err)
	}
	return k, nil
}

// Wipe makes the key useless; nil is wiped already.
func (k *Key) Wipe() {
	if k != nil {
		clear(k.b[:])
	}
}

// Seal encrypts plain under a fresh nonce. Context is what Open is to be told,
// too: so that bytes are not taken for others.
//
//	offset 0 version 1
//	       1 nonce 24
//	      25 XChaCha20-Poly1305 of plain, with version and context
//	  end -4 CRC32C of all before, so that damage is told from malice
func (k *Key) Seal(rand io.Reader, plain, context []byte) ([]byte, error) {
	out := make([]byte, 1+nonceBytes, 1+nonceBytes+len(plain)+tagBytes+sumBytes)
	out[0] = version
	if _, err := io.ReadFull(rand, out[1:]); err != nil {
		return nil, fmt.Errorf("randomness for a nonce: %w", err)
	}
	out = k.aead().Seal(out, out[1:], plain, bound(out[:1], context))
	return withSum(out), nil
}

// Open is what Seal was given. ErrDamaged.
func (k *Key) Open(sealed, context []byte) ([]byte, error) {
	body, err := withoutSum(sealed, 1+nonceBytes+tagBytes)
	if err != nil {
		return nil, err
	}
	plain, err := k.aead().Open(nil, body[1:1+nonceBytes], body[1+nonceBytes:], bound(body[:1], context))
	if err != nil {
		return nil, fmt.Errorf("%w: its seal is broken", ErrDamaged)
	}
	return plain, nil
}

// Wrap encrypts a key under a passphrase [CCrypter, CMasterKey].
//
//	offset 0 version 1
//	       1 passes 4, KiB 4, lanes 1; big-endian
//	      10 salt 16, nonce 24
//	      50 XChaCha20-Poly1305 of the key, with bytes 0..26
//	     98 CRC32C of all before
func Wrap(rand io.Reader, k *Key, passphrase []byte, p Params) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	out := binary.BigEndian.AppendUint32([]byte{version}, p.Passes)
	out = append(binary.BigEndian.AppendUint32(out, p.KiB), p.Lanes)
	head := len(out)
	out = append(out, make([]byte, saltBytes+nonceBytes)...)
	if _, err := io.ReadFull(rand, out[head:]); err != nil {
		return nil, fmt.Errorf("randomness for a salt: %w", err)
	}
	at := head + saltBytes
	by := stretch(passphrase, out[head:at], p)
	defer by.Wipe()
	return withSum(by.aead().Seal(out, out[at:], k.b[:], out[:at])), nil
}

// wrappedBytes is how long a wrapped key is, its sum apart.
const wrappedBytes = 1 + 9 + saltBytes + nonceBytes + keyBytes + tagBytes

// Unwrap is the key that was wrapped. It takes as long as Wrap did, and fails
// with ErrPassphrase or ErrDamaged.
func Unwrap(wrapped, passphrase []byte) (*Key, error) {
	body, err := withoutSum(wrapped, wrappedBytes)
	if err != nil {
		return nil, err
	}
	if len(body) != wrappedBytes {
		return nil, fmt.Errorf("%w: a wrapped key of %d bytes", ErrDamaged, len(body))
	}
	p := Params{Passes: binary.BigEndian.Uint32(body[1:]), KiB: binary.BigEndian.Uint32(body[5:]), Lanes: body[9]}
	if err := p.check(); err != nil {
		return nil, err
	}
	const at = 10 + saltBytes
	by := stretch(passphrase, body[10:at], p)
	defer by.Wipe()
	raw, err := by.aead().Open(nil, body[at:at+nonceBytes], body[at+nonceBytes:], body[:at])
	if err != nil {
		return nil, ErrPassphrase
	}
	k := new(Key)
	copy(k.b[:], raw)
	clear(raw)
	return k, nil
}

func stretch(passphrase, salt []byte, p Params) *Key {
	raw := argon2.IDKey(passphrase, salt, p.Passes, p.KiB, p.Lanes, keyBytes)
	k := new(Key)
	copy(k.b[:], raw)
	clear(raw)
	return k
}

func (k *Key) aead() cipher.AEAD {
	a, err := chacha20poly1305.NewX(k.b[:])
	if err != nil {
		panic("unreachable: a key of 32 bytes")
	}
	return a
}

// bound is what a seal says besides what it hides.
func bound(head, context []byte) []byte {
	return append(append(make([]byte, 0, len(head)+len(context)), head...), context...)
}

// withSum adds what tells damage of the disk.
func withSum(b []byte) []byte { return binary.BigEndian.AppendUint32(b, sum(b)) }

func withoutSum(b []byte, least int) ([]byte, error) {
	n := len(b) - sumBytes
	switch {
	case n < least:
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrDamaged, len(b))
	case binary.BigEndian.Uint32(b[n:]) != sum(b[:n]):
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	case b[0] != version:
		return nil, fmt.Errorf("%w: version %d is not known here", ErrDamaged, b[0])
	}
	return b[:n], nil
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
