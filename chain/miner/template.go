package miner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/mempool"
	"grapevine/chain/policy"
)

// Template is an unsolved block and what getblocktemplate says of it.
type Template struct {
	Parent        *chain.HeaderNode
	Updates       uint64 // of the pool, when it was made
	Height        int32
	Header        wire.BlockHeader // without a merkle root: see block
	MinTime       int64            // Unix seconds
	Coinbase      *chain.Tx
	CoinbaseValue btcutil.Amount // subsidy and fees
	Commitment    []byte         // the coinbase's witness commitment script; nil before segwit
	Txs           []TemplateTx   // without the coinbase, in block order
	Weight        int            // of the whole block
	SigOpCost     int            // of the whole block but the coinbase

	payTo []byte
}

// TemplateTx is a chosen transaction.
type TemplateTx struct {
	Tx        *chain.Tx
	Fee       btcutil.Amount
	SigOpCost int
	Depends   []int // 1-based places in Template.Txs of those it spends, as BIP22 counts
}

const (
	// settleTries is how often a pool may be behind the tip, or the tip move while
	// a block is tried, before a template fails.
	settleTries = 100
	// settleWithin is far longer than a pool needs to follow on a loaded machine.
	settleWithin = time.Minute
)

var errUnsettled = errors.New("the tip moves, or the pool does not follow it")

// Template is the best unsolved block now, paying to payTo. The ledger has
// tried it [BlockAssembler::CreateNewBlock].
func (m *Miner) Template(ctx context.Context, payTo []byte) (*Template, error) {
	limit, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for range settleTries {
		moved := m.cfg.Moved() // taken first: what comes after it closes it
		tip, snap := m.cfg.Ledger.Tip(), m.cfg.Pool.Snapshot()
		if snap.Tip.Hash != tip.Hash {
			select {
			case <-moved:
				continue
			case <-limit.Done():
				return nil, cmp.Or(ctx.Err(), fmt.Errorf("block template: %w", errUnsettled))
			}
		}
		t := m.build(tip, choose(snap.Txs, tip, m.terms()), payTo)
		t.Updates = snap.Updates
		// A verdict is of the parent and its coins, which the template was made of, wherever the tip is by now.
		switch err := m.cfg.Ledger.TryTemplate(t.Header, t.all()); {
		case err == nil:
			return t, nil
		case !errors.Is(err, chain.ErrInconclusive):
			return nil, fmt.Errorf("block template at height %d: %w", t.Height, err)
		case limit.Err() != nil:
			return nil, cmp.Or(ctx.Err(), fmt.Errorf("block template: %w", errUnsettled))
		}
	}
	return nil, fmt.Errorf("block template: %w", errUnsettled)
}

// Latest is the template that it gave last, with the time of now, as long as tip and pool are those that it was
// made of; else a new one. Others have it too: its transactions are nobody's to change.
func (m *Miner) Latest(ctx context.Context, payTo []byte) (*Template, error) {
	var t *Template
	select {
	case t = <-m.kept:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { m.kept <- t }()
	if t == nil || t.Parent.Hash != m.cfg.Ledger.Tip().Hash || t.Updates != m.cfg.Pool.Updates() || !bytes.Equal(t.payTo, payTo) {
		made, err := m.Template(ctx, payTo)
		if err != nil {
			return nil, err
		}
		t = made
	}
	now := *t
	now.Header.Timestamp = m.time(t.MinTime)
	now.Header.Bits = chain.NextBits(m.cfg.Params, t.Parent, now.Header.Timestamp)
	return &now, nil
}

// time is that of a new block [UpdateTime]. A header says no later one than it can; the block is tried, and
// refused if it has to be later.
func (m *Miner) time(least int64) time.Time {
	return time.Unix(min(max(least, m.cfg.Now().Unix()), math.MaxUint32), 0)
}

// build makes a block of the chosen transactions, in their order. The
// coinbase takes their fees.
func (m *Miner) build(parent *chain.HeaderNode, chosen []mempool.Candidate, payTo []byte) *Template {
	p := m.cfg.Params
	t := &Template{Parent: parent, Height: parent.Height + 1, MinTime: minTime(p, parent), Txs: make([]TemplateTx, 0, len(chosen)), payTo: payTo}
	t.CoinbaseValue = chain.Subsidy(p, t.Height)
	made := &Assembled{Txs: len(chosen), Weight: m.terms().reserved}
	for _, c := range chosen {
		made.Weight += c.Tx.Weight
		t.CoinbaseValue += c.Fee
		t.SigOpCost += c.SigOpCost
		if m.cfg.PrintPriority {
			m.cfg.Log.Info("transaction chosen for a block", "rate", policy.RateOf(c.Modified, c.VSize), "txid", c.Tx.ID)
		}
		t.Txs = append(t.Txs, TemplateTx{Tx: c.Tx, Fee: c.Fee, SigOpCost: c.SigOpCost})
	}
	m.last.Store(made)
	t.findDepends(chosen)
	t.makeCoinbase(payTo, m.coinbaseInput(t.Height), t.Height >= p.SegwitHeight, m.cfg.NoExtraNonce)
	at := m.time(t.MinTime)
	t.Header = wire.BlockHeader{
		Version:   m.version(parent),
		PrevBlock: parent.Hash,
		Timestamp: at,
		Bits:      chain.NextBits(p, parent, at),
	}
	t.Weight = chain.BlockWeight(t.all())
	return t
}

func (m *Miner) version(parent *chain.HeaderNode) int32 {
	if v := m.cfg.Version; v != nil {
		return *v
	}
	return m.cfg.Versions.Version(parent)
}

// minTime is the least time that the next header may have. Blocks of our own never warp
// time, whether BIP94 holds or not [GetMinimumTime, since 29; UpdateTime].
func minTime(p *chain.Params, parent *chain.HeaderNode) int64 {
	least := parent.MedianTimePast() + 1
	if (parent.Height+1)%p.RetargetInterval() == 0 {
		least = max(least, parent.Header.Timestamp.Unix()-chain.MaxTimewarp)
	}
	return least
}

// findDepends finds whom each transaction spends, among those that have relatives in the pool.
func (t *Template) findDepends(chosen []mempool.Candidate) {
	place := map[chain.Hash]int{}
	for i := range t.Txs {
		if !chosen[i].Related {
			continue
		}
		tx := &t.Txs[i]
		for _, in := range tx.Tx.TxIn {
			if at, ok := place[in.PreviousOutPoint.Hash]; ok && !slices.Contains(tx.Depends, at) {
				tx.Depends = append(tx.Depends, at)
			}
		}
		place[tx.Tx.ID] = i + 1
	}
}

// coinbaseInput holds height (BIP34) and extra nonce, which make a coinbase differ from
// every other.
func (m *Miner) coinbaseInput(height int32) *wire.TxIn {
	in := &wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: wire.MaxPrevOutIndex}, SignatureScript: chain.HeightScript(height), Sequence: wire.MaxTxInSequenceNum}
	if m.cfg.NoExtraNonce {
		in.SignatureScript = append(in.SignatureScript, txscript.OP_0)
	} else {
		in.SignatureScript = binary.LittleEndian.AppendUint64(append(in.SignatureScript, 8), m.extra.Add(1))
	}
	if !m.cfg.NoLockTime {
		in.Sequence-- // the lock time counts
	}
	return in
}

