package chain

import (
	"crypto/sha256"

	"github.com/btcsuite/btcd/wire/v2"
)

// Tx is a transaction with its identities computed once. It is immutable [CTransaction, CMutableTransaction].
type Tx struct {
	*wire.MsgTx
	ID     Hash // txid: double SHA-256 without witness
	WID    Hash // wtxid: with witness; equal to ID when there is none
	Size   int  // bytes with witness
	Weight int  // BIP141: 3 × size without witness + size with it

	raw     []byte // as it travels, with witness; of a decoded block's transaction a part of its bytes
	outputs *Hash  // what HashOutputs is, where it is known
}

// Raw is the transaction as it travels, with witness. Do not change it.
func (t *Tx) Raw() []byte { return t.raw }

// VSize is the weight in vbytes, rounded up: what fee rates are reckoned by.
func (t *Tx) VSize() int { return (t.Weight + WitnessScale - 1) / WitnessScale }

// StrippedSize is the size in bytes without witness.
func (t *Tx) StrippedSize() int { return (t.Weight - t.Size) / (WitnessScale - 1) }

// HashOutputs is the SHA-256 of the outputs, which signatures with a witness sign: BIP341's sha_outputs, and once more
// hashed BIP143's hashOutputs.
func (t *Tx) HashOutputs() Hash {
	if t.outputs != nil {
		return *t.outputs
	}
	size := 0
	for _, out := range t.TxOut {
		size += out.SerializeSize()
	}
	end := t.layout().witness
	return sha256.Sum256(t.raw[end-size : end])
}

// Block is a decoded block with its identities and its own bytes. It is
// immutable [CBlock].
type Block struct {
	Hash   Hash
	Header wire.BlockHeader
	Txs    []*Tx
	Raw    []byte // the whole block as it travels, with witnesses
	Weight int
}

// IDs is what was hashed of a transaction: Tx.ID, Tx.WID and Tx.HashOutputs, which is zero where it was not.
type IDs struct{ ID, WID, Outputs Hash }

// IDs are those of the block's transactions, in its order. If signatures are to be verified the outputs are hashed
// that they sign.
func (b *Block) IDs(verify bool) []IDs {
	ids := make([]IDs, len(b.Txs))
	for i, tx := range b.Txs {
		ids[i] = IDs{ID: tx.ID, WID: tx.WID}
		if verify && i > 0 && tx.HasWitness() {
			ids[i].Outputs = tx.HashOutputs()
		}
	}
	return ids
}

// give identifies a transaction, which keeps the hash of the outputs by reference.
func (i *IDs) give(tx *Tx) {
	tx.ID, tx.WID = i.ID, i.WID
	if i.Outputs != (Hash{}) {
		tx.outputs = &i.Outputs
	}
}

// frameSize is what a block takes beside so many transactions: its header, and their number.
func frameSize(txs int) int {
	return wire.MaxBlockHeaderPayload + wire.VarIntSerializeSize(uint64(txs))
}

// BlockWeight is the weight of a block of these transactions.
func BlockWeight(txs []*Tx) int {
	weight := frameSize(len(txs)) * WitnessScale
	for _, tx := range txs {
		weight += tx.Weight
	}
	return weight
}

// MsgBlock is the block as wire has it, sharing the transactions.
func (b *Block) MsgBlock() *wire.MsgBlock {
	msg := &wire.MsgBlock{Header: b.Header, Transactions: make([]*wire.MsgTx, len(b.Txs))}
	for i, tx := range b.Txs {
		msg.Transactions[i] = tx.MsgTx
	}
	return msg
}

// strippedSize is the size in bytes without witnesses.
func (b *Block) strippedSize() int { return (b.Weight - len(b.Raw)) / (WitnessScale - 1) }
