package dump

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/db"
)

// A file is, all numbers little endian:
//
//	version 8 | count 8 | count times: transaction, time 8, delta 8 | deltas | unbroadcast
//
// Time is in Unix seconds. Delta is what prioritisetransaction has added to a fee;
// deltas at the end are those of transactions that the file does not hold, each
// txid 32, delta 8. Unbroadcast are the txids of those that nobody has asked for.
// In version 2 a key follows the version, and all after it is XORed with it, so
// that no virus scanner finds in it what somebody put there.
const (
	plain     = 1 // [MEMPOOL_DUMP_VERSION_NO_XOR_KEY]
	disguised = 2 // [MEMPOOL_DUMP_VERSION]

	keySize = 8
)

const (
	// maxTx is the largest transaction that a block can hold [MAX_BLOCK_WEIGHT].
	maxTx = 4_000_000
	// usual is what is looked at first: hardly any transaction is larger.
	usual = 1 << 16
)

var (
	// ErrFormat: the file is none of these, or it is damaged.
	ErrFormat = errors.New("not a pool's file, or a damaged one")
	// ErrNotLoaded: a pool that is still being loaded must not take the place of
	// what its file holds.
	ErrNotLoaded = errors.New("the pool is not loaded yet")
)

// Contents are what a file holds.
type Contents struct {
	Txs    []mempool.Kept
	Deltas map[chain.Hash]btcutil.Amount // of what is not among Txs
}

// How is how a file is written.
type How struct {
	// Flush: without, the file system may still lose the file when the machine fails.
	Flush bool
	// Key is what the file is disguised by; nil writes version 1.
	Key *[keySize]byte
}

