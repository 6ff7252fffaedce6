package signer

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet/descriptor"
	"grapevine/wallet/miniscript"
)

// Image names what witnesses may have to show: what has that hash by that function.
type Image struct {
	By   miniscript.Hash
	Hash string
}

// satisfier has for one script what its input knows (Core: Satisfier).
type satisfier struct {
	solver
	code []byte
	keys [][]byte
	leaf *Proof   // nil: it is a witness script
	hash [32]byte // of leaf
}

// miniscript solves a script that is made by BIP379, in a tree or behind a witness script
// hash. What can be signed is signed, also what the smallest solution does not need.
func (s solver) miniscript(code []byte, leaf *Proof) ([][]byte, bool) {
	ctx := miniscript.WitnessScript
	if leaf != nil {
		ctx = miniscript.Tapscript
	}
	e, keys := descriptor.MiniscriptOf(code, ctx, func(hash []byte) ([]byte, bool) {
		pub, ok := s.hashed(hash)
		if leaf != nil && len(pub) > 32 {
			pub = pub[1:]
		}
		return pub, ok
	})
	if e == nil {
		return nil, false
	}
	by := satisfier{solver: s, code: code, keys: keys, leaf: leaf}
	if leaf != nil {
		by.hash = leaf.Hash()
	}
	return e.Satisfy(by)
}

// hashed is the key with that HASH160; of a key in a tree it is the hash of its x.
func (s solver) hashed(hash []byte) ([]byte, bool) {
	id := descriptor.ID(hash)
	if pub, ok := s.pubKey(id); ok {
		return pub, true
	}
	for x := range s.d.TapOrigins {
		if descriptor.IDOf(x[:]) == id {
			return append([]byte{}, x[:]...), true
		}
	}
	s.d.MissingPubKeys = append(s.d.MissingPubKeys, id)
	return nil, false
}

func (s satisfier) Sign(key int) ([]byte, bool) {
	if s.leaf == nil {
		return s.ecdsa(s.keys[key], s.code, true)
	}
	return s.leafSig(s.keys[key], s.leaf, s.hash)
}

func (s satisfier) PubKey(key int) []byte { return s.keys[key] }

func (s satisfier) Preimage(by miniscript.Hash, hash []byte) ([]byte, bool) {
	image, ok := s.d.Images[Image{by, string(hash)}]
	return image, ok
}

// After says whether the lock time lets an input of such an OP_CHECKLOCKTIMEVERIFY be
// spent (BIP65).
func (in input) After(time uint32) bool {
	const firstTime = txscript.LockTimeThreshold
	have := in.msg.LockTime
	return (have < firstTime) == (time < firstTime) && time <= have && in.msg.TxIn[in.at].Sequence != wire.MaxTxInSequenceNum
}

// Older says the same of OP_CHECKSEQUENCEVERIFY and the input's relative lock time (BIP112).
func (in input) Older(age uint32) bool {
	const mask = wire.SequenceLockTimeIsSeconds | wire.SequenceLockTimeMask
	have := in.msg.TxIn[in.at].Sequence
	const leastVersion = 2 // of transactions that have relative lock times
	if uint32(in.msg.Version) < leastVersion || have&wire.SequenceLockTimeDisabled != 0 {
		return false
	}
	return have&wire.SequenceLockTimeIsSeconds == age&wire.SequenceLockTimeIsSeconds && age&mask <= have&mask
}

// After believes.
func (Pretend) After(uint32) bool { return true }

// Older believes.
func (Pretend) Older(uint32) bool { return true }

// After knows of no transaction.
func (Nobody) After(uint32) bool { return false }

// Older knows of none either.
func (Nobody) Older(uint32) bool { return false }
