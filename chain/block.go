package chain

import "github.com/btcsuite/btcd/wire/v2"

// Tx is a transaction with its identities computed once. It is immutable.
type Tx struct {
	*wire.MsgTx
	ID     Hash // txid: double SHA-256 without witness
	WID    Hash // wtxid: with witness; equal to ID when there is none
	Size   int  // bytes with witness
	Weight int  // BIP141: 3 × size without witness + size with it
}

// Block is a decoded block with its identities and its own bytes. It is
// immutable.
type Block struct {
	Hash   Hash
	Header wire.BlockHeader
	Txs    []*Tx
	Raw    []byte // the whole block as it travels, with witnesses
	Weight int
}
