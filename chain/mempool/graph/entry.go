package mempool

import (
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// totals sum up a set of transactions.
type totals struct {
	count int
	size  int // virtual bytes
	fees  btcutil.Amount
}

func (t *totals) add(v totals) {
	t.count += v.count
	t.size += v.size
	t.fees += v.fees
}

func (t *totals) sub(v totals) {
	t.count -= v.count
	t.size -= v.size
	t.fees -= v.fees
}

func (t totals) paid() policy.Paid { return policy.Paid{Fee: t.fees, VSize: t.size} }

// entry is a transaction of the pool. What stands above the blank line never
// changes; the rest changes under Pool.mu.
type entry struct {
	tx     *chain.Tx
	fee    btcutil.Amount
	vsize  int
	sigOps int
	usage  int64 // bytes of memory, estimated
	time   time.Time
	height int32

	coinbase bool // spends one
	relative bool // has a relative lock time (BIP68)

	seq      int64    // order of entry; parents have lower numbers than their children
	parents  []*entry // without duplicates
	children []*entry // in order of entry
	anc      totals   // itself and all it builds on
	desc     totals   // itself and all that build on it
	place    int      // in evictHeap
}

func (e *entry) own() totals { return totals{count: 1, size: e.vsize, fees: e.fee} }

func (e *entry) signals() bool {
	for _, in := range e.tx.TxIn {
		if in.Sequence <= maxSignalling {
			return true
		}
	}
	return false
}

// coin is the entry's output n, if it has one.
func (e *entry) coin(n uint32) (chain.Coin, bool) {
	if int64(n) >= int64(len(e.tx.TxOut)) {
		return chain.Coin{}, false
	}
	out := e.tx.TxOut[n]
	return chain.Coin{Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: PoolHeight}, true
}

// worse says which of two goes first when the pool is full: the one whose
// removal, with all that build on it, loses the least fee a byte. A
// transaction that pays well is not punished for a poor child.
func worse(a, b *entry) bool {
	if c := policy.CmpRate(a.score(), b.score()); c != 0 {
		return c < 0
	}
	return a.seq > b.seq
}

// score is the better of the entry's own and its descendants' fee rate.
func (e *entry) score() policy.Paid {
	own, all := e.own().paid(), e.desc.paid()
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

// What an entry takes besides its scripts, in bytes, on 64 bits.
const (
	costEntry   = 640 // entry, chain.Tx, wire.MsgTx; their places in two maps and the heap
	costInput   = 260 // wire.TxIn and its pointer; its place in the map of spent outpoints
	costOutput  = 64  // wire.TxOut and its pointer
	costElement = 40  // slice header and rounding of a script or witness item
	costLink    = 32  // a place in somebody's parents and in somebody's children, with room to grow
)

// usageOf estimates the memory a transaction will take in the pool: decoded,
// and as the bytes it came in.
func usageOf(tx *chain.Tx, parents int) int64 {
	n := tx.Size + costEntry + len(tx.TxIn)*costInput + len(tx.TxOut)*costOutput + parents*costLink
	for _, in := range tx.TxIn {
		n += costElement + len(in.SignatureScript)
		for _, item := range in.Witness {
			n += costElement + len(item)
		}
	}
	for _, out := range tx.TxOut {
		n += costElement + len(out.PkScript)
	}
	return int64(n)
}

func newEntry(tx *chain.Tx, fee btcutil.Amount, sigOps int) *entry {
	e := &entry{tx: tx, fee: fee, sigOps: sigOps, vsize: policy.VSize(tx.Weight, sigOps), place: -1}
	e.anc, e.desc = e.own(), e.own()
	return e
}
