package ledger

import (
	"context"
	"errors"
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/chain/history"
)

// index saves what the optional indexes keep of a connected block [TxIndex, BlockFilterIndex].
func (l *Ledger) index(s *slot, kept archive.Indexes) error {
	if kept.Txs {
		l.archive.SaveTxs(s.e.Num, chain.TxIDs(s.block.Txs))
	}
	if kept.Filters {
		before, err := l.archive.Filter(s.e.Parent.Num)
		if err != nil {
			return fmt.Errorf("filter before %s: %w", s.e.Node.Hash, err)
		}
		l.archive.SaveFilter(s.e.Num, archive.Filter{
			Header: connect.FilterHeader(s.result.Filter, before.Header), Bytes: s.result.Filter})
	}
	if kept.Stats {
		before, err := l.archive.Stats(s.e.Parent.Num)
		if err != nil {
			return fmt.Errorf("coin statistics before %s: %w", s.e.Node.Hash, err)
		}
		l.archive.SaveStats(s.e.Num, before.Plus(s.result.Stats))
	}
	if kept.Scripts {
		if err := l.followDigests(s.e.Node, s.result.Scripts); err != nil {
			return err
		}
		l.archive.SaveScripts(s.e.Num, s.result.Scripts)
	}
	return nil
}

// BlockStats are the coin statistics at a block that was connected once. ok is
// false when it was not, or the index is off.
func (l *Ledger) BlockStats(hash chain.Hash) (s coins.BlockStats, ok bool, err error) {
	e, ok := l.tree.entry(hash)
	if !ok || !l.cfg.CoinStatsIndex {
		return s, false, nil
	}
	s, err = l.archive.Stats(e.Num)
	if errors.Is(err, archive.ErrNotFound) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("coin statistics at %s: %w", hash, err)
	}
	return s, true, nil
}

// indexBatch is how many blocks the catch-up of an index writes at once.
const indexBatch = 500

// catchUp fills the indexes for the blocks that were connected while they were
// switched off.
func (l *Ledger) catchUp(ctx context.Context) error {
	marks, err := l.archive.Marks()
	if err != nil {
		return err
	}
	tip, want := l.set.Tip(), l.cfg.kept()
	// The height up to which each index is complete.
	txs := l.reach(marks.Txs, marks.Kept.Txs, want.Txs)
	filters := l.reach(marks.Filters, marks.Kept.Filters, want.Filters)
	stats := l.reach(marks.Stats, marks.Kept.Stats, want.Stats)
	scripts := l.reach(marks.Scripts, marks.Kept.Scripts, want.Scripts)
	all := min(txs, filters, stats, scripts)
	if l.tree.base != nil { // blocks are missing: the indexes wait for the proof
		l.indexed.Store(all)
		return nil
	}
	defer l.indexed.Store(-1)
	for h := all + 1; h <= tip.Height; h++ {
		l.indexed.Store(h - 1)
		missing := archive.Indexes{Txs: h > txs, Filters: h > filters, Stats: h > stats, Scripts: h > scripts}
		if err := l.indexBlock(tip.Ancestor(h), missing); err != nil {
			if errors.Is(err, chain.ErrDamaged) {
				err = fmt.Errorf("%w; start once without the new index, so that the block can be fetched again", err)
			}
			return fmt.Errorf("index block %d: %w", h, err)
		}
		if h%indexBatch == 0 || h == tip.Height {
			l.cfg.Log.Info("indexing blocks", "height", h, "of", tip.Height)
			if err := l.flushIndex(ctx, h == tip.Height); err != nil {
				return err
			}
		}
	}
	return nil
}

// Indexed is the height up to which all indexes that are kept reach, and whether that is
// as far as the chain: one that was switched on later catches up first.
func (l *Ledger) Indexed() (height int32, all bool) {
	if h := l.indexed.Load(); h >= 0 {
		return h, false
	}
	return l.Tip().Height, true
}

// reach is the height up to which an index needs no more; mark is where it
// stands if it was kept.
func (l *Ledger) reach(mark uint32, kept, wanted bool) int32 {
	e := l.tree.numbered(mark)
	switch {
	case !wanted:
		return l.set.Tip().Height
	case !kept || e == nil:
		return 0
	}
	return chain.Fork(e.Node, l.set.Tip()).Height
}

func (l *Ledger) indexBlock(n *chain.HeaderNode, missing archive.Indexes) error {
	e, _ := l.tree.entry(n.Hash)
	s := &slot{e: e}
	var err error
	if s.block, err = l.readBlock(e); err != nil {
		return err
	}
	if missing.Filters || missing.Stats || missing.Scripts {
		if s.spent, err = l.readUndo(e, s.block); err != nil {
			return err
		}
	}
	if missing.Filters {
		if s.result.Filter, err = connect.Filter(s.block, s.spent); err != nil {
			return err
		}
	}
	if missing.Stats {
		s.result.Stats = coins.StatsOf(l.cfg.Params, s.block, s.spent, n.Height)
	}
	if missing.Scripts {
		s.result.Scripts = history.RowsOf(s.block, s.spent)
	}
	return l.index(s, missing)
}

// flushIndex writes what was indexed; complete says that the indexes have
// reached the tip.
func (l *Ledger) flushIndex(ctx context.Context, complete bool) error {
	e, _ := l.tree.entry(l.set.Tip().Hash)
	kept := archive.Indexes{}
	if complete {
		kept = l.kept()
	}
	l.archive.Freeze(l.set, e.Num, kept)
	return l.archive.Sync(ctx)
}
