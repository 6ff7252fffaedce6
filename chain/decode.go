package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Bytes that do not decode. Nobody's rule: such a block or transaction does
// not exist.
var (
	errTruncated   = errors.New("ends too early")
	errTrailing    = errors.New("bytes after the end")
	errOther       = errors.New("not the bytes whose ids are known")
	errNonMinimal  = errors.New("a count is not in its shortest form")
	errFlag        = errors.New("unknown flag before the inputs")
	errNoWitnesses = errors.New("witness flag set but no witness there")
	errTooLarge    = errors.New("a script or witness is larger than any block's")
)

const headerSize = 80 // bytes of a block header

// DecodeTx decodes a transaction with or without witness. raw is kept, not
// copied: the caller must not change it afterwards.
func DecodeTx(raw []byte) (*Tx, error) {
	tx, rest, err := DecodeTxPrefix(raw)
	if err == nil && len(rest) > 0 {
		return nil, fmt.Errorf("decode transaction: %w", errTrailing)
	}
	return tx, err
}

// DecodeTxPrefix decodes the transaction that raw begins with, and gives what
// follows it. raw is kept as DecodeTx keeps it.
func DecodeTxPrefix(raw []byte) (tx *Tx, rest []byte, err error) {
	w := walker{raw: raw}
	layout, err := w.tx()
	if err != nil {
		return nil, nil, fmt.Errorf("decode transaction: %w", err)
	}
	return layout.decode(raw[:w.pos:w.pos]), raw[w.pos:], nil
}

// DecodeTxNoWitness decodes a transaction in the form from before BIP144, where
// a first zero is no marker but means that there are no inputs.
func DecodeTxNoWitness(raw []byte) (*Tx, error) {
	w := walker{raw: raw}
	err := w.skip(4)
	if err == nil {
		_, err = w.inputs()
	}
	if err == nil {
		err = w.outputs()
	}
	if err == nil {
		err = w.skip(4)
	}
	if err == nil && w.pos < len(raw) {
		err = errTrailing
	}
	msg := new(wire.MsgTx)
	if err == nil {
		err = msg.DeserializeNoWitness(bytes.NewReader(raw))
	}
	if err != nil {
		return nil, fmt.Errorf("decode transaction: %w", err)
	}
	return NewTx(msg), nil
}

// DecodeBlock decodes a block with its witnesses. raw is kept, not copied: the
// caller must not change it afterwards.
func DecodeBlock(raw []byte) (*Block, error) {
	b, err := DecodeFirstBlock(raw)
	if err == nil && len(b.Raw) != len(raw) {
		return nil, fmt.Errorf("decode block: %w", errTrailing)
	}
	return b, err
}

// DecodeBlockAgain is DecodeBlock for bytes that were decoded before, of which the ids are still known: they are not
// computed again, and not to be changed afterwards. The caller has made sure that they are the same bytes.
func DecodeBlockAgain(raw []byte, ids []IDs) (*Block, error) {
	b, err := decodeBlock(raw, ids)
	if err == nil && (len(b.Raw) != len(raw) || len(b.Txs) != len(ids)) {
		err = errOther
	}
	if err != nil {
		return nil, fmt.Errorf("decode block again: %w", err)
	}
	return b, nil
}

// DecodeFirstBlock reads the block at the start of raw; bytes behind it are no
// part of it, and ignored [DecodeHexBlk].
func DecodeFirstBlock(raw []byte) (*Block, error) {
	b, err := decodeBlock(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("decode block: %w", err)
	}
	return b, nil
}

// decodeBlock computes the ids of the transactions beyond those that are known.
func decodeBlock(raw []byte, known []IDs) (*Block, error) {
	if len(raw) < headerSize {
		return nil, errTruncated
	}
	b := &Block{Hash: chainhash.DoubleHashH(raw[:headerSize]), Raw: raw}
	if err := b.Header.Deserialize(bytes.NewReader(raw[:headerSize])); err != nil {
		return nil, err
	}
	w := walker{raw: raw, pos: headerSize}
	count, err := w.count(minTxSize)
	if err != nil {
		return nil, err
	}
	b.Weight = w.pos * WitnessScale
	b.Txs = make([]*Tx, 0, count)
	for i := range count {
		start := w.pos
		layout, err := w.tx()
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		tx := layout.parse(raw[start:w.pos:w.pos])
		if i < len(known) {
			known[i].give(tx)
		} else {
			layout.identify(tx)
		}
		b.Txs = append(b.Txs, tx)
		b.Weight += tx.Weight
	}
	b.Raw = raw[:w.pos:w.pos]
	return b, nil
}

