package ledger

import (
	"context"
	"fmt"

	"grapevine/chain"
)

// command is Invalidate, Reconsider or Precious on its way through the writer: the
// pipeline runs dry, marks are changed, the best chain is chosen again, and
// then it is answered.
type command struct {
	hash     chain.Hash
	invalid  bool
	precious bool
	begun    bool
	node     *chain.HeaderNode // once begun
	reply    chan reply        // capacity 1
}

type reply struct {
	seq uint64
	err error
}

// Invalidate marks a block, and what builds on it, invalid by hand. When it
// returns the tip has moved away; seq is the last event that tells of it
// [InvalidateBlock].
func (l *Ledger) Invalidate(ctx context.Context, hash chain.Hash) (seq uint64, err error) {
	return l.command(ctx, &command{hash: hash, invalid: true, reply: make(chan reply, 1)})
}

// Reconsider takes all marks from a block, its ancestors and what builds on it
// [ResetBlockFailureFlags].
func (l *Ledger) Reconsider(ctx context.Context, hash chain.Hash) (seq uint64, err error) {
	return l.command(ctx, &command{hash: hash, reply: make(chan reply, 1)})
}

// Precious prefers a block to others with as much work, as if it had come before them
// [PreciousBlock]. It does nothing for one with less work than the tip has.
func (l *Ledger) Precious(ctx context.Context, hash chain.Hash) (seq uint64, err error) {
	return l.command(ctx, &command{hash: hash, precious: true, reply: make(chan reply, 1)})
}

func (l *Ledger) command(ctx context.Context, c *command) (uint64, error) {
	if !l.inbox.put(c) {
		return 0, chain.ErrShutdown
	}
	select {
	case r := <-c.reply:
		return r.seq, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// draining says whether somebody waits for the pipeline to run dry.
func (w *writer) draining() bool { return w.commanded() || w.activation != nil || w.proved }

// commanded says whether a command is to begin.
func (w *writer) commanded() bool { return len(w.commands) > 0 && !w.commands[0].begun }

// obey begins the next command.
func (w *writer) obey() (bool, error) {
	if !w.commanded() || len(w.queue) > 0 || w.running > 0 {
		return false, nil
	}
	c := w.commands[0]
	e, ok := w.tree.entry(c.hash)
	switch {
	case !ok:
		w.refuse(c, fmt.Errorf("%s: %w", c.hash, ErrNotFound))
	case e.Parent == nil && c.invalid:
		w.refuse(c, fmt.Errorf("%s is the genesis block", c.hash))
	case c.invalid && w.tree.holds(e.Node):
		w.refuse(c, errUnproven)
	case c.invalid && w.tree.isActive(e.Node) && w.prunedAbove(e.Node.Parent) != nil:
		w.refuse(c, w.prunedAbove(e.Node.Parent))
	case c.invalid:
		c.begun, c.node = true, e.Node
		w.invalidate(e)
	case c.precious:
		c.begun = true
		w.prefer(e)
	default:
		c.begun = true
		w.reconsider(e)
	}
	return true, nil
}

func (w *writer) refuse(c *command, err error) {
	w.commands = w.commands[1:]
	c.reply <- reply{err: err}
}

func (w *writer) invalidate(e *entry) {
	w.log.Info("block marked invalid by hand", "block", e.Node.Hash, "height", e.Node.Height)
	w.tree.markByHand(e)
	w.archive.SaveHeader(e.Num, e.record())
	// If the tip builds on it, fill leaves the branch.
}

func (w *writer) prefer(e *entry) {
	if e.Node.Work.Cmp(w.tree.Tip().Work) < 0 {
		return
	}
	w.log.Info("block preferred by hand", "block", e.Node.Hash, "height", e.Node.Height)
	w.tree.prefer(e)
}

func (w *writer) reconsider(e *entry) {
	w.log.Info("block reconsidered", "block", e.Node.Hash, "height", e.Node.Height)
	for _, changed := range w.tree.unmark(e) {
		w.archive.SaveHeader(changed.Num, changed.record())
	}
	w.out.current.Valid = append(w.out.current.Valid, e.Node)
}

// finish answers a command. gossip hears of an invalid block only now, when the
// tip has left it.
func (w *writer) finish(c *command) {
	if c.invalid {
		w.out.current.Invalid = append(w.out.current.Invalid, BadHeader{Node: c.node})
	}
	w.out.close()
	c.reply <- reply{seq: w.out.seq}
}
