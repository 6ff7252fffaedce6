package state

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// add notes a transaction if it concerns us; nil if it does not [AddToWallet].
func (st *State) add(tx *chain.Tx, received int64) (*record, error) {
	r := st.txs[tx.ID]
	if r == nil {
		if !st.concerns(tx) {
			return nil, nil
		}
		r = newRecord(tx, stored{order: st.order, received: received, height: Nowhere, conflict: Nowhere, raw: bytes.Clone(tx.Raw())})
		st.order++
		st.link(r)
		st.touch(r)
	}
	return r, st.credit(tx, r)
}

// concerns says whether a transaction pays us or spends ours [IsFromMe].
func (st *State) concerns(tx *chain.Tx) bool {
	if st.PaysUs(tx) {
		return true
	}
	for _, in := range tx.TxIn {
		if st.out(in.PreviousOutPoint) != nil {
			return true
		}
	}
	return false
}

// PaysUs says whether an output of tx is ours.
func (st *State) PaysUs(tx *chain.Tx) bool {
	for _, o := range tx.TxOut {
		if st.scripts[string(o.PkScript)] != nil {
			return true
		}
	}
	return false
}

// link puts a record where it is found by what it spends [AddToSpends].
func (st *State) link(r *record) {
	st.txs[r.id] = r
	st.list = append(st.list, r)
	for _, op := range r.inputs {
		st.spenders[op] = append(st.spenders[op], r)
		if o := st.out(op); o != nil {
			st.scripts[o.own.script].reused = true
		}
		st.unlockCoin(op)
	}
	st.stir(r)
}

// out is an output of ours, spent or not; nil when there is none at op.
func (st *State) out(op wire.OutPoint) *output {
	if r := st.txs[op.Hash]; r != nil {
		return r.output(op.Index)
	}
	return nil
}

// Knows says whether an output is ours, spent or not.
func (st *State) Knows(op wire.OutPoint) bool { return st.out(op) != nil }

// credit notes the outputs that pay us.
func (st *State) credit(tx *chain.Tx, r *record) error {
	for i, o := range tx.TxOut {
		own := st.scripts[string(o.PkScript)]
		if own == nil {
			continue
		}
		if old := r.output(uint32(i)); old != nil {
			old.own = own // its script may have come to another descriptor
		} else {
			st.addOutput(&output{rec: r, value: btcutil.Amount(o.Value), own: own, vout: uint32(i)})
		}
		if err := st.paidTo(own); err != nil {
			return err
		}
	}
	return nil
}

// addOutput notes that an output is ours, which was not known before.
func (st *State) addOutput(o *output) {
	r := o.rec
	at, _ := slices.BinarySearchFunc(r.own, o.vout, func(x *output, vout uint32) int { return cmp.Compare(x.vout, vout) })
	r.own = slices.Insert(r.own, at, o)
	st.stir(r)
	for _, s := range st.spenders[o.op()] {
		st.scripts[o.own.script].reused = true
		st.stir(s)
	}
}

// Keep notes a transaction that we made.
func (st *State) Keep(tx *chain.Tx, o wallet.Options, now int64) error {
	r, err := st.add(tx, now)
	if r != nil {
		if r.comment = o.Comment; o.CommentTo != "" {
			r.note().to = o.CommentTo
		}
		if (o.Replaces != chain.Hash{}) {
			st.replaced(o.Replaces, r)
		}
	}
	return err
}

// replaced notes that r takes the place of a transaction of ours; what people said
// of that holds for it too [MarkReplaced].
func (st *State) replaced(old chain.Hash, r *record) {
	was := st.txs[old]
	if was == nil {
		return
	}
	n := r.note()
	r.comment, n.to, n.replaces = was.comment, was.note().to, old
	was.note().replacedBy = r.id
	st.touch(was)
	st.touch(r)
}

// note are the notes of r, to be written.
func (r *record) note() *notes {
	if r.notes == nil {
		r.notes = &notes{}
	}
	return r.notes
}