// DecodeTxOf decodes one transaction of a serialised block and steps over those
// before it, which cost nearly nothing; nil: the block has not so many. The
// transaction keeps bytes of its own.
func DecodeTxOf(block []byte, place int) (*Tx, error) {
	w := walker{raw: block, pos: min(headerSize, len(block))}
	count, err := w.count(minTxSize)
	if err != nil || place < 0 || place >= count {
		return nil, err
	}
	for i := 0; ; i++ {
		start := w.pos
		layout, err := w.tx()
		if err != nil {
			return nil, fmt.Errorf("decode transaction %d of a block: %w", i, err)
		}
		if i == place {
			return layout.decode(bytes.Clone(block[start:w.pos])), nil
		}
	}
}

// TxOffsets are where the transactions of a serialised block begin, and at last where the last of
// them ends.
func TxOffsets(block []byte) ([]uint32, error) {
	w := walker{raw: block, pos: min(headerSize, len(block))}
	count, err := w.count(minTxSize)
	if err != nil {
		return nil, err
	}
	offsets := make([]uint32, 1, count+1)
	offsets[0] = uint32(w.pos)
	for i := range count {
		if _, err := w.tx(); err != nil {
			return nil, fmt.Errorf("decode transaction %d of a block: %w", i, err)
		}
		offsets = append(offsets, uint32(w.pos))
	}
	return offsets, nil
}

// The least bytes that one of each takes, so that a count can be refused
// before anything of that size is allocated.
const (
	minTxSize   = 10 // version, two counts, lock time
	minInSize   = 41 // outpoint, empty script, sequence
	minOutSize  = 9  // value, empty script
	minItemSize = 1  // an empty witness item
)

// The most bytes of a script and of a witness item, as Core reads them [MAX_SIZE], and the most
// items of an input. No block has as many, but one that RPC is given is refused for
// what is wrong with it. An item takes 24 bytes here though it be empty, so that of
// them no more are read than wire reads, where Core would read 32 Mi.
const (
	maxScript = wire.MaxMessagePayload
	maxItem   = wire.MaxMessagePayload
	maxItems  = 4_000_000
)

// walker steps over serialised transactions and allocates nothing.
type walker struct {
	raw []byte
	pos int
}

// txLayout says where the parts of a serialised transaction are, counted from
// its first byte.
type txLayout struct {
	size    int
	body    int // first byte of the input count
	witness int // first byte after the outputs
	lock    int // first byte of the lock time
}

func (w *walker) tx() (txLayout, error) {
	start := w.pos
	var l txLayout
	if err := w.skip(4); err != nil {
		return l, err
	}
	flags, err := w.flags()
	if err != nil {
		return l, err
	}
	l.body = w.pos - start
	ins, err := w.inputs()
	if err != nil {
		return l, err
	}
	if err := w.outputs(); err != nil {
		return l, err
	}
	l.witness = w.pos - start
	if flags&wire.WitnessFlag != 0 {
		if err := w.witnesses(ins); err != nil {
			return l, err
		}
	}
	if flags&^wire.WitnessFlag != 0 { // Core finds it here
		return l, errFlag
	}
	l.lock = w.pos - start
	err = w.skip(4)
	l.size = w.pos - start
	return l, err
}

// flags steps over BIP144's marker and flags if they are there. Two zeros are no
// marker, but a transaction of nothing, which the rules refuse [UnserializeTransaction].
func (w *walker) flags() (flags byte, err error) {
	if len(w.raw)-w.pos < 2 {
		return 0, errTruncated
	}
	if w.raw[w.pos] != wire.TxFlagMarker || w.raw[w.pos+1] == 0 {
		return 0, nil
	}
	w.pos += 2
	return w.raw[w.pos-1], nil
}

