package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Nowhere is the height of a transaction that is in no block, and of a
// conflict that is not there.
const Nowhere = -1

// record is a transaction of the wallet: it pays us or spends a coin of ours.
type record struct {
	stored
	id       chain.Hash
	inputs   []wire.OutPoint
	own      []*output // its outputs that pay us, by their index
	outs     uint32    // number of outputs
	coinbase bool
	mine     bool // all that it spends is ours; see settled
	stirred  bool // what it means for the coins is to be looked at again; see settled

	// What follows is not kept on disk: a pool starts empty.
	inPool bool
	rivals []chain.Hash // in the pool, spend a coin of it or of what it hangs on [mempool_conflicts]

	toldPool, toldBlock bool // the log has heard of it
}

// noted are its notes, empty where it has none.
func (r *record) noted() notes {
	if r.notes == nil {
		return notes{}
	}
	return *r.notes
}

// output is a coin that is or was ours.
type output struct {
	rec   *record
	value btcutil.Amount
	own   *owned
	vout  uint32
	coin  bool // it is among state.coins
}

func (o *output) op() wire.OutPoint { return wire.OutPoint{Hash: o.rec.id, Index: o.vout} }

// output at index vout, nil when it is not ours.
func (r *record) output(vout uint32) *output {
	i, ok := slices.BinarySearchFunc(r.own, vout, func(o *output, vout uint32) int { return cmp.Compare(o.vout, vout) })
	if !ok {
		return nil
	}
	return r.own[i]
}

// stored is what the file holds of a record: a fixed part, then the comment and
// the transaction, each after its length.
//
//	order 8 | received 8 | height 4 | block 32 | index 4 | block time 8 | conflict 4 | flags 1 | comment | transaction | notes
//
// All numbers are big endian; lengths are uvarints; flag 1 is abandoned. Notes are
// few: what each is about (1 whom it is to, 2 what it replaces, 3 what has replaced
// it) in a byte, in that order, and its bytes after their length.
type stored struct {
	order     uint64 // in which the wallet learned of it
	received  int64  // Unix seconds
	height    int32  // Nowhere when it is in no block
	block     chain.Hash
	index     uint32 // place in the block
	blockTime int64  // Unix seconds
	conflict  int32  // height of a block with a transaction that spends a same coin; else Nowhere
	abandoned bool
	comment   string
	raw       []byte // the transaction as it travels; our own copy
	notes     *notes // nil: none
}

// notes are what few records have.
type notes struct {
	to         string     // whom the payment is to, as its sender calls him
	replaces   chain.Hash // the payment in whose place it was made; zero: none
	replacedBy chain.Hash // the payment that was made in its place; zero: none
}

const (
	noteTo = 1 + iota
	noteReplaces
	noteReplacedBy
)

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
	return appendNotes(append(binary.AppendUvarint(b, uint64(len(s.raw))), s.raw...), s.notes)
}

const hashSize = len(chain.Hash{})

func appendNotes(b []byte, n *notes) []byte {
	if n == nil {
		return b
	}
	if n.to != "" {
		b = append(binary.AppendUvarint(append(b, noteTo), uint64(len(n.to))), n.to...)
	}
	if n.replaces != (chain.Hash{}) {
		b = append(append(b, noteReplaces, byte(hashSize)), n.replaces[:]...)
	}
	if n.replacedBy != (chain.Hash{}) {
		b = append(append(b, noteReplacedBy, byte(hashSize)), n.replacedBy[:]...)
	}
	return b
}

func decodeNotes(b []byte) (*notes, error) {
	if len(b) == 0 {
		return nil, nil
	}
	n := &notes{}
	for last := byte(0); len(b) > 0; {
		what := b[0]
		note, rest, err := cutBytes(b[1:])
		switch {
		case err != nil:
			return nil, err
		case what <= last || len(note) == 0:
			return nil, fmt.Errorf("%w: bytes after its end", errStored)
		}
		switch h := (*chain.Hash)(nil); what {
		case noteTo:
			n.to = string(note)
		case noteReplaces, noteReplacedBy:
			if h = &n.replaces; what == noteReplacedBy {
				h = &n.replacedBy
			}
			if copy(h[:], note); len(note) != hashSize || *h == (chain.Hash{}) {
				return nil, fmt.Errorf("%w: a note of %d bytes", errStored, len(note))
			}
		default:
			return nil, fmt.Errorf("%w: note %d", errStored, what)
		}
		last, b = what, rest
	}
	return n, nil
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
	if s.raw, rest, err = cutBytes(rest); err == nil {
		s.notes, err = decodeNotes(rest)
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
