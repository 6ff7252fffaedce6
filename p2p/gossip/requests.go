package gossip

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// want is a transaction that peers have announced and we do not have: who
// offers it, and who was asked. Exactly one peer is asked at a time.
type want struct {
	hash    chain.Hash
	byWTxID bool
	offers  []*peer // in order of announcement; the one asked is among them
	asked   *peer   // nil: nobody yet
	until   time.Time
	done    bool
}

// deadline is when a want is late at the peer that was asked.
type deadline struct {
	w     *want
	until time.Time
}

// outdated says whether the want was settled, or asked elsewhere, since.
func (d deadline) outdated() bool { return d.w.asked == nil || !d.w.until.Equal(d.until) }

// txTalk is what one peer and we have told each other of transactions.
type txTalk struct {
	known     recentSet // hashes it has, as it names them
	feeFilter int64     // satoshis per 1000 vbytes, BIP133
	outbox    []*poolTx // to be announced
	invAt     time.Time // when, on public networks

	offers  int             // wants that it is among the offers of
	queue   []*want         // its offers that may not have been asked from anybody
	flights int             // asked and not delivered
	asks    []*wire.InvVect // of this step, sent as one getdata
	waiting int             // of its transactions in our queue
}

func newTxTalk() txTalk { return txTalk{known: newRecentSet(maxKnown)} }

// txDesk is where transactions wait: wants, judgements, orphans.
type txDesk struct {
	wants   map[chain.Hash]*want // bounded by maxOffers for each peer
	asked   []deadline           // in order of timeout; outdated ones are skipped
	flights int                  // over all peers
	paused  bool                 // some peer had more offers than there was room for

	judging  map[chain.Hash]*txJudgement // waiting or judged, by wtxid
	own      []*txJudgement              // Self's, before everybody's
	queue    []*txJudgement
	bytes    int // in queue
	credits  int
	rejected recentSet // wtxids that would be rejected again at this tip
	lowFee   recentSet // wtxids refused for their fee alone: asked for again only as a parent
	orphans  orphanage
}

func newTxDesk() txDesk {
	return txDesk{
		wants:    make(map[chain.Hash]*want),
		judging:  make(map[chain.Hash]*txJudgement),
		credits:  MaxTxsJudged,
		rejected: newRecentSet(maxRejected),
		lowFee:   newRecentSet(maxRejected),
		orphans:  newOrphanage(),
	}
}

// onInv takes announcements: one getheaders at most, and wants.
func (s *State) onInv(p *peer, m *wire.MsgInv) {
	if len(m.InvList) > maxGetData {
		s.drop(p, "inv too long", "inv with too many entries")
		return
	}
	var blocks []chain.Hash
	for _, iv := range m.InvList {
		switch iv.Type {
		case wire.InvTypeBlock, wire.InvTypeWitnessBlock:
			blocks = append(blocks, iv.Hash)
		case wire.InvTypeTx, wire.InvTypeWitnessTx:
			s.onTxInv(p, iv.Hash, false)
		case invTypeWTx:
			s.onTxInv(p, iv.Hash, true)
		}
	}
	if len(blocks) > 0 {
		s.onBlockInv(p, blocks)
	}
	s.fillTx(p)
}

func (s *State) onTxInv(p *peer, h chain.Hash, byWTxID bool) {
	p.tx.known.add(h)
	if !s.haveTx(h) && !s.txs.lowFee.has(h) {
		s.offer(p, h, byWTxID)
	}
}

// haveTx says whether a transaction need not be asked for.
func (s *State) haveTx(h chain.Hash) bool {
	return s.pool.byWID[h] != nil || s.pool.byTxID[h] != nil || s.txs.judging[h] != nil ||
		s.txs.orphans.byWID[h] != nil || s.txs.rejected.has(h)
}

// offer notes that a peer has a transaction.
func (s *State) offer(p *peer, h chain.Hash, byWTxID bool) {
	if p.tx.offers >= maxOffers || len(p.tx.queue) >= 2*maxOffers {
		return
	}
	w := s.txs.wants[h]
	if w == nil {
		w = &want{hash: h, byWTxID: byWTxID}
		s.txs.wants[h] = w
	}
	if slices.Contains(w.offers, p) {
		return
	}
	w.offers = append(w.offers, p)
	p.tx.offers++
	p.tx.queue = append(p.tx.queue, w)
}

