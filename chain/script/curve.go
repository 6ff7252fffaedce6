package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
)

// curve is who multiplies points for the fast road. What may be multiplied was
// decided before: signatures are in range and low, keys compressed. All
// implementations must judge alike; build tags choose one.
type curve interface {
	// name is for logs and benchmarks.
	name() string
	// parse reads a compressed key, 33 bytes, for the two others; nil: not a
	// point of the curve. What it returns is shared and never changes.
	parse(raw []byte) key
	// ecdsa verifies a signature, neither half zero, over a hash.
	ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool
	// schnorr verifies 64 bytes by BIP340; the key is one with an even y.
	schnorr(sig []byte, hash *chainhash.Hash, k key) bool
}

// key is a public key as its curve likes it.
type key any

// pureGo is btcec's curve: always there, and the judge of all others.
type pureGo struct{}

func (pureGo) name() string { return "btcec" }

func (pureGo) parse(raw []byte) key {
	k, err := btcec.ParsePubKey(raw)
	if err != nil {
		return nil
	}
	return k
}

func (pureGo) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	return ecdsa.NewSignature(r, s).Verify(hash[:], k.(*btcec.PublicKey))
}

func (pureGo) schnorr(sig []byte, hash *chainhash.Hash, k key) bool {
	return verifySchnorr(sig, hash, k.(*btcec.PublicKey))
}