func (w *walker) inputs() (count int, err error) {
	count, err = w.count(minInSize)
	for i := 0; i < count && err == nil; i++ {
		if err = w.skip(36); err == nil {
			if err = w.bytes(maxScript); err == nil {
				err = w.skip(4)
			}
		}
	}
	return count, err
}

func (w *walker) outputs() error {
	count, err := w.count(minOutSize)
	for i := 0; i < count && err == nil; i++ {
		if err = w.skip(8); err == nil {
			err = w.bytes(maxScript)
		}
	}
	return err
}

func (w *walker) witnesses(ins int) error {
	any := false
	for range ins {
		items, err := w.count(minItemSize)
		if err != nil {
			return err
		}
		if items > maxItems {
			return errTooLarge
		}
		any = any || items > 0
		for range items {
			if err := w.bytes(maxItem); err != nil {
				return err
			}
		}
	}
	if !any {
		return errNoWitnesses
	}
	return nil
}

// bytes steps over a length and as many bytes.
func (w *walker) bytes(most int) error {
	n, err := w.count(1)
	if err != nil {
		return err
	}
	if n > most {
		return errTooLarge
	}
	return w.skip(n)
}

func (w *walker) skip(n int) error {
	if n > len(w.raw)-w.pos {
		return errTruncated
	}
	w.pos += n
	return nil
}

// count reads a CompactSize of things that take at least that many bytes each,
// and refuses more of them than there are bytes left.
func (w *walker) count(least int) (int, error) {
	rest := w.raw[w.pos:]
	if len(rest) == 0 {
		return 0, errTruncated
	}
	n, width := uint64(rest[0]), 1
	if n >= 0xfd {
		width = 1 + 2<<(n-0xfd)
		if len(rest) < width {
			return 0, errTruncated
		}
		var buf [8]byte
		copy(buf[:], rest[1:width])
		n = binary.LittleEndian.Uint64(buf[:])
		if wire.VarIntSerializeSize(n) != width {
			return 0, errNonMinimal
		}
	}
	w.pos += width
	if n > uint64((len(rest)-width)/least) {
		return 0, errTruncated
	}
	return int(n), nil
}

// decode makes a Tx of bytes that the walker has passed, with its ids.
func (l txLayout) decode(raw []byte) *Tx {
	tx := l.parse(raw)
	l.identify(tx)
	return tx
}

// parse is decode without the ids. The scripts and witnesses stand in raw, so that they are held once.
func (l txLayout) parse(raw []byte) *Tx {
	msg := &wire.MsgTx{Version: int32(binary.LittleEndian.Uint32(raw)), LockTime: binary.LittleEndian.Uint32(raw[l.lock:])}
	w := walker{raw: raw, pos: l.body}
	ins := make([]wire.TxIn, w.passed(minInSize))
	msg.TxIn = make([]*wire.TxIn, len(ins))
	for i := range ins {
		in := &ins[i]
		msg.TxIn[i] = in
		copy(in.PreviousOutPoint.Hash[:], raw[w.pos:])
		in.PreviousOutPoint.Index = binary.LittleEndian.Uint32(raw[w.pos+32:])
		w.pos += 36
		in.SignatureScript = w.view()
		in.Sequence = binary.LittleEndian.Uint32(raw[w.pos:])
		w.pos += 4
	}
	outs := make([]wire.TxOut, w.passed(minOutSize))
	msg.TxOut = make([]*wire.TxOut, len(outs))
	for i := range outs {
		out := &outs[i]
		msg.TxOut[i] = out
		out.Value = int64(binary.LittleEndian.Uint64(raw[w.pos:]))
		w.pos += 8
		out.PkScript = w.view()
	}
	for i := 0; i < len(ins) && w.pos < l.lock; i++ {
		ins[i].Witness = make(wire.TxWitness, w.passed(minItemSize))
		for j := range ins[i].Witness {
			ins[i].Witness[j] = w.view()
		}
	}
	return &Tx{MsgTx: msg, Size: l.size, Weight: l.weight(), raw: raw}
}

