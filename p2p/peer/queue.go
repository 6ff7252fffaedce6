package peer

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/btcsuite/btcd/btcutil/v2/bloom"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// ErrSlow: the peer does not read what it asked for.
var ErrSlow = errors.New("does not read what is sent to it")

// item is a message, or a block whose bytes the writer looks up.
type item struct {
	msg     wire.Message
	block   chain.Hash
	witness bool
	old     bool  // the block may be beyond the upload target
	short   bool  // the block in short form (cmpctblock)
	parts   []int // not nil: of the block these transactions (blocktxn)
	filters *p2p.SendFilters
	bloom   *bloom.Filter // not nil: of the block what it matches (merkleblock)
	command string        // not "": a message as it stands
	payload []byte
}

// whole says whether the item is a block as it is stored.
func (it item) whole() bool {
	return it.msg == nil && it.command == "" && it.filters == nil && it.bloom == nil && it.parts == nil && it.witness && !it.short
}

// cost is about how many bytes of ours the item holds.
func (it item) cost() int {
	switch m := it.msg.(type) {
	case *msg.Tx:
		return itemCost + m.Size
	case *msg.BareTx:
		return itemCost + m.Size
	case *msg.Block:
		return itemCost + len(m.Raw)
	case *msg.CmpctBlock:
		return itemCost + 8*len(m.ShortIDs) + sizeOf(m.Prefilled, func(f msg.Prefilled) int { return f.Tx.Size })
	case *msg.BlockTxn:
		return itemCost + sizeOf(m.Txs, func(tx *chain.Tx) int { return tx.Size })
	case *wire.MsgInv:
		return itemCost + invCost*len(m.InvList)
	case *wire.MsgGetData:
		return itemCost + invCost*len(m.InvList)
	case *wire.MsgNotFound:
		return itemCost + invCost*len(m.InvList)
	case *wire.MsgHeaders:
		return itemCost + headerCost*len(m.Headers)
	case *wire.MsgAddr:
		return itemCost + addrCost*len(m.AddrList)
	case *msg.AddrV2:
		return itemCost + addrCost*len(m.Addrs)
	}
	if it.filters != nil {
		return itemCost + len(chain.Hash{})*len(it.filters.Blocks)
	}
	return itemCost + 8*len(it.parts) + len(it.payload)
}

func sizeOf[T any](list []T, size func(T) int) (sum int) {
	for _, x := range list {
		sum += size(x)
	}
	return sum
}

// Bytes in memory for an entry and the pointer to it.
const (
	invCost    = 48
	headerCost = 120
	addrCost   = 120
)

// queue is what waits to be sent.
type queue struct {
	all  *Budget
	kill func(error)  // nil: we have dialled the connection, it stays
	size atomic.Int64 // bytes, for others to see

	mu    sync.Mutex
	items []item
	bytes int
	over  bool // the connection has ended

	wake chan struct{} // for the writer: there is something
	room chan struct{} // for the reader: something has gone out
}

func newQueue(all *Budget, kill func(error)) *queue {
	return &queue{all: all, kill: kill, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// add never blocks; ErrSlow when the queue is full.
func (q *queue) add(it item) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over {
		return errClosed
	}
	cost := it.cost()
	if q.bytes+cost > MaxQueue {
		return ErrSlow
	}
	q.items = append(q.items, it)
	q.bytes += cost
	q.all.enqueue(q, cost)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// next takes the oldest item.
func (q *queue) next() (it item, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false
	}
	it = q.items[0]
	q.items[0] = item{}
	if q.items = q.items[1:]; len(q.items) == 0 {
		q.items = nil
	}
	cost := it.cost()
	q.bytes -= cost
	q.all.enqueue(q, -cost)
	select {
	case q.room <- struct{}{}:
	default:
	}
	return it, true
}

// crowded: nothing more is to be read from the peer now.
func (q *queue) crowded() bool {
	limit := pauseQueue
	if q.all.crowded() {
		limit = pauseShort
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes >= limit
}

// clear drops what is left when the connection has ended.
func (q *queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all.enqueue(q, -q.bytes)
	q.items, q.bytes, q.over = nil, 0, true
}

// held is how many bytes wait.
func (q *queue) held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}
