package gossip

import (
	"slices"
	"time"

	"grapevine/chain"
	"grapevine/p2p"
)

// orphan is a transaction whose parents we lack.
type orphan struct {
	tx      *chain.Tx
	from    p2p.PeerID
	parents []chain.Hash // txids that were missing
	expires time.Time
	gone    bool
}

// orphanage holds orphans, bounded by count and bytes and for each peer.
type orphanage struct {
	byWID    map[chain.Hash]*orphan
	byParent map[chain.Hash][]*orphan // waiting for that txid, in order of arrival
	order    []*orphan                // oldest first; those that are gone are skipped
	perPeer  map[p2p.PeerID]int
	bytes    int
}

func newOrphanage() orphanage {
	return orphanage{
		byWID:    make(map[chain.Hash]*orphan),
		byParent: make(map[chain.Hash][]*orphan),
		perPeer:  make(map[p2p.PeerID]int),
	}
}

func (o *orphanage) add(x *orphan) {
	o.byWID[x.tx.WID] = x
	for _, h := range x.parents {
		o.byParent[h] = append(o.byParent[h], x)
	}
	o.order = append(o.order, x)
	o.perPeer[x.from]++
	o.bytes += x.tx.Size
	for len(o.byWID) > maxOrphans || o.bytes > maxOrphanBytes {
		o.dropOldest()
	}
}

func (o *orphanage) dropOldest() {
	for len(o.order) > 0 {
		x := o.order[0]
		if !x.gone {
			o.remove(x.tx.WID)
			return
		}
		o.order = o.order[1:]
	}
}

// remove takes an orphan out and gives it, nil when it is not there.
func (o *orphanage) remove(wid chain.Hash) *orphan {
	x := o.byWID[wid]
	if x == nil {
		return nil
	}
	x.gone = true
	delete(o.byWID, wid)
	for _, h := range x.parents {
		rest := slices.DeleteFunc(o.byParent[h], func(y *orphan) bool { return y == x })
		if len(rest) == 0 {
			delete(o.byParent, h)
		} else {
			o.byParent[h] = rest
		}
	}
	if o.perPeer[x.from]--; o.perPeer[x.from] == 0 {
		delete(o.perPeer, x.from)
	}
	o.bytes -= x.tx.Size
	if len(o.order) > 2*len(o.byWID)+64 {
		o.order = slices.DeleteFunc(o.order, func(y *orphan) bool { return y.gone })
	}
	return x
}

func (o *orphanage) forgetPeer(id p2p.PeerID) {
	if o.perPeer[id] == 0 {
		return
	}
	for _, x := range slices.Clone(o.order) {
		if !x.gone && x.from == id {
			o.remove(x.tx.WID)
		}
	}
}

// nextExpiry is when the oldest orphan is given up; zero: there is none.
func (o *orphanage) nextExpiry() time.Time {
	for len(o.order) > 0 && o.order[0].gone {
		o.order = o.order[1:]
	}
	if len(o.order) == 0 {
		o.order = nil
		return time.Time{}
	}
	return o.order[0].expires
}

// keepOrphan lets a transaction wait and asks who sent it for its parents.
func (s *State) keepOrphan(p *peer, tx *chain.Tx, parents []chain.Hash) {
	o := &s.txs.orphans
	if len(parents) > maxOrphanParent || o.perPeer[p.id] >= maxOrphansPeer || o.byWID[tx.WID] != nil {
		return
	}
	for _, h := range parents {
		if s.txs.rejected.has(h) {
			s.txs.rejected.add(tx.WID)
			return
		}
		if s.pool.byTxID[h] != nil { // it came while this one was judged
			s.judgeTx(&txJudgement{tx: tx, from: p.id})
			return
		}
	}
	o.add(&orphan{tx: tx, from: p.id, parents: parents, expires: s.now.Add(orphanExpiry)})
	for _, h := range parents {
		if !s.haveTx(h) {
			s.offer(p, h, false)
		}
	}
	s.fillTx(p)
}

// wakeOrphans judges again those that waited for a transaction.
func (s *State) wakeOrphans(txid chain.Hash) {
	for _, x := range slices.Clone(s.txs.orphans.byParent[txid]) {
		s.rejudgeOrphan(x)
	}
}

func (s *State) rejudgeOrphan(x *orphan) {
	if s.txs.orphans.remove(x.tx.WID) != nil {
		s.judgeTx(&txJudgement{tx: x.tx, from: x.from})
	}
}

// retryOrphans judges all of them again at a new tip: their parents may be in
// the block.
func (s *State) retryOrphans() {
	o := &s.txs.orphans
	if len(o.byWID) == 0 || s.syncing() {
		return
	}
	for _, x := range slices.Clone(o.order) {
		s.rejudgeOrphan(x)
	}
}

func (s *State) expireOrphans() {
	o := &s.txs.orphans
	for due := o.nextExpiry(); s.up(due); due = o.nextExpiry() {
		o.dropOldest()
	}
}
