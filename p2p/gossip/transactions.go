package gossip

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/p2p"
	"grapevine/p2p/gossip/txs"
)

// txDownload is where transactions wait: announced, for validation, for parents. An
// orphan is not validated, and what is validated is no orphan.
type txDownload struct {
	requests  *txs.Requests
	orphans   *txs.Orphanage
	queue     *txQueue
	rejected  txs.Set // wtxids that would be rejected again at this tip [m_lazy_recent_rejects]
	confirmed txs.Set // names of those that the last blocks took from the pool
	lowFee    txs.Set // wtxids refused for their fee alone: asked for again only as a parent; and pairs that were refused [GetPackageHash]
}

func newTxDownload(cfg Config) txDownload {
	return txDownload{
		requests:  txs.NewRequests(cfg.Manners.pace()),
		orphans:   txs.NewOrphanage(txs.OrphanLimits{Most: cfg.Manners.MaxOrphans, Rand: cfg.Rand}),
		queue:     newTxQueue(),
		rejected:  txs.NewSet(maxRejected),
		lowFee:    txs.NewSet(maxRejected),
		confirmed: txs.NewSet(maxConfirmed),
	}
}

// onTx takes a transaction from a peer, asked for or not. While we are syncing, or
// have no room for it, it cannot be validated: what was asked for before is asked for
// again afterwards.
func (s *State) onTx(p *peer, tx *chain.Tx) {
	if s.refusesTxs(p) {
		s.violates(p, "transaction where none is wanted")
		return
	}
	p.tx.Knows(p.tx.Name(tx))
	if s.tx.queue.indebted(p.ID, s.now) {
		s.tx.requests.Fail(p.tx, tx.WID)
		s.tx.requests.Fail(p.tx, tx.ID)
		return
	}
	known := s.knowsTx(tx)
	if s.syncing() || !known && tx.Weight <= policy.MaxWeight && !s.tx.queue.takes(p.ID, tx.Size) {
		s.tx.requests.Postpone(p.tx, tx.WID, s.now)
		s.tx.requests.Postpone(p.tx, tx.ID, s.now)
		return
	}
	s.tx.requests.Settle(tx.WID)
	if tx.HasWitness() {
		// Its txid does not commit to its witness: who else has it by that name may
		// have the good copy [ReceivedResponse].
		s.tx.requests.Fail(p.tx, tx.ID)
	}
	if j := s.tx.queue.find(tx.WID); j != nil {
		j.tasks = p.waitsFor(j.tasks)
	}
	switch {
	case known:
		s.forceRelay(p, tx)
	case tx.Weight > policy.MaxWeight:
		s.tx.rejected.Add(tx.WID)
		s.refused(p, tx, chain.Refused("tx-size", ""))
	default:
		s.queueTx(&queuedTx{Tx: tx, From: p.ID, tasks: p.waitsFor(nil)})
	}
}

// queueTx lets a transaction wait for its validation.
func (s *State) queueTx(j *queuedTx) {
	if p := s.byID[j.From]; p != nil {
		j.Origin = p.origin
	}
	s.tx.queue.Add(j)
}

// knowsTx says whether a transaction that came need not be validated: it is here, or
// would be refused, and no child of it waits that could pay for it.
func (s *State) knowsTx(tx *chain.Tx) bool {
	return s.haveTx(tx.WID) || s.tx.lowFee.Has(tx.WID) && len(s.heirs(tx)) == 0
}

// forceRelay announces what we have already to those who do not know it, when it comes
// from a peer that people let do so: it may be the gateway of others [ForceRelay].
func (s *State) forceRelay(p *peer, tx *chain.Tx) {
	if !p.May(p2p.MayForceRelay) {
		return
	}
	in := s.pool.ByTxID(tx.ID)
	s.cfg.Log.Info("transaction of a forcerelay peer is here", "peer", p.Number, "txid", tx.ID, "wtxid", tx.WID, "relayed", in != nil)
	if in != nil {
		s.announceToAll(in)
	}
}

// refused notes in the log why a transaction of a peer was not taken.
func (s *State) refused(p *peer, tx *chain.Tx, err error) {
	s.cfg.Log.Debug("transaction refused", "peer", p.Number, "txid", tx.ID, "wtxid", tx.WID, "err", err)
}

// pumpTxs gives to the pool what the credits allow, our own first.
func (s *State) pumpTxs() {
	for j := s.tx.queue.next(); j != nil; j = s.tx.queue.next() {
		ask := p2p.ValidateTx{Peer: j.From, Tx: j.Tx}
		if j.With != nil {
			ask.Parent = j.With.Tx
		}
		s.do(ask)
	}
}

