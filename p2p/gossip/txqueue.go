package gossip

import (
	"fmt"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// queuedTx is a transaction that waits or is validated.
type queuedTx struct {
	Tx      *chain.Tx
	From    p2p.PeerID
	Origin  string        // where From comes from (Joined)
	Tickets []p2p.Ticket  // Submits that its verdict answers
	With    *queuedTx     // its parent, which was refused for its fee alone; nil: it comes alone
	waited  *txs.Orphan   // as which it waited for parents; nil: it did not
	heirs   []*txs.Orphan // that may pay for it, one after the other; of a low-fee parent
	tasks   []*task       // of the peers that have sent it
	sent    bool
}

// txQueue is the validation queue of transactions: each once, within credits. Pool
// and ledger validate elsewhere, and take their time. What is over the credits waits
// here, bounded by count and bytes and for each peer; our own go before everybody's.
type txQueue struct {
	byWID   map[chain.Hash]*queuedTx
	own     []*queuedTx // with a ticket when they came: before everybody's
	queue   []*queuedTx
	perPeer map[p2p.PeerID]int // of queue
	bytes   int                // in queue
	credits int
	debts   debts // of who sent what was refused and cost something
}

// newTxQueue makes an empty queue.
func newTxQueue() *txQueue {
	return &txQueue{byWID: make(map[chain.Hash]*queuedTx), perPeer: make(map[p2p.PeerID]int), debts: newDebts(), credits: MaxTxsValidating}
}

// charge notes what validating a refused transaction has cost; here: who sent it has not
// left. indebted: it owes too much by now; then what else it has sent is given back, not
// to be validated.
func (q *txQueue) charge(refused *queuedTx, cost time.Duration, now time.Time, here bool) (indebted bool, back []*queuedTx) {
	from := refused.From
	if q.debts.charge(refused, cost, now, here) <= maxDebt {
		return false, nil
	}
	q.queue = slices.DeleteFunc(q.queue, func(j *queuedTx) bool {
		if j.From != from {
			return false
		}
		back = append(back, j)
		delete(q.byWID, j.Tx.WID)
		q.leaves(j)
		return true
	})
	return true, back
}

// indebted says whether nothing of a peer's is to be validated now.
func (q *txQueue) indebted(from p2p.PeerID, now time.Time) bool {
	owed, ok := q.debts.here[from]
	return ok && owed.now(now) > maxDebt
}

// find gives what waits or is validated under a wtxid.
func (q *txQueue) find(wid chain.Hash) *queuedTx { return q.byWID[wid] }

// takes says whether one more of a peer's would be taken; Self's have their own.
func (q *txQueue) takes(from p2p.PeerID, size int) bool {
	if from == p2p.Self {
		return len(q.own) < maxOwnTxs
	}
	return len(q.queue) < maxWaitingTxs && q.bytes+size <= maxWaitingBytes && q.perPeer[from] < maxWaitingPeer
}

// Add queues a transaction that is not here yet.
func (q *txQueue) Add(j *queuedTx) {
	q.byWID[j.Tx.WID] = j
	if len(j.Tickets) > 0 {
		q.own = append(q.own, j)
		return
	}
	q.queue = append(q.queue, j)
	q.bytes += j.Tx.Size
	q.perPeer[j.From]++
}

// next takes a credit for the next to be validated; nil: nothing waits, or no
// credit is left.
func (q *txQueue) next() (j *queuedTx) {
	switch {
	case q.credits == 0:
		return nil
	case len(q.own) > 0:
		j, q.own = q.own[0], q.own[1:]
	case len(q.queue) > 0 && q.credits > ownCredits:
		j, q.queue = q.queue[0], q.queue[1:]
		q.leaves(j)
	default:
		q.own = nil
		if len(q.queue) == 0 {
			q.queue = nil
		}
		return nil
	}
	q.credits--
	j.sent = true
	return j
}

// leaves counts a transaction of a peer's out of the queue.
func (q *txQueue) leaves(j *queuedTx) {
	q.bytes -= j.Tx.Size
	if q.perPeer[j.From]--; q.perPeer[j.From] == 0 {
		delete(q.perPeer, j.From)
	}
}

// Done gives the credit back and the transaction that was validated, nil when none
// was.
func (q *txQueue) Done(wid chain.Hash) *queuedTx {
	j := q.byWID[wid]
	if j == nil || !j.sent {
		return nil
	}
	delete(q.byWID, wid)
	q.credits++
	return j
}

// waiting counts those of peers that wait, Len all, Credits what is left.
func (q *txQueue) waiting() int { return len(q.queue) }

// Len counts all that wait or are validated.
func (q *txQueue) Len() int { return len(q.byWID) }

// Credits is how many validations may still be asked for.
func (q *txQueue) Credits() int { return q.credits }

// Check proves that the counts are right and the credits kept.
func (q *txQueue) Check() error {
	sent, bytes, perPeer := 0, 0, map[p2p.PeerID]int{}
	for _, j := range q.byWID {
		if j.sent {
			sent++
		}
	}
	for _, j := range q.queue {
		bytes += j.Tx.Size
		perPeer[j.From]++
	}
	if q.credits < 0 || sent != MaxTxsValidating-q.credits || sent+len(q.own)+len(q.queue) != len(q.byWID) {
		return fmt.Errorf("%d transactions, %d validated with %d credits left", len(q.byWID), sent, q.credits)
	}
	if bytes != q.bytes || len(perPeer) != len(q.perPeer) {
		return fmt.Errorf("%d bytes wait, counted %d; %d peers, counted %d", bytes, q.bytes, len(perPeer), len(q.perPeer))
	}
	for id, n := range perPeer {
		if q.perPeer[id] != n {
			return fmt.Errorf("%d transactions of peer %d wait, counted %d", n, id, q.perPeer[id])
		}
	}
	return nil
}
