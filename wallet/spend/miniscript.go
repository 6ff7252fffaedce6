package spend

import (
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/miniscript"
	"grapevine/wallet/signer"
)

// ofMiniscript is the shape of an input whose witness script is miniscript. Which of the
// ways to spend it will be open, by locks, keys and preimages, nobody knows before: the
// heaviest counts [MiniscriptDescriptor::MaxSatSize].
func ofMiniscript(script []byte, known *descriptor.Provider) Shape {
	program, scriptSig := script, []byte(nil)
	if txscript.IsPayToScriptHash(script) {
		program = known.Scripts[descriptor.ID(script[2:22])]
		scriptSig = data(program)
	}
	if !txscript.IsPayToWitnessScriptHash(program) {
		return Shape{}
	}
	code := known.Scripts[descriptor.IDOfProgram(program[2:])]
	if policy.KindOf(code) != policy.NonStandard {
		return Shape{}
	}
	e, _ := descriptor.MiniscriptOf(code, miniscript.WitnessScript, known.PubKeyOf)
	return largest(script, scriptSig, e, code)
}

func data(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// leafShape is the same of a script of a tree, and its proof.
func leafShape(script []byte, p signer.Proof) Shape {
	if _, _, ok := descriptor.LeafKeys(p.Script); ok || p.Version != byte(txscript.BaseLeafVersion) {
		return Shape{}
	}
	anybody := func(hash []byte) ([]byte, bool) { return hash, true }
	e, _ := descriptor.MiniscriptOf(p.Script, miniscript.Tapscript, anybody)
	return largest(script, nil, e, p.Script, p.Control)
}

// largest is the shape of an input with the largest witness of an expression, and what
// stands behind it there.
func largest(script, scriptSig []byte, e *miniscript.Expr, behind ...[]byte) Shape {
	if e == nil {
		return Shape{}
	}
	items, size, ok := e.Witness()
	if !ok {
		return Shape{}
	}
	size += wire.VarIntSerializeSize(uint64(items + len(behind)))
	for _, item := range behind {
		size += wire.VarIntSerializeSize(uint64(len(item))) + len(item)
	}
	in := wire.TxIn{SignatureScript: scriptSig}
	return Shape{Weight: in.SerializeSize()*chain.WitnessScale + size, Segwit: true, Kind: kindOf(script, true), Solved: true}
}

// anyMiniscript says whether a tree has scripts that may be spent in more ways than one.
func anyMiniscript(tree descriptor.Tree) bool {
	return slices.ContainsFunc(tree.Leaves, func(l descriptor.Leaf) bool {
		_, _, ok := descriptor.LeafKeys(l.Script)
		return !ok
	})
}
