package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/archive"
)

// Tip is the verified tip.
func (l *Ledger) Tip() *chain.HeaderNode { return l.tree.Tip() }

// BestHeader is the header with the most work that is not marked invalid.
func (l *Ledger) BestHeader() *chain.HeaderNode { return l.tree.BestHeader() }

// AtHeight is the active chain's block of that height; nil above the tip.
func (l *Ledger) AtHeight(height int32) *chain.HeaderNode { return l.tree.AtHeight(height) }

// Lookup finds a header and what is known of it [LookupBlockIndex].
func (l *Ledger) Lookup(hash chain.Hash) (node *chain.HeaderNode, st Status, ok bool) {
	return l.tree.Lookup(hash)
}

// HaveBody says whether the block's body is stored.
func (l *Ledger) HaveBody(hash chain.Hash) bool {
	_, ok := l.tree.bodyOf(hash)
	return ok
}

// Headers are all headers, parents first, those that are invalid among them.
func (l *Ledger) Headers() []*chain.HeaderNode { return l.tree.Nodes() }

// InvalidHeaders are those that are marked themselves, parents first; what builds
// on them is invalid with them.
func (l *Ledger) InvalidHeaders() []BadHeader { return l.tree.marked() }

// Tips are the ends of all branches.
func (l *Ledger) Tips() []ChainTip { return l.tree.tips() }

// ChainTxs is how many transactions the chain has up to a block, that one's included; 0
// while bodies are missing, or where they came before they were counted [m_chain_tx_count].
func (l *Ledger) ChainTxs(hash chain.Hash) uint64 {
	l.tree.mu.RLock()
	defer l.tree.mu.RUnlock()
	if e := l.tree.headers.Find(hash); e != nil {
		return e.total
	}
	return 0
}

// RawBlock is a stored block as it travels, with witnesses. The bytes are
// shared: do not change them [ReadRawBlockFromDisk].
func (l *Ledger) RawBlock(hash chain.Hash) ([]byte, error) {
	e, ok := l.tree.entry(hash)
	if !ok {
		return nil, fmt.Errorf("block %s: %w", hash, ErrNotFound)
	}
	return l.readRaw(e)
}

// InBlock calls fn with a stored block as it travels: the bytes are gone when fn returns, which must not wait for
// anything.
func (l *Ledger) InBlock(hash chain.Hash, fn func(raw []byte)) error {
	return l.readingBlock(hash, func(body uint32) error { return l.archive.InBody(body, fn) })
}

// AppendBlock appends a stored block as it travels to a buffer: who sends many uses one again.
func (l *Ledger) AppendBlock(to []byte, hash chain.Hash) (raw []byte, err error) {
	err = l.readingBlock(hash, func(body uint32) (err error) {
		raw, err = l.archive.AppendBody(to, body, spareRoom)
		return err
	})
	return raw, err
}

// readingBlock is reading for who knows no more than the block's hash.
func (l *Ledger) readingBlock(hash chain.Hash, read func(body uint32) error) error {
	e, ok := l.tree.entry(hash)
	if !ok {
		return fmt.Errorf("block %s: %w", hash, ErrNotFound)
	}
	return l.reading(e, read)
}

// spareRoom in bytes is left behind a block, where its copy may be sealed.
const spareRoom = 32

// Block is a stored block, decoded.
func (l *Ledger) Block(hash chain.Hash) (*chain.Block, error) {
	e, ok := l.tree.entry(hash)
	if !ok {
		return nil, fmt.Errorf("block %s: %w", hash, ErrNotFound)
	}
	return l.readBlock(e)
}

// Spent is what a block that was once connected spent, by transaction.
func (l *Ledger) Spent(hash chain.Hash) ([][]chain.Coin, error) {
	b, err := l.Block(hash)
	if err != nil {
		return nil, err
	}
	return l.SpentBy(b)
}

