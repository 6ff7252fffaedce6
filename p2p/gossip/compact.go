package gossip

import (
	"errors"
	"slices"

	"grapevine/chain"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/headers"
	"grapevine/p2p/msg"
)

// New blocks travel in short form: as compact blocks (BIP152, version 2), which name
// transactions by short ids. Up to three peers push them to us as soon as they have
// one, before they have validated it, and we do the same for those who ask for it: so a block crosses the network at the speed
// of its headers.

const (
	compactVersion = 2
	maxParts       = 3 // blocks that one peer is asked parts of at once
	maxPushers     = 3 // peers that push new blocks to us; one of them outbound if we have any
)

// fragment is a block of which a peer was asked for the missing parts.
type fragment struct {
	*blocks.Partial
	e *headers.Entry
}

func (s *State) onSendCmpct(p *peer, m *msg.SendCmpct) {
	if m.Version != compactVersion {
		return
	}
	p.src.Compact, p.wantsPush = true, m.Announce
	if !s.cfg.Manners.Reserved && len(s.pushers) < maxPushers && !p.Inbound() && !p.Silent() {
		s.choosePusher(p)
	}
}

// choosePusher asks a peer to push new blocks to us [high-bandwidth mode,
// MaybeSetPeerAsAnnouncingHeaderAndIDs]: those of our own choice
// first, in Core not before they have shown it, then who was first with the last ones.
// Who takes no transactions could not put them together. An outbound one is always kept:
// who came to us may be there to stall (T21 among the tests).
func (s *State) choosePusher(p *peer) {
	if !p.src.Compact || p.src.Unreliable() || s.cfg.Manners.BlocksOnly {
		return
	}
	if i := slices.Index(s.pushers, p); i >= 0 {
		s.pushers = append(slices.Delete(s.pushers, i, i+1), p)
		return
	}
	if len(s.pushers) == maxPushers {
		out := 0
		if p.Inbound() && s.onlyOutbound(s.pushers[0]) {
			out = 1
		}
		s.pushers[out].src.Pushes = false
		s.send(s.pushers[out], &msg.SendCmpct{Version: compactVersion})
		s.pushers = slices.Delete(s.pushers, out, out+1)
	}
	s.pushers = append(s.pushers, p)
	p.src.Pushes = true
	s.send(p, &msg.SendCmpct{Announce: true, Version: compactVersion})
}

// dropPushers takes back the place of those who let a block become late.
func (s *State) dropPushers() {
	for _, p := range slices.Clone(s.pushers) {
		if p.src.Unreliable() {
			s.pushers = slices.DeleteFunc(s.pushers, func(q *peer) bool { return q == p })
			p.src.Pushes = false
			s.send(p, &msg.SendCmpct{Version: compactVersion})
		}
	}
}

func (s *State) onlyOutbound(p *peer) bool {
	return !p.Inbound() && !slices.ContainsFunc(s.pushers, func(q *peer) bool { return q != p && !q.Inbound() })
}

// passOn pushes a block that extends our tip, before it is validated, to those who
// asked for it [high-bandwidth relay]. It has passed chain.CheckCopy: what is pushed,
// kept for others or served is what its header commits to. lack is what we did
// not know of it [NewPoWValidBlock].
func (s *State) passOn(e *headers.Entry, b *chain.Block, lack []int) {
	if s.behind(e) || e.Parent != s.tree.Tip() {
		return
	}
	kept := s.recent.Add(b, lack)
	nonce := s.cfg.Rand.Uint64()
	for _, p := range s.peers {
		if p.src.Compact && p.wantsPush && !p.knowsHeader(e) && p.knowsHeader(e.Parent) {
			p.sent, p.pushed = e, e
			s.send(p, kept.Short(nonce))
		}
	}
}

// onCmpctBlock takes a block in short form: pushed, or asked for.
func (s *State) onCmpctBlock(p *peer, m *msg.CmpctBlock) {
	e := s.headerOf(p, &m.Header)
	if e == nil {
		if !p.gone && s.tree.Find(m.Header.PrevBlock) != nil {
			s.cfg.Log.Debug("low-work short form ignored", "peer", p.Number)
		}
		return
	}
	s.fetch.Shows(p.src, e)
	p.holds(e)
	if j := s.queue.find(e); j != nil {
		j.tasks = p.waitsFor(j.tasks)
	}
	asked := p.src.PaidShort(e)
	switch {
	case !e.Needed():
		s.fetch.Done(p.src, e)
	case !s.behind(e) && e.Parent == s.tree.Tip():
		if again := p.src.Shows(e); !again || asked { // each time costs a walk through our pool
			s.putTogether(p, e, m)
		}
	case asked: // the tip has moved since: our pool is of no use for it
		s.do(s.fetch.Whole(p.src, e))
	}
}

