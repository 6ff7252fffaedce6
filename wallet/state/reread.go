package state

import (
	"fmt"

	"grapevine/chain"
)

// reread is what of the chain has to be read once more, because scripts of the
// words' rows are watched now that were not when it was read first.
type reread struct {
	birth int32 // height of the block that a new wallet stood at; nothing was paid before
	next  int32 // height of the next block to be read again, Nowhere: none
}

// allScanned says that all blocks were searched for the scripts that there are.
func (st *State) allScanned() {
	for _, r := range st.rows {
		r.Scanned, r.goal = r.made(), r.made()
	}
}

// paidTo notes a payment to a script of ours. If it was never handed out here,
// the words are at work elsewhere, or were: then up to a lookahead past it all
// blocks must have been searched, and if they have not they are read again. Rows
// grow by twice the lookahead, so that this happens seldom.
func (st *State) paidTo(first *owned) error {
	for own := first; own != nil; own = own.also {
		r := own.row
		foreign := r.Words && own.Index >= r.Next
		r.paid = max(r.paid, own.Index+1)
		covered := r.Scanned
		if st.reread.next != Nowhere {
			covered = r.goal
		}
		if !foreign || own.Index+1+st.Lookahead <= covered {
			continue
		}
		if err := st.grow(r, own.Index+1+2*st.Lookahead); err != nil {
			return err
		}
		st.searchSinceBirth()
	}
	return st.used(first)
}

// Restored makes the state of a new wallet those of old words: more scripts are
// watched from the first block on, so that a second reading is seldom needed.
func (st *State) Restored() error {
	st.reach = st.Lookahead
	for _, r := range st.rows {
		if err := st.grow(r, 2*st.Lookahead); err != nil {
			return err
		}
	}
	st.allScanned()
	return nil
}

// Due is the height of the next block that has to be read again; -1 when there
// is none.
func (st *State) Due() int32 {
	r := &st.reread
	if r.next != Nowhere && r.next > st.cursor.Height {
		r.next = Nowhere
		for _, row := range st.rows {
			row.Scanned = row.goal
		}
		st.dirt.keys, st.dirt.cursor = true, true
	}
	return r.next
}

// SearchAgain searches a block of the chain behind the state once more. Now is in
// Unix seconds.
func (st *State) SearchAgain(node *chain.HeaderNode, blk *chain.Block, now int64) error {
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
func (st *State) search(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	for {
		known := len(st.scripts)
		for i, tx := range blk.Txs {
			if err := st.ConnectTx(node, tx, i, now); err != nil {
				return fmt.Errorf("follow transaction %s: %w", tx.ID, err)
			}
		}
		if len(st.scripts) == known {
			return nil
		}
		// A payment has moved the lookahead: this block may pay the new scripts too.
	}
}

// FirstReach is how much of the lookahead a new wallet has before it is used: nobody
// can have been paid by a later script unless its words are at work elsewhere, too. The
// rest of it takes a third of a second and is made in the background.
const FirstReach = 20

// ReachOut makes n more scripts of each row at most. When there are all, blocks are to
// be searched for them.
func (st *State) ReachOut(n uint32) error {
	st.reach = min(st.reach+n, st.Lookahead)
	if err := st.derive(); err != nil || !st.Whole() {
		return err
	}
	st.searchSinceBirth()
	return nil
}

// Whole says whether all scripts are there that the lookahead asks for.
func (st *State) Whole() bool { return st.reach == st.Lookahead }

// searchSinceBirth has all blocks read again that may pay to scripts which are
// new here.
func (st *State) searchSinceBirth() {
	st.reread.next = st.reread.birth
	for _, r := range st.rows {
		r.goal = r.made()
	}
	st.dirt.cursor = true
}
