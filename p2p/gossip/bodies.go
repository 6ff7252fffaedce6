package gossip

import (
	"errors"

	"grapevine/chain"
	"grapevine/p2p"
	"grapevine/p2p/gossip/fetch"
	"grapevine/p2p/gossip/tree"
)

// bodies is what waits for judgement and is judged.
type bodies struct {
	byEntry map[*tree.Entry]*judgement
	queue   []*judgement // wait for credits
	selves  int          // of these, with a ticket
	waiting int          // bytes in queue
	judged  int          // bytes in judgement
}

func newBodies() bodies { return bodies{byEntry: make(map[*tree.Entry]*judgement)} }

// judgement is a body that waits for a credit or is being judged.
type judgement struct {
	e     *tree.Entry
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
	e := s.tree.Find(b.Hash)
	requested := e != nil && s.fetch.Deliver(p.src, e, len(b.Raw))
	if e == nil {
		if e = s.headerOf(p, b); e == nil {
			return
		}
	}
	p.src.Has(e)
	s.fetch.Changed()
	if !e.Needed() || !requested && !s.welcome(e) {
		return
	}
	if len(b.Raw)+s.bodies.waiting > fetch.MaxHeld {
		return // it will be asked for again when there is room
	}
	s.last = s.now
	s.judgeBlock(&judgement{e: e, block: b, from: p.id})
}

// headerOf judges the header of a block that nobody announced. nil: the block
// is of no use (far from our tip, unknown parent, bad).
func (s *State) headerOf(p *peer, b *chain.Block) *tree.Entry {
	parent := s.tree.Find(b.Header.PrevBlock)
	if parent == nil {
		p.unknown = b.Hash
		s.askHeaders(p, s.tree.Best())
		return nil
	}
	if parent.Bad != tree.Good {
		s.onBuildsOnBad(p, parent)
		return nil
	}
	if err := chain.CheckHeader(s.cfg.Params, parent.Node, &b.Header, s.now); err != nil {
		s.onBadHeader(p, err)
		return nil
	}
	n := chain.NewHeaderNode(parent.Node, b.Header)
	if n.Work.Cmp(s.memoryWork()) < 0 {
		return nil
	}
	e := s.tree.Insert(n)
	s.storeHeaders([]*chain.HeaderNode{n})
	return e
}

// welcome says whether a body that nobody asked for is taken: near the tip,
// with at least our tip's work, and not while an honest peer is sending it.
func (s *State) welcome(e *tree.Entry) bool {
	tip := s.tree.Tip().Node
	return e.Node.Work.Cmp(tip.Work) >= 0 && e.Node.Height <= tip.Height+maxAhead && s.fetch.Open(e)
}

// judgeBlock queues a body for judgement.
func (s *State) judgeBlock(j *judgement) {
	j.e.Busy = true
	s.bodies.byEntry[j.e] = j
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
		s.do(JudgeBlock{Peer: j.from, Node: j.e.Node, Block: j.block})
	}
	b.queue = nil
}

// onBlockVerdict ends a judgement.
func (s *State) onBlockVerdict(v BlockVerdict) {
	e := s.tree.Insert(v.Node)
	j := s.bodies.byEntry[e]
	if j == nil || !j.sent {
		return
	}
	e.Busy = false
	delete(s.bodies.byEntry, e)
	s.bodies.judged -= len(j.block.Raw)
	s.fetch.Reopen(e)
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
		s.fetch.Connected()
		e.Valid = true
		s.onBodyStored(e)
	case errors.Is(v.Err, chain.ErrInconclusive), errors.Is(v.Err, chain.ErrDuplicate):
		e.From = j.from
		s.onBodyStored(e)
	case errors.As(v.Err, &broken):
		s.onBadBlock(j, broken)
		if broken.Mutated {
			s.judgeJoined(j)
			return
		}
	}
	for _, w := range j.joined {
		s.do(Answer{Ticket: w.ticket, Err: v.Err})
	}
}

// onBodyStored: the body may be served.
func (s *State) onBodyStored(e *tree.Entry) {
	if !e.Stored {
		e.Stored = true
		s.fetch.Stored()
	}
}

// judgeJoined: the copy that was judged did not match its header; our own copies
// of that block had waited for it.
func (s *State) judgeJoined(j *judgement) {
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
			s.drop(p, "mutated block", "block "+j.e.Node.Hash.String()+": "+broken.Error())
		}
		return
	}
	s.blame(j.e, j.from, broken)
	s.tree.Mark(j.e, tree.ByRule)
	s.fetch.Changed()
}

// blame: who sends an invalid block commits an offence, unless it serves
// bodies above its own verified tip, as those do who serve while they sync.
func (s *State) blame(e *tree.Entry, from p2p.PeerID, err error) {
	if p := s.byID[from]; p != nil && !p.info.Have {
		s.drop(p, "invalid block", "block "+e.Node.Hash.String()+": "+err.Error())
	}
}

// onHeaderInvalid: a block failed when it was to be connected, or was made
// invalid by hand.
func (s *State) onHeaderInvalid(ev HeaderInvalid) {
	e := s.tree.Insert(ev.Node)
	why := tree.ByHand
	var broken *chain.RuleError
	if errors.As(ev.Err, &broken) {
		why = tree.ByRule
		if e.From != p2p.Self && e.Bad != tree.ByRule && !errors.Is(broken, chain.ErrBadParent) {
			s.blame(e, e.From, broken)
		}
	}
	e.From = p2p.Self
	s.tree.Mark(e, why)
	s.fetch.Changed()
}

// onTipChanged follows the verified chain.
func (s *State) onTipChanged(tip *chain.HeaderNode) {
	s.tree.SetTip(s.tree.Insert(tip))
	s.last = s.now
	s.fetch.Changed()
	s.txs.rejected.Clear()
	s.txs.lowFee.Clear()
	if !s.syncing() {
		s.rejudge(s.txs.orphans.All())
	}
}
