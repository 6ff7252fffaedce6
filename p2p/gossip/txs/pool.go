package txs

import (
	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
)

// Tx is a transaction of the pool as relay sees it.
type Tx struct {
	*chain.Tx
	Rate  int64  // satoshis per 1000 vbytes
	seq   uint64 // in order of entry, from 1
	depth int    // ancestors in the pool when it entered
	out   bool   // has left the pool
}

// Pool is the pool by its hashes and in order of entry.
type Pool struct {
	byWID  map[chain.Hash]*Tx
	byTxID map[chain.Hash]*Tx
	order  []*Tx // oldest first; those that left are swept when they are the most
	seq    uint64

	Sorted bool // announcements are sorted, so that depths are needed
}

// Seen notes that every peer may ask for the transaction, as if it had come before all.
func (in *Tx) Seen() { in.seq = 0 }

// NewPool makes an empty index.
func NewPool() *Pool {
	return &Pool{byWID: make(map[chain.Hash]*Tx), byTxID: make(map[chain.Hash]*Tx)}
}

// ByWID finds a transaction by its wtxid, nil when it is not in the pool.
func (x *Pool) ByWID(h chain.Hash) *Tx { return x.byWID[h] }

// ByTxID finds a transaction by its txid, nil when it is not in the pool.
func (x *Pool) ByTxID(h chain.Hash) *Tx { return x.byTxID[h] }

// Len counts the pool; Log the entries of its order, those that left included.
func (x *Pool) Len() int { return len(x.byWID) }

// Log counts the entries of the order, those that left included.
func (x *Pool) Log() int { return len(x.order) }

// Add takes a transaction in; nil when it is there already.
func (x *Pool) Add(tx *chain.Tx, fee btcutil.Amount) *Tx {
	if x.byWID[tx.WID] != nil {
		return nil
	}
	x.seq++
	in := &Tx{Tx: tx, Rate: int64(fee) * 1000 * 4 / int64(max(tx.Weight, 1)), seq: x.seq}
	if x.Sorted {
		in.depth = x.ancestors(tx, map[chain.Hash]bool{})
	}
	x.byWID[tx.WID], x.byTxID[tx.ID] = in, in
	x.order = append(x.order, in)
	return in
}

// ancestors counts those in the pool that are not counted yet.
func (x *Pool) ancestors(tx *chain.Tx, counted map[chain.Hash]bool) (n int) {
	for _, in := range tx.MsgTx.TxIn {
		h := in.PreviousOutPoint.Hash
		if parent := x.byTxID[h]; parent != nil && !counted[h] {
			counted[h] = true
			n += 1 + x.ancestors(parent.Tx, counted)
		}
	}
	return n
}

// Seq is the number of the last transaction that has entered.
func (x *Pool) Seq() uint64 { return x.seq }

// Remove takes a transaction out, if it is there.
func (x *Pool) Remove(wid chain.Hash) {
	in := x.byWID[wid]
	if in == nil {
		return
	}
	in.out = true
	delete(x.byWID, wid)
	if x.byTxID[in.ID] == in {
		delete(x.byTxID, in.ID)
	}
	if len(x.order) >= 2*len(x.byWID)+64 {
		x.order = x.Newest(len(x.order))
	}
}

// Newest lists the last n in order of entry, less those that have left.
func (x *Pool) Newest(n int) []*Tx {
	kept := make([]*Tx, 0, min(n, len(x.byWID)))
	for _, in := range x.order[max(len(x.order)-n, 0):] {
		if !in.out {
			kept = append(kept, in)
		}
	}
	return kept
}
