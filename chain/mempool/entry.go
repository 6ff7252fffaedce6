package mempool

import (
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// totals sum up a set of transactions.
type totals struct {
	Count int
	Size  int            // virtual bytes
	Fees  btcutil.Amount // modified ones
}

// Add counts v in.
func (t *totals) Add(v totals) {
	t.Count += v.Count
	t.Size += v.Size
	t.Fees += v.Fees
}

// Sub takes v out.
func (t *totals) Sub(v totals) {
	t.Count -= v.Count
	t.Size -= v.Size
	t.Fees -= v.Fees
}

// paid is the fees and what they were paid for.
func (t totals) paid() policy.Paid { return policy.Paid{Fee: t.Fees, VSize: t.Size} }

// entry is a transaction of the pool [CTxMemPoolEntry].
type entry struct {
	Tx        *chain.Tx
	Fee       btcutil.Amount
	Modified  btcutil.Amount // the fee with what prioritisetransaction added
	SigOpCost int
	VSize     int   // virtual bytes, raised for many signature operations
	Usage     int64 // bytes of memory, estimated
	Time      time.Time
	Height    int32        // of the tip at entry
	Coinbase  bool         // spends one
	Relative  bool         // has a relative lock time (BIP68)
	Seq       int64        // order of entry; parents have lower numbers than their children
	Returned  bool         // by a reorganisation
	Scripts   []chain.Hash // that it pays or spends from, each once; nil without Config.ByScript
	came      uint64       // which of the pool's changes its entry was

	// The graph keeps these once the entry is in it. Only Parents is set before.
	Parents  []*entry // without duplicates
	Children []*entry // in order of entry
	Anc      totals   // itself and all it builds on
	Desc     totals   // itself and all that build on it
	place    int      // in evictHeap; -1 outside
}

// newEntry makes an entry that is in no graph yet.
func newEntry(d *draft) *entry {
	e := &entry{Tx: d.tx, Fee: d.fee, Modified: d.modified, SigOpCost: d.sigOps, VSize: d.vsize, Parents: d.parents, place: -1}
	e.Usage = usageOf(d.tx, len(d.parents))
	e.Anc, e.Desc = e.own(), e.own()
	return e
}

// entered says whether the entry is in a graph.
func (e *entry) entered() bool { return e.place >= 0 }

// own is the entry by itself.
func (e *entry) own() totals { return totals{Count: 1, Size: e.VSize, Fees: e.Modified} }

// Coin is the entry's output n, if it has one, as a coin of that height.
func (e *entry) Coin(n uint32, height int32) (chain.Coin, bool) {
	if int64(n) >= int64(len(e.Tx.TxOut)) {
		return chain.Coin{}, false
	}
	return chain.CoinOf(e.Tx.TxOut[n], height, false), true
}

// worse says which of two goes first when the pool is full: the one whose
// removal, with all that build on it, loses the least fee a byte. A
// transaction that pays well is not punished for a low-fee child [CompareTxMemPoolEntryByDescendantScore].
func worse(a, b *entry) bool {
	if c := policy.CmpRate(a.score(), b.score()); c != 0 {
		return c < 0
	}
	return a.Seq > b.Seq
}

// score is the better of the entry's own and its descendants' fee rate.
func (e *entry) score() policy.Paid {
	own, all := e.own().paid(), e.Desc.paid()
	if policy.CmpRate(own, all) > 0 {
		return own
	}
	return all
}

// evictHeap has the entry that goes first at the top (container/heap).
type evictHeap []*entry

func (h evictHeap) Len() int           { return len(h) }
func (h evictHeap) Less(i, j int) bool { return worse(h[i], h[j]) }

func (h evictHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for container/heap.
func (h *evictHeap) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop is for container/heap.
func (h *evictHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.place = -1
	return e
}

// What an entry takes besides the bytes it came in, in bytes, on 64 bits. Scripts
// and witnesses stand in those bytes.
const (
	costEntry   = 640 // entry, chain.Tx, wire.MsgTx; their places in two maps and the heap
	costInput   = 260 // wire.TxIn and its pointer; its place in the map of spent outpoints
	costOutput  = 64  // wire.TxOut and its pointer
	costElement = 24  // slice header of a witness item
	costLink    = 32  // a place in somebody's parents and in somebody's children, with room to grow
)

// usageOf estimates the memory a transaction will take in the pool [DynamicMemoryUsage].
func usageOf(tx *chain.Tx, parents int) int64 {
	n := tx.Size + costEntry + len(tx.TxIn)*costInput + len(tx.TxOut)*costOutput + parents*costLink
	for _, in := range tx.TxIn {
		n += len(in.Witness) * costElement
	}
	return int64(n)
}
