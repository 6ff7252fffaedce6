package ledger

import (
	"fmt"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
	"grapevine/chain/connect"
	"grapevine/db"
)

// load builds the tree from the file [LoadBlockIndex], with the durable tip as its
// tip [LoadChainTip], or begins a new file. What was connected above the durable
// tip is connected again by Run [ReplayBlocks].
func (l *Ledger) load() error {
	marks, err := l.archive.Marks()
	if err != nil {
		return err
	}
	if !marks.OK {
		return l.begin()
	}
	if err := l.archive.Load(l.tree.load); err != nil {
		return err
	}
	tip := l.tree.numbered(marks.Tip)
	if tip == nil {
		return fmt.Errorf("%w: the tip is header %d of %d", db.ErrCorrupt, marks.Tip, l.tree.Len())
	}
	l.tree.Loaded(tip)
	l.set = coins.NewSet(l.cfg.DB, tip.Node)
	return nil
}

// begin makes a new file, with genesis. Its coinbase is not a coin, as in Core.
func (l *Ledger) begin() error {
	genesis := chain.NewBlock(l.cfg.Params.GenesisBlock)
	e := l.tree.begin(len(genesis.Raw))
	l.set = coins.NewSet(l.cfg.DB, e.Node)

	filter, err := connect.Filter(genesis, nil)
	if err != nil {
		return err
	}
	l.archive.SaveHeader(e.Num, e.record())
	l.archive.SaveBody(e.Body, genesis.Raw)
	l.archive.SaveUndo(e.Body, nil) // its coinbase spends nothing
	l.archive.SaveFilter(e.Num, archive.Filter{Header: connect.FilterHeader(filter, chain.Hash{}), Bytes: filter})
	l.archive.SaveStats(e.Num, coins.GenesisStats(l.cfg.Params))
	l.archive.Freeze(l.set, e.Num, l.cfg.kept())
	return l.archive.Flush()
}
