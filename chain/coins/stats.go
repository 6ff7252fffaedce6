package coins

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
)

// Stats describe the whole set, as Core's gettxoutsetinfo does [CCoinsStats].
type Stats struct {
	TxOuts       int64
	Transactions int64 // with at least one unspent output
	BogoSize     int64 // a measure of the set's size that is the same on every machine
	Total        btcutil.Amount
	Serialized3  chain.Hash // Core's hash_serialized_3
	MuHash       chain.Hash
	DiskSize     int64 // bytes of the table's pages
}

// bogoOverhead is what Core counts for a coin beside its script.
const bogoOverhead = 32 + 4 + 4 + 8 + 2

// bogoSize is what a coin with that script counts in Core's bogosize.
func bogoSize(script []byte) int64 { return int64(bogoOverhead + len(script)) }

// checkEvery is how many coins are read between two looks at the context.
const checkEvery = 1024

// Hashes says which hashes over the set are wanted: each costs more than reading it [CoinStatsHashType].
type Hashes struct{ Serialized3, MuHash bool }

// Collect reads every coin at that place of the file as tx sees it. A MuHash is made on so many
// goroutines beside its own [ComputeUTXOStats].
func (p Place) Collect(ctx context.Context, tx *db.Tx, workers int, want Hashes) (Stats, error) {
	c := collector{}
	if want.MuHash {
		c.mu = NewSummer(workers)
	}
	if want.Serialized3 {
		c.serial = sha256.New()
	}
	err := p.Scan(tx, func(op wire.OutPoint, coin chain.Coin) error {
		c.add(op, coin)
		if c.TxOuts%checkEvery == 0 {
			return ctx.Err()
		}
		return nil
	})
	if c.mu != nil {
		c.MuHash = c.mu.Sum().Sum()
	}
	if err != nil {
		return Stats{}, err
	}
	c.DiskSize = p.table().Bytes(tx)
	if c.serial != nil {
		c.Serialized3 = sha256.Sum256(c.serial.Sum(nil))
	}
	return c.Stats, nil
}

type collector struct {
	Stats
	last   chain.Hash // txid of the coin before
	mu     *Summer    // nil: not wanted
	serial hash.Hash  // nil: not wanted
	buf    []byte
}

func (c *collector) add(op wire.OutPoint, coin chain.Coin) {
	if c.TxOuts == 0 || op.Hash != c.last {
		c.Transactions++
		c.last = op.Hash
	}
	c.TxOuts++
	c.Total += coin.Value
	c.BogoSize += bogoSize(coin.PkScript)
	if c.serial != nil {
		c.buf = appendForHash(c.buf[:0], op, coin)
		c.serial.Write(c.buf)
	}
	if c.mu != nil {
		c.mu.Insert(op, coin)
	}
}

// appendForHash writes a coin as Core's set hashes take it (TxOutSer):
// outpoint, height × 2 + coinbase, value, script; little-endian.
func appendForHash(dst []byte, op wire.OutPoint, c chain.Coin) []byte {
	dst = append(dst, op.Hash[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, op.Index)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(headOf(c)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(c.Value))
	dst = appendCompactSize(dst, uint32(len(c.PkScript)))
	return append(dst, c.PkScript...)
}

// appendCompactSize writes a length or the number of an output.
func appendCompactSize(dst []byte, n uint32) []byte {
	switch {
	case n < 0xfd:
		return append(dst, byte(n))
	case n <= math.MaxUint16:
		return binary.LittleEndian.AppendUint16(append(dst, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(dst, 0xfe), n)
}
