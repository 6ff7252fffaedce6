package blocks

import (
	"slices"

	"grapevine/chain"
	"grapevine/p2p/msg"
)

const (
	// keepRecent is how many of the last blocks are at hand for getblocktxn and for
	// compact relay: a reorganisation of two and what may be in validation.
	keepRecent = 4
	// maxPrefill bounds the bytes of transactions sent along because we lacked them
	// ourselves, so that others probably do.
	maxPrefill = 10_000
)

// Recent is the last blocks, newest last [m_most_recent_block, m_most_recent_compact_block].
type Recent struct{ blocks []*Kept }

// Kept is a block with its short form, made once.
type Kept struct {
	Block *chain.Block
	lack  []int // places of transactions that we had to ask for
	short *msg.CmpctBlock
	byID  map[chain.Hash]*chain.Tx // by txid and wtxid; made when first asked for
}

// Add keeps a block that chain.CheckCopy has passed: only one copy does, so the
// first is the only one. lack names the transactions that we did not know.
func (r *Recent) Add(b *chain.Block, lack []int) *Kept {
	if k := r.Find(b.Hash); k != nil {
		return k
	}
	k := &Kept{Block: b, lack: lack}
	if len(r.blocks) == keepRecent {
		r.blocks = append([]*Kept(nil), r.blocks[1:]...)
	}
	r.blocks = append(r.blocks, k)
	return k
}

// Remove forgets a block.
func (r *Recent) Remove(h chain.Hash) {
	r.blocks = slices.DeleteFunc(r.blocks, func(k *Kept) bool { return k.Block.Hash == h })
}

// Find gives a block that is still kept, else nil.
func (r *Recent) Find(h chain.Hash) *Kept {
	for _, k := range r.blocks {
		if k.Block.Hash == h {
			return k
		}
	}
	return nil
}

// Short is the block's short form: the coinbase and what we lacked in full.
func (k *Kept) Short(nonce uint64) *msg.CmpctBlock {
	if k.short == nil {
		prefill, size := []int{0}, 0
		for _, i := range k.lack {
			if size += k.Block.Txs[i].Size; i > 0 && size <= maxPrefill {
				prefill = append(prefill, i)
			}
		}
		k.short = msg.Compact(k.Block, nonce, prefill)
	}
	return k.short
}

// Tx is the block's transaction of that txid or wtxid, the coinbase apart; nil when
// there is none.
func (k *Kept) Tx(h chain.Hash) *chain.Tx {
	if k.byID == nil {
		k.byID = make(map[chain.Hash]*chain.Tx, 2*len(k.Block.Txs))
		for _, tx := range k.Block.Txs[1:] {
			k.byID[tx.ID], k.byID[tx.WID] = tx, tx
		}
	}
	return k.byID[h]
}

// Parts gives the transactions at these places; nil when there is no such place.
func (k *Kept) Parts(places []int) []*chain.Tx {
	txs := make([]*chain.Tx, len(places))
	for j, i := range places {
		if i >= len(k.Block.Txs) {
			return nil
		}
		txs[j] = k.Block.Txs[i]
	}
	return txs
}
