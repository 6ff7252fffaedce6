package script

import (
	"encoding/binary"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// The fast road's signature hashes are for SIGHASH_ALL only, which nearly all
// signatures use; the engine computes the others.

// blankSize is an input of a blank transaction: outpoint, empty script, sequence.
const blankSize = 36 + 1 + 4

// blankTx serialises a transaction as legacy signatures see it, with no script
// in any input: the script code is put in where it belongs while hashing.
func blankTx(tx *wire.MsgTx) []byte {
	b := make([]byte, 0, 4+9+blankSize*len(tx.TxIn)+9+40*len(tx.TxOut)+4)
	b = binary.LittleEndian.AppendUint32(b, uint32(tx.Version))
	b = appendCompactSize(b, len(tx.TxIn))
	for _, in := range tx.TxIn {
		b = append(b, in.PreviousOutPoint.Hash[:]...)
		b = binary.LittleEndian.AppendUint32(b, in.PreviousOutPoint.Index)
		b = append(b, 0)
		b = binary.LittleEndian.AppendUint32(b, in.Sequence)
	}
	b = appendCompactSize(b, len(tx.TxOut))
	for _, out := range tx.TxOut {
		b = binary.LittleEndian.AppendUint64(b, uint64(out.Value))
		b = appendCompactSize(b, len(out.PkScript))
		b = append(b, out.PkScript...)
	}
	return binary.LittleEndian.AppendUint32(b, tx.LockTime)
}

// legacyHash is what a signature from before segwit signs with SIGHASH_ALL.
// code must hold no OP_CODESEPARATOR [SignatureHash].
func (p *Prepared) legacyHash(i int, code []byte) chainhash.Hash {
	at := 4 + wire.VarIntSerializeSize(uint64(len(p.tx.TxIn))) + blankSize*i + 36
	d := newDigest()
	d.h.Write(p.blank[:at])
	d.bytes(code)
	d.h.Write(p.blank[at+1:])
	d.uint32(uint32(txscript.SigHashAll))
	return d.sum2()
}

// witnessHash is what a version 0 witness signature signs with SIGHASH_ALL (BIP143).
func (p *Prepared) witnessHash(i int, code []byte) chainhash.Hash {
	in := p.tx.TxIn[i]
	d := newDigest()
	d.uint32(uint32(p.tx.Version))
	d.hash32(&p.hashes.HashPrevOutsV0)
	d.hash32(&p.hashes.HashSequenceV0)
	d.hash32(&in.PreviousOutPoint.Hash)
	d.uint32(in.PreviousOutPoint.Index)
	d.bytes(code)
	d.uint64(uint64(p.coins[i].Value))
	d.uint32(in.Sequence)
	d.hash32(&p.hashes.HashOutputsV0)
	d.uint32(p.tx.LockTime)
	d.uint32(uint32(txscript.SigHashAll))
	return d.sum2()
}

// taprootHash is what a key path signature signs with SIGHASH_DEFAULT and no
// annex (BIP341) [SignatureHashSchnorr].
func (p *Prepared) taprootHash(i int) chainhash.Hash {
	const size = 1 + 1 + 4 + 4 + 5*32 + 1 + 4
	msg := make([]byte, 0, size)
	msg = append(msg, 0, byte(txscript.SigHashDefault)) // epoch, hash type
	msg = binary.LittleEndian.AppendUint32(msg, uint32(p.tx.Version))
	msg = binary.LittleEndian.AppendUint32(msg, p.tx.LockTime)
	msg = append(msg, p.hashes.HashPrevOutsV1[:]...)
	msg = append(msg, p.hashes.HashInputAmountsV1[:]...)
	msg = append(msg, p.hashes.HashInputScriptsV1[:]...)
	msg = append(msg, p.hashes.HashSequenceV1[:]...)
	msg = append(msg, p.hashes.HashOutputsV1[:]...)
	msg = append(msg, 0) // key path, no annex
	msg = binary.LittleEndian.AppendUint32(msg, uint32(i))
	return *chainhash.TaggedHash(chainhash.TagTapSighash, msg)
}
