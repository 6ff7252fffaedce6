package model

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// mixed is a chain of small blocks with large ones after them, as swarms are measured with.
func mixed(small, large, size int) (blocks []*chain.Block) {
	p := chain.RegTest()
	parent := p.Genesis().Hash
	for h := 1; h <= small+large; h++ {
		n := 60
		if h > small {
			n = size
		}
		base := wire.NewMsgTx(2)
		base.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex},
			SignatureScript: append(chain.HeightScript(int32(h)), 0), Sequence: wire.MaxTxInSequenceNum})
		base.AddTxOut(wire.NewTxOut(int64(chain.Subsidy(p, int32(h))), []byte{0x51}))
		for left := n; left > 0; left -= 9000 {
			d := make([]byte, min(left, 9000))
			base.AddTxOut(wire.NewTxOut(0, append(binary.LittleEndian.AppendUint16([]byte{0x6a, 0x4d}, uint16(len(d))), d...)))
		}
		m := wire.NewMsgBlock(&wire.BlockHeader{Version: 0x20000000, PrevBlock: parent, Bits: p.PowLimitBits, Timestamp: time.Unix(int64(1_700_000_000+2*h), 0)})
		m.Transactions = []*wire.MsgTx{base}
		m.Header.MerkleRoot, _ = chain.TxRoot([]*chain.Tx{chain.NewTx(base)})
		for chain.CheckWork(p, &m.Header) != nil {
			m.Header.Nonce++
		}
		b := chain.NewBlock(m)
		blocks = append(blocks, b)
		parent = b.Hash
	}
	return blocks
}

// figures are how many copies of the chain the seed has sent, and after how many times the bound, in which its line
// sends one, the last newcomer had it.
func figures(d *Downloaded, blocks []*chain.Block, rate int64) (copies, last float64) {
	var size int64
	for _, b := range blocks {
		size += int64(len(b.Raw))
	}
	return float64(d.SeedSent) / float64(size), slices.Max(d.Seconds) / (float64(size) / float64(rate))
}

// A seed that knows neither gvhave nor gvgiven, as Bitcoin Core does not, and sends to all who ask side by
// side, nevertheless sends about one copy, however many newcomers there are.
func TestAStockSeedSendsOneCopy(t *testing.T) {
	const rate = 4_000_000
	blocks := mixed(136, 64, 909_000)
	for _, c := range []struct {
		newcomers, liars int
		copies, time     float64 // at most; of the chain, and of the bound
	}{
		{1, 0, 1.05, 1.2},
		{8, 0, 1.15, 1.3},
		{32, 0, 1.15, 1.3},
		{100, 0, 1.25, 1.3}, // each knows sixteen of them
		{16, 1, 1.15, 1.5},  // says that it fetches everything: that is waited for, and then not any more
		{16, 8, 1.15, 1.75},
	} {
		d, err := Download(context.Background(), DownloadConfig{Newcomers: c.newcomers, Liars: c.liars, Blocks: blocks, SeedRate: rate, Stock: true, Seed: 1})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		copies, last := figures(d, blocks, rate)
		t.Logf("%d newcomers, %d liars: %.2f copies, the last after %.2f of the bound", c.newcomers, c.liars, copies, last)
		if copies > c.copies || last > c.time {
			t.Errorf("%d newcomers, %d liars: %.2f copies, the last after %.2f of the bound", c.newcomers, c.liars, copies, last)
		}
	}
}
