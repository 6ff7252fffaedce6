package spend

import (
	"bytes"
	"encoding/hex"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/miniscript"
	"grapevine/wallet/signer"
)

// Shape is what an input will be like once it is signed.
type Shape struct {
	Weight int         // of the whole input (BIP141), its count of witness items too
	Segwit bool        // it has a witness
	Kind   wallet.Kind // of the output that it spends
	Solved bool        // the wallet, or the caller, knows how it is spent
	Most   int         // weight of the heaviest way to spend it, where that is not Weight, and whoever signs may take it
}

// At is the shape as it counts at a fee rate. Where others may spend it in a heavier way
// than the likely one, it counts for so much that nodes, who relay from a rate on, relay
// it even then.
func (s Shape) At(rate, relay policy.FeeRate) Shape {
	if s.Most > s.Weight && rate > 0 {
		relayed := int(int64(s.Most)*int64(relay)/int64(rate)) + 1
		s.Weight = max(s.Weight, min(s.Most, relayed))
	}
	return s
}

// VSize is its size in virtual bytes.
func (s Shape) VSize() int { return vsize(s.Weight) }

func vsize(weight int) int { return (weight + chain.WitnessScale - 1) / chain.WitnessScale }

// Weigh says what an input that spends a script will be like, by what is known of
// it. HighR: whoever signs may make signatures a byte longer, with any R. A taproot
// output with a tree weighs what the private keys that are known make of it; where they
// do not suffice, the heaviest of the scripts with keys of ours. Who only watches takes
// it that the output's key signs, if that can be, as Core does, and what the heaviest script
// would take is told beside it
// [TRDescriptor::MaxSatisfactionWeight, CalculateMaximumSignedInputSize, CalculateMaximumSignedTxSize].
func Weigh(script []byte, known *descriptor.Provider, highR bool) Shape {
	by := signer.Pretend{HighR: highR, AnyHash: true}
	tree, ok := treeOf(script, known)
	if !ok || len(tree.Leaves) == 0 {
		if s := ofMiniscript(script, known); s.Solved {
			return s
		}
		return solve(script, known, by, signer.NewData())
	}
	own := by
	own.Own = true
	if _, byKey := known.SecretOf(tree.Internal); byKey || !anyMiniscript(tree) {
		if s := solve(script, known, own, signer.NewData()); s.Solved {
			return s // as it will be signed
		}
	}
	leaves := slices.DeleteFunc(slices.Clone(tree.Leaves), func(l descriptor.Leaf) bool { return !holds(l.Script, known) })
	if len(leaves) == 0 && hex.EncodeToString(tree.Internal) == nobodysKey {
		leaves = tree.Leaves
	}
	if s := heaviest(script, tree, leaves, by); s.Solved {
		return s
	}
	s := solve(script, known, by, signer.NewData())
	s.Most = heaviest(script, tree, tree.Leaves, by).Weight
	return s
}

// WeighMost is Weigh where the private keys are locked away, and nobody can say which
// way to spend a taproot output they leave: the heaviest counts, so that no fee is
// under the rate that was asked.
func WeighMost(script []byte, known *descriptor.Provider, highR bool) Shape {
	if tree, ok := treeOf(script, known); ok {
		if s := heaviest(script, tree, tree.Leaves, signer.Pretend{HighR: highR, AnyHash: true}); s.Solved {
			return s
		}
	}
	return Weigh(script, known, highR)
}

// nobodysKey is the x whose private key nobody can know, which stands where only the
// scripts of a tree are to spend (BIP341: H).
const nobodysKey = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0"

// treeOf is what is known of a taproot output.
func treeOf(script []byte, known *descriptor.Provider) (descriptor.Tree, bool) {
	if !txscript.IsPayToTaproot(script) {
		return descriptor.Tree{}, false
	}
	tree, ok := known.Trees[[32]byte(script[2:])]
	return tree, ok
}

