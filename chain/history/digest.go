package history

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"fmt"
	"hash"
	"strconv"

	"grapevine/chain"
)

// Sampling says of which histories digests are kept, and where.
type Sampling struct {
	Every uint64 // transactions that are between two of a script, at the least
	Of    uint64 // every so many transactions, on average, it is looked whether there are that many
}

// UsualSampling costs nothing that one could measure, and leaves some hundred transactions to a reader.
func UsualSampling() Sampling { return Sampling{Every: 512, Of: 64} }

// Digest is the status of a script's history in Electrum's protocol as it is made: SHA-256 over
// txid:height: of its transactions, in their order.
type Digest struct {
	Txs  uint64
	sum  hash.Hash
	text []byte // of some entries, to be written at once
}

// NewDigest is that of no transaction.
func NewDigest() *Digest { return &Digest{sum: sha256.New()} }

const hexDigits = "0123456789abcdef"

// Add takes one more transaction. The height is that of its block, or what the protocol says of one
// that waits in a pool.
func (d *Digest) Add(id chain.Hash, height int32) {
	d.entry(id[:])
	d.text = append(strconv.AppendInt(append(d.text, ':'), int64(height), 10), ':')
	d.write()
}

// AddRow takes the transactions of a record, of a block at that height.
func (d *Digest) AddRow(raw []byte, height int32) error {
	var buf [16]byte
	tail := append(strconv.AppendInt(append(buf[:0], ':'), int64(height), 10), ':')
	ok := eachID(raw, func(id []byte) {
		d.entry(id)
		d.text = append(d.text, tail...)
	})
	if !ok {
		return errCut
	}
	d.write()
	return nil
}

// enough text is written at once.
const enough = 4 << 10

// entry writes a txid as people do, last byte first.
func (d *Digest) entry(id []byte) {
	if len(d.text) >= enough {
		d.write()
	}
	var hexed [2 * len(chain.Hash{})]byte
	for i, b := range id {
		at := len(hexed) - 2 - 2*i
		hexed[at], hexed[at+1] = hexDigits[b>>4], hexDigits[b&15]
	}
	d.text = append(d.text, hexed[:]...)
	d.Txs++
}

func (d *Digest) write() {
	d.sum.Write(d.text)
	d.text = d.text[:0]
}

// Sum is SHA-256 of what was taken.
func (d *Digest) Sum() (sum [sha256.Size]byte) {
	d.sum.Sum(sum[:0])
	return sum
}

// Append writes the digest as it stands, to go on from it later: uvarint transactions ‖ crypto/sha256's own state.
func (d *Digest) Append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, d.Txs)
	state, err := d.sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic("unreachable: SHA-256 always tells its state: " + err.Error())
	}
	return append(dst, state...)
}

// DecodeDigest reads what Append wrote.
func DecodeDigest(raw []byte) (*Digest, error) {
	txs, n := binary.Uvarint(raw)
	if n <= 0 {
		return nil, errCut
	}
	d := NewDigest()
	d.Txs = txs
	if err := d.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(raw[n:]); err != nil {
		return nil, fmt.Errorf("the digest of a script: %w", err)
	}
	return d, nil
}

// eachID calls fn with the txid of each transaction that a record is of; not ok: it is malformed there.
func eachID(raw []byte, fn func(id []byte)) (ok bool) {
	r := reader{raw: raw}
	for len(r.raw) > 0 {
		r.number()
		id := r.take(len(chain.Hash{}))
		r.touch()
		if r.bad {
			return false
		}
		fn(id)
	}
	return true
}

// touch goes past what a transaction does to the script.
func (r *reader) touch() {
	head := r.number()
	for range r.count(head>>1, 2) {
		r.number()
		r.number()
	}
	if head&1 == 1 {
		for range r.count(r.number(), 3+tagSize) {
			r.number()
			r.number()
			r.take(tagSize)
			r.number()
		}
	}
}

// count is how many transactions a record is of; 0 of a malformed one.
func count(raw []byte) (n uint64) {
	if !eachID(raw, func([]byte) { n++ }) {
		return 0
	}
	return n
}

// Looks says whether to look, when a record is written, if the history that it ends is long enough for a
// digest: by chance, but always the same.
func (s Sampling) Looks(p Prefix, header uint32, raw []byte) bool {
	const least = 1 + 32 + 1 // bytes of a transaction in a record
	if uint64(len(raw)) >= s.Of*least && count(raw) >= s.Of {
		return true
	}
	x := binary.BigEndian.Uint64(p[8:]) ^ uint64(header)*0x9e3779b97f4a7c15
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return x%s.Of < uint64(max(1, len(raw)/(2*least))) // about its transactions
}
