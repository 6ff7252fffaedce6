package ledger

import (
	"errors"

	"grapevine/chain"
)

// Messages from outside to the writer.
type (
	headersMsg []*chain.HeaderNode
	submitMsg  struct {
		node  *chain.HeaderNode
		block *chain.Block
		from  uint64
	}
)

// bodyCheck is a submitted block whose context-free checks run. They are
// looked at in the order of submission, so that a row of blocks handed in
// together is connected as one.
type bodyCheck struct {
	submitMsg
	ended bool
	err   error
}

// bodyMsg: the context-free checks of a submitted block have ended.
type bodyMsg struct {
	check *bodyCheck
	err   error
}

// admit [ProcessNewBlock] gives submitted blocks to the workers for the checks that need no
// coins, as long as there is room for their bodies. A header that comes with its
// body enters the tree only when that is known to fit it: see acceptBody.
func (w *writer) admit() {
	for len(w.held) > 0 && w.archive.TailBytes() < tailBytes {
		m := w.held[0]
		w.held[0] = submitMsg{}
		w.held = w.held[1:]
		e, here := w.tree.entry(m.node.Hash)
		switch {
		case here && w.known(e, m.from):
		case !here && m.node.Ancestor(0).Hash != *w.l.cfg.Params.GenesisHash:
			w.out.verdict(m.node, m.from, chain.ErrUnknownParent)
		default:
			c := &bodyCheck{submitMsg: m}
			w.checks = append(w.checks, c)
			w.workers.Soon(func() { w.inbox.put(bodyMsg{c, w.checkBody(m)}) })
		}
	}
}

// checkBody runs on a worker.
func (w *writer) checkBody(m submitMsg) error {
	if m.block.Hash != m.node.Hash {
		return &chain.RuleError{Rule: chain.ErrBadMerkleRoot, Detail: "the body has another header", Mutated: true}
	}
	if err := chain.CheckBlock(w.l.cfg.Params, m.block); err != nil {
		return w.apart(err)
	}
	if m.node.Parent == nil {
		return nil // genesis comes again after it was pruned: nothing is before it
	}
	return chain.CheckBlockContext(w.l.cfg.Params, m.node.Parent, m.block)
}

// apart says of a broken rule that the header is not marked for it, where that is the
// manner: Core looks at a body before it looks for the header [ProcessNewBlock].
func (w *writer) apart(err error) error {
	if re, ok := errors.AsType[*chain.RuleError](err); ok && w.l.cfg.BodiesApart && !re.Mutated {
		own := *re
		own.Apart = true
		return &own
	}
	return err
}

// known answers for a block that needs no further look.
func (w *writer) known(e *entry, from uint64) bool {
	switch {
	case !e.has() && w.tree.isActive(e.Node):
		return false // damaged, and needed even to leave a bad branch
	case e.bad():
		w.out.verdict(e.Node, from, e.reason())
	case !e.has():
		return false
	case w.queued[e] || len(w.waiting[e]) > 0:
		w.wait(e, from)
	default:
		w.out.verdict(e.Node, from, chain.ErrDuplicate)
	}
	return true
}

func (w *writer) wait(e *entry, from uint64) {
	if len(w.waiting[e]) == 0 {
		w.awaiting = append(w.awaiting, e)
	}
	w.waiting[e] = append(w.waiting[e], from)
}

// answer gives everybody who waits for e the verdict.
func (w *writer) answer(e *entry, err error) {
	for _, from := range w.waiting[e] {
		w.out.verdict(e.Node, from, err)
	}
	delete(w.waiting, e)
}

func (w *writer) onBody(m bodyMsg) {
	m.check.ended, m.check.err = true, m.err
	for len(w.checks) > 0 && w.checks[0].ended {
		c := w.checks[0]
		w.checks[0] = nil
		w.checks = w.checks[1:]
		w.acceptBody(c)
	}
}

func (w *writer) acceptBody(c *bodyCheck) {
	if e, here := w.tree.entry(c.node.Hash); here && w.known(e, c.from) {
		return // marked, or another copy came first
	}
	re, broken := c.err.(*chain.RuleError)
	if broken && re.Apart {
		w.tellInvalid(c.node, re)
	}
	if broken && (re.Mutated || re.Apart) {
		w.out.verdict(c.node, c.from, c.err) // it says nothing of the header, of which perhaps nobody has a body
		return
	}
	e := w.addHeader(c.node)
	switch {
	case w.known(e, c.from): // it builds on an invalid block
	case broken:
		w.markFailed(e, c.err)
		w.out.verdict(e.Node, c.from, c.err)
	case c.err != nil:
		w.out.verdict(e.Node, c.from, c.err)
	default:
		w.store(e, c.submitMsg)
	}
}

// store keeps a body that passed the checks that need no coins [AcceptBlock,
// ReceivedBlockTransactions].
func (w *writer) store(e *entry, m submitMsg) {
	// The archive has the body before readers hear of its number.
	w.archive.SaveBody(w.tree.NextBody(e), m.block.Raw)
	e.bare = e.Node.Height < w.l.cfg.Params.SegwitHeight
	w.tree.store(e, m.block)
	w.prune.add(e)
	w.archive.SaveHeader(e.Num, e.record())
	w.out.current.Stored = append(w.out.current.Stored, e.Node)
	if w.tree.isActive(e.Node) {
		if w.tree.holds(e.Node) {
			poke(w.l.bodyCame)
		} else {
			w.log.Info("block has come again", "block", e.Node.Hash, "height", e.Node.Height, "pruned", e.pruned)
		}
		w.out.verdict(e.Node, m.from, nil)
		return
	}
	if !w.tree.hopeful(e) {
		w.arrived.identify(e, m.block)
		w.out.verdict(e.Node, m.from, chain.ErrInconclusive)
		return
	}
	w.wait(e, m.from)
	w.arrived.keep(e, m.block)
}

// settle answers, once nothing can be connected any more, those whose blocks
// were stored only, and the command that was carried out.
func (w *writer) settle() (bool, error) {
	through := !w.lost() && w.tree.Goal() == nil
	finish := through && len(w.commands) > 0
	if len(w.queue) > 0 || w.draining() || !through && !w.blocked || len(w.awaiting) == 0 && !finish {
		return false, nil
	}
	for _, e := range w.awaiting {
		w.arrived.wait(e)
		w.answer(e, chain.ErrInconclusive)
	}
	w.awaiting = w.awaiting[:0]
	if finish {
		w.finish(w.commands[0])
		w.commands = w.commands[1:]
	}
	return true, nil
}
