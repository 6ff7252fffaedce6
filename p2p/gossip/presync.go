package gossip

import (
	"github.com/aead/siphash"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// presync takes a long chain of headers twice, as Bitcoin Core does, before it
// may use memory. In the first pass only its work is added up and one salted
// bit kept for every presyncPeriod headers. When the work is enough the same
// headers are asked for again; they must give the same bits, and enter the tree
// once so many have followed that a chain made to match would have cost more
// than it is worth.
type presync struct {
	start *entry // the known header it builds on
	least chain.Work
	again bool // second pass

	hash   chain.Hash // of the last header of this pass
	bits   uint32
	height int32
	work   chain.Work

	key   [16]byte
	phase int32  // heights ≡ phase mod presyncPeriod give a bit
	marks []bool // of the first pass
	seen  int    // bits compared in the second
	held  []*wire.BlockHeader
	last  *entry // the last one that has entered the tree
}

// onLowWork: a run of headers whose chain has too little work so far. If there
// may be more of it, it is presynced; one peer at a time does that.
func (s *State) onLowWork(p *peer, parent *entry, hs []*wire.BlockHeader) {
	if len(hs) < maxHeaders || p.lowWork {
		s.cfg.Log.Debug("low-work headers ignored", "peer", p.id, "headers", len(hs))
		s.headersDone(p)
		return
	}
	if s.leader != nil && s.leader != p {
		p.deferred = true
		return
	}
	s.leader = p
	pre := &presync{start: parent, least: s.memoryWork(), phase: int32(s.cfg.Rand.IntN(presyncPeriod))}
	for i := range pre.key {
		pre.key[i] = byte(s.cfg.Rand.Uint32())
	}
	pre.restart()
	p.pre = pre
	s.onPresync(p, hs)
}

// restart begins a pass.
func (pre *presync) restart() {
	n := pre.start.node
	pre.hash, pre.bits, pre.height, pre.work = n.Hash, n.Header.Bits, n.Height, n.Work
	pre.last = pre.start
}

// onPresync takes the next run of a chain that is being presynced.
func (s *State) onPresync(p *peer, hs []*wire.BlockHeader) {
	pre := p.pre
	for _, h := range hs {
		if !s.presyncHeader(pre, h) {
			s.endPresync(p, "its headers do not hold what they promised")
			return
		}
	}
	enough := pre.work.Cmp(pre.least) >= 0
	switch {
	case enough && pre.again:
		s.finishPresync(p, len(hs) == maxHeaders)
	case enough:
		pre.again = true
		pre.restart()
		s.askPresync(p)
	case len(hs) < maxHeaders || pre.height-pre.start.node.Height > maxPresync:
		s.endPresync(p, "its chain has too little work")
	default:
		if over := len(pre.held) - presyncHeld; over > 0 && !s.releasePresync(p, over) {
			return
		}
		s.askPresync(p)
	}
}

// presyncHeader adds one header to the pass; false: it cannot be.
func (s *State) presyncHeader(pre *presync, h *wire.BlockHeader) bool {
	pre.height++
	if h.PrevBlock != pre.hash || !s.bitsPossible(pre.height, pre.bits, h.Bits) {
		return false
	}
	pre.hash, pre.bits = h.BlockHash(), h.Bits
	pre.work = pre.work.Add(chain.WorkOf(h.Bits))
	if pre.height%presyncPeriod == pre.phase {
		mark := siphash.Sum64(pre.hash[:], &pre.key)&1 == 1
		if !pre.again {
			pre.marks = append(pre.marks, mark)
		} else if pre.seen < len(pre.marks) {
			if pre.marks[pre.seen] != mark {
				return false
			}
			pre.seen++
		}
	}
	if pre.again {
		pre.held = append(pre.held, h)
	}
	return true
}

// bitsPossible says whether a header's difficulty may follow the one before,
// judged without the headers that the retarget rule would need (Core:
// PermittedDifficultyTransition).
func (s *State) bitsPossible(height int32, before, bits uint32) bool {
	p := s.cfg.Params
	interval := int32(p.TargetTimespan / p.TargetTimePerBlock)
	switch {
	case p.ReduceMinDifficulty:
		return true
	case p.PoWNoRetargeting || height%interval != 0:
		return bits == before
	}
	// Work is inverse to the target, which moves by at most a factor of four;
	// the rounding of compact bits needs a little slack.
	old, now := chain.WorkOf(before), chain.WorkOf(bits)
	five := func(w chain.Work) chain.Work { x := w.Add(w); return x.Add(x).Add(w) }
	return now.Cmp(five(old)) <= 0 && old.Cmp(five(now)) <= 0
}

// askPresync asks for what follows the last header of the pass, which we may
// not have kept.
func (s *State) askPresync(p *peer) {
	hashes := []chain.Hash{p.pre.hash}
	if p.pre.hash != p.pre.start.node.Hash {
		hashes = append(hashes, chain.Locator(p.pre.start.node)...)
	}
	s.sendGetHeaders(p, hashes[:min(len(hashes), maxLocator)])
}

// releasePresync lets the oldest n of the second pass into the tree.
func (s *State) releasePresync(p *peer, n int) bool {
	pre := p.pre
	last, ok := s.takeHeaders(p, pre.last, pre.held[:n])
	pre.held = pre.held[n:]
	if !ok {
		p.pre = nil
		return false
	}
	pre.last = last
	return true
}

// finishPresync: the chain has shown its work twice.
func (s *State) finishPresync(p *peer, more bool) {
	pre := p.pre
	if !s.releasePresync(p, len(pre.held)) {
		return
	}
	p.pre = nil
	p.has(pre.last)
	s.bodies.replan()
	s.headersTaken(p, pre.last, more)
}

// endPresync gives a chain up. Who we chose ourselves must have a chain that is
// worth something; who came to us may be syncing, and is not asked again.
func (s *State) endPresync(p *peer, why string) {
	below := p.pre.work.Cmp(s.cfg.Params.MinimumChainWork) < 0
	p.pre, p.lowWork = nil, true
	s.headersDone(p)
	if below && !p.info.Inbound && !p.info.Manual {
		s.drop(p, "", why)
	}
}
