package gossip

import (
	"errors"

	"grapevine/chain"
	"grapevine/chain/headertree"
	"grapevine/p2p"
	"grapevine/p2p/gossip/headers"
)

// onBlock takes a body from a peer. Whether the copy is its header's is looked at
// here, unless it is one of many that we asked for: those are only stored when the
// ledger has found the same. The header of a copy that is not stays outside.
func (s *State) onBlock(p *peer, b *chain.Block) {
	e := s.tree.Find(b.Hash)
	requested := e != nil && s.fetch.Deliver(p.src, e, len(b.Raw))
	asked := p.src.Paid(e) || requested
	if requested && s.behind(e) {
		s.fetch.Synced()
	}
	switch parent := s.tree.Find(b.Header.PrevBlock); {
	case e == nil && parent == nil:
		s.cfg.Log.Debug("block without a known parent", "peer", p.Number, "hash", b.Hash)
		s.drop(p, "block without a known parent", "block "+b.Hash.String()+" builds on an unknown one") // [BLOCK_MISSING_PREV]
		return
	case parent != nil && (!requested || !s.behind(e)):
		if err := chain.CheckCopy(s.cfg.Params, parent.Node.Height+1, b); err != nil {
			s.cfg.Log.Debug("block mutated", "peer", p.Number, "hash", b.Hash, "err", verdictText(err))
			if e != nil {
				s.fetch.Spoiled(p.src, e)
			}
			s.drop(p, mutatedBlock, "block "+b.Hash.String()+": "+err.Error())
			return
		}
	}
	if e == nil {
		if e = s.headerOf(p, &b.Header); e == nil {
			return
		}
	}
	p.src.Has(e)
	p.holds(e)
	s.fetch.Changed()
	if j := s.queue.find(e); j != nil { // another copy: its verdict is this one's
		j.tasks = p.waitsFor(j.tasks)
	}
	if !e.Needed() || !requested && !s.welcome(e) {
		return
	}
	if !s.queue.takes(len(b.Raw)) {
		return // it will be asked for again when there is space
	}
	s.progress(e)
	s.queue.Add(&queuedBlock{Entry: e, Block: b, From: p.ID, Asked: asked, tasks: p.waitsFor(nil)})
	s.passOn(e, b, nil)
}

// welcome says whether an unrequested block is taken [fRequested]: near the tip,
// with at least our tip's work, and not while an honest peer is sending it.
func (s *State) welcome(e *headers.Entry) bool {
	return e.Node.Work.Cmp(s.tree.Tip().Node.Work) >= 0 && s.near(e) && s.fetch.Open(e)
}

// near says whether a block is at most maxAhead past our tip, or will be once what came
// before it is validated: a peer that sends thousands in a row does not wait for that.
func (s *State) near(e *headers.Entry) bool {
	tip := s.tree.Tip().Node.Height
	switch {
	case e.Node.Height <= tip+maxAhead:
		return true
	case e.Node.Height > tip+maxAhead+maxUnderWay:
		return false
	}
	x, back := s.tree.Ancestor(e, e.Node.Height-maxAhead), 0
	for x != nil && !s.tree.IsActive(x.Node) { // a branch may lack a block that is below our tip
		if back++; back > maxUnderWay || !x.Stored && !x.Busy {
			return false
		}
		x = x.Parent
	}
	return true
}

// pumpBlocks gives to the ledger what the credits allow, in order.
func (s *State) pumpBlocks() {
	for j := s.queue.next(); j != nil; j = s.queue.next() {
		s.do(p2p.ValidateBlock{Peer: j.From, Node: j.Entry.Node, Block: j.Block})
	}
}

// onBlockVerdict ends a validation [PeerManagerImpl::BlockChecked].
func (s *State) onBlockVerdict(v BlockVerdict) {
	e := s.tree.Insert(v.Node)
	j := s.queue.Done(e)
	if j == nil {
		return
	}
	s.fetch.Reopen(e)
	for _, t := range j.Tickets {
		s.do(p2p.Answer{Ticket: t, Err: v.Err})
	}
	defer s.finish(j.tasks...)
	s.validatedCompact(j, v.Err)
	if p := s.byID[j.From]; p != nil {
		p.stats.blocksFrom++
		p.stats.lastBlock = s.now
	}
	var broken *chain.RuleError
	switch {
	case v.Err == nil:
		s.fetch.Connected()
		e.Valid = true
		s.onBodyStored(e)
	case errors.Is(v.Err, chain.ErrInconclusive), errors.Is(v.Err, chain.ErrDuplicate):
		if !j.Compact {
			e.From, e.Asked = j.From, j.Asked
		}
		s.onBodyStored(e)
	case errors.As(v.Err, &broken):
		s.onBadBlock(j, broken)
		if broken.Mutated {
			if again := j.again(); again != nil {
				s.queue.Add(again)
			}
			return
		}
	}
	for _, w := range j.Joined {
		s.do(p2p.Answer{Ticket: w.Ticket, Err: v.Err})
	}
}

// onBodyStored: the body may be served.
func (s *State) onBodyStored(e *headers.Entry) {
	if !e.Stored {
		e.Stored, e.Lost, e.Pruned = true, false, false
		s.fetch.Stored(e)
	}
}