// Forget removes a transaction that nobody but us has seen; one that is in
// the pool or in a block stays.
func (st *State) Forget(txid chain.Hash) {
	if r := st.txs[txid]; r != nil && !r.inPool && r.height == Nowhere {
		st.remove(r)
	}
}

// remove takes a transaction out of the wallet.
func (st *State) remove(r *record) {
	if was := st.txs[r.noted().replaces]; was != nil && was.noted().replacedBy == r.id {
		was.notes.replacedBy = chain.Hash{} // it may be bumped again
		st.touch(was)
	}
	delete(st.txs, r.id)
	st.list = slices.DeleteFunc(st.list, func(other *record) bool { return other == r })
	for _, o := range r.own {
		for _, s := range st.spenders[o.op()] {
			st.stir(s)
		}
	}
	for _, op := range r.inputs {
		rest := slices.DeleteFunc(st.spenders[op], func(s *record) bool { return s == r })
		if st.spenders[op] = rest; len(rest) == 0 {
			delete(st.spenders, op)
		}
	}
	st.touch(r)
}

// touch says that the file does not hold r as it is now.
func (st *State) touch(r *record) {
	st.dirt.records[r.id] = struct{}{}
	st.stir(r)
}

// stir says that r may mean something else for the coins than it did.
func (st *State) stir(r *record) {
	if !r.stirred {
		r.stirred = true
		st.stirred = append(st.stirred, r)
	}
}

// Connect follows one block, whose parent the state stands at. Now is in Unix seconds [CWallet::blockConnected].
func (st *State) Connect(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	if err := st.search(node, blk, now); err != nil {
		return err
	}
	st.cursor = node
	st.dirt.cursor = true
	return nil
}

// ConnectTx takes in a transaction of a block if it is ours [AddToWalletIfInvolvingMe].
func (st *State) ConnectTx(node *chain.HeaderNode, tx *chain.Tx, at int, now int64) error {
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
	r.conflict, r.abandoned, r.inPool, r.rivals = Nowhere, false, false, nil
	if !bytes.Equal(r.raw, tx.Raw()) { // the witness may differ from what the pool had
		r.raw = bytes.Clone(tx.Raw())
	}
	st.tellOf(r, &r.toldBlock)
	st.touch(r)
	return nil
}

// News is that something has happened to r, as it was then.
type News struct {
	of     *record
	ID     chain.Hash
	Height int32 // Nowhere: it is in no block
	Block  chain.Hash
	Log    bool // the log has not heard of it
}

// TakeNews is what has happened since the last call.
func (st *State) TakeNews() []News {
	all := st.news
	st.news = nil
	return all
}

// NewsEntry tells what the transaction means to the wallet.
func (st *State) NewsEntry(n News) (wallet.Entry, error) { return st.entry(n.of) }

