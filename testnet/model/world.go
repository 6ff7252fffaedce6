package model

import (
	"encoding/binary"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// block is a block that somebody has found, and what all know of it together.
type block struct {
	I      int // in world.Blocks: parents before children
	Node   *chain.HeaderNode
	Body   *chain.Block
	Parent *block
	Kids   []*block
	Txs    []int32 // in world.Txs
	Born   time.Duration
	Miner  int32
}

// tx is a transaction that somebody has made.
type tx struct {
	Tx     *chain.Tx
	Parent int32 // in world.Txs; -1: it spends what is confirmed for ever
	Born   time.Duration
	Maker  int32
}

// world is all blocks and transactions, made once and shared by all nodes.
type world struct {
	Params *chain.Params
	Start  time.Time // virtual time zero
	Blocks []*block
	ByHash map[chain.Hash]*block
	Txs    []*tx
	ByID   map[chain.Hash]int32 // txid
}

// newWorld has genesis and one block, so that the tip is of today.
func newWorld(public bool) *world {
	p := chain.RegTest()
	if public {
		p.Net = 0x0badcafe // any but regtest's: Params.Local tells by it
	}
	g := p.Genesis()
	w := &world{
		Params: p,
		Start:  g.Header.Timestamp.Add(2 * 365 * 24 * time.Hour),
		ByHash: map[chain.Hash]*block{},
		ByID:   map[chain.Hash]int32{},
	}
	w.add(&block{Node: g, Miner: -1})
	w.Mine(w.Blocks[0], -1, 0, nil)
	return w
}

func (w *world) add(b *block) {
	b.I = len(w.Blocks)
	w.Blocks = append(w.Blocks, b)
	w.ByHash[b.Node.Hash] = b
	if b.Parent != nil {
		b.Parent.Kids = append(b.Parent.Kids, b)
	}
}

// Mine makes a block on a parent. On the regression test network every second
// header has work enough.
func (w *world) Mine(parent *block, miner int32, now time.Duration, txs []int32) *block {
	height := parent.Node.Height + 1
	base := wire.NewMsgTx(2)
	script := chain.HeightScript(height)
	script = binary.BigEndian.AppendUint32(script, uint32(len(w.Blocks))) // no two are the same
	base.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex},
		SignatureScript:  script, Sequence: wire.MaxTxInSequenceNum,
		Witness: wire.TxWitness{make([]byte, 32)},
	})
	base.AddTxOut(&wire.TxOut{Value: int64(chain.Subsidy(w.Params, height)), PkScript: []byte{0x51}})
	m := wire.NewMsgBlock(&wire.BlockHeader{Version: 4, PrevBlock: parent.Node.Hash, Bits: w.Params.PowLimitBits})
	list := []*chain.Tx{chain.NewTx(base)}
	for _, i := range txs {
		list = append(list, w.Txs[i].Tx)
	}
	commit := chain.CommitmentHash(chain.WitnessRoot(list), chain.Hash{})
	base.AddTxOut(&wire.TxOut{PkScript: chain.CommitmentScript(commit)})
	list[0] = chain.NewTx(base)
	for _, t := range list {
		m.Transactions = append(m.Transactions, t.MsgTx)
	}
	m.Header.MerkleRoot, _ = chain.TxRoot(list)
	at := max(w.Start.Add(now).Unix(), parent.Node.MedianTimePast()+1)
	m.Header.Timestamp = time.Unix(at, 0)
	for chain.CheckWork(w.Params, &m.Header) != nil {
		m.Header.Nonce++
	}
	b := &block{
		Node: chain.NewHeaderNode(parent.Node, m.Header), Body: chain.NewBlock(m),
		Parent: parent, Txs: txs, Born: now, Miner: miner,
	}
	w.add(b)
	return b
}

// spend makes a transaction of about size bytes. Its witness takes what its
// other parts leave, so that txid and wtxid differ as they do in life.
func (w *world) spend(t tx, size int) int32 {
	n := int32(len(w.Txs))
	m := wire.NewMsgTx(2)
	in := &wire.TxIn{Sequence: wire.MaxTxInSequenceNum}
	if t.Parent >= 0 {
		in.PreviousOutPoint.Hash = w.Txs[t.Parent].Tx.ID
	} else {
		binary.BigEndian.PutUint32(in.PreviousOutPoint.Hash[:], uint32(n+1))
	}
	in.Witness = wire.TxWitness{make([]byte, min(max(size-110, 1), 100_000))}
	m.AddTxIn(in)
	m.AddTxOut(&wire.TxOut{Value: int64(n) + 1, PkScript: make([]byte, 34)})
	t.Tx = chain.NewTx(m)
	w.Txs = append(w.Txs, &t)
	w.ByID[t.Tx.ID] = n
	return n
}

// same says whether a body is the one that its header stands for.
func (b *block) same(body *chain.Block) bool {
	if body == b.Body {
		return true
	}
	if len(body.Txs) != len(b.Body.Txs) {
		return false
	}
	for i, t := range body.Txs {
		if t.WID != b.Body.Txs[i].WID {
			return false
		}
	}
	return true
}

// bitset is a set of small numbers.
type bitset []uint64

func (b bitset) Has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 == 1 }

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
