package coins

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// The file of dumptxoutset [SnapshotMetadata, WriteUTXOSnapshot], version 2:
//
//	magic     "utxo" ‖ ff
//	version   2, little-endian: 2
//	network   4, the start of its messages
//	base      32, hash of the block at which the set stands
//	coins     8, little-endian: how many there are
//	for each transaction with coins, by txid:
//	  txid 32 ‖ how many, compact size ‖ of each: number, compact size ‖ coin
//
// A coin there is three of Core's VARINTs (height × 2 + coinbase, packAmount, the script's form), the
// last followed by what the form leaves open: see appendCoreScript.
const (
	snapshotMagic   = "utxo\xff"
	snapshotVersion = 2
	snapshotCount   = len(snapshotMagic) + 2 + 4 + 32 // where the number of coins stands
	snapshotHead    = snapshotCount + 8               // bytes before the first coin
)

// SnapshotWriter writes a coin set in that form. Coins come in the order of Scan.
type SnapshotWriter struct {
	file io.WriteSeeker
	out  *bufio.Writer
	hash hash.Hash // as Stats.Serialized3

	txid  chain.Hash
	group []byte // coins of txid
	size  int    // how many
	coins uint64 // of all
	buf   []byte
}

// NewSnapshotWriter begins a file.
func NewSnapshotWriter(file io.WriteSeeker, p *chain.Params) (*SnapshotWriter, error) {
	w := &SnapshotWriter{file: file, out: bufio.NewWriterSize(file, 1<<16), hash: sha256.New()}
	head := binary.LittleEndian.AppendUint16([]byte(snapshotMagic), snapshotVersion)
	head = binary.LittleEndian.AppendUint32(head, uint32(p.Net))
	head = append(head, make([]byte, 32+8)...) // base and coins: see Close
	_, err := w.out.Write(head)
	return w, err
}

// Add writes the next coin.
func (w *SnapshotWriter) Add(op wire.OutPoint, c chain.Coin) error {
	if op.Hash != w.txid || w.size == 0 {
		if err := w.flush(); err != nil {
			return err
		}
		w.txid = op.Hash
	}
	w.buf = appendForHash(w.buf[:0], op, c)
	w.hash.Write(w.buf)
	w.group = appendCompactSize(w.group, op.Index)
	w.group = appendCoreCoin(w.group, c)
	w.size++
	w.coins++
	return nil
}

func (w *SnapshotWriter) flush() error {
	if w.size == 0 {
		return nil
	}
	head := appendCompactSize(w.txid[:], uint32(w.size))
	if _, err := w.out.Write(head); err != nil {
		return err
	}
	_, err := w.out.Write(w.group)
	w.group, w.size = w.group[:0], 0
	return err
}

// Close ends the file; base is the block at which the set stands. It returns how many coins
// there are, and their hash_serialized_3.
func (w *SnapshotWriter) Close(base chain.Hash) (coins uint64, sum chain.Hash, err error) {
	if err = w.flush(); err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		_, err = w.file.Seek(int64(snapshotCount-len(base)), io.SeekStart)
	}
	if err == nil {
		_, err = w.file.Write(binary.LittleEndian.AppendUint64(bytes.Clone(base[:]), w.coins))
	}
	return w.coins, sha256.Sum256(w.hash.Sum(nil)), err
}

// appendCoreVarint writes a number in Core's VARINT: base 128, the highest digits first, each
// but the last with bit 7 and one less than it stands for.
func appendCoreVarint(dst []byte, n uint64) []byte {
	var digits [10]byte
	at := len(digits) - 1
	digits[at] = byte(n & 0x7f)
	for n > 0x7f {
		n = n>>7 - 1
		at--
		digits[at] = byte(n&0x7f) | 0x80
	}
	return append(dst, digits[at:]...)
}

func appendCoreCoin(dst []byte, c chain.Coin) []byte {
	dst = appendCoreVarint(dst, headOf(c))
	dst = appendCoreVarint(dst, packAmount(uint64(c.Value)))
	return appendCoreScript(dst, c.PkScript)
}

// coreForms is how many forms there are beside the script as it stands [nSpecialScripts].
const coreForms = 6

// appendCoreScript writes a script [ScriptCompression]: 0 ‖ hash of P2PKH, 1 ‖ hash of P2SH, 2 or 3 ‖ a
// compressed key, 4 or 5 ‖ x of an uncompressed one whose y is even or odd, else length + coreForms ‖ script.
func appendCoreScript(dst, s []byte) []byte {
	form := guess(s)
	if t, ok := templateOf(form); ok && form <= formP2PK4 {
		from, to := len(t.head), len(s)-len(t.tail)
		if string(s[:from]) == t.head && string(s[to:]) == t.tail {
			if form != formP2PK4 {
				return append(append(dst, byte(form)), s[from:to]...)
			}
			if _, err := btcec.ParsePubKey(s[1 : len(s)-1]); err == nil {
				return append(append(dst, 4|s[to-1]&1), s[from:from+32]...)
			}
		}
	}
	return append(appendCoreVarint(dst, uint64(len(s))+coreForms), s...)
}
