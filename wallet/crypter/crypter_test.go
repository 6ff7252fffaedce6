package crypter

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"
)

// cheap costs nothing: what argon2id is worth is its authors' business.
func cheap() Params { return Params{Passes: 1, KiB: 8, Lanes: 1} }

func source(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func mustKey(t *testing.T, seed byte) *Key {
	t.Helper()
	k, err := NewKey(source(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// RFC 9106 gives no vector without secret and associated data, and argon2.IDKey
// takes neither: this one was made by the reference implementation (phc-winner-argon2,
// argon2id, v=19, m=256 KiB, t=2, p=1, "password", "somesalt").
func TestTheKeyOfAPassphraseIsArgon2id(t *testing.T) {
	got := stretch([]byte("password"), []byte("somesalt"), Params{Passes: 2, KiB: 256, Lanes: 1})
	const want = "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
	if hex.EncodeToString(got.b[:]) != want {
		t.Errorf("%x, want %s", got.b, want)
	}
}

// A.3.1 of draft-irtf-cfrg-xchacha-03.
func TestTheSealIsXChaCha20Poly1305(t *testing.T) {
	plain := []byte("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.")
	aad, _ := hex.DecodeString("50515253c0c1c2c3c4c5c6c7")
	nonce, _ := hex.DecodeString("404142434445464748494a4b4c4d4e4f5051525354555657")
	var k Key
	for i := range k.b {
		k.b[i] = 0x80 + byte(i)
	}
	sealed := k.aead().Seal(nil, nonce, plain, aad)
	const tag = "c0875924c1c7987947deafd8780acf49"
	if got := hex.EncodeToString(sealed[len(plain):]); got != tag {
		t.Errorf("tag %s, want %s", got, tag)
	}
}

func TestWhatIsSealedIsOpenedByTheSameKeyInTheSamePlace(t *testing.T) {
	k, other := mustKey(t, 1), mustKey(t, 2)
	for _, n := range []int{0, 1, 100, 1 << 20} {
		plain := bytes.Repeat([]byte{7}, n)
		sealed, err := k.Seal(source(3), plain, []byte("here"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := k.Open(sealed, []byte("here")); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if _, err := k.Open(sealed, []byte("there")); !errors.Is(err, ErrDamaged) {
			t.Errorf("in another place: %v", err)
		}
		if _, err := other.Open(sealed, []byte("here")); !errors.Is(err, ErrDamaged) {
			t.Errorf("by another key: %v", err)
		}
	}
}

// Each byte of what is on disk, with its checksum made right or not.
func TestEveryByteFlippedIsRefused(t *testing.T) {
	k := mustKey(t, 1)
	sealed, err := k.Seal(source(3), []byte("twelve words"), nil)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := Wrap(source(4), k, []byte("secret"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range []struct {
		name string
		b    []byte
		open func([]byte) error
	}{
		{"sealed", sealed, func(b []byte) error { _, err := k.Open(b, nil); return err }},
		{"wrapped", wrapped, func(b []byte) error { _, err := Unwrap(b, []byte("secret")); return err }},
	} {
		if err := what.open(what.b); err != nil {
			t.Fatalf("%s: %v", what.name, err)
		}
		for i := range what.b {
			for _, mask := range []byte{1, 0x80, 0xff} {
				bad := bytes.Clone(what.b)
				bad[i] ^= mask
				if err := what.open(bad); !errors.Is(err, ErrDamaged) {
					t.Errorf("%s, byte %d: %v", what.name, i, err)
				}
				if i >= len(bad)-sumBytes {
					continue
				}
				bad = withSum(bad[:len(bad)-sumBytes])
				if err := what.open(bad); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrPassphrase) {
					t.Errorf("%s, byte %d by somebody who knows the checksum: %v", what.name, i, err)
				}
			}
		}
		for n := range what.b {
			if err := what.open(what.b[:n]); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s cut to %d bytes: %v", what.name, n, err)
			}
		}
		if err := what.open(append(bytes.Clone(what.b), 0)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s, a byte longer: %v", what.name, err)
		}
	}
}

func TestAWrongPassphraseIsToldFromDamage(t *testing.T) {
	k := mustKey(t, 1)
	wrapped, err := Wrap(source(4), k, []byte("secret\x00tail"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "secret", "secret\x00", "Secret\x00tail", "secret\x00tail ", strings.Repeat("x", 1<<16)} {
		if _, err := Unwrap(wrapped, []byte(wrong)); !errors.Is(err, ErrPassphrase) {
			t.Errorf("%.20q: %v", wrong, err)
		}
	}
	if got, err := Unwrap(wrapped, []byte("secret\x00tail")); err != nil || got.b != k.b {
		t.Error(err)
	}
}

func TestANewPassphraseWrapsTheSameKey(t *testing.T) {
	k := mustKey(t, 1)
	sealed, err := k.Seal(source(3), []byte("twelve words"), nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := Wrap(source(4), k, []byte("first"), cheap())
	opened, err2 := Unwrap(first, []byte("first"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	second, err := Wrap(source(5), opened, []byte("second"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Unwrap(second, []byte("first")); !errors.Is(err, ErrPassphrase) {
		t.Errorf("the old passphrase: %v", err)
	}
	again, err := Unwrap(second, []byte("second"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open(sealed, nil); err != nil || string(plain) != "twelve words" {
		t.Errorf("%q, %v", plain, err)
	}
}

// A damaged file, or one that somebody made, must cost no more than the bounds.
func TestWhatAFileAsksOfArgon2idIsBounded(t *testing.T) {
	wrapped, err := Wrap(source(4), mustKey(t, 1), []byte("secret"), cheap())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Params{
		{Passes: 0, KiB: 8, Lanes: 1}, {Passes: 65, KiB: 8, Lanes: 1}, {Passes: 1 << 31, KiB: 8, Lanes: 1},
		{Passes: 1, KiB: 7, Lanes: 1}, {Passes: 1, KiB: 512<<10 + 1, Lanes: 1}, {Passes: 1, KiB: 1<<32 - 1, Lanes: 1},
		{Passes: 1, KiB: 8, Lanes: 0}, {Passes: 1, KiB: 1024, Lanes: 65}, {Passes: 1, KiB: 15, Lanes: 2},
	} {
		bad := bytes.Clone(wrapped[:len(wrapped)-sumBytes])
		binary.BigEndian.PutUint32(bad[1:], p.Passes)
		binary.BigEndian.PutUint32(bad[5:], p.KiB)
		bad[9] = p.Lanes
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Unwrap(withSum(bad), []byte("secret"))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%+v: %v", p, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%+v: %d bytes were allocated", p, grown)
		}
		if _, err := Wrap(source(4), mustKey(t, 1), []byte("secret"), p); err == nil {
			t.Errorf("%+v: wraps", p)
		}
	}
	for _, p := range []Params{Default(), {Passes: 64, KiB: 8, Lanes: 1}, {Passes: 1, KiB: 512 << 10, Lanes: 1}, {Passes: 1, KiB: 512, Lanes: 64}} {
		if err := p.check(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestAWipedKeyOpensNothing(t *testing.T) {
	k := mustKey(t, 1)
	sealed, err := k.Seal(source(3), []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	k.Wipe()
	if k.b != [keyBytes]byte{} {
		t.Error("the key is still there")
	}
	if _, err := k.Open(sealed, nil); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	(*Key)(nil).Wipe()
}

func TestWithoutRandomnessNothingIsSealed(t *testing.T) {
	short := func() io.Reader { return strings.NewReader("too short") }
	if _, err := NewKey(short()); err == nil {
		t.Error("a key")
	}
	if _, err := mustKey(t, 1).Seal(short(), nil, nil); err == nil {
		t.Error("a seal")
	}
	if _, err := Wrap(short(), mustKey(t, 1), nil, cheap()); err == nil {
		t.Error("a wrapped key")
	}
}

func TestNoncesDiffer(t *testing.T) {
	k, r := mustKey(t, 1), source(3)
	a, _ := k.Seal(r, []byte("same"), nil)
	b, _ := k.Seal(r, []byte("same"), nil)
	if bytes.Equal(a[1:1+chacha20poly1305.NonceSizeX], b[1:1+chacha20poly1305.NonceSizeX]) {
		t.Error("two seals have one nonce")
	}
}
