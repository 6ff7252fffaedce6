package txs

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
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

// Peer is one peer in the talk of transactions: what it knows and what is to be announced to
// it [m_tx_inventory_to_send], what it offers and was asked for [TxRequestTracker].
type Peer struct {
	*p2p.Link

	Wants     bool // takes transactions at all (BIP37's fRelay)
	FeeFilter int64
	Due       time.Time            // when it is emptied next, where announcements wait
	Filter    func(*chain.Tx) bool // what the peer has filtered is not announced; nil: it has no filter (BIP37)

	known Set
	items []*Tx
	told  uint64 // of the pool's numbers, up to which the peer could know of all: it may ask for these [m_last_inv_sequence]

	// By Requests.
	gone    bool
	kicked  bool    // is in Requests.kicked
	offers  int     // wants that it is among the offers of
	queue   []*want // its offers that may not have been asked from anybody
	delayed int     // its entries in Requests.delayed
	flights int     // asked and not delivered
	asks    []Name  // to be asked at the end of Fill
}

// NewPeer is a peer that joins when the pool's last number is so much.
func NewPeer(l *p2p.Link, last uint64) *Peer {
	return &Peer{Link: l, Wants: l.Relay && !l.Silent(), known: NewSet(maxKnown), told: last}
}

// Serves says whether the peer may be given a transaction of the pool: it was told of
// it, or of others that came later.
func (p *Peer) Serves(in *Tx) bool { return in.seq <= p.told || p.Known(in.Tx) }

// Name is the hash by which the peer knows a transaction.
func (p *Peer) Name(tx *chain.Tx) chain.Hash {
	if p.WTxIDRelay {
		return tx.WID
	}
	return tx.ID
}

// Knows notes that the peer has what it calls h.
func (p *Peer) Knows(h chain.Hash) { p.known.Add(h) }

// Lacks notes that the peer asked for what it calls h and did not get it: should
// we have it again (a reorganisation gives transactions back), it is news.
func (p *Peer) Lacks(h chain.Hash) { p.known.Remove(h) }

// Known says whether the peer has been told of a transaction, or told us.
func (p *Peer) Known(tx *chain.Tx) bool { return p.known.Has(p.Name(tx)) }

// Len counts what waits; Memory the hashes that are known.
func (p *Peer) Len() int { return len(p.items) }

// Memory counts the hashes that are known.
func (p *Peer) Memory() int { return p.known.Len() }

// Put will announce a transaction unless the peer has it or would not take it;
// first says whether nothing waited.
func (p *Peer) Put(in *Tx) (first bool) {
	if !p.Wants || p.Known(in.Tx) {
		return false
	}
	if len(p.items) >= maxOutbox {
		p.items = p.items[1:]
	}
	p.items = append(p.items, in)
	return len(p.items) == 1
}

// Whole gives invs of the whole pool, as far as the peer wants to hear of it and though
// it may know it, as in Core when it asks for that (BIP35).
func (p *Peer) Whole(pool []*Tx) (invs []*wire.MsgInv) {
	for _, in := range pool {
		if !p.Wants || !p.passes(in) {
			continue
		}
		if n := len(invs); n == 0 || len(invs[n-1].InvList) == wire.MaxInvPerMsg {
			invs = append(invs, &wire.MsgInv{})
		}
		last, h := invs[len(invs)-1], p.Name(in.Tx)
		p.known.Add(h)
		last.InvList = append(last.InvList, wire.NewInvVect(p.invType(), &h))
	}
	return invs
}

// passes says whether a transaction passes the peer's filters.
func (p *Peer) passes(in *Tx) bool {
	return in.Rate >= p.FeeFilter && (p.Filter == nil || p.Filter(in.Tx))
}

func (p *Peer) invType() wire.InvType {
	if p.WTxIDRelay {
		return InvTypeWTx
	}
	return wire.InvTypeTx
}

// Sort puts parents before children, and what pays most first, so that the order says
// nothing of when it came [CompareDepthAndScore].
func (p *Peer) Sort() {
	slices.SortStableFunc(p.items, func(a, b *Tx) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(b.Rate, a.Rate), bytes.Compare(a.WID[:], b.WID[:]))
	})
}

// Take gives the next inv, nil when nothing waits: of all that one can hold, or
// of the share that is due now. last is the pool's last number.
func (p *Peer) Take(wholly bool, last uint64) *wire.MsgInv {
	p.told = last
	most := maxInv
	if !wholly {
		most = min(most, usualInv+len(p.items)/1000*extraInv)
	}
	inv := &wire.MsgInv{}
	for len(p.items) > 0 && len(inv.InvList) < most {
		in := p.items[0]
		p.items = p.items[1:]
		if h := p.Name(in.Tx); !in.out && !p.known.Has(h) && p.passes(in) {
			p.known.Add(h)
			inv.InvList = append(inv.InvList, wire.NewInvVect(p.invType(), &h))
		}
	}
	if len(p.items) == 0 {
		p.items = nil
	}
	if len(inv.InvList) == 0 {
		return nil
	}
	return inv
}