// onBadBlock draws the consequences of a broken rule.
func (s *State) onBadBlock(j *queuedBlock, broken *chain.RuleError) {
	if broken.Mutated {
		s.takeBack(j.Entry)
		if p := s.byID[j.From]; p != nil && !j.Compact {
			s.drop(p, mutatedBlock, "block "+j.Entry.Node.Hash.String()+": "+broken.Error())
		}
		return
	}
	why := headertree.ByRule
	if broken.Rule == chain.ErrBadParent {
		why = headertree.ByHand // we learn of the parent's mark only when the tip has left its branch
	} else if !j.Compact {
		s.blame(j.Entry, j.From, j.Asked, broken)
	}
	if broken.Apart { // it may be asked for again, but not from who sent it
		if p := s.byID[j.From]; p != nil {
			s.fetch.Spoiled(p.src, j.Entry)
		}
		s.takeBack(j.Entry)
	} else {
		s.tree.Mark(j.Entry, why)
	}
	s.fetch.Changed()
}

// takeBack forgets what was assumed of a copy that turned out bad: that it may be
// given to others, and that those whom we pushed it have it. Should a good copy
// come, it is news to them. (Of a block that breaks a rule the copy stays: whom we
// pushed it asks for the parts, and validates it too.)
func (s *State) takeBack(e *headers.Entry) {
	s.recent.Remove(e.Node.Hash)
	for _, p := range s.peers {
		if p.pushed == e {
			p.pushed, p.sent = nil, e.Parent
		}
	}
}

// blame: who sends an invalid block commits an offence [misbehaving]. But
// grapevine nodes serve bodies above their own verified tip, and everybody pushes
// short forms before the block is validated: what such a peer was asked for is only
// counted. The short form itself never comes here: otherwise one invalid block
// would split the honest network.
func (s *State) blame(e *headers.Entry, from p2p.PeerID, asked bool, err error) {
	p := s.byID[from]
	if p == nil {
		return
	}
	if asked && (p.Have || p.src.Showed(e)) {
		if p.invalid++; p.invalid < maxInvalid {
			return
		}
	}
	s.drop(p, "invalid block", "block "+e.Node.Hash.String()+": "+err.Error())
}

// onHeaderInvalid: a block failed when it was to be connected, or was made
// invalid by hand.
func (s *State) onHeaderInvalid(ev HeaderInvalid) {
	e := s.tree.Insert(ev.Node)
	if ev.why() == headertree.ByRule && e.From != p2p.Self && e.Bad != headertree.ByRule && !errors.Is(ev.Err, chain.ErrBadParent) {
		s.blame(e, e.From, e.Asked, ev.Err)
	}
	e.From = p2p.Self
	s.tree.Mark(e, ev.why())
	s.fetch.Changed()
}

// onHeaderValid takes the marks from e and those before and after it. What peers
// said of its branch was of no use meanwhile: they are asked again, for they say it
// only once.
func (s *State) onHeaderValid(e *headers.Entry) {
	s.tree.Unmark(e)
	s.fetch.Unmarked()
	s.headers.AskAll()
	s.actOnHeaders()
}

// why says whether a rule marks the header, or somebody's hand.
func (ev HeaderInvalid) why() headertree.Badness {
	if broken := (*chain.RuleError)(nil); errors.As(ev.Err, &broken) {
		return headertree.ByRule
	}
	return headertree.ByHand
}

// onTipChanged follows the verified chain.
func (s *State) onTipChanged(tip *chain.HeaderNode) {
	before := s.tree.Tip()
	s.tree.SetTip(s.tree.Insert(tip))
	if !before.IsAncestorOf(s.tree.Tip()) {
		s.tx.confirmed.Clear() // what the old branch confirmed may be news again
	}
	s.progress(s.tree.Tip())
	s.fetch.TipMoved()
	s.fetch.TipRose(tip.Height - s.tree.Fork(before, s.tree.Tip()).Node.Height)
	s.headers.TipMoved()
	s.actOnHeaders()
	s.tx.rejected.Clear()
	s.tx.lowFee.Clear()
	s.forgetConflicts()
	if !s.syncing() {
		for _, x := range s.tx.orphans.All() { // their parents may be in the block
			s.revalidate(x, nil)
		}
	}
}

// onBodyLost: a stored body turned out damaged, or one that is not here is needed after
// all. It is served no more, and asked of others until BodyStored says that it is here
// again. Genesis is not: who runs us has it.
func (s *State) onBodyLost(e *headers.Entry) {
	if (e.Stored || e.Pruned) && e.Parent != nil {
		e.Stored, e.Lost, e.Pruned = false, true, false
		s.fetch.Lost(e)
	}
}

// onBodiesPruned: they are served no more. What is on our verified chain is not needed
// again; elsewhere it would have to come again, should that branch win.
func (s *State) onBodiesPruned(nodes []*chain.HeaderNode) {
	for _, n := range nodes {
		e := s.tree.Insert(n)
		e.Stored, e.Lost, e.Pruned = false, false, true
		s.fetch.Absent(e)
	}
	s.fetch.Changed()
}

// findLost notes at the start which bodies of the verified chain are lost.
func (s *State) findLost(stored func(*headers.Entry) bool) {
	for _, e := range s.tree.All() {
		here := stored(e)
		switch {
		case here:
		case s.cfg.Pruned != nil && s.cfg.Pruned(e.Node.Hash):
			e.Stored, e.Pruned = false, true
			s.fetch.Absent(e)
		default:
			s.onBodyLost(e)
		}
		e.Stored = e.Stored || here
	}
}
