package blocks

import (
	"bytes"
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/msg"
)

// Why a block cannot be put together. None is an offence: short ids collide by
// chance; the whole block is asked for instead.
var (
	errCollision = errors.New("two transactions have one short id")
	errMisfit    = errors.New("the parts do not make the block")
	errEmpty     = errors.New("no transactions")
	// errParts is an offence: not the transactions that were asked for.
	errParts = errors.New("not as many transactions as were asked for")
)

// Known gives the transactions that may be in a block: the pool, and others that
// are at hand.
type Known func(yield func(*chain.Tx) bool)

// Partial is a block that came as a compact block (BIP152: its header and a short id for each
// transaction) and of which some transactions may be missing [PartiallyDownloadedBlock].
type Partial struct {
	Header  wire.BlockHeader
	Hash    chain.Hash
	txs     []*chain.Tx // nil: missing
	missing []int
}

// NewPartial takes what a compact block holds and finds the rest among the known
// [PartiallyDownloadedBlock::InitData].
func NewPartial(m *msg.CmpctBlock, known Known) (*Partial, error) {
	f := &Partial{Header: m.Header, Hash: m.Header.BlockHash(), txs: make([]*chain.Tx, m.TxCount())}
	if len(f.txs) == 0 {
		return nil, errEmpty
	}
	for _, p := range m.Prefilled {
		f.txs[p.Index] = p.Tx
	}
	place := make(map[uint64]int, len(m.ShortIDs))
	next := 0
	for _, id := range m.ShortIDs {
		for f.txs[next] != nil {
			next++
		}
		if _, twice := place[id]; twice {
			return nil, errCollision
		}
		place[id] = next
		next++
	}
	f.find(m.Key(), place, known)
	for i, tx := range f.txs {
		if tx == nil {
			f.missing = append(f.missing, i)
		}
	}
	return f, nil
}

// find fills in known transactions; two that claim one place are both left out.
func (f *Partial) find(key msg.ShortIDKey, place map[uint64]int, known Known) {
	if len(place) == 0 || known == nil {
		return
	}
	claimed := make(map[int]chain.Hash)
	for tx := range known {
		i, ok := place[key.Of(tx.WID)]
		if !ok {
			continue
		}
		if other, taken := claimed[i]; !taken {
			claimed[i], f.txs[i] = tx.WID, tx
		} else if other != tx.WID {
			f.txs[i] = nil
		}
	}
}

// Missing lists the places of the transactions to be asked for, rising [IsTxAvailable].
func (f *Partial) Missing() []int { return f.missing }

// Fill puts the missing transactions in [PartiallyDownloadedBlock::FillBlock, with Block].
func (f *Partial) Fill(txs []*chain.Tx) error {
	if len(txs) != len(f.missing) {
		return errParts
	}
	for k, i := range f.missing {
		f.txs[i] = txs[k]
	}
	f.missing = nil
	return nil
}

// Block is the whole block at its height, when nothing is missing and it is the
// copy that its header commits to.
func (f *Partial) Block(p *chain.Params, height int32) (*chain.Block, error) {
	if len(f.missing) > 0 {
		return nil, errParts
	}
	b := f.join()
	if chain.CheckCopy(p, height, b) != nil {
		return nil, errMisfit
	}
	return b, nil
}

// join puts the bytes together.
func (f *Partial) join() *chain.Block {
	var raw bytes.Buffer
	_ = f.Header.Serialize(&raw) // a bytes.Buffer takes everything
	_ = wire.WriteVarInt(&raw, 0, uint64(len(f.txs)))
	b := &chain.Block{Hash: f.Hash, Header: f.Header, Txs: f.txs, Weight: chain.WitnessScale * raw.Len()}
	for _, tx := range f.txs {
		raw.Write(tx.Raw())
		b.Weight += tx.Weight
	}
	b.Raw = raw.Bytes()
	return b
}
