package script

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Prepared is a transaction, the coins it spends, and what its signatures have
// in common, computed once. It is safe for concurrent use [PrecomputedTransactionData].
type Prepared struct {
	tx     *chain.Tx
	coins  []chain.Coin
	hashes txscript.TxSigHashes // zero when no input has a witness
	blank  []byte               // legacy serialisation with all input scripts empty
}

// Prepare makes a transaction ready for CheckInput; coins are those it spends,
// in input order. Neither may change afterwards.
func Prepare(tx *chain.Tx, coins []chain.Coin) *Prepared {
	p := &Prepared{tx: tx, coins: coins}
	if tx.HasWitness() {
		p.hashParts()
	}
	for _, in := range tx.TxIn {
		if len(in.SignatureScript) != 0 {
			p.blank = blankTx(tx.MsgTx)
			break
		}
	}
	return p
}

// PrepareOpen is Prepare for a transaction that is being signed: what its
// signatures have in common is computed though none is there yet. Scripts and
// witnesses of its inputs may change afterwards, between two calls of Verify;
// nothing else may. It is for Verify alone, and its ids are those of now.
func PrepareOpen(tx *wire.MsgTx, coins []chain.Coin) *Prepared {
	p := &Prepared{tx: chain.NewTx(tx), coins: coins, blank: blankTx(tx)}
	p.hashParts()
	return p
}

// hashParts computes the parts that BIP143 and BIP341 signature hashes share.
// Without them a transaction of many inputs would be hashed once for each.
func (p *Prepared) hashParts() {
	h := &p.hashes
	d := newDigest()
	for _, in := range p.tx.TxIn {
		d.hash32(&in.PreviousOutPoint.Hash)
		d.uint32(in.PreviousOutPoint.Index)
	}
	h.HashPrevOutsV1 = d.sum()
	for _, in := range p.tx.TxIn {
		d.uint32(in.Sequence)
	}
	h.HashSequenceV1 = d.sum()
	h.HashOutputsV1 = p.tx.HashOutputs()
	h.HashPrevOutsV0 = sha256.Sum256(h.HashPrevOutsV1[:])
	h.HashSequenceV0 = sha256.Sum256(h.HashSequenceV1[:])
	h.HashOutputsV0 = sha256.Sum256(h.HashOutputsV1[:])

	if !p.spendsTaproot() {
		return
	}
	for i := range p.coins {
		d.uint64(uint64(p.coins[i].Value))
	}
	h.HashInputAmountsV1 = d.sum()
	for i := range p.coins {
		d.bytes(p.coins[i].PkScript)
	}
	h.HashInputScriptsV1 = d.sum()
}

func (p *Prepared) spendsTaproot() bool {
	for i := range p.coins {
		if txscript.IsPayToTaproot(p.coins[i].PkScript) {
			return true
		}
	}
	return false
}

// ownCoin serves the engine the coin of the input it checks; it asks for no
// other.
type ownCoin struct{ coin *chain.Coin }

func (o ownCoin) FetchPrevOutput(wire.OutPoint) *wire.TxOut {
	return &wire.TxOut{Value: int64(o.coin.Value), PkScript: o.coin.PkScript}
}

// digest is a SHA-256 fed with a transaction's fields.
type digest struct {
	h   hash.Hash
	buf [9]byte
}

func newDigest() *digest { return &digest{h: sha256.New()} }

func (d *digest) hash32(h *chainhash.Hash) { d.h.Write(h[:]) }

func (d *digest) uint32(v uint32) {
	binary.LittleEndian.PutUint32(d.buf[:4], v)
	d.h.Write(d.buf[:4])
}

func (d *digest) uint64(v uint64) {
	binary.LittleEndian.PutUint64(d.buf[:8], v)
	d.h.Write(d.buf[:8])
}

// bytes writes a length and the bytes.
func (d *digest) bytes(b []byte) {
	d.h.Write(appendCompactSize(d.buf[:0], len(b)))
	d.h.Write(b)
}

// sum returns the SHA-256 and begins anew.
func (d *digest) sum() (s chainhash.Hash) {
	d.h.Sum(s[:0])
	d.h.Reset()
	return s
}

// sum2 returns the double SHA-256 and begins anew.
func (d *digest) sum2() chainhash.Hash {
	first := d.sum()
	return sha256.Sum256(first[:])
}

func appendCompactSize(dst []byte, n int) []byte {
	switch {
	case n < 0xfd:
		return append(dst, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(dst, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(dst, 0xfe), uint32(n))
}
