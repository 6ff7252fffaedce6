package txs

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

const (
	maxOrphans        = 1000             // [-maxorphantx, DEFAULT_MAX_ORPHAN_TRANSACTIONS]: each costs a validation per tip
	MaxOrphansPerPeer = 200              // the share of one peer, so that nobody fills it alone; see OrphanLimits
	maxOrphanBytes    = 10 << 20         // in all
	maxMissing        = 100              // missing ones; more is no honest transaction
	maxOthers         = 8                // announcers kept of one orphan, besides who sent it
	OrphanExpiry      = 20 * time.Minute // [ORPHAN_TX_EXPIRE_TIME]
)

// Orphan is a transaction that waits.
type Orphan struct {
	Tx      *chain.Tx
	From    p2p.PeerID
	Parents []chain.Hash // txids that were missing, without duplicates
	Expires time.Time
	others  []p2p.PeerID // who announced it as well
	gone    bool
}

// Orphanage is where they wait.
type Orphanage struct {
	limits   OrphanLimits
	byWID    map[chain.Hash]*Orphan
	byParent map[chain.Hash][]*Orphan // waiting for that txid, in order of arrival
	order    []*Orphan                // who expires first stands first; those that are gone are skipped
	perPeer  map[p2p.PeerID]int
	bytes    int
}

// OrphanLimits are how many may wait.
type OrphanLimits struct {
	// Most in all; one at random goes when there are more, and no peer has a share of
	// its own, as in Core before 29. 0: our own limits. Negative: none may wait.
	Most int
	Rand *rand.Rand
}

func (l OrphanLimits) most() int {
	if l.Most == 0 {
		return maxOrphans
	}
	return max(l.Most, 0)
}

// NewOrphanage makes an empty one.
func NewOrphanage(limits OrphanLimits) *Orphanage {
	return &Orphanage{
		limits:   limits,
		byWID:    make(map[chain.Hash]*Orphan),
		byParent: make(map[chain.Hash][]*Orphan),
		perPeer:  make(map[p2p.PeerID]int),
	}
}

// Len counts those that wait; Log the entries of their order, for the curious.
func (o *Orphanage) Len() int { return len(o.byWID) }

// Log counts the entries of their order, those that are gone included.
func (o *Orphanage) Log() int { return len(o.order) }

// Has says whether the transaction of that wtxid waits.
func (o *Orphanage) Has(wid chain.Hash) bool { return o.byWID[wid] != nil }

// Waiting lists those that wait for a txid, in order of arrival [AddChildrenToWorkSet].
func (o *Orphanage) Waiting(txid chain.Hash) []*Orphan { return slices.Clone(o.byParent[txid]) }

// All lists all, oldest first.
func (o *Orphanage) All() []*Orphan {
	return slices.DeleteFunc(slices.Clone(o.order), func(x *Orphan) bool { return x.gone })
}

// Takes says whether one more of that peer with so many parents would be taken.
func (o *Orphanage) Takes(id p2p.PeerID, parents int) bool {
	return parents <= maxMissing && (o.limits.Most != 0 || o.perPeer[id] < MaxOrphansPerPeer)
}

// Add takes an orphan in; when there are too many the oldest go, or some at random,
// and it says how many [LimitOrphans].
func (o *Orphanage) Add(x *Orphan) (gone int) {
	if o.byWID[x.Tx.WID] != nil {
		return 0
	}
	o.byWID[x.Tx.WID] = x
	for _, h := range x.Parents {
		o.byParent[h] = append(o.byParent[h], x)
	}
	at := len(o.order)
	for ; at > 0 && o.order[at-1].Expires.After(x.Expires); at-- { // it has waited before
	}
	o.order = slices.Insert(o.order, at, x)
	o.count(x.From, 1)
	o.bytes += x.Tx.Size
	for ; len(o.byWID) > o.limits.most() || o.bytes > maxOrphanBytes; gone++ {
		if o.limits.Most > 0 {
			o.dropAny()
		} else {
			o.dropOldest()
		}
	}
	return gone
}

// Again is an orphan that was validated and waits on, no longer than before.
func (x *Orphan) Again() *Orphan {
	return &Orphan{Tx: x.Tx, From: x.From, Parents: x.Parents, Expires: x.Expires, others: slices.Clone(x.others)}
}

// Pass gives it to another who announced it if who sent it has left, and says whether
// anybody is left.
func (x *Orphan) Pass(here func(p2p.PeerID) bool) bool {
	x.others = slices.DeleteFunc(x.others, func(id p2p.PeerID) bool { return !here(id) })
	if here(x.From) {
		return true
	}
	if len(x.others) == 0 {
		return false
	}
	x.From, x.others = x.others[0], x.others[1:]
	return true
}