// Save writes a file whole or not at all, and says its size. Only one may do it at
// a time.
func Save(path string, c Contents, how How) (size int64, err error) {
	if err := checkFile(path); err != nil {
		return 0, err
	}
	f, err := os.Create(path + ".new")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = write(f, c, how.Key)
	if err == nil && how.Flush {
		err = f.Sync()
	}
	if err == nil {
		size, err = f.Seek(0, io.SeekEnd)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(f.Name(), path)
}

func write(to io.Writer, c Contents, key *[keySize]byte) error {
	le := binary.LittleEndian
	version := le.AppendUint64(nil, plain)
	if key != nil {
		version = append(append(le.AppendUint64(nil, disguised), keySize), key[:]...)
	}
	if _, err := to.Write(version); err != nil {
		return err
	}
	if key != nil {
		to = &disguiseWriter{to: to, disguise: disguise{key: *key, at: len(version)}}
	}
	w, list := bufio.NewWriterSize(to, 1<<20), c.Txs
	// A bufio.Writer remembers its first error for Flush.
	_, _ = w.Write(le.AppendUint64(nil, uint64(len(list))))
	for _, k := range list {
		_, _ = w.Write(k.Tx.Raw())
		_, _ = w.Write(le.AppendUint64(le.AppendUint64(nil, uint64(k.Since.Unix())), uint64(k.Delta)))
	}
	_ = wire.WriteVarInt(w, 0, uint64(len(c.Deltas)))
	for _, txid := range slices.SortedFunc(maps.Keys(c.Deltas), func(a, b chain.Hash) int { return bytes.Compare(a[:], b[:]) }) {
		_, _ = w.Write(le.AppendUint64(slices.Clone(txid[:]), uint64(c.Deltas[txid])))
	}
	waiting := slices.DeleteFunc(slices.Clone(list), func(k mempool.Kept) bool { return !k.Unbroadcast })
	_ = wire.WriteVarInt(w, 0, uint64(len(waiting)))
	for _, k := range waiting {
		_, _ = w.Write(k.Tx.ID[:])
	}
	return w.Flush()
}

// Into is who takes what a file holds, in its order.
type Into struct {
	Tx      func(mempool.Kept) error // parents first; an error ends it
	Delta   func(txid chain.Hash, delta btcutil.Amount) error
	Waiting func(txid chain.Hash) // is unbroadcast
}

// checkFile refuses what is there and no file, which cannot be replaced either.
func checkFile(path string) error {
	if _, err := db.StatFile(path); errors.Is(err, db.ErrNotFile) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return nil
}

// Load reads a file. Of a damaged one it gives what comes before the damage; the
// error matches ErrFormat then, and os.ErrNotExist when there is none.
func Load(path string, into Into) error {
	if err := checkFile(path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(f, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func read(from io.Reader, into Into) error {
	r := bufio.NewReaderSize(from, maxTx)
	version, err := number(r)
	if err != nil {
		return err
	}
	switch version {
	case plain:
	case disguised:
		if r, err = undisguise(r); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%w: version %d", ErrFormat, version)
	}
	count, err := number(r)
	for i := uint64(0); i < count && err == nil; i++ {
		var k mempool.Kept
		if k, err = next(r); err != nil {
			return fmt.Errorf("transaction %d of %d: %w", i+1, count, err)
		}
		err = into.Tx(k)
	}
	if err != nil {
		return err
	}
	if err := readDeltas(r, into.Delta); err != nil {
		return err
	}
	return readWaiting(r, into.Waiting)
}

func readDeltas(r io.Reader, fn func(chain.Hash, btcutil.Amount) error) error {
	count, err := wire.ReadVarInt(r, 0)
	for i := uint64(0); i < count && err == nil; i++ {
		var raw [chainhash.HashSize + 8]byte
		if _, err = io.ReadFull(r, raw[:]); err != nil {
			break
		}
		delta := btcutil.Amount(binary.LittleEndian.Uint64(raw[chainhash.HashSize:]))
		if err := fn(chain.Hash(raw[:chainhash.HashSize]), delta); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("%w: deltas of fees: %w", ErrFormat, err)
	}
	return nil
}

func readWaiting(r io.Reader, waiting func(chain.Hash)) error {
	count, err := wire.ReadVarInt(r, 0)
	for i := uint64(0); i < count && err == nil; i++ {
		var txid chain.Hash
		if _, err = io.ReadFull(r, txid[:]); err == nil {
			waiting(txid)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: unbroadcast transactions: %w", ErrFormat, err)
	}
	return nil
}

// next reads one transaction and when it came.
func next(r *bufio.Reader) (k mempool.Kept, err error) {
	raw, err := cut(r, usual)
	if err != nil {
		raw, err = cut(r, maxTx)
	}
	if err != nil {
		return k, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if k.Tx, err = chain.DecodeTx(raw); err != nil {
		return k, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	since, err := number(r)
	if err != nil {
		return k, err
	}
	k.Since = time.Unix(int64(since), 0)
	delta, err := number(r)
	k.Delta = btcutil.Amount(delta)
	return k, err
}

// cut takes the bytes of a transaction, which must be within the next most.
func cut(r *bufio.Reader, most int) ([]byte, error) {
	ahead, err := r.Peek(most)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	_, rest, err := chain.DecodeTxPrefix(ahead)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, len(ahead)-len(rest)) // its own: the reader's are used again
	_, err = io.ReadFull(r, raw)
	return raw, err
}

func number(r io.Reader) (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, fmt.Errorf("%w: it ends early: %w", ErrFormat, err)
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

// undisguise reads the key and what it hides.
func undisguise(r *bufio.Reader) (*bufio.Reader, error) {
	size, err := wire.ReadVarInt(r, 0)
	if err != nil || size != keySize {
		return nil, fmt.Errorf("%w: a key of %d bytes", ErrFormat, size)
	}
	var x disguiseReader
	if _, err := io.ReadFull(r, x.key[:]); err != nil {
		return nil, fmt.Errorf("%w: it ends early: %w", ErrFormat, err)
	}
	x.from, x.at = r, 8+1+keySize
	return bufio.NewReaderSize(&x, maxTx), nil
}

// disguise XORs with the key, whose first byte belongs to the file's first.
type disguise struct {
	key [keySize]byte
	at  int // place in the file, modulo keySize
}

func (x *disguise) apply(p []byte) {
	for i := range p {
		p[i] ^= x.key[(x.at+i)%keySize]
	}
	x.at = (x.at + len(p)) % keySize
}

type disguiseReader struct {
	disguise
	from io.Reader
}

// Read is io.Reader's.
func (x *disguiseReader) Read(p []byte) (int, error) {
	n, err := x.from.Read(p)
	x.apply(p[:n])
	return n, err
}

type disguiseWriter struct {
	disguise
	to io.Writer
}

// Write is io.Writer's.
func (x *disguiseWriter) Write(p []byte) (int, error) {
	hidden := slices.Clone(p) // a writer must not change what it is given
	x.apply(hidden)
	return x.to.Write(hidden)
}
