package coins

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// SnapshotError says what is wrong with a snapshot's file, in Core's words.
type SnapshotError struct{ Text string }

func (e *SnapshotError) Error() string { return e.Text }

func badSnapshot(format string, args ...any) error {
	return &SnapshotError{fmt.Sprintf(format, args...)}
}

// SnapshotReader reads the coins of a snapshot's file.
type SnapshotReader struct {
	Base  chain.Hash // the block at which the set stands
	Coins uint64     // as many as the file says it has

	in     *bufio.Reader
	height int32 // of Base: no coin is newer
	read   uint64
	txid   chain.Hash
	left   uint64 // coins of txid
	err    error  // of the file, which is what ends a coin that is cut short
}

// NewSnapshotReader reads the file's head [SnapshotMetadata]. What is wrong with it is a *SnapshotError.
func NewSnapshotReader(file io.Reader, p *chain.Params) (*SnapshotReader, error) {
	r := &SnapshotReader{in: bufio.NewReaderSize(file, 1<<16)}
	var head [snapshotHead]byte
	n, err := io.ReadFull(r.in, head[:])
	version := binary.LittleEndian.Uint16(head[len(snapshotMagic):])
	magic := wire.BitcoinNet(binary.LittleEndian.Uint32(head[len(snapshotMagic)+2:]))
	switch {
	case n >= len(snapshotMagic) && string(head[:len(snapshotMagic)]) != snapshotMagic:
		return nil, badSnapshot("Invalid UTXO set snapshot magic bytes. Please check if this is indeed a snapshot file or if you are using an outdated snapshot format.")
	case n >= len(snapshotMagic)+2 && version != snapshotVersion:
		return nil, badSnapshot("Version of snapshot %d does not match any of the supported versions.", version)
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("read the snapshot: %w", err)
	case err != nil:
		return nil, badSnapshot("end of file")
	case magic != p.Net:
		return nil, otherNetwork(magic, p)
	}
	copy(r.Base[:], head[snapshotCount-len(r.Base):])
	r.Coins = binary.LittleEndian.Uint64(head[snapshotCount:])
	return r, nil
}

func otherNetwork(magic wire.BitcoinNet, p *chain.Params) error {
	if name, ok := chain.NetworkOf(magic); ok {
		own, _ := chain.NetworkOf(p.Net) // "" for a signet of one's own
		return badSnapshot("The network of the snapshot (%s) does not match the network of this node (%s).", name, own)
	}
	return badSnapshot("This snapshot has been created for an unrecognized network. This could be a custom signet, a new testnet or possibly caused by data corruption.")
}

// At says how high Base is, before the first coin is read.
func (r *SnapshotReader) At(height int32) { r.height = height }

// Next is the next coin; ok is false behind the last one. What is wrong with the file is a
// *SnapshotError [PopulateAndValidateSnapshot].
func (r *SnapshotReader) Next() (op wire.OutPoint, c chain.Coin, ok bool, err error) {
	if r.read == r.Coins {
		if _, err := r.in.ReadByte(); err == nil {
			return op, c, false, badSnapshot("Bad snapshot - coins left over after deserializing %d coins", r.Coins)
		}
		return op, c, false, nil
	}
	for r.left == 0 { // Core reads a transaction without coins, too
		if _, err := io.ReadFull(r.in, r.txid[:]); err != nil {
			return op, c, false, r.cut(err)
		}
		r.left = r.compactSize()
		if r.err != nil {
			return op, c, false, r.cut(r.err)
		}
		if r.left > r.Coins-r.read {
			return op, c, false, badSnapshot("Mismatch in coins count in snapshot metadata and actual snapshot data")
		}
	}
	op = wire.OutPoint{Hash: r.txid, Index: uint32(r.compactSize())}
	head, value := r.varint(math.MaxUint32), unpackAmount(r.varint(math.MaxUint64))
	script := r.script()
	switch {
	case r.err != nil:
		return op, c, false, r.cut(r.err)
	case head>>1 > uint64(r.height):
		return op, c, false, badSnapshot("Bad snapshot data after deserializing %d coins", r.read)
	case value > uint64(chain.MaxMoney):
		return op, c, false, badSnapshot("Bad snapshot data after deserializing %d coins - bad tx out value", r.read)
	}
	r.read++
	r.left--
	return op, chain.Coin{Value: btcutil.Amount(value), PkScript: script, Height: int32(head >> 1), Coinbase: head&1 == 1}, true, nil
}

