package txs

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

const (
	maxKnown  = 25_000 // hashes in each half of a peer's known-set; Core's filter has 50,000
	maxOutbox = 10_000 // waiting to be announced to one peer; the oldest are forgotten
	maxInv    = 1000   // in one inv [INVENTORY_BROADCAST_MAX]

	// Where announcements wait, all peers that came to us are told in one step:
	// each of 14 transactions a second for five seconds, and a part of what is more.
	usualInv = 70 // [INVENTORY_BROADCAST_TARGET]
	extraInv = 5  // for each thousand that wait
)

// InvTypeWTx announces and asks for a transaction by its wtxid (BIP339).
const InvTypeWTx wire.InvType = 5

// Outbox is what one peer knows and what is to be announced to it [m_tx_inventory_to_send].
type Outbox struct {
	Wants     bool // takes transactions at all (BIP37's fRelay)
	ByWTxID   bool // names them by wtxid (BIP339)
	FeeFilter int64
	Due       time.Time            // when it is emptied next, where announcements wait
	Filter    func(*chain.Tx) bool // what the peer has filtered is not announced; nil: it has no filter (BIP37)

	known Set
	items []*Tx
	told  uint64 // of the pool's numbers, up to which the peer could know of all: it may ask for these [m_last_inv_sequence]
}

// NewOutbox makes an outbox for a peer that joins when the pool's last number is so much.
func NewOutbox(wants, byWTxID bool, last uint64) *Outbox {
	return &Outbox{Wants: wants, ByWTxID: byWTxID, known: NewSet(maxKnown), told: last}
}

// Serves says whether the peer may be given a transaction of the pool: it was told of
// it, or of others that came later.
func (o *Outbox) Serves(in *Tx) bool { return in.seq <= o.told || o.Known(in.Tx) }

// Name is the hash by which the peer knows a transaction.
func (o *Outbox) Name(tx *chain.Tx) chain.Hash {
	if o.ByWTxID {
		return tx.WID
	}
	return tx.ID
}

// Knows notes that the peer has what it calls h.
func (o *Outbox) Knows(h chain.Hash) { o.known.Add(h) }

// Lacks notes that the peer asked for what it calls h and did not get it: should
// we have it again (a reorganisation gives transactions back), it is news.
func (o *Outbox) Lacks(h chain.Hash) { o.known.Remove(h) }

// Known says whether the peer has been told of a transaction, or told us.
func (o *Outbox) Known(tx *chain.Tx) bool { return o.known.Has(o.Name(tx)) }

// Len counts what waits; Memory the hashes that are known.
func (o *Outbox) Len() int { return len(o.items) }

// Memory counts the hashes that are known.
func (o *Outbox) Memory() int { return o.known.Len() }

// Put will announce a transaction unless the peer has it or would not take it;
// first says whether the outbox was empty.
func (o *Outbox) Put(in *Tx) (first bool) {
	if !o.Wants || o.Known(in.Tx) {
		return false
	}
	if len(o.items) >= maxOutbox {
		o.items = o.items[1:]
	}
	o.items = append(o.items, in)
	return len(o.items) == 1
}

// Whole gives invs of the whole pool, as far as the peer wants to hear of it and though
// it may know it, as in Core when it asks for that (BIP35).
func (o *Outbox) Whole(pool []*Tx) (invs []*wire.MsgInv) {
	for _, in := range pool {
		if !o.Wants || !o.passes(in) {
			continue
		}
		if n := len(invs); n == 0 || len(invs[n-1].InvList) == wire.MaxInvPerMsg {
			invs = append(invs, &wire.MsgInv{})
		}
		last, h := invs[len(invs)-1], o.Name(in.Tx)
		o.known.Add(h)
		last.InvList = append(last.InvList, wire.NewInvVect(o.invType(), &h))
	}
	return invs
}

// passes says whether a transaction passes the peer's filters.
func (o *Outbox) passes(in *Tx) bool {
	return in.Rate >= o.FeeFilter && (o.Filter == nil || o.Filter(in.Tx))
}

func (o *Outbox) invType() wire.InvType {
	if o.ByWTxID {
		return InvTypeWTx
	}
	return wire.InvTypeTx
}

// Sort puts parents before children, and what pays most first, so that the order says
// nothing of when it came [CompareDepthAndScore].
func (o *Outbox) Sort() {
	slices.SortStableFunc(o.items, func(a, b *Tx) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(b.Rate, a.Rate), bytes.Compare(a.WID[:], b.WID[:]))
	})
}

// Take gives the next inv, nil when nothing waits: of all that one can hold, or
// of the share that is due now. last is the pool's last number.
func (o *Outbox) Take(wholly bool, last uint64) *wire.MsgInv {
	o.told = last
	most := maxInv
	if !wholly {
		most = min(most, usualInv+len(o.items)/1000*extraInv)
	}
	inv := &wire.MsgInv{}
	for len(o.items) > 0 && len(inv.InvList) < most {
		in := o.items[0]
		o.items = o.items[1:]
		if h := o.Name(in.Tx); !in.out && !o.known.Has(h) && o.passes(in) {
			o.known.Add(h)
			inv.InvList = append(inv.InvList, wire.NewInvVect(o.invType(), &h))
		}
	}
	if len(o.items) == 0 {
		o.items = nil
	}
	if len(inv.InvList) == 0 {
		return nil
	}
	return inv
}