// fillTx asks a peer for what it offers and nobody was asked for, oldest first.
func (s *State) fillTx(p *peer) {
	if p.gone || s.syncing() {
		s.txs.paused = true
		return
	}
	for len(p.tx.queue) > 0 && p.tx.flights < maxTxFlights {
		if s.txs.flights+len(s.txs.queue) >= maxTxWaiting {
			s.txs.paused = true
			return
		}
		w := p.tx.queue[0]
		p.tx.queue = p.tx.queue[1:]
		if !w.done && w.asked == nil && slices.Contains(w.offers, p) {
			s.askTx(p, w)
		}
	}
}

func (s *State) askTx(p *peer, w *want) {
	w.asked, w.until = p, s.now.Add(txTimeout)
	s.txs.asked = append(s.txs.asked, deadline{w, w.until})
	s.txs.flights++
	p.tx.flights++
	typ := invTypeWTx
	if !w.byWTxID {
		typ = wire.InvTypeTx
		if p.info.Services&wire.SFNodeWitness != 0 {
			typ = wire.InvTypeWitnessTx
		}
	}
	p.tx.asks = append(p.tx.asks, wire.NewInvVect(typ, &w.hash))
}

// fail takes a peer from a want's offers; if it was the one asked, the next is
// asked: outbound peers before inbound ones, which an attacker has for free.
func (s *State) fail(w *want, p *peer) {
	if w.done || !slices.Contains(w.offers, p) {
		return
	}
	w.offers = slices.DeleteFunc(w.offers, func(q *peer) bool { return q == p || q.gone })
	p.tx.offers--
	if w.asked == p {
		s.unask(w)
	}
	if w.asked != nil {
		return
	}
	if len(w.offers) == 0 {
		w.done = true
		delete(s.txs.wants, w.hash)
		return
	}
	next := w.offers[0]
	for _, q := range w.offers {
		if better(q, next) {
			next = q
		}
	}
	next.tx.queue = slices.Insert(next.tx.queue, 0, w)
	s.fillTx(next)
}

// better says whether a is rather asked than b, who announced it earlier.
func better(a, b *peer) bool {
	if free := a.tx.flights < maxTxFlights; free != (b.tx.flights < maxTxFlights) {
		return free
	}
	return !a.info.Inbound && b.info.Inbound
}

func (s *State) unask(w *want) {
	w.asked.tx.flights--
	s.txs.flights--
	w.asked = nil
}

// settle ends the wants of a transaction that we have, by both its names.
func (s *State) settle(tx *chain.Tx) {
	s.settleHash(tx.WID)
	s.settleHash(tx.ID)
}

func (s *State) settleHash(h chain.Hash) {
	w := s.txs.wants[h]
	if w == nil {
		return
	}
	delete(s.txs.wants, h)
	w.done = true
	if p := w.asked; p != nil {
		s.unask(w)
		s.fillTx(p)
	}
	for _, p := range w.offers {
		p.tx.offers--
	}
}

func (s *State) onNotFoundTx(p *peer, h chain.Hash) {
	if w := s.txs.wants[h]; w != nil {
		s.fail(w, p)
		s.fillTx(p)
	}
}

// checkTxTimeouts asks others for what did not come in time.
func (s *State) checkTxTimeouts() {
	for s.up(s.txs.nextTimeout()) {
		w := s.txs.asked[0].w
		p := w.asked
		s.fail(w, p)
		s.fillTx(p)
	}
}

// nextTimeout is when the first want is late; zero: none is asked for.
func (d *txDesk) nextTimeout() time.Time {
	for len(d.asked) > 0 && d.asked[0].outdated() {
		d.asked = d.asked[1:]
	}
	if len(d.asked) == 0 {
		d.asked = nil
		return time.Time{}
	}
	return d.asked[0].until
}

// forgetTxTalk undoes what a peer that left has offered and was asked for. Its
// other offers stay in the wants and are skipped there.
func (s *State) forgetTxTalk(p *peer) {
	var mine []*want
	for _, d := range s.txs.asked {
		if d.w.asked == p && !d.outdated() {
			mine = append(mine, d.w)
		}
	}
	for _, w := range append(mine, p.tx.queue...) {
		s.fail(w, p)
	}
	p.tx.queue, p.tx.asks, p.tx.outbox = nil, nil, nil
	s.txs.orphans.forgetPeer(p.id)
}
