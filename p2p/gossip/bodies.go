package gossip

import (
	"errors"

	"grapevine/chain"
	"grapevine/p2p"
)

// judgement is a body that waits for a credit or is being judged.
type judgement struct {
	e     *entry
	block *chain.Block
	from  p2p.PeerID
	sent  bool

	tickets []Ticket     // Submits that this very body answers
	joined  []joinedBody // Submits of the same block while another copy was judged
}

// joinedBody is our own copy of a block whose other copy is in judgement: it
// has its turn should that one not match its header.
type joinedBody struct {
	ticket Ticket
	block  *chain.Block
}

// onBlock takes a body from a peer.
func (s *State) onBlock(p *peer, b *chain.Block) {
	e := s.tree.find(b.Hash)
	requested := false
	if e != nil {
		if f := e.flightOf(p); f != nil {
			requested = true
			s.deliver(f, len(b.Raw))
		}
	}
	if e == nil {
		if e = s.headerOf(p, b); e == nil {
			return
		}
	}
	p.has(e)
	s.bodies.replan()
	if !e.needed() || !requested && !s.welcome(e) {
		return
	}
	if len(b.Raw)+s.bodies.waiting > maxBodies {
		return // it will be asked for again when there is room
	}
	s.bodies.last = s.now
	s.judgeBlock(&judgement{e: e, block: b, from: p.id})
}

// headerOf judges the header of a block that nobody announced. nil: the block
// is of no use (far from our tip, unknown parent, bad).
func (s *State) headerOf(p *peer, b *chain.Block) *entry {
	parent := s.tree.find(b.Header.PrevBlock)
	if parent == nil {
		p.unknown = b.Hash
		s.askHeaders(p, s.tree.best)
		return nil
	}
	if parent.bad != good {
		s.onBuildsOnBad(p, parent)
		return nil
	}
	if err := chain.CheckHeader(s.cfg.Params, parent.node, &b.Header, s.now); err != nil {
		s.onBadHeader(p, err)
		return nil
	}
	n := chain.NewHeaderNode(parent.node, b.Header)
	if n.Work.Cmp(s.memoryWork()) < 0 {
		return nil
	}
	e := s.tree.insert(n)
	s.storeHeaders([]*chain.HeaderNode{n})
	return e
}

// welcome says whether a body that nobody asked for is taken: near the tip,
// with at least our tip's work, and not while an honest peer is sending it.
func (s *State) welcome(e *entry) bool {
	tip := s.tree.tip.node
	return e.node.Work.Cmp(tip.Work) >= 0 && e.node.Height <= tip.Height+maxAhead && s.open(e)
}

// judgeBlock queues a body for judgement.
func (s *State) judgeBlock(j *judgement) {
	j.e.judge = j
	if len(j.tickets) > 0 {
		s.bodies.selves++
	}
	s.bodies.queue = append(s.bodies.queue, j)
	s.bodies.waiting += len(j.block.Raw)
}

// pumpBlocks gives to the ledger what the credits allow, in order.
func (s *State) pumpBlocks() {
	b := &s.bodies
	for len(b.queue) > 0 {
		j := b.queue[0]
		size := len(j.block.Raw)
		if b.judged > 0 && b.judged+size > MaxBytesJudged {
			return
		}
		b.queue[0] = nil
		b.queue = b.queue[1:]
		b.waiting -= size
		b.judged += size
		if len(j.tickets) > 0 {
			b.selves--
		}
		j.sent = true
		s.do(JudgeBlock{Peer: j.from, Node: j.e.node, Block: j.block})
	}
	b.queue = nil
}

// onBlockVerdict ends a judgement.
func (s *State) onBlockVerdict(v BlockVerdict) {
	e := s.tree.insert(v.Node)
	j := e.judge
	if j == nil || !j.sent {
		return
	}
	e.judge = nil
	s.bodies.judged -= len(j.block.Raw)
	s.bodies.reopen(e)
	for _, t := range j.tickets {
		s.do(Answer{Ticket: t, Err: v.Err})
	}
	if p := s.byID[j.from]; p != nil {
		p.stats.blocksFrom++
		p.stats.lastBlock = s.now
	}
	var broken *chain.RuleError
	switch {
	case v.Err == nil:
		s.bodies.late = max(lateAfter, s.bodies.late*85/100)
		e.valid = true
		s.onBodyStored(e)
	case errors.Is(v.Err, chain.ErrInconclusive), errors.Is(v.Err, chain.ErrDuplicate):
		e.from = j.from
		s.onBodyStored(e)
	case errors.As(v.Err, &broken):
		s.onBadBlock(j, broken)
		if broken.Mutated {
			s.rejudge(j)
			return
		}
	}
	for _, w := range j.joined {
		s.do(Answer{Ticket: w.ticket, Err: v.Err})
	}
}

// onBodyStored: the body may be served.
func (s *State) onBodyStored(e *entry) {
	if !e.stored {
		e.stored = true
		s.changed(s.bodies.size.guess() >= haveUrgent)
	}
}

// rejudge: the copy that was judged did not match its header; our own copies
// of that block had waited for it.
func (s *State) rejudge(j *judgement) {
	if len(j.joined) == 0 {
		return
	}
	w := j.joined[0]
	s.judgeBlock(&judgement{
		e: j.e, block: w.block, from: p2p.Self,
		tickets: []Ticket{w.ticket}, joined: j.joined[1:],
	})
}

// onBadBlock draws the consequences of a broken rule.
func (s *State) onBadBlock(j *judgement, broken *chain.RuleError) {
	if broken.Mutated {
		if p := s.byID[j.from]; p != nil {
			s.drop(p, "mutated block", "block "+j.e.node.Hash.String()+": "+broken.Error())
		}
		return
	}
	s.blame(j.e, j.from, broken)
	s.tree.mark(j.e, badByRule)
	s.bodies.replan()
}

// blame: who sends an invalid block commits an offence, unless it serves
// bodies above its own verified tip, as those do who serve while they sync.
func (s *State) blame(e *entry, from p2p.PeerID, err error) {
	if p := s.byID[from]; p != nil && !p.info.Have {
		s.drop(p, "invalid block", "block "+e.node.Hash.String()+": "+err.Error())
	}
}

// onHeaderInvalid: a block failed when it was to be connected, or was made
// invalid by hand.
func (s *State) onHeaderInvalid(ev HeaderInvalid) {
	e := s.tree.insert(ev.Node)
	why := badByHand
	var broken *chain.RuleError
	if errors.As(ev.Err, &broken) {
		why = badByRule
		if e.from != p2p.Self && e.bad != badByRule && !errors.Is(broken, chain.ErrBadParent) {
			s.blame(e, e.from, broken)
		}
	}
	e.from = p2p.Self
	s.tree.mark(e, why)
	s.bodies.replan()
}

// onTipChanged follows the verified chain.
func (s *State) onTipChanged(tip *chain.HeaderNode) {
	s.tree.tip = s.tree.insert(tip)
	for e := s.tree.tip; e != nil && !(e.valid && e.stored); e = e.parent {
		e.valid, e.stored = true, true
		e.from = p2p.Self
	}
	if best := s.tree.best; best.bad != good || s.tree.tip.node.Work.Cmp(best.node.Work) > 0 {
		s.tree.chooseBest()
	}
	s.bodies.last = s.now
	s.bodies.replan()
	s.txs.rejected.clear()
	s.txs.lowFee.clear()
	s.retryOrphans()
}