// putTogether makes a block of a compact block and what we know (reconstructs it), and
// asks for the rest unless another peer is sending it.
func (s *State) putTogether(p *peer, e *headers.Entry, m *msg.CmpctBlock) {
	f, err := blocks.NewPartial(m, s.knownTxs)
	if err == nil && len(f.Missing()) == 0 {
		s.complete(p, fragment{f, e}, nil)
		return
	}
	if !s.fetch.Expect(p.src, e) {
		return
	}
	p.parts = slices.DeleteFunc(p.parts, func(x fragment) bool {
		if x.e != e && !x.e.Needed() {
			s.fetch.Done(p.src, x.e) // it came from another; nobody waits for this answer
		}
		return x.e == e || !x.e.Needed()
	})
	if err != nil || len(p.parts) == maxParts { // a short id collision: getdata for the whole block [READ_STATUS_FAILED]
		s.do(s.fetch.Whole(p.src, e))
		return
	}
	p.parts = append(p.parts, fragment{f, e})
	s.send(p, &msg.GetBlockTxn{Block: f.Hash, Indexes: f.Missing()})
}

// knownTxs are those that a new block may hold: the pool's and the orphans. What was
// refused or replaced is not kept for it [vExtraTxnForCompact].
func (s *State) knownTxs(yield func(*chain.Tx) bool) {
	for _, in := range s.pool.Newest(s.pool.Log()) {
		if !yield(in.Tx) {
			return
		}
	}
	for _, x := range s.tx.orphans.All() {
		if !yield(x.Tx) {
			return
		}
	}
}

// onBlockTxn completes a block; what was not asked for is ignored [ProcessCompactBlockTxns].
func (s *State) onBlockTxn(p *peer, m *msg.BlockTxn) {
	i := slices.IndexFunc(p.parts, func(f fragment) bool { return f.Hash == m.Block })
	if i < 0 {
		if e := s.tree.Find(m.Block); e != nil && !e.Needed() {
			s.fetch.Done(p.src, e) // it came from elsewhere meanwhile
		}
		return
	}
	f := p.parts[i]
	p.parts = slices.Delete(p.parts, i, i+1)
	lack := f.Missing()
	if err := f.Fill(m.Txs); err != nil {
		s.drop(p, "wrong parts of a block", err.Error())
		return
	}
	s.complete(p, f, lack)
}

// complete validates a block that was put together. If its parts do not make it,
// short ids have collided [READ_STATUS_FAILED] or somebody lies: the whole is asked for, of who sent
// the short form if there is nobody else, but nobody need wait for that.
func (s *State) complete(p *peer, f fragment, lack []int) {
	b, err := f.Block(s.cfg.Params, f.e.Node.Height)
	if err != nil && f.e.Needed() {
		s.fetch.Misfit(p.src, f.e)
		return
	}
	s.fetch.Done(p.src, f.e)
	if f.e.Needed() && s.queue.takes(len(b.Raw)) {
		s.progress(f.e)
		s.queue.Add(&queuedBlock{Entry: f.e, Block: b, From: p.ID, Compact: true, tasks: p.waitsFor(nil)})
		s.passOn(f.e, b, lack)
	}
}

// comesShort says whether a block may be asked for in short form: most of it is
// probably in our pool.
func (s *State) comesShort(e *headers.Entry) bool {
	return e.Parent == s.tree.Tip() && !s.behind(e) && !s.cfg.Manners.BlocksOnly
}

// validatedCompact draws the consequences for compact relay: who was first with a
// good block shall push the next ones, and a block that cannot be put together
// from short ids is asked for whole.
func (s *State) validatedCompact(j *queuedBlock, err error) {
	var broken *chain.RuleError
	p := s.byID[j.From]
	switch {
	case err == nil && p != nil && !p.Silent() && !s.syncing() && j.Entry == s.tree.Tip():
		s.choosePusher(p)
	case errors.As(err, &broken) && broken.Mutated && j.Compact:
		s.fetch.Unfit(j.Entry)
	}
}
