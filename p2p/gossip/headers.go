package gossip

import (
	"errors"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// Headers are taken from one peer at a time when there are many (the leader),
// and from everybody when there are few. Each peer is asked as it joins; who
// has a full message for us while another leads is asked again when the leader
// is through, and then tells only what differs: the cross-check.

// headersFrom is where to ask from: one before our best, so that a peer at the
// same tip still answers with it and we learn that it is there.
func (s *State) headersFrom() *entry {
	if p := s.tree.best.parent; p != nil {
		return p
	}
	return s.tree.best
}

// askHeaders sends getheaders; while one is unanswered it asks again after the
// answer.
func (s *State) askHeaders(p *peer, from *entry) {
	if !p.asked.IsZero() && s.now.Sub(p.asked) < headersAgain {
		p.again = true
		return
	}
	p.again = false
	s.sendGetHeaders(p, chain.Locator(from.node))
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
	if p.pre != nil && m.Headers[0].PrevBlock == p.pre.hash {
		p.asked, p.unconnecting = time.Time{}, 0
		s.onPresync(p, m.Headers)
		return
	}
	parent := s.tree.find(m.Headers[0].PrevBlock)
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
	p.has(last)
	s.bodies.replan()
	full := len(m.Headers) == maxHeaders && last.node.Hash == m.Headers[maxHeaders-1].BlockHash()
	s.headersTaken(p, last, full)
}

// headersTaken goes on when there is more where that came from. Each time the
// peer must have led us further, so that no loop of headers goes on for ever.
func (s *State) headersTaken(p *peer, last *entry, more bool) {
	switch {
	case !more || last.node.Work.Cmp(p.progress) <= 0:
		s.headersDone(p)
	case s.leader == nil || s.leader == p:
		s.leader = p
		p.progress = last.node.Work
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
	s.askHeaders(p, s.tree.best)
}

// takeHeaders adds a run of headers to the tree and gives the last good one. A
// header from the future and what follows is left for another time; a bad one
// drops the peer and ok is false.
func (s *State) takeHeaders(p *peer, parent *entry, hs []*wire.BlockHeader) (last *entry, ok bool) {
	last, ok = parent, true
	var fresh []*chain.HeaderNode
	for _, h := range hs {
		e := s.tree.find(h.BlockHash())
		if e == nil {
			if last.bad != good {
				ok = false
				s.onBuildsOnBad(p, last)
				break
			}
			if err := chain.CheckHeader(s.cfg.Params, last.node, h, s.now); err != nil {
				ok = s.onBadHeader(p, err)
				break
			}
			e = s.addHeader(last, h)
			fresh = append(fresh, e.node)
		}
		last = e
	}
	s.storeHeaders(fresh)
	if ok && len(fresh) > 0 && !last.isAncestorOf(s.tree.best) {
		p.side += len(fresh)
		if p.side > maxSideHeaders {
			s.drop(p, "", "too many headers beside the best chain")
			ok = false
		}
	}
	return last, ok
}

func (s *State) addHeader(parent *entry, h *wire.BlockHeader) *entry {
	return s.tree.insert(chain.NewHeaderNode(parent.node, *h))
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
func (s *State) onBuildsOnBad(p *peer, bad *entry) {
	if bad.bad == badByRule {
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
			s.askHeaders(p, s.tree.best)
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

// checkHeadersTimeout lets others go on when the leader has nothing to say.
func (s *State) checkHeadersTimeout(p *peer) {
	if s.leader == p && !p.asked.IsZero() && s.up(p.asked.Add(headersTimeout)) {
		p.pre = nil
		s.nextLeader()
	}
}

// onBlockInv notes what a peer has; the header of an unknown block is asked for.
func (s *State) onBlockInv(p *peer, hashes []chain.Hash) {
	for _, h := range hashes {
		if e := s.tree.find(h); e != nil {
			p.has(e)
			s.bodies.replan()
		} else {
			p.unknown = h
		}
	}
	if p.unknown != (chain.Hash{}) && s.tree.find(p.unknown) == nil {
		s.askHeaders(p, s.tree.best)
	}
}

// resolveUnknown: the block it announced may have got its header from others.
func (s *State) resolveUnknown(p *peer) {
	if p.unknown == (chain.Hash{}) {
		return
	}
	if e := s.tree.find(p.unknown); e != nil {
		p.unknown = chain.Hash{}
		p.has(e)
	}
}
