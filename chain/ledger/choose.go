package ledger

import (
	"errors"
	"time"

	"grapevine/chain"
)

func isRule(err error) bool {
	var re *chain.RuleError
	return errors.As(err, &re)
}

// fill puts the next block on the way to the goal into the pipeline
// [ActivateBestChain].
func (w *writer) fill() (bool, error) {
	w.blocked = false
	full := w.bytes >= pipelineBytes || len(w.queue) >= pipelineBlocks
	if w.failing || w.draining() || full || w.out.full() {
		return false, nil
	}
	if w.lost() {
		if len(w.queue) > 0 {
			return false, nil
		}
		return w.leaveBadBranch()
	}
	goal := w.tree.Goal()
	if goal == nil || goal == w.head {
		return false, nil
	}
	if w.stopsAt(w.head.Node.Height) && (w.stopped || len(w.queue) > 0) {
		return false, nil
	}
	if w.head.Node.IsAncestorOf(goal.Node) {
		w.enqueue(w.entryOf(goal.Node.Ancestor(w.head.Node.Height+1)), false)
		return true, nil
	}
	if len(w.queue) > 0 {
		return false, nil // reorganisations start at the committed tip
	}
	return w.reorganise(goal)
}

// stopsAt says whether a block of that height is one to stop at [m_stop_at_height].
func (w *writer) stopsAt(height int32) bool { return w.l.cfg.StopAt > 0 && height >= w.l.cfg.StopAt }

func (w *writer) entryOf(n *chain.HeaderNode) *entry {
	e, _ := w.tree.entry(n.Hash)
	return e
}

func (w *writer) enqueue(e *entry, disconnect bool) *slot {
	w.number++
	s := &slot{e: e, number: w.number, disconnect: disconnect}
	w.queue = append(w.queue, s)
	w.bytes += int64(e.Size)
	w.queued[e] = true
	w.head = e
	if disconnect {
		w.head = e.Parent
	}
	s.block, s.ids = w.arrived.fresh[e], w.arrived.ids[e]
	w.load(s)
	return s
}

// reorganise only queues the way from the tip to the branch of goal, a reorg
// [ActivateBestChainStep]; the pipeline walks it (check). The whole way
// down and up to more work than the tip has, or to a goal of as much, is one
// move, so that readers never see less work and a bad branch is never seen at
// all. If that is too large for memory, every block is a move of its own. It is
// false when a body on the way has to come first.
func (w *writer) reorganise(goal *entry) (bool, error) {
	tip := w.tree.Tip()
	fork := chain.Fork(tip, goal.Node)
	if err := w.prunedAbove(fork); err != nil {
		return false, err
	}
	if w.blocked = w.damagedAbove(fork); w.blocked {
		return false, nil
	}
	size := w.sizeDownTo(fork)
	var up []*entry // from fork to the first block with more work than the tip, or the goal
	for h := fork.Height + 1; ; h++ {
		e := w.entryOf(goal.Node.Ancestor(h))
		up = append(up, e)
		size += moveCost(e)
		if e == goal || e.Node.Work.Cmp(tip.Work) > 0 {
			break
		}
	}
	if size > w.l.cfg.moveBytes {
		w.log.Warn("large reorganisation, block by block", "from", tip.Height, "fork", fork.Height, "bytes", size)
		w.disconnectTo(fork, false)
		return true, nil // fill goes on from wherever that leads
	}
	w.disconnectTo(fork, true)
	for i, e := range up {
		w.enqueue(e, false).hold = i < len(up)-1
	}
	return true, nil
}

// damagedAbove says whether a body between the tip and n has to come again
// before the chain can go back to n.
func (w *writer) damagedAbove(n *chain.HeaderNode) bool {
	for at := w.tree.Tip(); at != n; at = at.Parent {
		if !w.entryOf(at).has() {
			return true
		}
	}
	return false
}

// lost says whether the tip itself is marked invalid, so that it has to be left
// even for less work.
func (w *writer) lost() bool { return w.entryOf(w.tree.Tip()).bad() }

