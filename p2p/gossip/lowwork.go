package gossip

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// memoryWork is the least total work of a header chain that may use our
// memory: the network's minimum, and not far behind our own tip. Below it
// anybody could make headers for nothing (Core: GetAntiDoSWorkThreshold).
func (s *State) memoryWork() chain.Work {
	tip := s.tree.tip.node
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
func (s *State) worthMemory(parent *entry, hs []*wire.BlockHeader) bool {
	least := s.memoryWork()
	if parent.node.Work.Cmp(least) >= 0 {
		return true
	}
	work := parent.node.Work
	for _, h := range hs {
		work = work.Add(chain.WorkOf(h.Bits))
	}
	return work.Cmp(least) >= 0 || s.tree.find(hs[len(hs)-1].BlockHash()) != nil
}
