package compare

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Chain is what the newcomers want.
type Chain struct {
	Blocks []*chain.Block // from height 1 on
	Bytes  int64          // of all blocks, as they travel
}

// Sizes of a chain, in bytes.
const (
	MinPiece = 1_000
	MaxPiece = 950_000 // a block without witnesses has a million [MAX_BLOCK_WEIGHT]
	MinSize  = 10_000
	MaxSize  = 2_000_000_000

	// maxBlocks keeps the chain within one download window of 1,024 blocks twice over
	// and the time to make it within seconds.
	maxBlocks = 20_000
)

// output is an OP_RETURN output of about 9 kB: no coin, so nothing is kept of it
// but the block.
const output = 9_000

// spacing is the time between blocks by their headers.
const spacing = 2 * time.Second

// makeChain makes blocks of about piece bytes, size bytes together: large, and cheap
// to check, for it is the network that is measured. They are filled by chance from
// a fixed seed, so that nothing on the way can make them smaller. The last one
// is of the time at.
func makeChain(size int64, piece int, at time.Time) *Chain {
	n := max(1, int(size/int64(piece)))
	c := &Chain{Blocks: make([]*chain.Block, 0, n)}
	p := chain.RegTest()
	rnd := rand.NewChaCha8([32]byte{'c', 'o', 'm', 'p', 'a', 'r', 'e'})
	parent := p.Genesis().Hash
	for h := 1; h <= n; h++ {
		when := at.Add(time.Duration(h-n) * spacing)
		b := makeBlock(p, parent, int32(h), body{rnd, piece, when})
		c.Blocks = append(c.Blocks, b)
		c.Bytes += int64(len(b.Raw))
		parent = b.Hash
	}
	return c
}

// body is what a block is filled with.
type body struct {
	rnd   *rand.ChaCha8
	bytes int
	when  time.Time
}

func makeBlock(p *chain.Params, parent chain.Hash, height int32, fill body) *chain.Block {
	base := wire.NewMsgTx(2)
	base.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex},
		SignatureScript:  append(chain.HeightScript(height), 0),
		Sequence:         wire.MaxTxInSequenceNum,
	})
	base.AddTxOut(wire.NewTxOut(int64(chain.Subsidy(p, height)), []byte{0x51}))
	const around = 80 + 90 // header; the coinbase's other parts
	for left := fill.bytes - around; left > 0; left -= output {
		data := make([]byte, min(left, output))
		_, _ = fill.rnd.Read(data) // it never fails
		script := []byte{0x6a, 0x4d}
		script = binary.LittleEndian.AppendUint16(script, uint16(len(data)))
		base.AddTxOut(wire.NewTxOut(0, append(script, data...)))
	}
	m := wire.NewMsgBlock(&wire.BlockHeader{Version: 0x20000000, PrevBlock: parent, Bits: p.PowLimitBits, Timestamp: time.Unix(fill.when.Unix(), 0)})
	m.Transactions = []*wire.MsgTx{base}
	m.Header.MerkleRoot, _ = chain.TxRoot([]*chain.Tx{chain.NewTx(base)})
	for chain.CheckWork(p, &m.Header) != nil {
		m.Header.Nonce++
	}
	return chain.NewBlock(m)
}

// Hex is block i as submitblock takes it.
func (c *Chain) Hex(i int) string { return hex.EncodeToString(c.Blocks[i].Raw) }

// Tip is the last block's height.
func (c *Chain) Tip() int64 { return int64(len(c.Blocks)) }