// makeCoinbase pays to payTo and commits to the witnesses (BIP141), early also before
// segwit holds, as Core does. Its lock time, if it counts, is the height before, so that
// it also differs from what BIP34 did not cover (BIP54) [RegenerateCommitments, GenerateCoinbaseCommitment].
func (t *Template) makeCoinbase(payTo []byte, in *wire.TxIn, segwit, early bool) {
	cb := wire.NewMsgTx(2)
	if in.Sequence != wire.MaxTxInSequenceNum {
		cb.LockTime = uint32(t.Height - 1)
	}
	cb.AddTxIn(in)
	cb.AddTxOut(wire.NewTxOut(int64(t.CoinbaseValue), payTo))
	t.Coinbase = chain.NewTx(cb)
	if !segwit && !early {
		return
	}
	var nonce chain.Hash
	root := chain.WitnessRoot(t.all()) // takes nothing of the coinbase
	t.Commitment = chain.CommitmentScript(chain.CommitmentHash(root, nonce))
	if segwit {
		cb.TxIn[0].Witness = wire.TxWitness{nonce[:]}
	}
	cb.AddTxOut(wire.NewTxOut(0, t.Commitment))
	t.Coinbase = chain.NewTx(cb)
}

func (t *Template) all() []*chain.Tx {
	txs := make([]*chain.Tx, 1, len(t.Txs)+1)
	txs[0] = t.Coinbase
	for i := range t.Txs {
		txs = append(txs, t.Txs[i].Tx)
	}
	return txs
}

// block is the template as an unsolved block, with its merkle root. It shares the transactions with
// the pool: what is known of them need not be found out again.
func (t *Template) block() *chain.Block {
	b := &chain.Block{Header: t.Header, Txs: t.all(), Weight: t.Weight}
	b.Header.MerkleRoot, _ = chain.TxRoot(b.Txs)
	b.Hash = b.Header.BlockHash()
	var raw bytes.Buffer
	size := headerRoom
	for _, tx := range b.Txs {
		size += len(tx.Raw())
	}
	raw.Grow(size)
	_ = b.Header.Serialize(&raw) // a bytes.Buffer takes everything
	_ = wire.WriteVarInt(&raw, 0, uint64(len(b.Txs)))
	for _, tx := range b.Txs {
		raw.Write(tx.Raw())
	}
	b.Raw = raw.Bytes()
	return b
}

// headerRoom is what a header and a count of transactions take at most.
const headerRoom = wire.MaxBlockHeaderPayload + wire.MaxVarIntPayload

// solved is the block under another header.
func solved(b *chain.Block, h wire.BlockHeader) *chain.Block {
	var raw bytes.Buffer
	raw.Grow(len(b.Raw))
	_ = h.Serialize(&raw) // a bytes.Buffer takes everything
	raw.Write(b.Raw[raw.Len():])
	return &chain.Block{Header: h, Hash: h.BlockHash(), Txs: b.Txs, Raw: raw.Bytes(), Weight: b.Weight}
}
