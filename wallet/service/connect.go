package service

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// add notes a transaction if it concerns us; nil if it does not.
func (st *state) add(tx *chain.Tx, received int64) (*record, error) {
	r := st.txs[tx.ID]
	if r == nil {
		if !st.concerns(tx) {
			return nil, nil
		}
		r = newRecord(tx, stored{order: st.order, received: received, height: nowhere, conflict: nowhere, raw: bytes.Clone(tx.Raw())})
		st.order++
		st.link(r)
		st.touch(r)
	}
	return r, st.credit(tx, r)
}

func (st *state) concerns(tx *chain.Tx) bool {
	for _, o := range tx.TxOut {
		if st.scripts[string(o.PkScript)] != nil {
			return true
		}
	}
	for _, in := range tx.TxIn {
		if _, ok := st.outs[in.PreviousOutPoint]; ok {
			return true
		}
	}
	return false
}

// link puts a record where it is found by what it spends.
func (st *state) link(r *record) {
	st.txs[r.id] = r
	st.list = append(st.list, r)
	for _, op := range r.inputs {
		st.spenders[op] = append(st.spenders[op], r)
	}
}

// credit notes the outputs that pay us.
func (st *state) credit(tx *chain.Tx, r *record) error {
	for i, o := range tx.TxOut {
		own := st.scripts[string(o.PkScript)]
		if own == nil {
			continue
		}
		st.outs[wire.OutPoint{Hash: r.id, Index: uint32(i)}] = output{r, btcutil.Amount(o.Value), own}
		if err := st.paidTo(own); err != nil {
			return err
		}
	}
	return nil
}

// keep notes a transaction that we made.
func (st *state) keep(tx *chain.Tx, o wallet.Options, now int64) error {
	r, err := st.add(tx, now)
	if r != nil {
		r.comment, r.more.to = o.Comment, o.CommentTo
		if (o.Replaces != chain.Hash{}) {
			st.replaced(o.Replaces, r)
		}
	}
	return err
}

// replaced notes that r takes the place of a transaction of ours; what people said
// of that holds for it too.
func (st *state) replaced(old chain.Hash, r *record) {
	was := st.txs[old]
	if was == nil {
		return
	}
	r.comment, r.more.to, r.more.replaces = was.comment, was.more.to, old
	was.more.replacedBy = r.id
	st.touch(was)
	st.touch(r)
}

// forget removes a transaction that nobody but us has seen; one that is in
// the pool or in a block stays.
func (st *state) forget(txid chain.Hash) {
	r := st.txs[txid]
	if r == nil || r.inPool || r.height != nowhere {
		return
	}
	delete(st.txs, r.id)
	st.list = slices.DeleteFunc(st.list, func(other *record) bool { return other == r })
	for i := range r.outs {
		delete(st.outs, wire.OutPoint{Hash: r.id, Index: i})
	}
	for _, op := range r.inputs {
		rest := st.spenders[op][:0]
		for _, s := range st.spenders[op] {
			if s != r {
				rest = append(rest, s)
			}
		}
		if st.spenders[op] = rest; len(rest) == 0 {
			delete(st.spenders, op)
		}
	}
	st.touch(r)
}

// touch says that the file does not hold r as it is now.
func (st *state) touch(r *record) { st.dirt.records[r.id] = struct{}{} }

// connect follows one block, whose parent the state stands at. Now is in Unix seconds.
func (st *state) connect(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	if err := st.search(node, blk, now); err != nil {
		return err
	}
	st.cursor = node
	st.dirt.cursor = true
	return nil
}

func (st *state) connectTx(node *chain.HeaderNode, tx *chain.Tx, at int, now int64) error {
	if at > 0 {
		for _, in := range tx.TxIn {
			for _, s := range st.spenders[in.PreviousOutPoint] {
				if s.id != tx.ID {
					st.refute(s, node.Height)
				}
			}
		}
	}
	blockTime := node.Header.Timestamp.Unix()
	r, err := st.add(tx, firstSeen(now, blockTime))
	if r == nil || err != nil {
		return err
	}
	r.height, r.block, r.index, r.blockTime = node.Height, node.Hash, uint32(at), blockTime
	r.conflict, r.abandoned, r.inPool = nowhere, false, false
	if !bytes.Equal(r.raw, tx.Raw()) { // the witness may differ from what the pool had
		r.raw = bytes.Clone(tx.Raw())
	}
	st.tellOf(r, &r.toldBlock)
	st.touch(r)
	return nil
}

