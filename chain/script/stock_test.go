package script

import (
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chainhash/v2"
)

// stock is btcec as the engine uses it: what all other curves must agree with.
type stock struct{}

func (stock) name() string { return "btcec" }

func (stock) parse(raw []byte) key {
	k, err := btcec.ParsePubKey(raw)
	if err != nil {
		return nil
	}
	return k
}

func (stock) ecdsa(r, s *btcec.ModNScalar, hash *chainhash.Hash, k key) bool {
	return ecdsa.NewSignature(r, s).Verify(hash[:], k.(*btcec.PublicKey))
}

func (stock) schnorr(sig *[64]byte, hash *chainhash.Hash, k key) bool {
	parsed, err := schnorr.ParseSignature(sig[:])
	return err == nil && parsed.Verify(hash[:], k.(*btcec.PublicKey))
}

// curves are all that this build has, stock first.
func curves() []curve {
	all := []curve{stock{}, pure{}}
	if fastestCurve() != all[1] {
		all = append(all, fastestCurve())
	}
	return all
}
