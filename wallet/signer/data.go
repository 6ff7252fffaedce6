package signer

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet/descriptor"
)

// Signature is one with the public key that it is by.
type Signature struct{ PubKey, Sig []byte }

// LeafKey names a key in a script of a taproot tree.
type LeafKey struct {
	X    [32]byte
	Leaf [32]byte // hash of the script (BIP341)
}

// TapOrigin is where a taproot key comes from, and in which scripts it stands.
type TapOrigin struct {
	Leaves map[[32]byte]bool
	Origin descriptor.Origin
}

// Data is what is known of one input's solution (Core: SignatureData).
type Data struct {
	Complete  bool
	ScriptSig []byte
	Witness   wire.TxWitness
	Segwit    bool // the solution is in the witness

	Redeem, Script []byte // behind a script hash and a witness script hash
	Sigs           map[descriptor.ID]Signature
	Origins        map[descriptor.ID]descriptor.Origin

	Tree       *descriptor.Tree // behind a taproot output
	KeySig     []byte           // by a taproot output's key
	LeafSigs   map[LeafKey][]byte
	TapOrigins map[[32]byte]TapOrigin
	Images     map[Image][]byte // preimages that scripts ask for
	// Leaves are scripts of the tree with their control blocks, where the whole
	// tree is not known.
	Leaves []Proof
	// Internal and Root stand for Tree where it is not known.
	Internal, Root []byte

	MissingPubKeys, MissingSigs []descriptor.ID
	MissingRedeem               []byte // hash of a script that is not known
	MissingScript               []byte
}

// Proof is a script of a taproot tree and its control block (BIP341).
type Proof struct {
	Script  []byte
	Version byte
	Control []byte
}

// NewData knows nothing yet.
func NewData() *Data {
	return &Data{
		Sigs: map[descriptor.ID]Signature{}, Origins: map[descriptor.ID]descriptor.Origin{},
		LeafSigs: map[LeafKey][]byte{}, TapOrigins: map[[32]byte]TapOrigin{},
	}
}

// Merge adds what other knows (Core: MergeSignatureData).
func (d *Data) Merge(other *Data) {
	switch {
	case d.Complete:
		return
	case other.Complete:
		*d = *other
		return
	}
	if len(d.Redeem) == 0 {
		d.Redeem = other.Redeem
	}
	if len(d.Script) == 0 {
		d.Script = other.Script
	}
	for id, sig := range other.Sigs {
		if _, ok := d.Sigs[id]; !ok {
			d.Sigs[id] = sig
		}
	}
}

// Proofs are the scripts of the tree behind a taproot output.
func (d *Data) Proofs() []Proof {
	list := d.Leaves
	if d.Tree == nil {
		return list
	}
	blocks, err := d.Tree.ControlBlocks()
	if err != nil {
		return list
	}
	for i, leaf := range d.Tree.Leaves {
		list = append(list, Proof{leaf.Script, leaf.Version, blocks[i]})
	}
	return list
}

func (p Proof) tap() txscript.TapLeaf {
	return txscript.NewTapLeaf(txscript.TapscriptLeafVersion(p.Version), p.Script)
}

// Hash names the script (BIP341).
func (p Proof) Hash() [32]byte { return p.tap().TapHash() }