// onTxVerdict ends a validation. A refused transaction is nobody's offence: what
// we refuse others may take, by another tip or another policy. But what refusing it
// took is on the account of who sent it [ProcessInvalidTx, ProcessValidTx].
func (s *State) onTxVerdict(v TxVerdict) {
	j := s.tx.queue.Done(v.Tx.WID)
	if j == nil {
		return
	}
	defer s.finish(j.tasks...)
	for _, t := range j.Tickets {
		s.answer(t, v.Err)
	}
	p := s.byID[j.From]
	if p != nil && v.Err != nil {
		s.refused(p, v.Tx, v.Err)
	}
	var missing *chain.MissingError
	var refused *chain.PolicyError
	if j.With != nil && v.Err != nil {
		if !errors.As(v.Err, &missing) || slices.Contains(missing.Parents, j.With.Tx.ID) { // else they were not validated together
			s.tx.lowFee.Add(pairOf(j.With.Tx, v.Tx))
		}
		if v.ParentErr != nil {
			s.onBadParent(j, v)
			return
		}
		defer s.tryHeir(j.With)
	}
	if v.Err != nil && v.Cost > 0 && !errors.As(v.Err, &missing) {
		s.charge(p, j, v.Cost)
	}
	switch {
	case v.Err == nil:
		if p != nil {
			p.stats.txsFrom++
			p.stats.lastTx = s.now
		}
	case errors.As(v.Err, &missing):
		s.keepOrphan(j, missing.Parents)
	case j.With != nil && j.With.Tx.HasWitness() && !brokenByConsensus(v.Err):
		s.keepOrphan(j, []chain.Hash{j.With.Tx.ID}) // with a smaller witness of its parent it may be good
	case policy.Reconsiderable(v.Tx, v.Err):
		s.tx.lowFee.Add(v.Tx.WID) // [m_lazy_recent_rejects_reconsiderable]
		if j.With == nil {
			j.heirs = s.heirs(v.Tx)
			s.tryHeir(j)
		}
	case errors.As(v.Err, &refused) && refused.Stripped:
	default:
		s.reject(p, v.Tx, v.Err)
	}
}

// reject remembers a transaction that would be refused again at this tip. p has sent it;
// nil: it has left.
func (s *State) reject(p *peer, tx *chain.Tx, err error) {
	s.tx.rejected.Add(tx.WID)
	if errors.Is(err, policy.ErrInputs) {
		s.tx.rejected.Add(tx.ID) // whatever its witness: the scripts that it spends are named by its txid [TX_INPUTS_NOT_STANDARD]
	}
	if p != nil && s.cfg.Manners.PunishTxs && brokenByConsensus(err) {
		s.drop(p, "invalid transaction", "transaction "+tx.ID.String()+": "+err.Error()) // [TX_CONSENSUS]
	}
}

// onBadParent: a child was validated with a parent that is worth nothing whoever pays for
// it. That is on the account of who sent the parent. Another of the same txid may be good,
// so the child waits on, and who sent it is asked for its parent.
func (s *State) onBadParent(j *queuedTx, v TxVerdict) {
	parent, sender := j.With, s.byID[j.With.From]
	if v.Cost > 0 {
		s.charge(sender, parent, v.Cost)
	}
	s.cfg.Log.Debug("parent refused with its child", "txid", parent.Tx.ID, "wtxid", parent.Tx.WID, "err", v.ParentErr)
	s.reject(sender, parent.Tx, v.ParentErr)
	s.keepOrphan(j, []chain.Hash{parent.Tx.ID})
}

// brokenByConsensus says whether a transaction would be refused in a block too.
func brokenByConsensus(err error) bool {
	var broken *chain.RuleError
	return errors.As(err, &broken) || errors.Is(err, policy.ErrMandatoryScript)
}

