package books

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
func (b *Books) add(tx *chain.Tx, received int64) (*record, error) {
	r := b.txs[tx.ID]
	if r == nil {
		if !b.concerns(tx) {
			return nil, nil
		}
		r = newRecord(tx, stored{order: b.order, received: received, height: nowhere, conflict: nowhere, raw: bytes.Clone(tx.Raw())})
		b.order++
		b.link(r)
		b.touch(r)
	}
	return r, b.credit(tx, r)
}

func (b *Books) concerns(tx *chain.Tx) bool {
	for _, o := range tx.TxOut {
		if b.scripts[string(o.PkScript)] != nil {
			return true
		}
	}
	for _, in := range tx.TxIn {
		if _, ok := b.outs[in.PreviousOutPoint]; ok {
			return true
		}
	}
	return false
}

// link puts a record where it is found by what it spends.
func (b *Books) link(r *record) {
	b.txs[r.id] = r
	b.list = append(b.list, r)
	for _, op := range r.inputs {
		b.spenders[op] = append(b.spenders[op], r)
	}
}

// credit notes the outputs that pay us.
func (b *Books) credit(tx *chain.Tx, r *record) error {
	for i, o := range tx.TxOut {
		own := b.scripts[string(o.PkScript)]
		if own == nil {
			continue
		}
		b.outs[wire.OutPoint{Hash: r.id, Index: uint32(i)}] = output{r, btcutil.Amount(o.Value), own}
		if err := b.paidTo(own.KeyPath); err != nil {
			return err
		}
	}
	return nil
}

// Keep notes a transaction that we made.
func (b *Books) Keep(tx *chain.Tx, comment string, now int64) error {
	r, err := b.add(tx, now)
	if r != nil {
		r.comment = comment
	}
	return err
}

// Forget removes a transaction that nobody but us has seen; one that is in
// the pool or in a block stays.
func (b *Books) Forget(txid chain.Hash) {
	r := b.txs[txid]
	if r == nil || r.inPool || r.height != nowhere {
		return
	}
	delete(b.txs, r.id)
	b.list = slices.DeleteFunc(b.list, func(other *record) bool { return other == r })
	for i := range r.outs {
		delete(b.outs, wire.OutPoint{Hash: r.id, Index: i})
	}
	for _, op := range r.inputs {
		rest := b.spenders[op][:0]
		for _, s := range b.spenders[op] {
			if s != r {
				rest = append(rest, s)
			}
		}
		if b.spenders[op] = rest; len(rest) == 0 {
			delete(b.spenders, op)
		}
	}
	b.touch(r)
}

// touch says that the file does not hold r as it is now.
func (b *Books) touch(r *record) { b.dirt.records[r.id] = struct{}{} }

// Connect follows one block, whose parent the books stand at. Now is in Unix seconds.
func (b *Books) Connect(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	if err := b.search(node, blk, now); err != nil {
		return err
	}
	b.cursor = node
	b.dirt.cursor = true
	return nil
}

func (b *Books) connectTx(node *chain.HeaderNode, tx *chain.Tx, at int, now int64) error {
	if at > 0 {
		for _, in := range tx.TxIn {
			for _, s := range b.spenders[in.PreviousOutPoint] {
				if s.id != tx.ID {
					b.refute(s, node.Height)
				}
			}
		}
	}
	blockTime := node.Header.Timestamp.Unix()
	r, err := b.add(tx, firstSeen(now, blockTime))
	if r == nil || err != nil {
		return err
	}
	r.height, r.block, r.index, r.blockTime = node.Height, node.Hash, uint32(at), blockTime
	r.conflict, r.abandoned, r.inPool = nowhere, false, false
	if !bytes.Equal(r.raw, tx.Raw()) { // the witness may differ from what the pool had
		r.raw = bytes.Clone(tx.Raw())
	}
	b.touch(r)
	return nil
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
func (b *Books) refute(r *record, height int32) {
	if r.height != nowhere || r.conflict != nowhere {
		return
	}
	r.conflict, r.inPool = height, false
	b.touch(r)
	for i := range r.outs {
		for _, s := range b.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			b.refute(s, height)
		}
	}
}

// Rollback goes back to an ancestor of where the books stand.
func (b *Books) Rollback(to *chain.HeaderNode) {
	for _, r := range b.txs {
		if r.height > to.Height {
			r.height, r.block, r.index, r.blockTime = nowhere, chain.Hash{}, 0, 0
			if r.abandoned = r.coinbase; r.coinbase { // nobody can mine it again
				b.orphans = append(b.orphans, r)
			}
			b.touch(r)
		}
		if r.conflict > to.Height {
			r.conflict = nowhere
			b.touch(r)
		}
	}
	b.cursor = to
	b.dirt.cursor = true
}

// Pool follows what changed in the pool. Left says that a transaction of ours
// left it that may come back. Now is in Unix seconds.
func (b *Books) Pool(d chain.PoolDelta, now int64) (left bool, err error) {
	for _, in := range d.In {
		r, err := b.add(in.Tx, now)
		if err != nil {
			return left, fmt.Errorf("follow transaction %s: %w", in.Tx.ID, err)
		}
		if r == nil || r.inPool {
			continue
		}
		r.inPool = true
		if r.abandoned || r.conflict != nowhere {
			r.abandoned, r.conflict = false, nowhere
			b.touch(r)
		}
	}
	for _, out := range d.Out {
		if r := b.txs[out.Tx.ID]; r != nil {
			r.inPool = false
			left = left || out.Why == chain.GoneEvicted || out.Why == chain.GoneInvalid
		}
	}
	b.giveUp()
	return left, nil
}

// giveUp abandons what spends a reward whose block has left the chain, once the
// pool has let go of it too: the other coins in it are free again.
func (b *Books) giveUp() {
	for _, r := range b.orphans {
		if r.height == nowhere {
			b.abandonSpenders(r)
		}
	}
	b.orphans = nil
}

// Abandon gives up a transaction that is in no block and not in the pool, and
// what hangs on it: their coins may be spent again.
func (b *Books) Abandon(txid chain.Hash) error {
	r := b.txs[txid]
	switch {
	case r == nil:
		return wallet.ErrUnknownTx
	case r.height != nowhere || r.conflict != nowhere || r.inPool:
		return fmt.Errorf("transaction %s is in a block, in the pool or conflicted: it cannot be abandoned", txid)
	}
	b.abandon(r)
	return nil
}

func (b *Books) abandon(r *record) {
	if r.abandoned || r.height != nowhere || r.inPool {
		return
	}
	r.abandoned = true
	b.touch(r)
	b.abandonSpenders(r)
}

func (b *Books) abandonSpenders(r *record) {
	for i := range r.outs {
		for _, s := range b.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			b.abandon(s)
		}
	}
}
