package archive

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// Header is a header's record.
type Header struct {
	Header wire.BlockHeader
	Flags  uint8  // the ledger's
	Body   uint32 // number of its body; 0: none
	Size   uint32 // bytes of the body
	Why    string // which rule it breaks, if the flags say that it does
}

// Place is where a transaction is.
type Place struct {
	Header uint32 // number of the block's header
	Index  uint32 // in the block
}

// Filter is a block's BIP158 basic filter and its BIP157 filter header.
type Filter struct {
	Header chain.Hash
	Bytes  []byte
}

// keyTip -> number of the header that coins, undo and indexes stand at.
// keyTxs and keyFilters -> the same for an index that is kept; missing if not.
const (
	keyTip     = "tip"
	keyTxs     = "txs"
	keyFilters = "filters"
)

type tables struct {
	meta    db.Table[string, uint32]
	headers db.Table[uint32, Header]
	bodies  db.Table[uint32, []byte]
	undo    db.Table[uint32, []byte]
	txs     db.Table[chain.Hash, Place]
	filters db.Table[uint32, Filter]
}

func newTables() tables {
	return tables{
		meta:    db.NewTable("meta", db.String(), db.Uint32()),
		headers: db.NewTable("headers", db.Uint32(), headerCodec()).Dense(),
		bodies:  db.NewTable("bodies", db.Uint32(), db.Bytes()).Dense(),
		undo:    db.NewTable("undo", db.Uint32(), db.Bytes()).Dense(),
		txs:     db.NewTable("txs", db.Hash[chain.Hash](), placeCodec()),
		filters: db.NewTable("filters", db.Uint32(), filterCodec()).Dense(),
	}
}

const (
	headerSize = 80
	recordSize = headerSize + 1 + 4 + 4 // without the reason
)

func headerCodec() db.Codec[Header] {
	return db.Codec[Header]{
		Append: func(dst []byte, h Header) []byte {
			buf := bytes.NewBuffer(dst)
			_ = h.Header.Serialize(buf) // a bytes.Buffer takes everything
			dst = append(buf.Bytes(), h.Flags)
			dst = binary.BigEndian.AppendUint32(dst, h.Body)
			dst = binary.BigEndian.AppendUint32(dst, h.Size)
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
			h.Why = string(b[9:])
			return h, nil
		},
	}
}

func placeCodec() db.Codec[Place] {
	return db.Codec[Place]{
		Append: func(dst []byte, p Place) []byte {
			return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(dst, p.Header), p.Index)
		},
		Decode: func(b []byte) (Place, error) {
			if len(b) != 8 {
				return Place{}, fmt.Errorf("%d bytes, want 8", len(b))
			}
			return Place{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}, nil
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