// Announcers are those it is from: who sent it, and who has announced it as well.
func (x *Orphan) Announcers() []p2p.PeerID { return append([]p2p.PeerID{x.From}, x.others...) }

// dropAny drops one at random, so that nobody can choose which.
func (o *Orphanage) dropAny() {
	all := o.All()
	o.Remove(all[o.limits.Rand.IntN(len(all))].Tx.WID)
}

func (o *Orphanage) dropOldest() {
	if o.sweep(); len(o.order) > 0 {
		o.Remove(o.order[0].Tx.WID)
	}
}

// sweep forgets those at the front that are gone.
func (o *Orphanage) sweep() {
	for len(o.order) > 0 && o.order[0].gone {
		o.order = o.order[1:]
	}
	if len(o.order) == 0 {
		o.order = nil
	}
}

// Remove takes an orphan out and gives it, nil when it is not there.
func (o *Orphanage) Remove(wid chain.Hash) *Orphan {
	x := o.byWID[wid]
	if x == nil {
		return nil
	}
	x.gone = true
	delete(o.byWID, wid)
	for _, h := range x.Parents {
		rest := slices.DeleteFunc(o.byParent[h], func(y *Orphan) bool { return y == x })
		if len(rest) == 0 {
			delete(o.byParent, h)
		} else {
			o.byParent[h] = rest
		}
	}
	o.count(x.From, -1)
	o.bytes -= x.Tx.Size
	if len(o.order) > 2*len(o.byWID)+64 {
		o.order = o.All()
	}
	return x
}

// Also notes that another peer has announced an orphan: it is that one's should
// the first leave, who may have been a liar that knew it early.
func (o *Orphanage) Also(wid chain.Hash, id p2p.PeerID) {
	x := o.byWID[wid]
	if x != nil && x.From != id && len(x.others) < maxOthers && !slices.Contains(x.others, id) {
		x.others = append(x.others, id)
	}
}

// Forget takes out all of a peer's, but those that others have announced as well:
// these are theirs now, and given back, for their parents are to be asked anew [TxOrphanage::EraseForPeer].
func (o *Orphanage) Forget(id p2p.PeerID) (moved []*Orphan) {
	for _, x := range o.All() {
		x.others = slices.DeleteFunc(x.others, func(p p2p.PeerID) bool { return p == id })
		if x.From != id {
			continue
		}
		i := slices.IndexFunc(x.others, func(p p2p.PeerID) bool { return o.perPeer[p] < MaxOrphansPerPeer })
		if i < 0 {
			o.Remove(x.Tx.WID)
			continue
		}
		o.count(id, -1)
		x.From = x.others[i]
		x.others = slices.Delete(x.others, i, i+1)
		o.count(x.From, 1)
		moved = append(moved, x)
	}
	return moved
}

func (o *Orphanage) count(id p2p.PeerID, n int) {
	if o.perPeer[id] += n; o.perPeer[id] == 0 {
		delete(o.perPeer, id)
	}
}

// Due is when the oldest is given up; zero: there is none.
func (o *Orphanage) Due() time.Time {
	if o.sweep(); len(o.order) == 0 {
		return time.Time{}
	}
	return o.order[0].Expires
}

// Expire gives up those whose time is over.
func (o *Orphanage) Expire(now time.Time) {
	for due := o.Due(); !due.IsZero() && !now.Before(due); due = o.Due() {
		o.dropOldest()
	}
}

// Check proves the bounds, and that the indexes agree.
func (o *Orphanage) Check() error {
	byPeer, bytes, links := 0, 0, 0
	for _, n := range o.perPeer {
		byPeer += n
	}
	for _, x := range o.byWID {
		bytes += x.Tx.Size
		links += len(x.Parents)
	}
	waiting := 0
	for _, l := range o.byParent {
		waiting += len(l)
	}
	n := len(o.byWID)
	switch {
	case n > o.limits.most() || o.bytes > maxOrphanBytes:
		return fmt.Errorf("%d orphans of %d bytes", n, o.bytes)
	case byPeer != n || bytes != o.bytes || links != waiting || len(o.All()) != n:
		return fmt.Errorf("%d orphans, %d by peer, %d in order; %d bytes, %d counted; %d parents, %d waiting",
			n, byPeer, len(o.All()), bytes, o.bytes, links, waiting)
	}
	return nil
}
