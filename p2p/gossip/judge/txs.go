package judge

import (
	"fmt"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// Tx is a transaction that waits or is judged.
type Tx struct {
	Tx      *chain.Tx
	From    p2p.PeerID
	Tickets []p2p.Ticket // Submits that its verdict answers
	Last    bool         // it is not to wait for parents once more
	sent    bool
}

// Txs is all of them.
type Txs struct {
	byWID   map[chain.Hash]*Tx
	own     []*Tx // with a ticket when they came: before everybody's
	queue   []*Tx
	perPeer map[p2p.PeerID]int // of queue
	bytes   int                // in queue
	credits int
	debts   map[p2p.PeerID]debt // of who sent what was refused and cost something
}

// debt is what judging refused transactions of a peer has cost, at some time.
type debt struct {
	owed time.Duration
	at   time.Time
}

// now is what is left of it at a time.
func (d debt) now(t time.Time) time.Duration {
	return max(d.owed-t.Sub(d.at)/paidBack, 0)
}

// NewTxs makes an empty desk.
func NewTxs() *Txs {
	return &Txs{byWID: make(map[chain.Hash]*Tx), perPeer: make(map[p2p.PeerID]int), debts: make(map[p2p.PeerID]debt), credits: MaxTxs}
}

// Charge notes what judging a refused transaction of a peer has cost. indebted:
// too much by now; then what else it has sent is given back, not to be judged.
func (d *Txs) Charge(from p2p.PeerID, cost time.Duration, now time.Time) (indebted bool, back []*chain.Tx) {
	d.debts[from] = debt{d.debts[from].now(now) + cost, now}
	if !d.Indebted(from, now) {
		return false, nil
	}
	d.queue = slices.DeleteFunc(d.queue, func(j *Tx) bool {
		if j.From != from {
			return false
		}
		back = append(back, j.Tx)
		delete(d.byWID, j.Tx.WID)
		d.leaves(j)
		return true
	})
	return true, back
}

// Indebted says whether nothing of a peer's is to be judged now.
func (d *Txs) Indebted(from p2p.PeerID, now time.Time) bool {
	owed, ok := d.debts[from]
	return ok && owed.now(now) > maxDebt
}

// Leave forgets what a peer owes.
func (d *Txs) Leave(from p2p.PeerID) { delete(d.debts, from) }

// Find gives what waits or is judged under a wtxid.
func (d *Txs) Find(wid chain.Hash) *Tx { return d.byWID[wid] }

// Room says whether one more of a peer's would be taken; Self's have their own.
func (d *Txs) Room(from p2p.PeerID, size int) bool {
	if from == p2p.Self {
		return len(d.own) < maxOwnTxs
	}
	return len(d.queue) < MaxWaitingTxs && d.bytes+size <= maxWaitingBytes && d.perPeer[from] < maxWaitingPeer
}

// Add queues a transaction that is not here yet.
func (d *Txs) Add(j *Tx) {
	d.byWID[j.Tx.WID] = j
	if len(j.Tickets) > 0 {
		d.own = append(d.own, j)
		return
	}
	d.queue = append(d.queue, j)
	d.bytes += j.Tx.Size
	d.perPeer[j.From]++
}

// Next takes a credit for the next to be judged; nil: nothing waits, or no
// credit is left.
func (d *Txs) Next() (j *Tx) {
	switch {
	case d.credits == 0:
		return nil
	case len(d.own) > 0:
		j, d.own = d.own[0], d.own[1:]
	case len(d.queue) > 0 && d.credits > ownCredits:
		j, d.queue = d.queue[0], d.queue[1:]
		d.leaves(j)
	default:
		d.own = nil
		if len(d.queue) == 0 {
			d.queue = nil
		}
		return nil
	}
	d.credits--
	j.sent = true
	return j
}

// leaves counts a transaction of a peer's out of the queue.
func (d *Txs) leaves(j *Tx) {
	d.bytes -= j.Tx.Size
	if d.perPeer[j.From]--; d.perPeer[j.From] == 0 {
		delete(d.perPeer, j.From)
	}
}

// Done gives the credit back and the transaction that was judged, nil when none
// was.
func (d *Txs) Done(wid chain.Hash) *Tx {
	j := d.byWID[wid]
	if j == nil || !j.sent {
		return nil
	}
	delete(d.byWID, wid)
	d.credits++
	return j
}

// Waiting counts those of peers that wait, Len all, Credits what is left.
func (d *Txs) Waiting() int { return len(d.queue) }

// Len counts all that wait or are judged.
func (d *Txs) Len() int { return len(d.byWID) }

// Credits is how many judgements may still be asked for.
func (d *Txs) Credits() int { return d.credits }

// Check proves that the counts are right and the credits kept.
func (d *Txs) Check() error {
	sent, bytes, perPeer := 0, 0, map[p2p.PeerID]int{}
	for _, j := range d.byWID {
		if j.sent {
			sent++
		}
	}
	for _, j := range d.queue {
		bytes += j.Tx.Size
		perPeer[j.From]++
	}
	if d.credits < 0 || sent != MaxTxs-d.credits || sent+len(d.own)+len(d.queue) != len(d.byWID) {
		return fmt.Errorf("%d transactions, %d judged with %d credits left", len(d.byWID), sent, d.credits)
	}
	if bytes != d.bytes || len(perPeer) != len(d.perPeer) {
		return fmt.Errorf("%d bytes wait, counted %d; %d peers, counted %d", bytes, d.bytes, len(perPeer), len(d.perPeer))
	}
	for id, n := range perPeer {
		if d.perPeer[id] != n {
			return fmt.Errorf("%d transactions of peer %d wait, counted %d", n, id, d.perPeer[id])
		}
	}
	return nil
}