// tellOf notes that r has come, or is in another state. The log hears of it once.
func (st *State) tellOf(r *record, told *bool) {
	st.news = append(st.news, News{r, r.id, r.height, r.block, !*told && !r.coinbase})
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

// refute marks r and what hangs on it: the block at height spends a coin of it [MarkConflicted].
func (st *State) refute(r *record, height int32) {
	if r.height != Nowhere || r.conflict != Nowhere {
		return
	}
	r.conflict, r.inPool, r.abandoned = height, false, false // lost is more than given up
	st.touch(r)
	st.eachChild(r, func(child *record) { st.refute(child, height) })
}

// Rollback goes back to an ancestor of where the state stands [CWallet::blockDisconnected].
func (st *State) Rollback(to *chain.HeaderNode) {
	for _, r := range st.txs {
		if r.height > to.Height {
			height := r.height
			r.height, r.block, r.index, r.blockTime = Nowhere, chain.Hash{}, 0, 0
			if r.abandoned = r.coinbase; r.coinbase { // nobody can mine it again
				st.orphans = append(st.orphans, orphan{record: r, height: height})
			}
			st.tellOf(r, &r.toldBlock)
			st.touch(r)
		}
		if r.conflict > to.Height {
			r.conflict = Nowhere
			st.touch(r)
		}
	}
	st.cursor = to
	st.dirt.cursor = true
}

// FollowPool follows what changed in the pool. Left says that a transaction of ours
// left it that may come back. Now is in Unix seconds [transactionAddedToMempool, transactionRemovedFromMempool].
func (st *State) FollowPool(d chain.PoolDelta, now int64) (left bool, err error) {
	for _, in := range d.In {
		st.rival(in.Tx)
		r, err := st.add(in.Tx, now)
		if err != nil {
			return left, fmt.Errorf("follow transaction %s: %w", in.Tx.ID, err)
		}
		if r == nil || r.inPool {
			continue
		}
		r.inPool = true
		st.stir(r)
		st.tellOf(r, &r.toldPool)
		if r.abandoned || r.conflict != Nowhere {
			r.abandoned, r.conflict = false, Nowhere
			st.touch(r)
		}
	}
	for _, out := range d.Out {
		st.unrival(out.Tx)
		r := st.txs[out.Tx.ID]
		if r == nil {
			continue
		}
		r.inPool = false
		st.stir(r)
		if out.Why == chain.GoneConflict { // it, or what it hangs on, lost to a double spend
			st.tellOf(r, &r.toldPool)
			st.refute(r, st.cursor.Height)
		}
		left = left || out.Why == chain.GoneEvicted || out.Why == chain.GoneInvalid
	}
	st.giveUp()
	return left, nil
}

// rival notes that tx is in the pool, so that what spends a same coin is not, nor
// what hangs on that.
func (st *State) rival(tx *chain.Tx) {
	for _, in := range tx.TxIn {
		for _, s := range st.spenders[in.PreviousOutPoint] {
			if s.id != tx.ID {
				st.addRival(s, tx.ID)
			}
		}
	}
}

func (st *State) addRival(r *record, id chain.Hash) {
	if slices.Contains(r.rivals, id) {
		return
	}
	r.rivals = append(r.rivals, id)
	st.stir(r)
	st.eachChild(r, func(child *record) { st.addRival(child, id) })
}

// unrival notes that tx is not in the pool any more.
func (st *State) unrival(tx *chain.Tx) {
	for _, in := range tx.TxIn {
		for _, s := range st.spenders[in.PreviousOutPoint] {
			st.dropRival(s, tx.ID)
		}
	}
}

func (st *State) dropRival(r *record, id chain.Hash) {
	i := slices.Index(r.rivals, id)
	if i < 0 {
		return
	}
	r.rivals = slices.Delete(r.rivals, i, i+1)
	st.stir(r)
	st.eachChild(r, func(child *record) { st.dropRival(child, id) })
}

// eachChild calls fn for what spends outputs of r.
func (st *State) eachChild(r *record, fn func(*record)) {
	for i := range r.outs {
		for _, s := range st.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			fn(s)
		}
	}
}

// AbandonTx gives up a transaction that is in no block and not in the pool, and
// what hangs on it: their coins may be spent again [TransactionCanBeAbandoned].
func (st *State) AbandonTx(txid chain.Hash) error {
	r := st.txs[txid]
	switch {
	case r == nil:
		return wallet.ErrUnknownTx
	case r.height != Nowhere || r.conflict != Nowhere || r.inPool:
		return fmt.Errorf("%w: it is in a block, in the pool or conflicted", wallet.ErrAbandon)
	}
	st.abandon(r)
	return nil
}

func (st *State) abandon(r *record) {
	if r.abandoned || r.height != Nowhere || r.inPool {
		return
	}
	r.abandoned = true
	st.touch(r)
	st.abandonSpenders(r)
}

func (st *State) abandonSpenders(r *record) { st.eachChild(r, st.abandon) }

// RemoveTx takes a transaction out of the wallet, whatever has become of it.
func (st *State) RemoveTx(txid chain.Hash) error {
	r := st.txs[txid]
	if r == nil {
		return wallet.ErrUnknownTx
	}
	st.remove(r)
	return nil
}
