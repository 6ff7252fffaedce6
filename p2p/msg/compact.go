package msg

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// maxIndex is the highest place of a transaction that BIP152 can name.
const maxIndex = 0xffff

// shortIDSize in bytes: 48 bits of a SipHash [SHORTTXIDS_LENGTH].
const shortIDSize = 6

// Prefilled is a transaction that travels with a compact block.
type Prefilled struct {
	Index int // place in the block
	Tx    *chain.Tx
}

// CmpctBlock is a block without the transactions that the receiver is likely
// to have (BIP152, version 2):
//
//	header 80 | nonce 8 | count, short ids of 6 | count, (index, tx)…
//
// Indexes travel as the distance from the one before; here they are places [CBlockHeaderAndShortTxIDs].
type CmpctBlock struct {
	Header    wire.BlockHeader
	Nonce     uint64
	ShortIDs  []uint64    // of the transactions that are not prefilled, in order
	Prefilled []Prefilled // by rising index
}

// TxCount is how many transactions the block has.
func (m *CmpctBlock) TxCount() int { return len(m.ShortIDs) + len(m.Prefilled) }

// ShortIDKey makes the short ids of one compact block.
type ShortIDKey [siphash.KeySize]byte

// Key belongs to this header and nonce, so that nobody can prepare collisions.
func (m *CmpctBlock) Key() ShortIDKey {
	var b bytes.Buffer
	_ = m.Header.Serialize(&b) // a buffer takes everything
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(b.Bytes(), m.Nonce))
	return ShortIDKey(sum[:siphash.KeySize])
}

// Of is the short id of a transaction by its wtxid [CBlockHeaderAndShortTxIDs::GetShortID].
func (k ShortIDKey) Of(wtxid chain.Hash) uint64 {
	return siphash.Sum64(wtxid[:], (*[siphash.KeySize]byte)(&k)) & (1<<48 - 1)
}

// Compact makes the compact block that carries the transactions at the places
// prefill, which rise and begin with the coinbase, 0.
func Compact(b *chain.Block, nonce uint64, prefill []int) *CmpctBlock {
	m := &CmpctBlock{Header: b.Header, Nonce: nonce}
	key := m.Key()
	for i, tx := range b.Txs {
		if len(prefill) > 0 && prefill[0] == i {
			m.Prefilled = append(m.Prefilled, Prefilled{i, tx})
			prefill = prefill[1:]
			continue
		}
		m.ShortIDs = append(m.ShortIDs, key.Of(tx.WID))
	}
	return m
}

// BtcDecode reads r to its end.
func (m *CmpctBlock) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	return decodeAll(r, m.decode)
}

func (m *CmpctBlock) decode(p []byte) error {
	const head = 80 + 8
	if len(p) < head {
		return errShort
	}
	if err := m.Header.Deserialize(bytes.NewReader(p[:80])); err != nil {
		return err
	}
	m.Nonce = binary.LittleEndian.Uint64(p[80:])
	n, p, err := countOf(p[head:], shortIDSize)
	if err != nil {
		return err
	}
	m.ShortIDs = make([]uint64, n)
	for i := range m.ShortIDs {
		m.ShortIDs[i] = uint64(binary.LittleEndian.Uint32(p)) | uint64(binary.LittleEndian.Uint16(p[4:]))<<32
		p = p[shortIDSize:]
	}
	n, p, err = countOf(p, 1+minTxSize)
	if err != nil {
		return err
	}
	m.Prefilled = make([]Prefilled, n)
	next := 0
	for i := range m.Prefilled {
		f := &m.Prefilled[i]
		if f.Index, p, err = indexOf(p, next); err != nil {
			return err
		}
		next = f.Index + 1
		if f.Tx, p, err = chain.DecodeTxPrefix(p); err != nil {
			return err
		}
		if len(f.Tx.MsgTx.TxIn)+len(f.Tx.MsgTx.TxOut) == 0 {
			return fmt.Errorf("%w: a transaction of nothing", errPlaces)
		}
	}
	if m.TxCount() > maxIndex {
		return fmt.Errorf("%d transactions are more than 16 bits count", m.TxCount())
	}
	if next > m.TxCount() {
		return fmt.Errorf("%w: %d of %d transactions", errPlaces, next-1, m.TxCount())
	}
	return nil
}

