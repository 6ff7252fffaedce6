package ledger

import (
	"context"
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/db"
)

// load builds the tree from the file, or begins a new file.
func (l *Ledger) load() error {
	marks, err := l.archive.Marks()
	if err != nil {
		return err
	}
	if !marks.OK {
		return l.begin()
	}
	if err := l.archive.Load(l.tree.Load); err != nil {
		return err
	}
	l.tree.ChooseBest()
	tip := l.tree.Numbered(marks.Tip)
	if tip == nil {
		return fmt.Errorf("%w: the tip is header %d of %d", db.ErrCorrupt, marks.Tip, l.tree.Len())
	}
	if genesis := l.tree.Numbered(0).Node; genesis.Hash != *l.cfg.Params.GenesisHash {
		return fmt.Errorf("%w: it holds another network's chain, from genesis %s", db.ErrSchema, genesis.Hash)
	}
	l.tree.SetActive(tip.Node, func() {})
	l.set = coins.NewSet(l.cfg.DB, tip.Node)
	return nil
}

// begin makes a new file, with genesis. Its coinbase is not a coin, as in Core.
func (l *Ledger) begin() error {
	genesis := chain.NewBlock(l.cfg.Params.GenesisBlock)
	node := l.cfg.Params.Genesis()
	e := l.tree.Begin(node, len(genesis.Raw))
	l.set = coins.NewSet(l.cfg.DB, node)

	filter, err := connect.Filter(genesis, nil)
	if err != nil {
		return err
	}
	l.archive.SaveHeader(e.Num, e.Record())
	l.archive.SaveBody(e.Body, genesis.Raw)
	l.archive.SaveUndo(e.Body, nil) // its coinbase spends nothing
	l.archive.SaveFilter(e.Num, archive.Filter{Header: connect.FilterHeader(filter, chain.Hash{}), Bytes: filter})
	l.archive.Freeze(l.set, e.Num, l.cfg.TxIndex, l.cfg.FilterIndex)
	return l.archive.Flush()
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
	tip := l.set.Tip()
	txs, filters := tip.Height, tip.Height
	if l.cfg.TxIndex {
		txs = l.indexed(marks.Txs, marks.HasTxs)
	}
	if l.cfg.FilterIndex {
		filters = l.indexed(marks.Filters, marks.HasFilters)
	}
	for h := min(txs, filters) + 1; h <= tip.Height; h++ {
		if err := l.indexBlock(tip.Ancestor(h), h > txs, h > filters); err != nil {
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

// indexed is the height up to which an index is complete on the active chain.
func (l *Ledger) indexed(mark uint32, kept bool) int32 {
	e := l.tree.Numbered(mark)
	if !kept || e == nil {
		return 0
	}
	return chain.Fork(e.Node, l.set.Tip()).Height
}

func (l *Ledger) indexBlock(n *chain.HeaderNode, txs, filters bool) error {
	e, _ := l.tree.Entry(n.Hash)
	s := &slot{e: e}
	var err error
	if s.block, err = l.readBlock(e.Body); err != nil {
		return err
	}
	if filters {
		if s.spent, err = l.readUndo(e.Body, s.block); err != nil {
			return err
		}
		if s.result.Filter, err = connect.Filter(s.block, s.spent); err != nil {
			return err
		}
	}
	return l.index(s, txs, filters)
}

// flushIndex writes what was indexed; complete says that the indexes have
// reached the tip.
func (l *Ledger) flushIndex(ctx context.Context, complete bool) error {
	e, _ := l.tree.Entry(l.set.Tip().Hash)
	l.archive.Freeze(l.set, e.Num, complete && l.cfg.TxIndex, complete && l.cfg.FilterIndex)
	return l.archive.Sync(ctx)
}
