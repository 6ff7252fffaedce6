package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/presync"
	"grapevine/p2p/gossip/tree"
)

// memoryWork is the least total work of a header chain that may use our
// memory: the network's minimum, and not far behind our own tip. Below it
// anybody could make headers for nothing (Core: GetAntiDoSWorkThreshold).
func (s *State) memoryWork() chain.Work {
	tip := s.tree.Tip().Node
	near := chain.Work{}
	if back := tip.Ancestor(tip.Height - lowWorkBlocks); back != nil {
		near = back.Work
	}
	if least := s.cfg.Params.MinimumChainWork; least.Cmp(near) > 0 {
		return least
	}
	return near
}

// worthMemory says whether a run of headers on top of parent may be kept.
func (s *State) worthMemory(parent *tree.Entry, hs []*wire.BlockHeader) bool {
	least := s.memoryWork()
	if parent.Node.Work.Cmp(least) >= 0 {
		return true
	}
	work := parent.Node.Work
	for _, h := range hs {
		work = work.Add(chain.WorkOf(h.Bits))
	}
	return work.Cmp(least) >= 0 || s.tree.Find(hs[len(hs)-1].BlockHash()) != nil
}

// onLowWork: a run of headers whose chain has too little work so far. If there
// may be more of it, it is presynced; one peer at a time does that.
func (s *State) onLowWork(p *peer, parent *tree.Entry, hs []*wire.BlockHeader) {
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
	salt := presync.Salt{Phase: s.cfg.Rand.Uint32()}
	for i := range salt.Key {
		salt.Key[i] = byte(s.cfg.Rand.Uint32())
	}
	p.pre = presync.New(s.cfg.Params, parent.Node, s.memoryWork(), salt)
	s.onPresync(p, hs)
}

// onPresync takes the next run of a chain that is being presynced.
func (s *State) onPresync(p *peer, hs []*wire.BlockHeader) {
	run := p.pre
	next := run.Take(hs)
	last, ok := s.release(p, run.Out())
	if !ok {
		return
	}
	switch next {
	case presync.Ask:
		locator := run.Locator()
		s.sendGetHeaders(p, locator[:min(len(locator), maxLocator)])
	case presync.Done:
		p.pre = nil
		p.src.Has(last)
		s.fetch.Changed()
		s.headersTaken(p, last, len(hs) == maxHeaders)
	case presync.TooFew:
		s.endPresync(p, "its chain has too little work")
	case presync.Broken:
		s.endPresync(p, "its headers do not hold what they promised")
	}
}

// release lets headers of a second pass into the tree and gives the last one.
func (s *State) release(p *peer, hs []*wire.BlockHeader) (last *tree.Entry, ok bool) {
	if len(hs) == 0 {
		return nil, true
	}
	parent := s.tree.Find(hs[0].PrevBlock)
	if last, ok = s.takeHeaders(p, parent, hs); !ok {
		p.pre = nil
	}
	return last, ok
}

// endPresync gives a chain up. Who we chose ourselves must have a chain that is
// worth something; who came to us may be syncing, and is not asked again.
func (s *State) endPresync(p *peer, why string) {
	below := p.pre.Work().Cmp(s.cfg.Params.MinimumChainWork) < 0
	p.pre, p.lowWork = nil, true
	s.headersDone(p)
	if below && !p.info.Inbound && !p.info.Manual {
		s.drop(p, "", why)
	}
}
