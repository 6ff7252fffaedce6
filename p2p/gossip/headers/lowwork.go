package headers

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p"
)

// memoryWork is the least total work of a header chain that may use our
// memory: the network's minimum, and not far behind our own tip. Below it
// anybody could make headers for nothing [GetAntiDoSWorkThreshold].
func (s *Sync) memoryWork() chain.Work {
	tip := s.tree.Tip().Node
	near := chain.Work{}
	if back := tip.Ancestor(tip.Height - lowWorkBlocks); back != nil {
		near = back.Work
	}
	if least := s.params.MinimumChainWork; least.Cmp(near) > 0 {
		return least
	}
	return near
}

// leastWork is memoryWork for so many more headers of a peer. Of one that has had as
// many stored beside our best chain as we keep of a peer's, no more are before they
// outweigh that: a deep fork has to be presynced.
func (s *Sync) leastWork(t *Talk, more int) chain.Work {
	least := s.memoryWork()
	if t.side+more <= maxSide {
		return least
	}
	if ahead := s.tree.Best().Node.Work.Add(chain.WorkOf(s.params.PowLimitBits)); ahead.Cmp(least) > 0 {
		return ahead
	}
	return least
}

// worthMemory says whether a run of headers on top of parent may be kept.
func (s *Sync) worthMemory(t *Talk, parent *Entry, hs []*wire.BlockHeader) bool {
	if t.May(p2p.MayStay) { // any header of its that is good is kept [NetPermissionFlags::NoBan]
		return true
	}
	least := s.leastWork(t, len(hs))
	if parent.Node.Work.Cmp(least) >= 0 {
		return true
	}
	work := parent.Node.Work
	for _, h := range hs {
		work = work.Add(chain.WorkOf(h.Bits))
	}
	return work.Cmp(least) >= 0 || s.tree.Find(chain.HeaderHash(hs[len(hs)-1])) != nil
}

// onLowWork takes a run of headers whose chain has low work so far. If there
// may be more of it, it is presynced, when it is the peer's turn to lead [TryLowWorkHeadersSync].
func (s *Sync) onLowWork(t *Talk, parent *Entry, hs []*wire.BlockHeader) {
	if len(hs) < maxRun || t.lowWork {
		s.log.Debug("low-work headers ignored", "peer", t.Number, "headers", len(hs), "height", int(parent.Node.Height)+len(hs))
		s.done(t)
		return
	}
	if !s.leads(t) {
		t.deferred = true
		return
	}
	salt := presyncSalt{Phase: s.rand.Uint32()}
	for i := range salt.Key {
		salt.Key[i] = byte(s.rand.Uint32())
	}
	t.pre = newPresync(s.params, parent.Node, s.leastWork(t, len(hs)), salt)
	s.onPresync(t, hs)
}

// onPresync takes the next run of a chain that is being presynced [IsContinuationOfLowWorkHeadersSync].
func (s *Sync) onPresync(t *Talk, hs []*wire.BlockHeader) {
	run := t.pre
	next := run.Take(hs)
	last, ok := s.release(t, run.Out())
	if !ok {
		return
	}
	switch next {
	case presyncAsk:
		s.askFor(t, run.locator())
	case presyncDone:
		t.pre = nil
		t.known.Has(last)
		s.taken(t, last, len(hs) == maxRun)
	case presyncTooFew:
		s.endPresync(t, "its chain has too little work")
	case presyncBroken:
		s.endPresync(t, "its headers do not hold what they promised")
	}
}

// release lets headers of a second pass into the tree and gives the last one.
func (s *Sync) release(t *Talk, hs []*wire.BlockHeader) (last *Entry, ok bool) {
	if len(hs) == 0 {
		return nil, true
	}
	parent := s.tree.Find(hs[0].PrevBlock)
	if last, ok = s.take(t, parent, hs); !ok {
		t.pre = nil
		s.done(t)
	}
	return last, ok
}

// Presynced is how high the headers of a first pass with the peer go; -1: there is none.
func (t *Talk) Presynced() int32 {
	if t.pre == nil || t.pre.again {
		return -1
	}
	return t.pre.height
}

// memory is what a presync with the peer holds: headers and bits.
func (t *Talk) Memory() (headers, bits int) {
	if t.pre == nil {
		return 0, 0
	}
	return t.pre.memory()
}

// endPresync gives a chain up. Who we chose ourselves must have a chain that is
// worth something; who came to us may be syncing, and is not asked again.
func (s *Sync) endPresync(t *Talk, why string) {
	below := t.pre.Work().Cmp(s.params.MinimumChainWork) < 0
	t.pre, t.lowWork = nil, true
	s.done(t)
	if below && t.Kind.Chosen() {
		s.drop(t, "", why)
	}
}
