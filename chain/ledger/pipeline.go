package ledger

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/db"
)

// slot is one block on its way through the pipeline:
//
//	loading   a worker reads and decodes it, unless it is at hand
//	loaded
//	checking  coins are spent in the overlay, workers run its scripts
//	checked   commits when everything before it has
type slot struct {
	e          *entry
	number     uint64 // in the overlay
	disconnect bool
	// hold: commits only together with the next slot, as one move that readers
	// see at once.
	hold  bool
	stage stage
	err   error // why it failed, once checked; a *chain.RuleError unless it is our own fault

	block   *chain.Block
	ids     []chain.IDs  // of its transactions, where they are known though block is not
	ahead   *coins.Ahead // its inputs, as far as they were on disk
	spent   [][]chain.Coin
	changes []coins.Change
	result  connect.Result
}

type stage uint8

const (
	loading stage = iota
	loaded
	checking
	checked
)

// Messages of workers to the writer.
type (
	// loadedMsg: slot's block is decoded, or err says why not.
	loadedMsg struct {
		slot *slot
		err  error
	}
	// checkedMsg: all tasks of slot have ended.
	checkedMsg struct {
		slot   *slot
		result connect.Result
		err    error
	}
)

// load reads on a worker what connecting or disconnecting a block needs from
// the disk: the block itself unless it is at hand, its undo record, its coins.
func (w *writer) load(s *slot) {
	w.running++
	again := w.l.cfg.Rebuild == RebuildAll && !s.disconnect && !s.e.valid
	w.workers.Soon(func() {
		err := w.l.loadSlot(s)
		if err == nil && again {
			err = w.l.checkAgain(s.e.Node, s.block)
		}
		w.inbox.put(loadedMsg{s, err})
	})
}

// checkAgain asks of a stored body what was asked when it came: other rules may hold now.
func (l *Ledger) checkAgain(n *chain.HeaderNode, b *chain.Block) error {
	if err := chain.CheckBlock(l.cfg.Params, b); err != nil {
		return err
	}
	return chain.CheckBlockContext(l.cfg.Params, n.Parent, b)
}

func (l *Ledger) loadSlot(s *slot) (err error) {
	if s.block == nil {
		if s.block, err = l.readKnown(s.e, s.ids); err != nil {
			return err
		}
	}
	if s.disconnect {
		if s.spent, err = l.readUndo(s.e, s.block); errors.Is(err, archive.ErrNotFound) {
			err = fmt.Errorf("%w: %w", db.ErrCorrupt, err) // every connected block has one
		}
		return err
	}
	s.ahead, err = l.set.Prefetch(connect.Inputs(s.block))
	return err
}

// check gives a loaded block its coins, and its scripts to the workers [ConnectTip]; on the
// way down it undoes a block [DisconnectTip; DisconnectBlock is rules.Disconnect].
func (w *writer) check(s *slot) error {
	if s.disconnect {
		changes, err := w.rules.Disconnect(s.block, s.spent, s.number)
		s.changes, s.stage = changes, checked
		return err
	}
	w.rules.Fetch = func(ops []wire.OutPoint, into []coins.Found) error { return w.set.Fetch(ops, into, s.ahead) }
	effect, err := w.rules.Connect(s.e.Node, s.block, s.number)
	if err != nil {
		s.stage, s.err = checked, err
		return nil
	}
	s.ahead = nil
	s.spent, s.changes, s.stage = effect.Spent, effect.Changes, checking
	w.running++
	kept := w.l.kept()
	job := &connect.Job{Block: s.block, Spent: s.spent, Checker: w.l.cfg.Script, Flags: effect.Flags,
		Skip: w.l.assumed(s.e), Filter: kept.Filters,
		Stats: kept.Stats, Scripts: kept.Scripts, Params: w.l.cfg.Params, Height: s.e.Node.Height,
		Done: func(r connect.Result, err error) { w.inbox.put(checkedMsg{s, r, err}) }}
	job.Start(w.workers)
	return nil
}

// readBlock reads and decodes a stored body.
func (l *Ledger) readBlock(e *entry) (*chain.Block, error) { return l.readKnown(e, nil) }

// readKnown is readBlock where the ids of the transactions are known, unless there are none.
func (l *Ledger) readKnown(e *entry, ids []chain.IDs) (b *chain.Block, err error) {
	raw, err := l.readRaw(e)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		b, err = chain.DecodeBlockAgain(raw, ids)
	} else {
		b, err = chain.DecodeBlock(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("body of block %s: %w", e.Node.Hash, err)
	}
	return b, nil
}

// readUndo reads what a stored block spent when it was connected.
func (l *Ledger) readUndo(e *entry, b *chain.Block) ([][]chain.Coin, error) {
	body := l.tree.numberOf(e)
	raw, err := l.archive.Undo(body)
	if err != nil {
		return nil, fmt.Errorf("read undo record %d: %w", body, err)
	}
	spent, err := coins.DecodeUndo(raw, b.Txs)
	if err != nil {
		return nil, fmt.Errorf("read undo record %d: %w: %w", body, db.ErrCorrupt, err)
	}
	return spent, nil
}
