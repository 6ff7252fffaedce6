package service

import (
	"fmt"

	"grapevine/chain"
)

// reread is what of the chain has to be read once more, because scripts of the
// words' rows are watched now that were not when it was read first.
type reread struct {
	birth int32 // height of the block that a new wallet stood at; nothing was paid before
	next  int32 // height of the next block to be read again, nowhere: none
}

// allScanned says that all blocks were searched for the scripts that there are.
func (st *state) allScanned() {
	for _, r := range st.rows {
		r.Scanned, r.goal = r.made(), r.made()
	}
}

// paidTo notes a payment to a script of ours. If it was never handed out here,
// the words are at work elsewhere, or were: then up to a lookahead past it all
// blocks must have been searched, and if they have not they are read again. Rows
// grow by twice the lookahead, so that this happens seldom.
func (st *state) paidTo(first *owned) error {
	for own := first; own != nil; own = own.also {
		r := own.row
		foreign := r.Words && own.Index >= r.Next
		r.paid = max(r.paid, own.Index+1)
		covered := r.Scanned
		if st.reread.next != nowhere {
			covered = r.goal
		}
		if !foreign || own.Index+1+st.lookahead <= covered {
			continue
		}
		if err := st.grow(r, own.Index+1+2*st.lookahead); err != nil {
			return err
		}
		st.searchSinceBirth()
	}
	return st.used(first)
}

// restored makes the state of a new wallet those of old words: more scripts are
// watched from the first block on, so that a second reading is seldom needed.
func (st *state) restored() error {
	st.reach = st.lookahead
	for _, r := range st.rows {
		if err := st.grow(r, 2*st.lookahead); err != nil {
			return err
		}
	}
	st.allScanned()
	return nil
}

// due is the height of the next block that has to be read again; -1 when there
// is none.
func (st *state) due() int32 {
	r := &st.reread
	if r.next != nowhere && r.next > st.cursor.Height {
		r.next = nowhere
		for _, row := range st.rows {
			row.Scanned = row.goal
		}
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
