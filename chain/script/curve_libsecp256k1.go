//go:build libsecp256k1

package script

/*
#cgo pkg-config: libsecp256k1
#cgo noescape gv_parse
#cgo nocallback gv_parse
#cgo noescape gv_ecdsa
#cgo nocallback gv_ecdsa
#cgo noescape gv_schnorr
#cgo nocallback gv_schnorr
#cgo noescape gv_ecdsa_all
#cgo nocallback gv_ecdsa_all
#cgo noescape gv_schnorr_all
#cgo nocallback gv_schnorr_all
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

// The static context is enough to verify.

static int gv_parse(unsigned char key[64], const unsigned char *raw, size_t size) {
	return secp256k1_ec_pubkey_parse(secp256k1_context_static, (secp256k1_pubkey *)key, raw, size);
}

static int gv_ecdsa(const unsigned char compact[64], const unsigned char hash[32], const unsigned char key[64]) {
	secp256k1_ecdsa_signature sig;
	if (!secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &sig, compact)) {
		return 0;
	}
	// The library refuses a high s, which consensus allows.
	secp256k1_ecdsa_signature_normalize(secp256k1_context_static, &sig, &sig);
	return secp256k1_ecdsa_verify(secp256k1_context_static, &sig, hash, (const secp256k1_pubkey *)key);
}

static int gv_schnorr(const unsigned char sig[64], const unsigned char hash[32], const unsigned char key[64]) {
	secp256k1_xonly_pubkey x;
	return secp256k1_xonly_pubkey_from_pubkey(secp256k1_context_static, &x, NULL, (const secp256k1_pubkey *)key) &&
		secp256k1_schnorrsig_verify(secp256k1_context_static, sig, hash, 32, &x);
}

// Many one after the other, each of 160 bytes: signature, hash and key.

static int gv_ecdsa_all(const unsigned char *c, size_t n) {
	for (; n > 0 && gv_ecdsa(c, c + 64, c + 96); n--, c += 160);
	return n == 0;
}

static int gv_schnorr_all(const unsigned char *c, size_t n) {
	for (; n > 0 && gv_schnorr(c, c + 64, c + 96); n--, c += 160);
	return n == 0;
}
*/
import "C"

import (
	"unsafe"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// libsecp is the system's libsecp256k1, Bitcoin Core's own curve.
type libsecp struct{}

// fastestCurve is the best that this build has.
func fastestCurve() curve { return libsecp{} }

func (libsecp) name() string { return "libsecp256k1" }

func (libsecp) parse(raw []byte) key {
	k := new([64]byte)
	if len(raw) == 0 || C.gv_parse(bytesOf(k[:]), bytesOf(raw), C.size_t(len(raw))) != 1 {
		return nil // the library aborts on no bytes at all
	}
	return k
}

func (libsecp) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	var compact [64]byte
	r.PutBytesUnchecked(compact[:32])
	s.PutBytesUnchecked(compact[32:])
	return C.gv_ecdsa(bytesOf(compact[:]), bytesOf(hash[:]), bytesOf(k.(*[64]byte)[:])) == 1
}

func (libsecp) schnorr(sig *[64]byte, hash *chainhash.Hash, k key) bool {
	return C.gv_schnorr(bytesOf(sig[:]), bytesOf(hash[:]), bytesOf(k.(*[64]byte)[:])) == 1
}

// The library verifies each by itself, but a goroutine that stays in C gives its processor to another,
// and waits for one when it comes back: with a call for each that happens sixteen times as often.

func (libsecp) schnorrAll(claims []claim) bool {
	var room [usualClaims]flat
	flats := room[:0]
	for i := range claims {
		c := &claims[i]
		flats = append(flats, flat{c.sig, c.hash, *c.key.(*[64]byte)})
	}
	return len(flats) == 0 || C.gv_schnorr_all((*C.uchar)(unsafe.Pointer(&flats[0])), C.size_t(len(flats))) == 1
}

func (libsecp) ecdsaAll(claims []ecdsaClaim) bool {
	var room [usualClaims]flat
	flats := room[:0]
	for i := range claims {
		c := &claims[i]
		f := flat{hash: c.hash, key: *c.key.(*[64]byte)}
		c.sig.r.PutBytesUnchecked(f.sig[:32])
		c.sig.s.PutBytesUnchecked(f.sig[32:])
		flats = append(flats, f)
	}
	return len(flats) == 0 || C.gv_ecdsa_all((*C.uchar)(unsafe.Pointer(&flats[0])), C.size_t(len(flats))) == 1
}

// flat is a claim as C reads it.
type flat struct {
	sig  [64]byte
	hash [32]byte
	key  [64]byte
}

func bytesOf(b []byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(unsafe.SliceData(b))) }
