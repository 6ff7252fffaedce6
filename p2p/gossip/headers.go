package gossip

import (
	"errors"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/tree"
)

// Headers are taken from one peer at a time when there are many (the leader),
// and from everybody when there are few. Each peer is asked as it joins; who
// has a full message for us while another leads is asked again when the leader
// is through, and then tells only what differs: the cross-check.

// headersFrom is where to ask from: one before our best, so that a peer at the
// same tip still answers with it and we learn that it is there.
func (s *State) headersFrom() *tree.Entry {
	if p := s.tree.Best().Parent; p != nil {
		return p
	}
	return s.tree.Best()
}

// askHeaders sends getheaders; while one is unanswered it asks again after the
// answer.
func (s *State) askHeaders(p *peer, from *tree.Entry) {
	if !p.asked.IsZero() && s.now.Sub(p.asked) < headersAgain {
		p.again = true
		return
	}
	p.again = false
	s.sendGetHeaders(p, chain.Locator(from.Node))
}

func (s *State) sendGetHeaders(p *peer, locator []chain.Hash) {
	p.asked = s.now
	m := &wire.MsgGetHeaders{ProtocolVersion: wire.AddrV2Version}
	for _, h := range locator {
		m.BlockLocatorHashes = append(m.BlockLocatorHashes, &h)
	}
	s.send(p, m)
}

func (s *State) onHeaders(p *peer, m *wire.MsgHeaders) {
	if len(m.Headers) > maxHeaders {
		s.drop(p, "too many headers", "headers message is too long")
		return
	}
	if len(m.Headers) == 0 {
		p.asked = time.Time{}
		s.headersDone(p)
		return
	}
	if !s.checkRun(p, m.Headers) {
		return
	}
	if p.pre != nil && m.Headers[0].PrevBlock == p.pre.Last() {
		p.asked, p.unconnecting = time.Time{}, 0
		s.onPresync(p, m.Headers)
		return
	}
	parent := s.tree.Find(m.Headers[0].PrevBlock)
	if parent == nil {
		s.onUnconnecting(p, m.Headers)
		return
	}
	p.asked, p.unconnecting = time.Time{}, 0 // no other headers could be the answer
	if !s.worthMemory(parent, m.Headers) {
		s.onLowWork(p, parent, m.Headers)
		return
	}
	last, ok := s.takeHeaders(p, parent, m.Headers)
	if !ok {
		return
	}
	p.src.Has(last)
	s.fetch.Changed()
	full := len(m.Headers) == maxHeaders && last.Node.Hash == m.Headers[maxHeaders-1].BlockHash()
	s.headersTaken(p, last, full)
}

// headersTaken goes on when there is more where that came from. Each time the
// peer must have led us further, so that no loop of headers goes on for ever.
func (s *State) headersTaken(p *peer, last *tree.Entry, more bool) {
	switch {
	case !more || last.Node.Work.Cmp(p.progress) <= 0:
		s.headersDone(p)
	case s.leader == nil || s.leader == p:
		s.leader = p
		p.progress = last.Node.Work
		s.askHeaders(p, last)
	default:
		p.deferred = true
	}
}

// checkRun judges what needs no tree: each header builds on the one before and
// has done the work it claims.
func (s *State) checkRun(p *peer, hs []*wire.BlockHeader) bool {
	for i, h := range hs {
		if err := chain.CheckWork(s.cfg.Params, h); err != nil {
			s.drop(p, "bad header", err.Error())
			return false
		}
		if i > 0 && h.PrevBlock != hs[i-1].BlockHash() {
			s.drop(p, "headers do not follow each other", "headers message is not a chain")
			return false
		}
	}
	return true
}

// onUnconnecting: the run starts at a header we lack. Ask for what lies
// between, but not for ever.
func (s *State) onUnconnecting(p *peer, hs []*wire.BlockHeader) {
	p.unconnecting++
	if p.unconnecting > maxUnconnecting {
		s.drop(p, "headers that lead nowhere", "too many headers messages without a known parent")
		return
	}
	p.unknown = hs[len(hs)-1].BlockHash()
	s.askHeaders(p, s.tree.Best())
}

