package twin

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// kind is a form of output.
type kind int

const (
	bare      kind = iota // OP_TRUE
	p2pkh                 // a key's hash
	p2wpkh                // the same by BIP141
	p2tr                  // a key, by BIP341
	p2sh                  // the hash of OP_TRUE
	p2wsh                 // the same by BIP141
	tapscript             // a key that nobody has, or OP_TRUE in a leaf (BIP342)
	multisig              // one of two keys
	kinds
)

// coin is an output that the generator can spend.
type coin struct {
	chaintest.Coin
	kind     kind
	height   int32
	coinbase bool
}

// lock is the script of an output of that kind.
func lock(k kind, key *chaintest.Key) []byte {
	anyone := chaintest.OpTrue()
	switch k {
	case p2pkh:
		return key.P2PKH()
	case p2wpkh:
		return key.P2WPKH()
	case p2tr:
		return key.P2TR()
	case p2sh:
		return assemble(txscript.OP_HASH160, address.Hash160(anyone), txscript.OP_EQUAL)
	case p2wsh:
		hash := sha256.Sum256(anyone)
		return assemble(txscript.OP_0, hash[:])
	case tapscript:
		tree := txscript.AssembleTaprootScriptTree(txscript.NewBaseTapLeaf(anyone))
		root := tree.RootNode.TapHash()
		out := txscript.ComputeTaprootOutputKey(key.Private().PubKey(), root[:])
		return assemble(txscript.OP_1, out.SerializeCompressed()[1:])
	case multisig:
		pub := key.Private().PubKey().SerializeCompressed()
		return assemble(txscript.OP_1, pub, pub, txscript.OP_2, txscript.OP_CHECKMULTISIG)
	}
	return anyone
}

// assemble joins opcodes (int) and pushes ([]byte).
func assemble(parts ...any) []byte {
	b := txscript.NewScriptBuilder()
	for _, p := range parts {
		switch v := p.(type) {
		case int:
			b.AddOp(byte(v))
		case []byte:
			b.AddData(v)
		}
	}
	raw, err := b.Script()
	if err != nil {
		panic(err) // a mistake in this file
	}
	return raw
}

// outputOf is the i-th output of tx, made in a block of that height.
func outputOf(tx *chain.Tx, i int, k kind, key *chaintest.Key) *coin {
	return &coin{Coin: chaintest.OutputOf(tx, i, key), kind: k}
}

// sign makes every input of tx good for its coin.
func (g *grower) sign(tx *wire.MsgTx, coins []*coin) *chain.Tx {
	g.t.Helper()
	var plain []chaintest.Coin
	for _, c := range coins {
		at := c.Coin
		if c.kind != p2pkh && c.kind != p2wpkh && c.kind != p2tr {
			at.Key = nil
		}
		plain = append(plain, at)
	}
	chaintest.Sign(g.t, tx, plain)
	for i, c := range coins {
		in := tx.TxIn[i]
		switch anyone := chaintest.OpTrue(); c.kind {
		case p2sh:
			in.SignatureScript = assemble(anyone)
		case p2wsh:
			in.Witness = wire.TxWitness{anyone}
		case tapscript:
			tree := txscript.AssembleTaprootScriptTree(txscript.NewBaseTapLeaf(anyone))
			control := tree.LeafMerkleProofs[0].ToControlBlock(c.Key.Private().PubKey())
			raw, err := control.ToBytes()
			if err != nil {
				g.t.Fatal(err)
			}
			in.Witness = wire.TxWitness{anyone, raw}
		case multisig:
			sig, err := txscript.RawTxInSignature(tx, i, c.Script, txscript.SigHashAll, c.Key.Private())
			if err != nil {
				g.t.Fatal(err)
			}
			in.SignatureScript = assemble(txscript.OP_0, sig)
		}
	}
	return chain.NewTx(tx)
}

// spend is a transaction of version 2 that spends coins to outputs of random
// kinds and leaves a fee; edit may change it before it is signed.
func (g *grower) spend(coins []*coin, edit func(*wire.MsgTx)) (*chain.Tx, btcutil.Amount) {
	g.t.Helper()
	tx := wire.NewMsgTx(2)
	var in btcutil.Amount
	for _, c := range coins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.Op, Sequence: wire.MaxTxInSequenceNum})
		in += c.Value
	}
	fee := btcutil.Amount(g.rand.Int64N(int64(in)/100 + 1))
	g.pay(tx, in-fee)
	if edit != nil {
		edit(tx)
	}
	signed := g.sign(tx, coins)
	for _, out := range tx.TxOut {
		in -= btcutil.Amount(out.Value)
	}
	return signed, in
}

// pay adds one to three outputs that share an amount.
func (g *grower) pay(tx *wire.MsgTx, amount btcutil.Amount) {
	for n := g.rand.IntN(3); ; n-- {
		part := amount
		if n > 0 {
			part = btcutil.Amount(g.rand.Int64N(int64(amount) + 1))
		}
		amount -= part
		k := kind(g.rand.IntN(int(kinds)))
		tx.AddTxOut(chaintest.Pay(part, lock(k, g.key)))
		if n <= 0 {
			return
		}
	}
}

// kindOf finds the form of one of the generator's outputs.
func (g *grower) kindOf(pk []byte) (kind, bool) {
	k, ok := g.forms[string(pk)]
	return k, ok
}
