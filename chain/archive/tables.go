package archive

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/coins"
	"grapevine/db"
)

// Header is a header's record.
type Header struct {
	Header wire.BlockHeader
	Flags  uint8  // the ledger's, without flagTxs
	Body   uint32 // number of its body; 0: none, or none any more
	Size   uint32 // bytes of the body
	Txs    uint32 // transactions of the body; 0: not known [nTx]
	Why    string // which rule it breaks, if the flags say that it does
}

// Place is where a transaction is.
type Place struct {
	Header uint32 // number of the block's header
	Index  uint32 // in the block
}

// prefixSize is how much of a txid the index keeps, in bytes: a third of the
// table's size is saved. Others with the same prefix are rare, and told apart
// by looking into the blocks.
const prefixSize = 5

type prefix [prefixSize]byte

// txKey is a transaction in a block.
type txKey struct {
	prefix
	header uint32
}

func (k txKey) compare(o txKey) int {
	if c := bytes.Compare(k.prefix[:], o.prefix[:]); c != 0 {
		return c
	}
	return cmp.Compare(k.header, o.header)
}

func prefixOf(id chain.Hash) prefix { return prefix(id[:prefixSize]) }

// Filter is a block's BIP158 basic filter and its BIP157 filter header.
type Filter struct {
	Header chain.Hash
	Bytes  []byte
}

// keyTip -> number of the header that coins, undo and indexes on disk stand at, the
// durable tip: what a crash leaves [DB_BEST_BLOCK].
// keyTxs, keyFilters, keyStats and keyScripts -> the same for an index that is kept, or was until it was
// switched off; missing if it never was.
// keyCoins -> about how many coins there are; only used to lay pages out.
// keyPlace -> the place of the durable tip's coins; missing: the first.
const (
	keyTip     = "tip"
	keyTxs     = "txs"
	keyFilters = "filters"
	keyStats   = "stats"
	keyScripts = "scripts"
	keyCoins   = "coins"
	keyPlace   = "place"
)

type tables struct {
	meta    db.Table[string, uint32]
	headers db.Table[uint32, Header]
	bodies  db.Table[bodyKey, []byte]
	// bodyRecords are the same, whatever their keys are.
	bodyRecords db.Table[[]byte, []byte]
	undo        db.Table[uint32, []byte]
	txs         db.Table[txKey, uint32]
	filters     db.Table[uint32, Filter]
	stats       db.Table[uint32, coins.BlockStats]
	scripts     db.Table[scriptKey, []byte]
	digests     db.Table[scriptKey, []byte]

	snapshot db.Table[string, Snapshot]
}

func newTables() tables {
	return tables{
		meta:    db.NewTable("meta", db.String(), db.Uint32()),
		headers: db.NewTable("headers", db.Uint32(), headerCodec()).Dense(),
		bodies:  db.NewTable("bodies", bodyKeyCodec(), db.Bytes()).Dense(),

		bodyRecords: db.NewTable("bodies", db.Bytes(), db.Bytes()),

		undo:    db.NewTable("undo", db.Uint32(), db.Bytes()).Dense(),
		txs:     db.NewTable("txs", txKeyCodec(), varintCodec()),
		filters: db.NewTable("filters", db.Uint32(), filterCodec()).Dense(),
		stats: db.NewTable("stats", db.Uint32(),
			db.Codec[coins.BlockStats]{Append: coins.AppendStats, Decode: coins.DecodeStats}).Dense(),
		scripts: db.NewTable("scripts", scriptKeyCodec(), db.Bytes()),
		digests: db.NewTable("digests", scriptKeyCodec(), db.Bytes()),

		snapshot: snapshotTable(),
	}
}

// tableNames are all tables that the file may have.
func tableNames() []string {
	return []string{"meta", "headers", "bodies", "undo", "txs", "filters", "stats", "scripts", "digests", "snapshot", coins.First.Name(), coins.Second.Name()}
}

const (
	headerSize = 80
	recordSize = headerSize + 1 + 4 + 4 // without transactions and the reason
	// flagTxs: the number of transactions is in the record. It was not always.
	flagTxs = 1 << 7
)

func headerCodec() db.Codec[Header] {
	return db.Codec[Header]{
		Append: func(dst []byte, h Header) []byte {
			buf := bytes.NewBuffer(dst)
			_ = h.Header.Serialize(buf) // a bytes.Buffer takes everything
			if h.Txs != 0 {
				h.Flags |= flagTxs
			}
			dst = append(buf.Bytes(), h.Flags)
			dst = binary.BigEndian.AppendUint32(dst, h.Body)
			dst = binary.BigEndian.AppendUint32(dst, h.Size)
			if h.Txs != 0 {
				dst = binary.BigEndian.AppendUint32(dst, h.Txs)
			}
			return append(dst, h.Why...)
		},
		Decode: func(b []byte) (h Header, err error) {
			if len(b) < recordSize {
				return h, fmt.Errorf("%d bytes, want at least %d", len(b), recordSize)
			}
			if err = h.Header.Deserialize(bytes.NewReader(b)); err != nil {
				return h, err
			}
			b = b[headerSize:]
			h.Flags = b[0]
			h.Body = binary.BigEndian.Uint32(b[1:])
			h.Size = binary.BigEndian.Uint32(b[5:])
			b = b[9:]
			if h.Flags&flagTxs != 0 {
				if len(b) < 4 {
					return h, fmt.Errorf("cut short in the number of transactions")
				}
				h.Txs, b = binary.BigEndian.Uint32(b), b[4:]
				h.Flags &^= flagTxs
			}
			h.Why = string(b)
			return h, nil
		},
	}
}

func txKeyCodec() db.Codec[txKey] {
	return db.Codec[txKey]{
		Append: func(dst []byte, k txKey) []byte {
			return binary.BigEndian.AppendUint32(append(dst, k.prefix[:]...), k.header)
		},
		Decode: func(b []byte) (k txKey, err error) {
			if len(b) != prefixSize+4 {
				return k, fmt.Errorf("%d bytes, want %d", len(b), prefixSize+4)
			}
			copy(k.prefix[:], b)
			k.header = binary.BigEndian.Uint32(b[prefixSize:])
			return k, nil
		},
	}
}

func varintCodec() db.Codec[uint32] {
	return db.Codec[uint32]{
		Append: func(dst []byte, v uint32) []byte { return binary.AppendUvarint(dst, uint64(v)) },
		Decode: func(b []byte) (uint32, error) {
			v, k := binary.Uvarint(b)
			if k != len(b) || v > math.MaxUint32 {
				return 0, fmt.Errorf("%x is no number", b)
			}
			return uint32(v), nil
		},
	}
}

func filterCodec() db.Codec[Filter] {
	return db.Codec[Filter]{
		Append: func(dst []byte, f Filter) []byte {
			return append(append(dst, f.Header[:]...), f.Bytes...)
		},
		Decode: func(b []byte) (f Filter, err error) {
			if len(b) < len(f.Header) {
				return f, fmt.Errorf("%d bytes, want at least 32", len(b))
			}
			copy(f.Header[:], b)
			f.Bytes = bytes.Clone(b[len(f.Header):])
			return f, nil
		},
	}
}