// charge notes what a refused transaction of a peer has cost, also of one that has left
// (p is nil). If the peer owes too much by now, nothing of its is validated for a while:
// what it was asked for is asked of others, and what waited of its is asked of who has
// announced it too.
func (s *State) charge(p *peer, refused *queuedTx, cost time.Duration) {
	if refused.From == p2p.Self {
		return
	}
	indebted, back := s.tx.queue.charge(refused, cost, s.now, p != nil)
	if !indebted {
		return
	}
	s.cfg.Log.Info("peer's refused transactions cost too much, its next ones are ignored for a while", "peer", refused.From)
	if p != nil {
		p.tx = s.tx.requests.Forget(p.tx)
	}
	for _, j := range back {
		s.finish(j.tasks...)
		if j.With != nil {
			s.tryHeir(j.With)
		}
		for _, q := range s.peers {
			if q != p && q.tx.Known(j.Tx) {
				s.tx.requests.Offer(q.tx, txs.Name{Hash: q.tx.Name(j.Tx), ByWTxID: q.WTxIDRelay}, s.now)
			}
		}
	}
}

// haveTx says whether a transaction need not be asked for [AlreadyHaveTx].
func (s *State) haveTx(h chain.Hash) bool {
	return s.pool.ByWID(h) != nil || s.pool.ByTxID(h) != nil || s.tx.queue.find(h) != nil ||
		s.tx.orphans.Has(h) || s.tx.rejected.Has(h) || s.tx.confirmed.Has(h)
}

// settle ends the wants of a transaction that we have, by both its names.
func (s *State) settle(tx *chain.Tx) {
	s.tx.requests.Settle(tx.WID)
	s.tx.requests.Settle(tx.ID)
}

// keepOrphan lets a transaction wait and asks who sent it for its parents. One that has
// waited before does not wait longer for that.
func (s *State) keepOrphan(j *queuedTx, parents []chain.Hash) {
	tx, x := j.Tx, &txs.Orphan{Tx: j.Tx, From: j.From, Expires: s.now.Add(txs.OrphanExpiry)}
	if j.waited != nil {
		x = j.waited.Again()
	}
	x.Parents = parents
	if !x.Pass(func(id p2p.PeerID) bool { return s.byID[id] != nil }) || !s.tx.orphans.Takes(x.From, len(parents)) {
		return
	}
	p := s.byID[x.From]
	if s.hopeless(parents) {
		s.cfg.Log.Debug("orphan of refused parents is not kept", "txid", tx.ID, "wtxid", tx.WID)
		s.tx.rejected.Add(tx.WID)
		s.tx.rejected.Add(tx.ID)
		return
	}
	for _, h := range parents {
		if s.pool.ByTxID(h) != nil { // it came while this one was validated
			s.queueTx(&queuedTx{Tx: tx, From: p.ID, waited: j.waited})
			return
		}
	}
	s.settle(tx)
	gone := s.tx.orphans.Add(x)
	s.cfg.Log.Debug("orphan kept", "txid", tx.ID, "wtxid", tx.WID, "weight", tx.Weight, "orphans", s.tx.orphans.Len())
	if gone > 0 {
		s.cfg.Log.Debug("too many orphans", "removed", gone)
	}
	if s.cfg.Manners.TxDelays {
		parents = parentsOf(tx) // Core asks for all that it has not seen lately
	}
	s.askParents(p, slices.DeleteFunc(slices.Clone(parents), func(h chain.Hash) bool {
		return j.With != nil && h == j.With.Tx.ID && j.With.From == p.ID // it has sent what it has
	}))
}

// parentsOf are the txids that a transaction spends, each once.
func parentsOf(tx *chain.Tx) (parents []chain.Hash) {
	seen := make(map[chain.Hash]struct{}, len(tx.MsgTx.TxIn))
	for _, in := range tx.MsgTx.TxIn {
		h := in.PreviousOutPoint.Hash
		if _, again := seen[h]; !again {
			seen[h] = struct{}{}
			parents = append(parents, h)
		}
	}
	return parents
}

// hopeless says whether an orphan would be refused with these parents: one was refused
// for more than its fee, or several for that, where only one could be paid for.
func (s *State) hopeless(parents []chain.Hash) bool {
	poor := 0
	for _, h := range parents {
		if s.tx.rejected.Has(h) {
			return true
		}
		if s.tx.lowFee.Has(h) && s.pool.ByTxID(h) == nil {
			poor++
		}
	}
	return poor > 1
}