// leaveBadBranch queues the way down to the last good block. It is false when a
// body on the way has to come first.
func (w *writer) leaveBadBranch() (bool, error) {
	good := w.tree.Tip()
	for w.entryOf(good).bad() {
		good = good.Parent
	}
	if err := w.prunedAbove(good); err != nil {
		return false, err
	}
	if w.blocked = w.damagedAbove(good); w.blocked {
		return false, nil
	}
	w.disconnectTo(good, w.sizeDownTo(good) <= w.l.cfg.moveBytes)
	w.queue[len(w.queue)-1].hold = false
	return true, nil
}

// sizeDownTo is the cost of the blocks from the tip down to above n.
func (w *writer) sizeDownTo(n *chain.HeaderNode) (size int64) {
	for at := w.tree.Tip(); at != n; at = at.Parent {
		size += moveCost(w.entryOf(at))
	}
	return size
}

// moveCost is what a block of a move holds in memory, in bytes of raw blocks:
// small ones are many, and each has a slot, a decoded transaction and a Delta's place.
func moveCost(e *entry) int64 { return int64(e.Size) + moveBlock }

// disconnectTo queues the way down from the tip to n: all of it as one move, or
// as much as the pipeline holds.
func (w *writer) disconnectTo(n *chain.HeaderNode, hold bool) {
	for at := w.tree.Tip(); at != n && (hold || w.bytes < pipelineBytes && len(w.queue) < pipelineBlocks); at = at.Parent {
		w.enqueue(w.entryOf(at), true).hold = hold
	}
}

// addHeader takes a header and those before it that are not known yet; nil if
// it hangs on another genesis.
func (w *writer) addHeader(n *chain.HeaderNode) *entry {
	e, added := w.tree.Add(n)
	for _, a := range added {
		w.archive.SaveHeader(a.Num, a.record())
	}
	return e
}

// markFailed notes that a block breaks a rule, and what builds on it with it
// [InvalidBlockFound].
func (w *writer) markFailed(e *entry, err error) {
	w.tellInvalid(e.Node, err)
	w.tree.markFailed(e, err)
	w.archive.SaveHeader(e.Num, e.record())
	w.out.current.Invalid = append(w.out.current.Invalid, BadHeader{e.Node, err})
	w.tree.headers.Walk(e, func(at *entry) bool {
		w.arrived.forget(at)
		w.answer(at, at.reason())
		return true
	})
}

func (w *writer) tellInvalid(n *chain.HeaderNode, err error) {
	args := []any{"block", n.Hash, "height", n.Height, "err", err}
	if re, ok := errors.AsType[*chain.RuleError](err); ok && re.Tx != (chain.Hash{}) {
		args = append(args, "rule", re.Rule, "tx", re.Tx)
	}
	w.log.Warn("block is invalid", args...)
}

// assumed says whether the scripts of e need no check: it was connected
// before, or is an ancestor of the block that is assumed valid (--assumevalid) and of the best
// header, and that one has the work and the depth that Core wants to see
// [ConnectBlock, fScriptChecks].
func (l *Ledger) assumed(e *entry) bool { return e.valid || l.assumedValid(e) }

func (l *Ledger) assumedValid(e *entry) bool {
	hash := l.cfg.AssumeValid
	if hash == nil {
		return false
	}
	a, ok := l.tree.entry(*hash)
	best := l.tree.BestHeader()
	return ok && e.Node.IsAncestorOf(a.Node) && e.Node.IsAncestorOf(best) &&
		best.Work.Cmp(l.cfg.Params.MinimumChainWork) >= 0 && deep(e.Node, best, l.cfg.Params.TargetTimePerBlock)
}

// assumeDepth is how long the work on a block must have taken to make, at the
// best header's difficulty, before its scripts are taken as good.
const assumeDepth = 14 * 24 * time.Hour

// deep says whether the work between n and best takes more than assumeDepth,
// in whole seconds [GetBlockProofEquivalentTime].
func deep(n, best *chain.HeaderNode, spacing time.Duration) bool {
	each := uint64(spacing / time.Second)
	need := chain.WorkOf(best.Header.Bits).Times(uint64(assumeDepth/time.Second) + 1)
	return best.Work.Times(each).Cmp(n.Work.Times(each).Add(need)) >= 0
}