// passed is a count that the walker has passed.
func (w *walker) passed(least int) int {
	n, _ := w.count(least)
	return n
}

// view is a length's bytes, which have been passed before.
func (w *walker) view() []byte {
	n := w.passed(1)
	w.pos += n
	return w.raw[w.pos-n : w.pos : w.pos]
}

// stripped is the size without witness.
func (l txLayout) stripped() int { return 4 + (l.witness - l.body) + 4 }

func (l txLayout) weight() int { return l.stripped()*(WitnessScale-1) + l.size }

// identify computes the ids from the bytes as they are.
func (l txLayout) identify(tx *Tx) {
	raw := tx.raw
	tx.WID = chainhash.DoubleHashH(raw)
	tx.ID = tx.WID
	if l.stripped() != l.size {
		tx.ID = l.txid(raw)
	}
}

// txid is the id of the transaction that raw is, whose witness is left out.
func (l txLayout) txid(raw []byte) Hash {
	h := sha256.New()
	h.Write(raw[:4])
	h.Write(raw[l.body:l.witness])
	h.Write(raw[l.lock:])
	var first [sha256.Size]byte
	return sha256.Sum256(h.Sum(first[:0]))
}

// NewTx makes a Tx of a transaction built here. msg must not change afterwards.
func NewTx(msg *wire.MsgTx) *Tx {
	var buf bytes.Buffer
	buf.Grow(msg.SerializeSize())
	_ = msg.Serialize(&buf) // a bytes.Buffer takes everything
	raw := buf.Bytes()
	l := layoutOf(msg.SerializeSizeStripped(), len(raw))
	tx := &Tx{MsgTx: msg, Size: len(raw), Weight: l.weight(), raw: raw}
	l.identify(tx)
	return tx
}

// layoutOf is the layout of a transaction of so many bytes without and with its witness.
func layoutOf(stripped, size int) txLayout {
	l := txLayout{size: size, body: 4, lock: size - 4}
	if stripped != size {
		l.body += 2
	}
	l.witness = l.body + stripped - 8
	return l
}

// NewBlock makes a Block of a block built here. msg must not change afterwards.
func NewBlock(msg *wire.MsgBlock) *Block {
	var buf bytes.Buffer
	buf.Grow(msg.SerializeSize())
	_ = msg.Serialize(&buf) // a bytes.Buffer takes everything
	raw := buf.Bytes()
	b := &Block{Hash: chainhash.DoubleHashH(raw[:headerSize]), Header: msg.Header, Raw: raw}
	pos := headerSize + wire.VarIntSerializeSize(uint64(len(msg.Transactions)))
	b.Weight = pos * WitnessScale
	for _, m := range msg.Transactions {
		size := m.SerializeSize()
		l := layoutOf(m.SerializeSizeStripped(), size)
		tx := &Tx{MsgTx: m, Size: size, Weight: l.weight(), raw: raw[pos : pos+size : pos+size]}
		l.identify(tx)
		b.Txs = append(b.Txs, tx)
		b.Weight += tx.Weight
		pos += size
	}
	return b
}

// StripWitness is the block as it travels without witnesses, for peers that
// did not ask for them (BIP144).
func (b *Block) StripWitness() []byte {
	out := make([]byte, 0, b.strippedSize())
	out = append(out, b.Raw[:headerSize+wire.VarIntSerializeSize(uint64(len(b.Txs)))]...)
	for _, tx := range b.Txs {
		out = tx.appendStripped(out)
	}
	return out
}

// layout is that of Raw.
func (t *Tx) layout() txLayout { return layoutOf(t.StrippedSize(), t.Size) }

// appendStripped appends the transaction's bytes without witness.
func (t *Tx) appendStripped(dst []byte) []byte {
	l := t.layout()
	dst = append(dst, t.raw[:4]...)
	dst = append(dst, t.raw[l.body:l.witness]...)
	return append(dst, t.raw[l.lock:]...)
}