// forgetConflicts lets go what waited and is in the new block, or spends what that
// does [EraseForBlock], where orphans go by Core's rules. Ours wait on: the block may be
// reorganised away, and nobody announces them twice.
func (s *State) forgetConflicts() {
	kept := s.recent.Find(s.tree.Tip().Node.Hash)
	if kept == nil || s.cfg.Manners.MaxOrphans == 0 || s.tx.orphans.Len() == 0 {
		return
	}
	spent := map[wire.OutPoint]struct{}{}
	for _, tx := range kept.Block.Txs[1:] {
		for _, in := range tx.MsgTx.TxIn {
			spent[in.PreviousOutPoint] = struct{}{}
		}
	}
	gone := 0
	for _, x := range s.tx.orphans.All() {
		if slices.ContainsFunc(x.Tx.MsgTx.TxIn, func(in *wire.TxIn) bool { _, ok := spent[in.PreviousOutPoint]; return ok }) {
			s.tx.orphans.Remove(x.Tx.WID)
			gone++
		}
	}
	if gone > 0 {
		s.cfg.Log.Debug("orphans of a block forgotten", "orphans", gone)
	}
}

func (s *State) askParents(p *peer, parents []chain.Hash) {
	for _, h := range parents {
		if !s.haveTx(h) {
			s.tx.requests.Offer(p.tx, txs.Name{Hash: h}, s.now)
		}
	}
}

// inheritOrphans: what waited for a peer that left is now for those who had
// announced it as well.
func (s *State) inheritOrphans(id p2p.PeerID, number int64) {
	before := s.tx.orphans.Len()
	moved := s.tx.orphans.Forget(id)
	if gone := before - s.tx.orphans.Len(); gone > 0 {
		s.cfg.Log.Debug("orphans of a peer forgotten", "orphans", gone, "peer", number)
	}
	for _, x := range moved {
		if p := s.byID[x.From]; p != nil {
			s.askParents(p, x.Parents)
		}
	}
}

// Orphan is a transaction that waits for its parents, and the numbers of the peers it is from.
type Orphan struct {
	Tx   *chain.Tx
	From []int64
}

// Orphans lists the transactions that wait for their parents, oldest first.
func (s *State) Orphans() []Orphan {
	all := make([]Orphan, 0, s.tx.orphans.Len())
	for _, x := range s.tx.orphans.All() {
		o := Orphan{Tx: x.Tx, From: []int64{}}
		for _, id := range x.Announcers() {
			if p := s.byID[id]; p != nil {
				o.From = append(o.From, p.Number)
			}
		}
		slices.Sort(o.From)
		all = append(all, o)
	}
	return all
}

// parentCame validates the orphans again that waited for this one parent only. What
// an orphan costs us is paid for by its own bytes, so nothing short may make us
// look at it again and again: all its parents are here, or it stays as it is.
func (s *State) parentCame(txid chain.Hash) {
	for _, x := range s.tx.orphans.Waiting(txid) {
		if s.lacksOnly(x, txid) {
			s.revalidate(x, nil)
		}
	}
}

// lacksOnly says whether all other parents of an orphan are in the pool.
func (s *State) lacksOnly(x *txs.Orphan, parent chain.Hash) bool {
	return !slices.ContainsFunc(x.Parents, func(h chain.Hash) bool { return h != parent && s.pool.ByTxID(h) == nil })
}

// heirs are the orphans that may pay for a low-fee parent, and have not been validated
// with it before [Find1P1CPackage].
func (s *State) heirs(parent *chain.Tx) []*txs.Orphan {
	return slices.DeleteFunc(s.tx.orphans.Waiting(parent.ID), func(x *txs.Orphan) bool {
		return !s.lacksOnly(x, parent.ID) || s.tx.lowFee.Has(pairOf(parent, x.Tx))
	})
}

// tryHeir has a low-fee parent validated together with the next of its heirs [CPFP]. They
// take turns: what is wrong with the parent is found out, and paid for, once.
func (s *State) tryHeir(parent *queuedTx) {
	for len(parent.heirs) > 0 && s.pool.ByTxID(parent.Tx.ID) == nil {
		x := parent.heirs[0]
		parent.heirs = parent.heirs[1:]
		if s.revalidate(x, parent) {
			return
		}
	}
}

// pairOf names a parent and a child with the witnesses that they have [GetPackageHash].
func pairOf(parent, child *chain.Tx) chain.Hash {
	return sha256.Sum256(slices.Concat(parent.WID[:], child.WID[:]))
}

// revalidate validates an orphan again, if it still waits, with a low-fee parent or alone [ProcessOrphanTx].
func (s *State) revalidate(x *txs.Orphan, lowFee *queuedTx) bool {
	if s.tx.orphans.Remove(x.Tx.WID) == nil {
		return false
	}
	s.queueTx(&queuedTx{Tx: x.Tx, From: x.From, With: lowFee, waited: x})
	return true
}
