package model

import (
	"encoding/binary"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// block is a block that somebody has found, and what all know of it together.
type block struct {
	i      int // in world.blocks: parents before children
	node   *chain.HeaderNode
	body   *chain.Block
	parent *block
	kids   []*block
	txs    []int32 // in world.txs
	born   time.Duration
	miner  int32
}

// tx is a transaction that somebody has made.
type tx struct {
	tx     *chain.Tx
	parent int32 // in world.txs; -1: it spends what is confirmed for ever
	born   time.Duration
	maker  int32
}

// world is all blocks and transactions, made once and shared by all nodes.
type world struct {
	params *chain.Params
	start  time.Time // virtual time zero
	blocks []*block
	byHash map[chain.Hash]*block
	txs    []*tx
	byID   map[chain.Hash]int32 // txid
}

// newWorld has genesis and one block, so that the tip is of today.
func newWorld(public bool) *world {
	p := chain.RegTest()
	if public {
		p.GenerateSupported = false
	}
	g := p.Genesis()
	w := &world{
		params: p,
		start:  g.Header.Timestamp.Add(2 * 365 * 24 * time.Hour),
		byHash: map[chain.Hash]*block{},
		byID:   map[chain.Hash]int32{},
	}
	w.add(&block{node: g, miner: -1})
	w.mine(w.blocks[0], -1, 0, nil)
	return w
}

func (w *world) add(b *block) {
	b.i = len(w.blocks)
	w.blocks = append(w.blocks, b)
	w.byHash[b.node.Hash] = b
	if b.parent != nil {
		b.parent.kids = append(b.parent.kids, b)
	}
}

// mine makes a block on a parent. On the regression test network every second
// header has work enough.
func (w *world) mine(parent *block, miner int32, now time.Duration, txs []int32) *block {
	height := parent.node.Height + 1
	base := wire.NewMsgTx(2)
	script := chain.HeightScript(height)
	script = binary.BigEndian.AppendUint32(script, uint32(len(w.blocks))) // no two are the same
	base.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex},
		SignatureScript:  script, Sequence: wire.MaxTxInSequenceNum,
		Witness: wire.TxWitness{make([]byte, 32)},
	})
	base.AddTxOut(&wire.TxOut{Value: int64(chain.Subsidy(w.params, height)), PkScript: []byte{0x51}})
	m := wire.NewMsgBlock(&wire.BlockHeader{Version: 4, PrevBlock: parent.node.Hash, Bits: w.params.PowLimitBits})
	list := []*chain.Tx{chain.NewTx(base)}
	for _, i := range txs {
		list = append(list, w.txs[i].tx)
	}
	commit := chain.CommitmentHash(chain.WitnessRoot(list), chain.Hash{})
	base.AddTxOut(&wire.TxOut{PkScript: chain.CommitmentScript(commit)})
	list[0] = chain.NewTx(base)
	for _, t := range list {
		m.Transactions = append(m.Transactions, t.MsgTx)
	}
	m.Header.MerkleRoot, _ = chain.TxRoot(list)
	at := max(w.start.Add(now).Unix(), parent.node.MedianTimePast()+1)
	m.Header.Timestamp = time.Unix(at, 0)
	for chain.CheckWork(w.params, &m.Header) != nil {
		m.Header.Nonce++
	}
	b := &block{
		node: chain.NewHeaderNode(parent.node, m.Header), body: chain.NewBlock(m),
		parent: parent, txs: txs, born: now, miner: miner,
	}
	w.add(b)
	return b
}

// spend makes a transaction of about size bytes. Its witness takes what its
// other parts leave, so that txid and wtxid differ as they do in life.
func (w *world) spend(t tx, size int) int32 {
	n := int32(len(w.txs))
	m := wire.NewMsgTx(2)
	in := &wire.TxIn{Sequence: wire.MaxTxInSequenceNum}
	if t.parent >= 0 {
		in.PreviousOutPoint.Hash = w.txs[t.parent].tx.ID
	} else {
		binary.BigEndian.PutUint32(in.PreviousOutPoint.Hash[:], uint32(n+1))
	}
	in.Witness = wire.TxWitness{make([]byte, min(max(size-110, 1), 100_000))}
	m.AddTxIn(in)
	m.AddTxOut(&wire.TxOut{Value: int64(n) + 1, PkScript: make([]byte, 34)})
	t.tx = chain.NewTx(m)
	w.txs = append(w.txs, &t)
	w.byID[t.tx.ID] = n
	return n
}

// same says whether a body is the one that its header stands for.
func (b *block) same(body *chain.Block) bool {
	if body == b.body {
		return true
	}
	if len(body.Txs) != len(b.body.Txs) {
		return false
	}
	for i, t := range body.Txs {
		if t.WID != b.body.Txs[i].WID {
			return false
		}
	}
	return true
}

// best is the block with the most work, the first of equals.
func (w *world) best() *block {
	best := w.blocks[0]
	for _, b := range w.blocks {
		if b.node.Work.Cmp(best.node.Work) > 0 {
			best = b
		}
	}
	return best
}

// bitset is a set of small numbers.
type bitset []uint64

func (b bitset) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }

func (b *bitset) set(i int) {
	for i/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bitset) clear(i int) {
	if i/64 < len(b) {
		b[i/64] &^= 1 << (i % 64)
	}
}
