package books

import (
	"fmt"

	"grapevine/chain"
	"grapevine/wallet"
)

// counts is a number for each row of wallet.Branches.
type counts [wallet.BranchCount]uint32

// reread is what of the chain has to be read once more, because scripts are
// watched now that were not when it was read first.
type reread struct {
	birth   int32  // height of the block that a new wallet stood at; nothing was paid before
	scanned counts // how many scripts of each row all blocks since birth have been searched for
	next    int32  // height of the next block to be read again, nowhere: none
	goal    counts // what scanned becomes when the tip is reached
}

// lens are how many scripts of each row are watched.
func (b *Books) lens() (n counts) {
	for i, row := range b.rows {
		n[i] = uint32(len(row))
	}
	return n
}

// paidTo notes a payment to p. If p was never handed out here, its words are at
// work elsewhere, or were: then up to a lookahead past p all blocks must have
// been searched, and if they have not they are read again. Rows grow by twice
// the lookahead, so that this happens seldom.
func (b *Books) paidTo(p wallet.KeyPath) error {
	i, r := rowOf(p.Branch), &b.reread
	foreign := p.Index >= b.next[i]
	b.paid[i] = max(b.paid[i], p.Index+1)
	if err := b.Used(p); err != nil || !foreign {
		return err
	}
	covered := r.scanned[i]
	if r.next != nowhere {
		covered = r.goal[i]
	}
	if p.Index+1+wallet.Lookahead <= covered {
		return nil
	}
	err := b.grow(i, p.Index+1+2*wallet.Lookahead)
	r.next, r.goal = r.birth, b.lens()
	b.dirt.cursor = true
	return err
}

// Restored makes the books of a new wallet those of old words: more scripts are
// watched from the first block on, so that a second reading is seldom needed.
func (b *Books) Restored() error {
	for i := range b.rows {
		if err := b.grow(i, 2*wallet.Lookahead); err != nil {
			return err
		}
	}
	b.reread.scanned = b.lens()
	return nil
}

// Due is the height of the next block that has to be read again; -1 when there
// is none.
func (b *Books) Due() int32 {
	r := &b.reread
	if r.next != nowhere && r.next > b.cursor.Height {
		r.next, r.scanned = nowhere, r.goal
		b.dirt.keys, b.dirt.cursor = true, true
	}
	return r.next
}

// Reread searches a block of the chain behind the books once more. Now is in
// Unix seconds.
func (b *Books) Reread(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	due := b.reread.next
	if err := b.search(node, blk, now); err != nil {
		return err
	}
	if b.reread.next == due && due == node.Height {
		b.reread.next++
		b.dirt.cursor = true
	}
	return nil
}

// search notes all transactions of a block that concern us.
func (b *Books) search(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	for {
		known := len(b.scripts)
		for i, tx := range blk.Txs {
			if err := b.connectTx(node, tx, i, now); err != nil {
				return fmt.Errorf("follow transaction %s: %w", tx.ID, err)
			}
		}
		if len(b.scripts) == known {
			return nil
		}
		// A payment has moved the lookahead: this block may pay the new scripts too.
	}
}