// SpentBy is Spent for who has the block at hand.
func (l *Ledger) SpentBy(b *chain.Block) ([][]chain.Coin, error) {
	e, ok := l.tree.entry(b.Hash)
	if !ok {
		return nil, fmt.Errorf("block %s: %w", b.Hash, ErrNotFound)
	}
	spent, err := l.readUndo(e, b)
	return spent, notFound(err)
}

// notFound turns the file's word for a missing record into ours.
func notFound(err error) error {
	if errors.Is(err, archive.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

// FoundTx is a transaction of the active chain and where it stands.
type FoundTx struct {
	Tx    *chain.Tx
	Block *chain.HeaderNode
	Place int // among the block's
}

// FindTx finds a transaction of the active chain. ok is false also when the index
// is off.
func (l *Ledger) FindTx(txid chain.Hash) (f FoundTx, ok bool, err error) {
	if !l.cfg.TxIndex {
		return f, false, nil
	}
	places, err := l.archive.Txs(txid)
	if err != nil {
		return f, false, fmt.Errorf("find transaction %s: %w", txid, err)
	}
	for _, p := range places {
		e := l.tree.numbered(p.Header)
		if e == nil || !l.tree.isActive(e.Node) {
			continue // disconnected since
		}
		tx, err := l.readTx(e, int(p.Index))
		if err != nil {
			return f, false, fmt.Errorf("find transaction %s: %w", txid, err)
		}
		if tx != nil && tx.ID == txid {
			return FoundTx{tx, e.Node, int(p.Index)}, true, nil
		}
	}
	return f, false, nil
}

// readTx reads one transaction of a stored body; nil: it has not so many.
func (l *Ledger) readTx(e *entry, place int) (tx *chain.Tx, err error) {
	err = l.reading(e, func(body uint32) (err error) {
		tx, err = l.archive.Tx(body, place)
		return err
	})
	return tx, err
}

// Filter is the block's BIP158 basic filter and its BIP157 filter header. ok is
// false when the block was never connected or the index is off [LookupFilterRange, LookupFilterHeader].
func (l *Ledger) Filter(hash chain.Hash) (filter []byte, header chain.Hash, ok bool, err error) {
	e, ok := l.tree.entry(hash)
	if !ok || !l.cfg.FilterIndex {
		return nil, header, false, nil
	}
	f, err := l.archive.Filter(e.Num)
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

// View is what readers see: never what blocks being validated spend.
func (l *Ledger) View() *View { return &View{l} }

// Coin looks up one coin.
func (v *View) Coin(op wire.OutPoint) (chain.Coin, bool, error) { return v.l.set.Coin(op) }

// CoinOf is an unspent output of a transaction, whichever; ok is false when there is none.
func (v *View) CoinOf(txid chain.Hash) (c chain.Coin, ok bool, err error) {
	return v.l.set.CoinOf(txid)
}

// Tip is the block that the set stands at.
func (v *View) Tip() *chain.HeaderNode { return v.l.set.Tip() }

// ScanCoins calls fn for each coin of the set as it is now or later, ordered by
// txid and number, and says at which block that is. It writes the cache to disk
// first and reads one state of the file, while the node goes on. An error of fn
// ends it and is returned beside the block; fn must not wait for anything.
func (l *Ledger) ScanCoins(ctx context.Context, fn func(wire.OutPoint, chain.Coin) error) (*chain.HeaderNode, error) {
	if err := l.FlushCoins(ctx); err != nil {
		return nil, fmt.Errorf("write coins: %w", err)
	}
	num, err := l.archive.ScanCoins(func(op wire.OutPoint, c chain.Coin) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(op, c)
	})
	e, missing := l.tree.durable(num)
	if missing != nil {
		return nil, cmp.Or(err, missing)
	}
	return e.Node, err
}

// seqMsg asks for the number of the last event.
type seqMsg chan<- uint64

// LastEvent is the number of the last event so far; who has followed it knows all
// that readers see.
func (l *Ledger) LastEvent(ctx context.Context) (seq uint64, err error) {
	last := make(chan uint64, 1)
	if !l.inbox.put(seqMsg(last)) {
		return 0, chain.ErrShutdown
	}
	select {
	case seq = <-last:
		return seq, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