// cut is what is said of a file that ends too early, or has a number that no writer writes.
func (r *SnapshotReader) cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errNumber) {
		return badSnapshot("Bad snapshot format or truncated snapshot after deserializing %d coins", r.read)
	}
	return fmt.Errorf("read the snapshot: %w", err)
}

// errNumber: a number of another form than the only one, or too large.
var errNumber = errors.New("not a number")

func (r *SnapshotReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *SnapshotReader) byte() byte {
	b, err := r.in.ReadByte()
	if err != nil {
		r.fail(err)
	}
	return b
}

// maxCompact is the largest number that Core reads as a length [MAX_SIZE].
const maxCompact = 0x02000000

// compactSize reads what appendCompactSize writes.
func (r *SnapshotReader) compactSize() uint64 {
	first, size, least := r.byte(), 0, uint64(0)
	switch first {
	case 0xfd:
		size, least = 2, 0xfd
	case 0xfe:
		size, least = 4, math.MaxUint16+1
	case 0xff:
		size, least = 8, math.MaxUint32+1
	default:
		return uint64(first)
	}
	n := uint64(0)
	for i := range size {
		n |= uint64(r.byte()) << (8 * i)
	}
	if n < least || n > maxCompact {
		r.fail(errNumber)
	}
	return n
}

// varint reads what appendCoreVarint writes, a number of at most most.
func (r *SnapshotReader) varint(most uint64) (n uint64) {
	for {
		b := r.byte()
		if n > most>>7 {
			r.fail(errNumber)
		}
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 == 0 || r.err != nil {
			return n
		}
		if n == most {
			r.fail(errNumber)
		}
		n++
	}
}

// script reads what appendCoreScript writes. A key that is none leaves an empty script, and a script that
// is too long one that cannot be spent, as in Core [DecompressScript, ScriptCompression].
func (r *SnapshotReader) script() []byte {
	form := r.varint(math.MaxUint32)
	if r.err != nil {
		return nil
	}
	if form >= coreForms {
		size := form - coreForms
		if size > maxScriptSize {
			if _, err := io.CopyN(io.Discard, r.in, int64(size)); err != nil {
				r.fail(err)
			}
			return []byte{txscript.OP_RETURN}
		}
		return r.bytes(int(size))
	}
	if form < formP2PK4 {
		t, _ := templateOf(form)
		return t.around(r.bytes(t.size))
	}
	x := r.bytes(32)
	key, err := btcec.ParsePubKey(append([]byte{byte(form) - 2}, x...))
	if err != nil {
		return []byte{}
	}
	t, _ := templateOf(formP2PK4)
	return t.around(key.SerializeUncompressed()[1:])
}

func (r *SnapshotReader) bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		r.fail(err)
	}
	return b
}

// Empty says whether no coin is at that place.
func (p Place) Empty(tx *db.Tx) (empty bool, err error) {
	empty = true
	err = p.scanFrom(tx, nil, func(wire.OutPoint, chain.Coin) (bool, error) {
		empty = false
		return false, nil
	})
	return empty, err
}

// Loaded is a coin on its way into a place of the file.
type Loaded struct {
	Op   wire.OutPoint
	Coin []byte // as Append writes it
}

// Put writes coins, in any order.
func (p Place) Put(tx *db.Tx, list []Loaded) error {
	slices.SortStableFunc(list, func(a, b Loaded) int { return CompareOutPoints(a.Op, b.Op) })
	m := newMerger(tx, p.table().Packed())
	for _, l := range list {
		if err := m.put(l.Op, l.Coin); err != nil {
			return err
		}
	}
	return m.flush()
}
