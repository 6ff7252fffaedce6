package service

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
func (st *state) lens() (n counts) {
	for i, row := range st.rows {
		n[i] = uint32(len(row))
	}
	return n
}

// paidTo notes a payment to p. If p was never handed out here, its words are at
// work elsewhere, or were: then up to a lookahead past p all blocks must have
// been searched, and if they have not they are read again. Rows grow by twice
// the lookahead, so that this happens seldom.
func (st *state) paidTo(p wallet.KeyPath) error {
	i, r := rowOf(p.Branch), &st.reread
	foreign := p.Index >= st.next[i]
	st.paid[i] = max(st.paid[i], p.Index+1)
	if err := st.used(p); err != nil || !foreign {
		return err
	}
	covered := r.scanned[i]
	if r.next != nowhere {
		covered = r.goal[i]
	}
	if p.Index+1+st.lookahead <= covered {
		return nil
	}
	err := st.grow(i, p.Index+1+2*st.lookahead)
	st.searchSinceBirth()
	return err
}

// paidToOwned notes a payment to a script of ours.
func (st *state) paidToOwned(own *owned) error {
	if own.from != nil {
		return st.importPaid(own)
	}
	return st.paidTo(own.KeyPath)
}

// restored makes the state of a new wallet those of old words: more scripts are
// watched from the first block on, so that a second reading is seldom needed.
func (st *state) restored() error {
	st.reach = st.lookahead
	for i := range st.rows {
		if err := st.grow(i, 2*st.lookahead); err != nil {
			return err
		}
	}
	st.reread.scanned = st.lens()
	return nil
}

// due is the height of the next block that has to be read again; -1 when there
// is none.
func (st *state) due() int32 {
	r := &st.reread
	if r.next != nowhere && r.next > st.cursor.Height {
		r.next, r.scanned = nowhere, r.goal
		st.dirt.keys, st.dirt.cursor = true, true
	}
	return r.next
}

// searchAgain searches a block of the chain behind the state once more. Now is in
// Unix seconds.
func (st *state) searchAgain(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	due := st.reread.next
	if err := st.search(node, blk, now); err != nil {
		return err
	}
	if st.reread.next == due && due == node.Height {
		st.reread.next++
		st.dirt.cursor = true
	}
	return nil
}

// search notes all transactions of a block that concern us.
func (st *state) search(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	for {
		known := len(st.scripts)
		for i, tx := range blk.Txs {
			if err := st.connectTx(node, tx, i, now); err != nil {
				return fmt.Errorf("follow transaction %s: %w", tx.ID, err)
			}
		}
		if len(st.scripts) == known {
			return nil
		}
		// A payment has moved the lookahead: this block may pay the new scripts too.
	}
}
