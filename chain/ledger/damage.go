package ledger

import (
	"errors"
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/db"
)

// A body that is damaged is asked of peers again. A coin or an undo record that
// is damaged ends the node: nobody else has what we made of the blocks.

// lostMsg: somebody read a damaged body.
type lostMsg struct{ e *entry }

// isGone says whether a block could not be read because its body has to come
// (again).
func isGone(err error) bool { return errors.Is(err, chain.ErrDamaged) || errors.Is(err, ErrNotFound) }

// readRaw reads a stored body, and starts its coming again if it is damaged.
func (l *Ledger) readRaw(e *entry) (raw []byte, err error) {
	err = l.reading(e, func(body uint32) (err error) {
		raw, err = l.archive.Body(body)
		return err
	})
	return raw, err
}

// reading calls read with the number of a stored body, and starts the coming of the body again
// if read finds it damaged.
func (l *Ledger) reading(e *entry, read func(body uint32) error) error {
	body, ok := l.tree.bodyOf(e.Node.Hash)
	if !ok && l.Pruned(e.Node.Hash) {
		return fmt.Errorf("body of block %s at height %d: %w", e.Node.Hash, e.Node.Height, chain.ErrPruned)
	}
	if !ok && l.Absent(e.Node.Hash) {
		return fmt.Errorf("body of block %s at height %d: %w: %w", e.Node.Hash, e.Node.Height, ErrNotFound, chain.ErrAwaited)
	}
	if !ok && l.tree.isActive(e.Node) {
		return fmt.Errorf("body of block %s at height %d: %w", e.Node.Hash, e.Node.Height, chain.ErrDamaged)
	}
	if !ok {
		return fmt.Errorf("body of block %s: %w", e.Node.Hash, ErrNotFound)
	}
	err := read(body)
	if errors.Is(err, archive.ErrNotFound) && l.Pruned(e.Node.Hash) { // just now
		return fmt.Errorf("body of block %s at height %d: %w", e.Node.Hash, e.Node.Height, chain.ErrPruned)
	}
	if errors.Is(err, db.ErrCorrupt) || errors.Is(err, archive.ErrNotFound) {
		l.inbox.put(lostMsg{e})
		return fmt.Errorf("body of block %s at height %d: %w: %w", e.Node.Hash, e.Node.Height, chain.ErrDamaged, err)
	}
	if err != nil {
		return fmt.Errorf("body of block %s: %w", e.Node.Hash, err)
	}
	return nil
}

// lose forgets a damaged body and says so, once.
func (w *writer) lose(e *entry) {
	if !e.has() {
		return
	}
	w.log.Warn(chain.ErrDamaged.Error(), "block", e.Node.Hash, "height", e.Node.Height)
	if e.Parent == nil { // genesis: peers have no need to send it
		w.archive.SaveBody(e.Body, chain.NewBlock(w.l.cfg.Params.GenesisBlock).Raw)
		return
	}
	w.tree.lose(e)
	w.arrived.forget(e)
	w.archive.SaveHeader(e.Num, e.record())
	w.out.close() // its Lost comes after whatever was said of it before
	w.out.current.Lost = append(w.out.current.Lost, e.Node)
}
