package service

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// nowhere is the height of a transaction that is in no block, and of a
// conflict that is not there.
const nowhere = -1

// record is a transaction of the wallet: it pays us or spends a coin of ours.
type record struct {
	stored
	id       chain.Hash
	inputs   []wire.OutPoint
	outs     uint32 // number of outputs
	coinbase bool
	inPool   bool // not kept on disk: a pool starts empty

	toldPool, toldBlock bool // the log has heard of it

	more more
}

// more is what is known of a transaction beside what the chain tells.
type more struct {
	to                   string     // who is paid, for people
	replaces, replacedBy chain.Hash // by fee bumping; zero: none
}

// stored is what the file holds of a record: a fixed part, then the comment and
// the transaction, each after its length.
//
//	order 8 | received 8 | height 4 | block 32 | index 4 | block time 8 | conflict 4 | flags 1 | comment | transaction
//
// All numbers are big endian; lengths are uvarints; flag 1 is abandoned.
type stored struct {
	order     uint64 // in which the wallet learned of it
	received  int64  // Unix seconds
	height    int32  // nowhere when it is in no block
	block     chain.Hash
	index     uint32 // place in the block
	blockTime int64  // Unix seconds
	conflict  int32  // height of a block with a transaction that spends a same coin; else nowhere
	abandoned bool
	comment   string
	raw       []byte // the transaction as it travels; our own copy
}

const storedFixed = 8 + 8 + 4 + 32 + 4 + 8 + 4 + 1

func appendStored(b []byte, s stored) []byte {
	be := binary.BigEndian
	b = be.AppendUint64(b, s.order)
	b = be.AppendUint64(b, uint64(s.received))
	b = be.AppendUint32(b, uint32(s.height))
	b = append(b, s.block[:]...)
	b = be.AppendUint32(b, s.index)
	b = be.AppendUint64(b, uint64(s.blockTime))
	b = be.AppendUint32(b, uint32(s.conflict))
	if s.abandoned {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = append(binary.AppendUvarint(b, uint64(len(s.comment))), s.comment...)
	return append(binary.AppendUvarint(b, uint64(len(s.raw))), s.raw...)
}

var errStored = errors.New("malformed wallet transaction")

func decodeStored(b []byte) (s stored, err error) {
	if len(b) < storedFixed {
		return s, fmt.Errorf("%w: %d bytes", errStored, len(b))
	}
	be := binary.BigEndian
	s.order = be.Uint64(b)
	s.received = int64(be.Uint64(b[8:]))
	s.height = int32(be.Uint32(b[16:]))
	copy(s.block[:], b[20:])
	s.index = be.Uint32(b[52:])
	s.blockTime = int64(be.Uint64(b[56:]))
	s.conflict = int32(be.Uint32(b[64:]))
	s.abandoned = b[68] == 1
	comment, rest, err := cutBytes(b[storedFixed:])
	if err != nil {
		return s, err
	}
	s.comment = string(comment)
	if s.raw, rest, err = cutBytes(rest); err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: bytes after its end", errStored)
	}
	return s, err
}

// cutBytes takes a length and as many bytes, copied, off the front.
func cutBytes(b []byte) (taken, rest []byte, err error) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, fmt.Errorf("%w: it ends early", errStored)
	}
	end := size + int(n)
	return append([]byte(nil), b[size:end]...), b[end:], nil
}

// newRecord is the record of a transaction first seen now.
func newRecord(tx *chain.Tx, s stored) *record {
	r := &record{stored: s, id: tx.ID, outs: uint32(len(tx.TxOut)), coinbase: isCoinbase(tx)}
	if !r.coinbase {
		r.inputs = make([]wire.OutPoint, len(tx.TxIn))
		for i, in := range tx.TxIn {
			r.inputs[i] = in.PreviousOutPoint
		}
	}
	return r
}

// version is the transaction's, which stands at its front.
func (r *record) version() int32 {
	if len(r.raw) < 4 {
		return 0 // unreachable: it was read as a transaction
	}
	return int32(binary.LittleEndian.Uint32(r.raw))
}

func isCoinbase(tx *chain.Tx) bool {
	return len(tx.TxIn) == 1 && tx.TxIn[0].PreviousOutPoint.Index == wire.MaxPrevOutIndex &&
		tx.TxIn[0].PreviousOutPoint.Hash == chain.Hash{}
}