// holds says whether the private key of one of a leaf's keys is known.
func holds(leaf []byte, known *descriptor.Provider) bool {
	_, xs, ok := descriptor.LeafKeys(leaf)
	if !ok {
		_, xs = descriptor.MiniscriptOf(leaf, miniscript.Tapscript, known.PubKeyOf)
	}
	return slices.ContainsFunc(xs, func(x []byte) bool {
		_, ok := known.SecretOf(x)
		return ok
	})
}

// heaviest is the input's shape by that one of some scripts of a tree whose witness is
// the largest.
func heaviest(script []byte, tree descriptor.Tree, some []descriptor.Leaf, by signer.Pretend) (most Shape) {
	by.ByLeaf = true
	whole := signer.NewData()
	whole.Tree = &tree
	for _, proof := range whole.Proofs() {
		if !slices.ContainsFunc(some, func(l descriptor.Leaf) bool { return bytes.Equal(l.Script, proof.Script) }) {
			continue
		}
		if s := leafShape(script, proof); s.Solved {
			if s.Weight > most.Weight {
				most = s
			}
			continue
		}
		d := signer.NewData()
		d.Leaves = []signer.Proof{proof}
		if s := solve(script, descriptor.NewProvider(), by, d); s.Solved && s.Weight > most.Weight {
			most = s
		}
	}
	return most
}

func solve(script []byte, known *descriptor.Provider, by signer.Pretend, d *signer.Data) Shape {
	s := Shape{Kind: kindOf(script, false), Segwit: txscript.IsWitnessProgram(script)}
	if !signer.Solve(known, by, script, d) {
		return s
	}
	s.Solved, s.Segwit = true, len(d.Witness) > 0
	s.Kind = kindOf(script, s.Segwit)
	s.Weight = inputWeight(d.ScriptSig, d.Witness)
	return s
}

// inputWeight is that of an input with these scripts; without witness items their
// count is there all the same, as it is beside inputs that have some.
func inputWeight(scriptSig []byte, witness wire.TxWitness) int {
	in := wire.TxIn{SignatureScript: scriptSig}
	return in.SerializeSize()*chain.WitnessScale + witness.SerializeSize()
}

// kindOf is the kind of address whose coins an output is counted among; witness: a
// script hash hides a witness program (Core: GetOutputType).
func kindOf(script []byte, witness bool) wallet.Kind {
	kind := wallet.KindOf(script)
	if kind == wallet.Nested && !witness {
		return wallet.Legacy
	}
	return kind
}

// LeastInput is the weight of an input without any script: 41 bytes and a count.
const LeastInput = 41*chain.WitnessScale + 1

// Input is a coin with what spending it takes.
type Input struct {
	wallet.Coin
	Shape
	Owner int // coins of one script have one number
}

// VSize is weight in virtual bytes.
func VSize(in []Input, out []*wire.TxOut) int { return vsize(weight(in, out)) }

// weight is that of a signed transaction with these inputs and outputs, at most.
func weight(in []Input, out []*wire.TxOut) int {
	w := 8*chain.WitnessScale + wire.VarIntSerializeSize(uint64(len(in)))*chain.WitnessScale + outputsWeight(out)
	segwit := false
	for i := range in {
		segwit = segwit || in[i].Segwit
	}
	for i := range in {
		w += in[i].Weight
		if !segwit {
			w-- // no counts of witness items
		}
	}
	if segwit {
		w += 2 // marker and flag
	}
	return w
}

func outputsWeight(out []*wire.TxOut) int {
	n := wire.VarIntSerializeSize(uint64(len(out)))
	for _, o := range out {
		n += o.SerializeSize()
	}
	return n * chain.WitnessScale
}

// Shared says whether two coins are paid to one script.
func Shared(coins []Input) bool {
	last := -1 // they are numbered in the order that they come
	for i := range coins {
		if coins[i].Owner <= last {
			return true
		}
		last = coins[i].Owner
	}
	return false
}
