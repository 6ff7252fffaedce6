package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
)

// Tip is the verified tip.
func (l *Ledger) Tip() *chain.HeaderNode {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	return l.tree.tip()
}

// BestHeader is the header with the most work that is not marked invalid.
func (l *Ledger) BestHeader() *chain.HeaderNode {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	return l.tree.best.node
}

// AtHeight is the active chain's block of that height; nil above the tip.
func (l *Ledger) AtHeight(height int32) *chain.HeaderNode {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	if height < 0 || int(height) >= len(l.tree.active) {
		return nil
	}
	return l.tree.active[height]
}

// Lookup finds a header and what is known of it.
func (l *Ledger) Lookup(hash chain.Hash) (node *chain.HeaderNode, st Status, ok bool) {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	e, ok := l.tree.byHash[hash]
	if !ok {
		return nil, 0, false
	}
	return e.node, e.status(l.tree), true
}

// HaveBody says whether the block's body is stored.
func (l *Ledger) HaveBody(hash chain.Hash) bool {
	_, ok := l.tree.bodyOf(hash)
	return ok
}

// Headers are all headers that are not marked invalid, parents first.
func (l *Ledger) Headers() []*chain.HeaderNode { return l.headers(false) }

// InvalidHeaders are those that are marked, parents first.
func (l *Ledger) InvalidHeaders() []*chain.HeaderNode { return l.headers(true) }

func (l *Ledger) headers(bad bool) (nodes []*chain.HeaderNode) {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	for _, e := range l.tree.all {
		if e.bad == bad {
			nodes = append(nodes, e.node)
		}
	}
	return nodes
}

// ChainTip is the end of a branch, as getchaintips tells it.
type ChainTip struct {
	Node      *chain.HeaderNode
	BranchLen int32  // blocks since the fork from the active chain
	Status    string // active, valid-fork, valid-headers, headers-only, invalid
}

// Tips are the ends of all branches.
func (l *Ledger) Tips() (tips []ChainTip) {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	tip := l.tree.tip()
	for _, e := range l.tree.all {
		if len(e.kids) > 0 && e.node != tip {
			continue
		}
		tips = append(tips, ChainTip{e.node, e.node.Height - chain.Fork(e.node, tip).Height, e.branch(l.tree)})
	}
	return tips
}

func (e *entry) branch(t *tree) string {
	switch {
	case e.active(t):
		return "active"
	case e.bad:
		return "invalid"
	case !e.linked:
		return "headers-only"
	case e.flags&flagValid != 0:
		return "valid-fork"
	}
	return "valid-headers"
}

// RawBlock is a stored block as it travels, with witnesses. The bytes are
// shared: do not change them.
func (l *Ledger) RawBlock(hash chain.Hash) ([]byte, error) {
	body, ok := l.tree.bodyOf(hash)
	if !ok {
		return nil, fmt.Errorf("body of %s: %w", hash, ErrNotFound)
	}
	raw, err := l.archive.Body(body)
	if err != nil {
		return nil, fmt.Errorf("body of %s: %w", hash, err)
	}
	return raw, nil
}

// Block is a stored block, decoded.
func (l *Ledger) Block(hash chain.Hash) (*chain.Block, error) {
	body, ok := l.tree.bodyOf(hash)
	if !ok {
		return nil, fmt.Errorf("body of %s: %w", hash, ErrNotFound)
	}
	return l.readBlock(body)
}

// Spent is what a block that was once connected spent, by transaction.
func (l *Ledger) Spent(hash chain.Hash) ([][]chain.Coin, error) {
	body, ok := l.tree.bodyOf(hash)
	if !ok {
		return nil, fmt.Errorf("undo record of %s: %w", hash, ErrNotFound)
	}
	spent, err := l.readUndo(body)
	return spent, notFound(err)
}

// notFound turns the file's word for a missing record into ours.
func notFound(err error) error {
	if errors.Is(err, archive.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// FindTx finds the block of the active chain that a transaction is in, and its
// place there. ok is false also when the index is off.
func (l *Ledger) FindTx(txid chain.Hash) (node *chain.HeaderNode, pos int, ok bool, err error) {
	if !l.cfg.TxIndex {
		return nil, 0, false, nil
	}
	p, err := l.archive.Tx(txid)
	if errors.Is(err, archive.ErrNotFound) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, fmt.Errorf("find transaction %s: %w", txid, err)
	}
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	if int(p.Header) >= len(l.tree.all) || !l.tree.all[p.Header].active(l.tree) {
		return nil, 0, false, nil // disconnected since
	}
	return l.tree.all[p.Header].node, int(p.Index), true, nil
}

// Filter is the block's BIP158 basic filter and its BIP157 filter header. ok is
// false when the block was never connected or the index is off.
func (l *Ledger) Filter(hash chain.Hash) (filter []byte, header chain.Hash, ok bool, err error) {
	e, ok := l.tree.lookup(hash)
	if !ok || !l.cfg.FilterIndex {
		return nil, header, false, nil
	}
	f, err := l.archive.Filter(e.num)
	if errors.Is(err, archive.ErrNotFound) {
		return nil, header, false, nil
	}
	if err != nil {
		return nil, header, false, fmt.Errorf("filter of %s: %w", hash, err)
	}
	return f.Bytes, f.Header, true, nil
}

// Sync returns when every body accepted so far is durable.
func (l *Ledger) Sync(ctx context.Context) error {
	err := l.archive.Sync(ctx)
	if errors.Is(err, archive.ErrStopped) {
		return chain.ErrShutdown
	}
	return err
}

// View reads the committed coin set.
type View struct{ l *Ledger }

// View is what readers see: never what blocks under judgement spend.
func (l *Ledger) View() *View { return &View{l} }

// Coin looks up one coin.
func (v *View) Coin(op wire.OutPoint) (chain.Coin, bool, error) { return v.l.set.Coin(op) }

// Tip is the block that the set stands at.
func (v *View) Tip() *chain.HeaderNode { return v.l.set.Tip() }
