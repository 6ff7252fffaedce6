package chaintest

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// BlockInterval is how much later than its parent a block is, unless At says
// otherwise.
const BlockInterval = 10 * time.Minute

// Mined is a block and its place in the tree.
type Mined struct {
	Node  *chain.HeaderNode
	Block *chain.Block
}

// Coinbase is the block's coinbase output; key as in Coin.
func (m Mined) Coinbase(key *Key) Coin { return OutputOf(m.Block.Txs[0], 0, key) }

// plan is a block being made; Options change it.
type plan struct {
	payTo    []byte
	fees     btcutil.Amount
	txs      []*chain.Tx
	at       time.Time
	extra    uint64
	tamper   []func(*wire.MsgBlock)
	damage   []func(*wire.MsgBlock)
	unsolved bool
	times    int
}

// Option says how a block differs from an empty one that pays to OP_TRUE.
type Option func(*plan)

// PayTo sets the script that the coinbase pays to.
func PayTo(script []byte) Option { return func(p *plan) { p.payTo = script } }

// With puts transactions into the block.
func With(txs ...*chain.Tx) Option { return func(p *plan) { p.txs = append(p.txs, txs...) } }

// Fees lets the coinbase take that much above the subsidy.
func Fees(a btcutil.Amount) Option { return func(p *plan) { p.fees = a } }

// At sets the header's time.
func At(t time.Time) Option { return func(p *plan) { p.at = t } }

// Extra sets the coinbase's extra nonce, which makes otherwise equal blocks differ.
func Extra(n uint64) Option { return func(p *plan) { p.extra = n } }

// Tamper changes the block before witness commitment, merkle root and proof of
// work are made, so that they cover the change.
func Tamper(f func(*wire.MsgBlock)) Option {
	return func(p *plan) { p.tamper = append(p.tamper, f) }
}

// Damage changes the block after commitment and merkle root are made: what it
// does to the body no longer fits them; the header is solved as it leaves it.
func Damage(f func(*wire.MsgBlock)) Option {
	return func(p *plan) { p.damage = append(p.damage, f) }
}

// Unsolved leaves the block without proof of work.
func Unsolved() Option { return func(p *plan) { p.unsolved = true } }

// Times says how many blocks Grow is to make.
func Times(n int) Option { return func(p *plan) { p.times = n } }

// Mine makes a block on parent. Without options it is valid, empty, and pays
// its subsidy to OP_TRUE.
func Mine(t testing.TB, p *chain.Params, parent *chain.HeaderNode, opts ...Option) Mined {
	t.Helper()
	pl := plan{payTo: OpTrue(), at: parent.Header.Timestamp.Add(BlockInterval)}
	for _, o := range opts {
		o(&pl)
	}
	msg := &wire.MsgBlock{Header: wire.BlockHeader{
		Version:   0x20000000,
		PrevBlock: parent.Hash,
		Timestamp: pl.at,
		Bits:      chain.NextBits(p, parent, pl.at),
	}}
	msg.Transactions = []*wire.MsgTx{coinbase(p, parent.Height+1, pl)}
	for _, tx := range pl.txs {
		msg.Transactions = append(msg.Transactions, tx.MsgTx)
	}
	for _, f := range pl.tamper {
		f(msg)
	}
	Seal(msg)
	for _, f := range pl.damage {
		f(msg)
	}
	solve(t, p, &msg.Header, !pl.unsolved)
	return Mined{chain.NewHeaderNode(parent, msg.Header), chain.NewBlock(msg)}
}

func coinbase(p *chain.Params, height int32, pl plan) *wire.MsgTx {
	script := append(chain.HeightScript(height), 8)
	script = binary.LittleEndian.AppendUint64(script, pl.extra)
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{
		PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex},
		SignatureScript:  script,
		Sequence:         wire.MaxTxInSequenceNum,
	})
	tx.AddTxOut(wire.NewTxOut(int64(chain.Subsidy(p, height)+pl.fees), pl.payTo))
	return tx
}

// Seal gives a block a witness commitment if any transaction but the coinbase
// carries a witness, and sets the merkle root.
func Seal(msg *wire.MsgBlock) {
	if len(msg.Transactions) > 1 && anyWitness(msg.Transactions[1:]) {
		Commit(msg)
	}
	msg.Header.MerkleRoot, _ = chain.TxRoot(chain.NewBlock(msg).Txs)
}

func anyWitness(txs []*wire.MsgTx) bool {
	for _, tx := range txs {
		if tx.HasWitness() {
			return true
		}
	}
	return false
}

// Commit appends a witness commitment to the coinbase, with a nonce of zero.
// The merkle root changes with it.
func Commit(msg *wire.MsgBlock) {
	var nonce chain.Hash
	root := chain.WitnessRoot(chain.NewBlock(msg).Txs)
	cb := msg.Transactions[0]
	cb.TxIn[0].Witness = wire.TxWitness{nonce[:]}
	cb.AddTxOut(wire.NewTxOut(0, chain.CommitmentScript(chain.CommitmentHash(root, nonce))))
}

// Solve finds a nonce for a regtest header: two tries on average.
func Solve(t testing.TB, p *chain.Params, h *wire.BlockHeader) {
	t.Helper()
	solve(t, p, h, true)
}

// solve finds a nonce whose hash is proof of work, or one whose hash is not.
func solve(t testing.TB, p *chain.Params, h *wire.BlockHeader, proof bool) {
	t.Helper()
	const tries = 1 << 23 // regtest needs two, the steepest of our own networks half a million
	for range tries {
		if (chain.CheckWork(p, h) == nil) == proof {
			return
		}
		h.Nonce++
	}
	t.Fatalf("no nonce found for bits %08x", h.Bits)
}

// Grow mines blocks in a row on parent, as many as Times says, else one.
func Grow(t testing.TB, p *chain.Params, parent *chain.HeaderNode, opts ...Option) []Mined {
	t.Helper()
	pl := plan{times: 1}
	for _, o := range opts {
		o(&pl)
	}
	blocks := make([]Mined, 0, pl.times)
	for range pl.times {
		m := Mine(t, p, parent, opts...)
		blocks = append(blocks, m)
		parent = m.Node
	}
	return blocks
}

// OpTrue is a script that anyone can spend.
func OpTrue() []byte { return []byte{txscript.OP_TRUE} }