// tellOf notes that the log is to hear of r, once.
func (st *state) tellOf(r *record, told *bool) {
	if !*told && !r.coinbase {
		st.news = append(st.news, r)
	}
	*told = true
}

// oldBlock is how long ago, in seconds, a block must be for its time to be a
// better guess than our clock of when its transactions were made.
const oldBlock = 2 * 60 * 60

func firstSeen(now, blockTime int64) int64 {
	if blockTime < now-oldBlock {
		return blockTime
	}
	return now
}

// refute marks r and what hangs on it: the block at height spends a coin of it.
func (st *state) refute(r *record, height int32) {
	if r.height != nowhere || r.conflict != nowhere {
		return
	}
	r.conflict, r.inPool = height, false
	st.touch(r)
	for i := range r.outs {
		for _, s := range st.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			st.refute(s, height)
		}
	}
}

// rollback goes back to an ancestor of where the state stands.
func (st *state) rollback(to *chain.HeaderNode) {
	for _, r := range st.txs {
		if r.height > to.Height {
			r.height, r.block, r.index, r.blockTime = nowhere, chain.Hash{}, 0, 0
			if r.abandoned = r.coinbase; r.coinbase { // nobody can mine it again
				st.orphans = append(st.orphans, r)
			}
			st.touch(r)
		}
		if r.conflict > to.Height {
			r.conflict = nowhere
			st.touch(r)
		}
	}
	st.cursor = to
	st.dirt.cursor = true
}

// followPool follows what changed in the pool. Left says that a transaction of ours
// left it that may come back. Now is in Unix seconds.
func (st *state) followPool(d chain.PoolDelta, now int64) (left bool, err error) {
	for _, in := range d.In {
		r, err := st.add(in.Tx, now)
		if err != nil {
			return left, fmt.Errorf("follow transaction %s: %w", in.Tx.ID, err)
		}
		if r == nil || r.inPool {
			continue
		}
		r.inPool = true
		st.tellOf(r, &r.toldPool)
		if r.abandoned || r.conflict != nowhere {
			r.abandoned, r.conflict = false, nowhere
			st.touch(r)
		}
	}
	for _, out := range d.Out {
		if r := st.txs[out.Tx.ID]; r != nil {
			r.inPool = false
			if out.Why == chain.GoneConflict { // it, or what it hangs on, lost to a double spend
				st.refute(r, st.cursor.Height)
			}
			left = left || out.Why == chain.GoneEvicted || out.Why == chain.GoneInvalid
		}
	}
	st.giveUp()
	return left, nil
}

// giveUp abandons what spends a reward whose block has left the chain, once the
// pool has let go of it too: the other coins in it are free again.
func (st *state) giveUp() {
	for _, r := range st.orphans {
		if r.height == nowhere {
			st.abandonSpenders(r)
		}
	}
	st.orphans = nil
}

// abandonTx gives up a transaction that is in no block and not in the pool, and
// what hangs on it: their coins may be spent again.
func (st *state) abandonTx(txid chain.Hash) error {
	r := st.txs[txid]
	switch {
	case r == nil:
		return wallet.ErrUnknownTx
	case r.height != nowhere || r.conflict != nowhere || r.inPool:
		return fmt.Errorf("%w: it is in a block, in the pool or conflicted", wallet.ErrAbandon)
	}
	st.abandon(r)
	return nil
}

func (st *state) abandon(r *record) {
	if r.abandoned || r.height != nowhere || r.inPool {
		return
	}
	r.abandoned = true
	st.touch(r)
	st.abandonSpenders(r)
}

func (st *state) abandonSpenders(r *record) {
	for i := range r.outs {
		for _, s := range st.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			st.abandon(s)
		}
	}
}