// takeHeaders adds a run of headers to the tree and gives the last good one. A
// header from the future and what follows is left for another time; a bad one
// drops the peer and ok is false.
func (s *State) takeHeaders(p *peer, parent *tree.Entry, hs []*wire.BlockHeader) (last *tree.Entry, ok bool) {
	last, ok = parent, true
	var fresh []*chain.HeaderNode
	for _, h := range hs {
		e := s.tree.Find(h.BlockHash())
		if e == nil {
			if last.Bad != tree.Good {
				ok = false
				s.onBuildsOnBad(p, last)
				break
			}
			if err := chain.CheckHeader(s.cfg.Params, last.Node, h, s.now); err != nil {
				ok = s.onBadHeader(p, err)
				break
			}
			e = s.addHeader(last, h)
			fresh = append(fresh, e.Node)
		}
		last = e
	}
	s.storeHeaders(fresh)
	if ok && len(fresh) > 0 && !last.IsAncestorOf(s.tree.Best()) {
		p.side += len(fresh)
		if p.side > maxSideHeaders {
			s.drop(p, "", "too many headers beside the best chain")
			ok = false
		}
	}
	return last, ok
}

func (s *State) addHeader(parent *tree.Entry, h *wire.BlockHeader) *tree.Entry {
	return s.tree.Insert(chain.NewHeaderNode(parent.Node, *h))
}

func (s *State) storeHeaders(nodes []*chain.HeaderNode) {
	if len(nodes) > 0 {
		s.do(StoreHeaders{Nodes: nodes})
	}
}

// onBadHeader says whether the peer stays.
func (s *State) onBadHeader(p *peer, err error) bool {
	if errors.Is(err, chain.ErrTimeTooNew) {
		s.cfg.Log.Info("header from the future", "peer", p.id)
		return true
	}
	s.drop(p, "bad header", err.Error())
	return false
}

// onBuildsOnBad: the peer follows a chain that we know to be invalid. What was
// made invalid by hand is only our own opinion.
func (s *State) onBuildsOnBad(p *peer, bad *tree.Entry) {
	if bad.Bad == tree.ByRule {
		s.drop(p, "builds on an invalid block", string(chain.ErrBadParent))
	}
}

// headersDone: the peer has told us what it had when it was asked. What it
// announced since then is asked for once.
func (s *State) headersDone(p *peer) {
	if s.leader == p {
		s.nextLeader()
	}
	if p.again {
		p.again = false
		if s.resolveUnknown(p); p.unknown != (chain.Hash{}) {
			s.askHeaders(p, s.tree.Best())
		}
	}
}

// nextLeader asks those who had more for us while the last leader talked.
func (s *State) nextLeader() {
	s.leader = nil
	for _, p := range s.peers {
		if p.deferred {
			p.deferred = false
			s.askHeaders(p, s.headersFrom())
		}
	}
}

// checkLeader lets others go on when the leader has nothing to say.
func (s *State) checkLeader() {
	if p := s.leader; p != nil && !p.asked.IsZero() && s.up(p.asked.Add(headersTimeout)) {
		p.pre = nil
		s.nextLeader()
	}
}

// onBlockInv notes what a peer has; the header of an unknown block is asked for.
func (s *State) onBlockInv(p *peer, hashes []chain.Hash) {
	for _, h := range hashes {
		if e := s.tree.Find(h); e != nil {
			p.src.Has(e)
			s.fetch.Changed()
		} else {
			p.unknown = h
		}
	}
	if p.unknown != (chain.Hash{}) && s.tree.Find(p.unknown) == nil {
		s.askHeaders(p, s.tree.Best())
	}
}

// resolveUnknown: what it spoke of may have got its header, from it or others.
func (s *State) resolveUnknown(p *peer) {
	if p.said != nil {
		if last := s.tree.Find(p.said.Last); last != nil {
			s.fetch.OnHave(p.src, last, p.said)
			p.said = nil
		}
	}
	if p.unknown == (chain.Hash{}) {
		return
	}
	if e := s.tree.Find(p.unknown); e != nil {
		p.unknown = chain.Hash{}
		p.src.Has(e)
		s.fetch.Changed()
	}
}