// BtcEncode writes the message.
func (m *CmpctBlock) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	var b bytes.Buffer
	if err := m.Header.Serialize(&b); err != nil {
		return err
	}
	b.Write(binary.LittleEndian.AppendUint64(nil, m.Nonce))
	if err := wire.WriteVarInt(&b, pver, uint64(len(m.ShortIDs))); err != nil {
		return err
	}
	for _, id := range m.ShortIDs {
		b.Write(binary.LittleEndian.AppendUint64(nil, id)[:shortIDSize])
	}
	if err := wire.WriteVarInt(&b, pver, uint64(len(m.Prefilled))); err != nil {
		return err
	}
	next := 0
	for _, f := range m.Prefilled {
		if err := wire.WriteVarInt(&b, pver, uint64(f.Index-next)); err != nil {
			return err
		}
		next = f.Index + 1
		if err := f.Tx.MsgTx.BtcEncode(&b, pver, wire.WitnessEncoding); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Command is "cmpctblock".
func (m *CmpctBlock) Command() string { return CmdCmpctBlock }

// MaxPayloadLength is MaxPayload.
func (m *CmpctBlock) MaxPayloadLength(uint32) uint32 { return MaxPayload }

// GetBlockTxn asks for the transactions of a compact block that were missing:
//
//	block 32 | count, indexes as in CmpctBlock
type GetBlockTxn struct {
	Block   chain.Hash
	Indexes []int // rising
}

// BtcDecode reads r to its end.
func (m *GetBlockTxn) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	return decodeAll(r, m.decode)
}

func (m *GetBlockTxn) decode(p []byte) error {
	if len(p) < len(m.Block) {
		return errShort
	}
	copy(m.Block[:], p)
	n, p, err := countOf(p[len(m.Block):], 1)
	if err != nil {
		return err
	}
	m.Indexes = make([]int, n)
	next := 0
	for i := range m.Indexes {
		if m.Indexes[i], p, err = indexOf(p, next); err != nil {
			return err
		}
		next = m.Indexes[i] + 1
	}
	return nil
}

// BtcEncode writes the message.
func (m *GetBlockTxn) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	b := bytes.NewBuffer(bytes.Clone(m.Block[:]))
	if err := wire.WriteVarInt(b, pver, uint64(len(m.Indexes))); err != nil {
		return err
	}
	next := 0
	for _, i := range m.Indexes {
		if err := wire.WriteVarInt(b, pver, uint64(i-next)); err != nil {
			return err
		}
		next = i + 1
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Command is "getblocktxn".
func (m *GetBlockTxn) Command() string { return CmdGetBlockTxn }

// MaxPayloadLength is MaxPayload.
func (m *GetBlockTxn) MaxPayloadLength(uint32) uint32 { return MaxPayload }

// BlockTxn answers GetBlockTxn: block 32 | count, transactions with witness.
type BlockTxn struct {
	Block chain.Hash
	Txs   []*chain.Tx
}

// BtcDecode reads r to its end.
func (m *BlockTxn) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	return decodeAll(r, m.decode)
}

func (m *BlockTxn) decode(p []byte) error {
	if len(p) < len(m.Block) {
		return errShort
	}
	copy(m.Block[:], p)
	n, p, err := countOf(p[len(m.Block):], minTxSize)
	if err != nil {
		return err
	}
	m.Txs = make([]*chain.Tx, n)
	for i := range m.Txs {
		if m.Txs[i], p, err = chain.DecodeTxPrefix(p); err != nil {
			return err
		}
	}
	return nil
}

// BtcEncode writes the message.
func (m *BlockTxn) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	b := bytes.NewBuffer(bytes.Clone(m.Block[:]))
	if err := wire.WriteVarInt(b, pver, uint64(len(m.Txs))); err != nil {
		return err
	}
	for _, tx := range m.Txs {
		if err := tx.MsgTx.BtcEncode(b, pver, wire.WitnessEncoding); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// Command is "blocktxn".
func (m *BlockTxn) Command() string { return CmdBlockTxn }

// MaxPayloadLength is MaxPayload.
func (m *BlockTxn) MaxPayloadLength(uint32) uint32 { return MaxPayload }

// errPlaces is an offence: it can be read, but no block is so ["invalid compact block"].
var errPlaces = errors.New("no block has these parts")

// minTxSize in bytes: version, two counts, lock time.
const minTxSize = 10

func decodeAll(r io.Reader, decode func([]byte) error) error {
	p, err := io.ReadAll(io.LimitReader(r, MaxPayload+1))
	if err != nil {
		return err
	}
	return decode(p)
}

// countOf reads how many elements of at least so many bytes follow.
func countOf(p []byte, least int) (n int, rest []byte, err error) {
	c, size, err := compactSize(p)
	if err != nil {
		return 0, nil, err
	}
	p = p[size:]
	if c > uint64(len(p)/least) {
		return 0, nil, fmt.Errorf("%d entries do not fit in %d bytes", c, len(p))
	}
	return int(c), p, nil
}

// indexOf reads a place as its distance from the least it can be.
func indexOf(p []byte, least int) (index int, rest []byte, err error) {
	d, size, err := compactSize(p)
	if err != nil {
		return 0, nil, err
	}
	if d > uint64(maxIndex-min(least, maxIndex)) || least > maxIndex {
		return 0, nil, fmt.Errorf("place %d past %d is beyond 16 bits", d, least)
	}
	return least + int(d), p[size:], nil
}
