package chaintest

import (
	"testing"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Key is a key pair for tests, the same for the same number.
type Key struct{ priv *btcec.PrivateKey }

// NewKey makes the n-th key.
func NewKey(n uint32) *Key {
	secret := [32]byte{31: 1, 27: byte(n), 26: byte(n >> 8), 25: byte(n >> 16), 24: byte(n >> 24)}
	priv, _ := btcec.PrivKeyFromBytes(secret[:])
	return &Key{priv}
}

// Private is the secret key.
func (k *Key) Private() *btcec.PrivateKey { return k.priv }

func (k *Key) hash() []byte { return address.Hash160(k.priv.PubKey().SerializeCompressed()) }

// P2PKH is the script that pays to the key's hash.
func (k *Key) P2PKH() []byte {
	return append(append([]byte{txscript.OP_DUP, txscript.OP_HASH160, 20}, k.hash()...),
		txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// P2WPKH is the script that pays to the key's hash by BIP141.
func (k *Key) P2WPKH() []byte { return append([]byte{txscript.OP_0, 20}, k.hash()...) }

// P2TR is the script that pays to the key by BIP341, with no script path.
func (k *Key) P2TR() []byte {
	out := txscript.ComputeTaprootKeyNoScript(k.priv.PubKey())
	return append([]byte{txscript.OP_1, 32}, schnorr.SerializePubKey(out)...)
}

// Coin is an output to be spent, and the key that can; nil for OP_TRUE.
type Coin struct {
	Op     wire.OutPoint
	Value  btcutil.Amount
	Script []byte
	Key    *Key
}

// OutputOf is the i-th output of tx.
func OutputOf(tx *chain.Tx, i int, key *Key) Coin {
	out := tx.TxOut[i]
	return Coin{wire.OutPoint{Hash: tx.ID, Index: uint32(i)}, btcutil.Amount(out.Value), out.PkScript, key}
}

// Pay is an output to make.
func Pay(value btcutil.Amount, script []byte) *wire.TxOut {
	return wire.NewTxOut(int64(value), script)
}

// Spend makes a signed transaction of version 2 and final inputs.
func Spend(t testing.TB, coins []Coin, outs ...*wire.TxOut) *chain.Tx {
	t.Helper()
	return SpendWith(t, coins, func(tx *wire.MsgTx) { tx.TxOut = outs })
}

// SpendWith makes a signed transaction; edit sets outputs, sequences and lock
// time before it is signed.
func SpendWith(t testing.TB, coins []Coin, edit func(*wire.MsgTx)) *chain.Tx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	for _, c := range coins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: c.Op, Sequence: wire.MaxTxInSequenceNum})
	}
	edit(tx)
	Sign(t, tx, coins)
	return chain.NewTx(tx)
}

// SpendOne spends one coin to one output, less a fee.
func SpendOne(t testing.TB, c Coin, script []byte, fee btcutil.Amount) *chain.Tx {
	t.Helper()
	return Spend(t, []Coin{c}, Pay(c.Value-fee, script))
}

// Sign signs every input whose coin has a key.
func Sign(t testing.TB, tx *wire.MsgTx, coins []Coin) {
	t.Helper()
	prevs := txscript.NewMultiPrevOutFetcher(nil)
	for _, c := range coins {
		prevs.AddPrevOut(c.Op, Pay(c.Value, c.Script))
	}
	hashes := txscript.NewTxSigHashes(tx, prevs)
	for i, c := range coins {
		if c.Key == nil {
			continue
		}
		if err := signInput(tx, i, c, hashes); err != nil {
			t.Fatalf("sign input %d: %v", i, err)
		}
	}
}

func signInput(tx *wire.MsgTx, i int, c Coin, hashes *txscript.TxSigHashes) (err error) {
	in, value := tx.TxIn[i], int64(c.Value)
	switch {
	case txscript.IsPayToTaproot(c.Script):
		in.Witness, err = txscript.TaprootWitnessSignature(tx, hashes, i, value, c.Script,
			txscript.SigHashDefault, c.Key.priv)
	case txscript.IsPayToWitnessPubKeyHash(c.Script):
		in.Witness, err = txscript.WitnessSignature(tx, hashes, i, value, c.Script,
			txscript.SigHashAll, c.Key.priv, true)
	default:
		in.SignatureScript, err = txscript.SignatureScript(tx, i, c.Script,
			txscript.SigHashAll, c.Key.priv, true)
	}
	return err
}
