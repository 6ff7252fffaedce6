package signer

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet/descriptor"
)

// taproot solves an output by its key, or else by the script of its tree that
// makes the smallest witness (Core: SignTaproot).
func (s solver) taproot(output []byte) ([][]byte, bool) {
	d := s.d
	if tree, ok := s.known.Trees[[32]byte(output)]; ok {
		d.Tree = &tree
	}
	internal, root := d.Internal, d.Root
	if d.Tree != nil {
		internal, root = d.Tree.Internal, d.Tree.Root()
	}
	if internal != nil {
		s.noteOrigin(internal, nil)
		s.trySig(internal, append([]byte{}, root...))
	}
	s.trySig(output, nil)
	if d.KeySig != nil {
		return [][]byte{d.KeySig}, true
	}
	var best [][]byte
	for _, proof := range d.Proofs() {
		stack, ok := s.leaf(proof)
		if !ok {
			continue
		}
		stack = append(stack, proof.Script, proof.Control)
		if best == nil || wire.TxWitness(stack).SerializeSize() < wire.TxWitness(best).SerializeSize() {
			best = stack
		}
	}
	return best, best != nil
}

func (s solver) trySig(x, root []byte) {
	if s.d.KeySig != nil {
		return
	}
	if sig, ok := s.Schnorr(s.known, x, nil, root); ok {
		s.d.KeySig = sig
	}
}

func (s solver) noteOrigin(x []byte, leaf *[32]byte) {
	o, ok := s.known.OriginOf(x)
	if !ok {
		return
	}
	t, ok := s.d.TapOrigins[[32]byte(x)]
	if !ok {
		t = TapOrigin{Leaves: map[[32]byte]bool{}, Origin: o}
		s.d.TapOrigins[[32]byte(x)] = t
	}
	if leaf != nil {
		t.Leaves[*leaf] = true
	}
}

// leaf solves a script of a tree (BIP342): pk(KEY), multi_a(NEED,KEY,…) or any miniscript.
func (s solver) leaf(p Proof) ([][]byte, bool) {
	if p.Version != byte(txscript.BaseLeafVersion) {
		return nil, false
	}
	need, xs, ok := descriptor.LeafKeys(p.Script)
	if !ok {
		return s.miniscript(p.Script, &p)
	}
	hash := p.Hash()
	stack := make([][]byte, len(xs))
	found := 0
	for i, x := range xs {
		sig, ok := s.leafSig(x, &p, hash)
		if ok && found < need {
			stack[len(xs)-1-i] = sig // the first key's is on top
			found++
		}
	}
	return stack, found == need
}

func (s solver) leafSig(x []byte, p *Proof, leaf [32]byte) ([]byte, bool) {
	s.noteOrigin(x, &leaf)
	at := LeafKey{[32]byte(x), leaf}
	if sig, ok := s.d.LeafSigs[at]; ok {
		return sig, true
	}
	sig, ok := s.Schnorr(s.known, x, p, nil)
	if ok {
		s.d.LeafSigs[at] = sig
	}
	return sig, ok
}
