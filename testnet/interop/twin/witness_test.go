package twin

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// program is a witness program of any version, by its opcode.
func program(version int, data []byte) []byte { return assemble(version, data) }

// viaWitness pays to a script in one transaction and spends it with a witness
// in the next.
func viaWitness(pk []byte, witness ...[]byte) func(*block) bool {
	return lockedBy(pk, nil, func(_ *block, tx *wire.MsgTx) { tx.TxIn[0].Witness = witness })
}

// viaWSH does so with a witness script.
func viaWSH(script []byte, stack ...[]byte) func(*block) bool {
	hash := sha256.Sum256(script)
	return viaWitness(program(txscript.OP_0, hash[:]), append(stack, script)...)
}

// viaLeaf does so with a leaf of that version.
func viaLeaf(version txscript.TapscriptLeafVersion, script []byte, stack ...[]byte) func(*block) bool {
	return func(b *block) bool {
		pub := b.g.key.Private().PubKey()
		tree := txscript.AssembleTaprootScriptTree(txscript.NewTapLeaf(version, script))
		root := tree.RootNode.TapHash()
		control := tree.LeafMerkleProofs[0].ToControlBlock(pub)
		raw, err := control.ToBytes()
		if err != nil {
			b.g.t.Fatal(err)
		}
		out := txscript.ComputeTaprootOutputKey(pub, root[:])
		return viaWitness(program(txscript.OP_1, out.SerializeCompressed()[1:]), append(stack, script, raw)...)(b)
	}
}

// keys asks for no signature of n keys.
func keys(n int) []byte {
	b := txscript.NewScriptBuilder().AddOp(txscript.OP_0)
	for range n {
		b.AddData(chaintest.NewKey(1).Private().PubKey().SerializeCompressed())
	}
	raw, err := b.AddInt64(int64(n)).AddOp(txscript.OP_CHECKMULTISIG).Script()
	if err != nil {
		panic(err) // a mistake in this file
	}
	return raw
}

// witnessTwists are about what came with segwit and taproot, and what they left
// open for later.
func witnessTwists() []twist {
	const base, unknown = txscript.BaseLeafVersion, 0xc2
	bad := func(name string, make func(*block) bool) twist {
		return twist{name: name, rule: chain.ErrBlockScript, late: true, make: make}
	}
	small := repeat(7, 20)
	nested := program(txscript.OP_1, repeat(7, 32))
	ifTwo := []byte{txscript.OP_IF, txscript.OP_1, txscript.OP_ELSE, txscript.OP_1, txscript.OP_ENDIF}
	drop := []byte{txscript.OP_DROP, txscript.OP_1}
	return []twist{
		{name: "a version 1 program of 20 bytes", make: viaWitness(program(txscript.OP_1, small))},
		{name: "pay to anchor", make: viaWitness(program(txscript.OP_1, []byte{0x4e, 0x73}))},
		{name: "a version 16 program", make: viaWitness(program(txscript.OP_16, repeat(7, 40)), []byte{1})},
		bad("a version 16 program of zeros", viaWitness(program(txscript.OP_16, make([]byte, 40)), []byte{1})),
		bad("a version 0 program of 21 bytes", viaWitness(program(txscript.OP_0, repeat(7, 21)), []byte{1})),
		{name: "a version 1 program in P2SH", make: lockedBy(assemble(txscript.OP_HASH160, address.Hash160(nested), txscript.OP_EQUAL), assemble(nested), nil)},
		{name: "a leaf of an unknown version", make: viaLeaf(unknown, []byte{txscript.OP_RETURN})},
		{name: "OP_SUCCESS", make: viaLeaf(base, []byte{txscript.OP_RETURN, 80})},
		bad("OP_RETURN in a leaf", viaLeaf(base, []byte{txscript.OP_1, txscript.OP_RETURN})),
		bad("a multisignature in a leaf", viaLeaf(base, keys(1), nil)),
		bad("a condition of 2 in a leaf", viaLeaf(base, ifTwo, []byte{2})),
		{name: "a condition of 2 in a witness script", make: viaWSH(ifTwo, []byte{2})},
		{name: "a leaf of 20,000 bytes", make: viaLeaf(base, append(repeat(txscript.OP_NOP, 20_000), txscript.OP_1))},
		{name: "an item of 520 bytes", make: viaWSH(drop, make([]byte, 520))},
		bad("an item of 521 bytes", viaWSH(drop, make([]byte, 521))),
		bad("an item of 521 bytes for a leaf", viaLeaf(base, drop, make([]byte, 521))),
		bad("two left by a leaf", viaLeaf(base, []byte{txscript.OP_1, txscript.OP_1})),
		{name: "twenty keys", make: viaWSH(keys(20), nil)},
		bad("twenty-one keys", viaWSH(keys(21), nil)),
		bad("a control block with a length that is none", viaWitness(lock(p2tr, chaintest.NewKey(1)), []byte{txscript.OP_1}, make([]byte, 34))),
		bad("a key that is no point", viaWitness(program(txscript.OP_1, repeat(0xff, 32)), make([]byte, 64))),
		bad("only an annex", viaWitness(lock(p2tr, chaintest.NewKey(1)), []byte{0x50})),
	}
}
