package ledger

import (
	"context"
	"fmt"
	"strings"

	"grapevine/chain"
	"grapevine/chain/archive"
	"grapevine/chain/coins"
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
	if err := l.archive.Load(l.loadHeader); err != nil {
		return err
	}
	l.tree.chooseBest()
	if int(marks.Tip) >= len(l.tree.all) {
		return fmt.Errorf("%w: the tip is header %d of %d", db.ErrCorrupt, marks.Tip, len(l.tree.all))
	}
	if genesis := l.tree.all[0].node; genesis.Hash != *l.cfg.Params.GenesisHash {
		return fmt.Errorf("%w: it holds another network's chain, from genesis %s", db.ErrSchema, genesis.Hash)
	}
	tip := l.tree.all[marks.Tip].node
	l.tree.setActive(tip)
	l.set = coins.NewSet(l.cfg.DB, tip)
	return nil
}

func (l *Ledger) loadHeader(n uint32, h archive.Header) error {
	var parent *chain.HeaderNode
	if n > 0 {
		e := l.tree.byHash[h.Header.PrevBlock]
		if e == nil {
			return fmt.Errorf("%w: header %d has no parent", db.ErrCorrupt, n)
		}
		parent = e.node
	}
	if int(n) != len(l.tree.all) {
		return fmt.Errorf("%w: header %d follows header %d", db.ErrCorrupt, n, len(l.tree.all)-1)
	}
	e := l.tree.insert(chain.NewHeaderNode(parent, h.Header))
	e.flags, e.body, e.size = h.Flags, h.Body, h.Size
	if e.flags&flagFailed != 0 {
		rule, detail, _ := strings.Cut(h.Why, "\n")
		e.why = &chain.RuleError{Rule: chain.Rule(rule), Detail: detail}
	}
	e.bad = e.bad || e.flags&(flagFailed|flagByHand) != 0
	e.linked = e.body != 0 && (e.parent == nil || e.parent.linked)
	l.tree.nextBody = max(l.tree.nextBody, e.body+1)
	return nil
}

// begin makes a new file, with genesis. Its coinbase is not a coin, as in Core.
func (l *Ledger) begin() error {
	genesis := chain.NewBlock(l.cfg.Params.GenesisBlock)
	node := l.cfg.Params.Genesis()
	e := l.tree.insert(node)
	e.body, e.size, e.flags, e.linked = l.tree.nextBody, uint32(len(genesis.Raw)), flagValid, true
	l.tree.nextBody++
	l.tree.setActive(node)
	l.set = coins.NewSet(l.cfg.DB, node)

	spent := make([][]chain.Coin, len(genesis.Txs))
	filter, err := buildFilter(genesis, spent)
	if err != nil {
		return err
	}
	l.archive.SaveHeader(e.num, e.record())
	l.archive.SaveBody(e.body, genesis.Raw)
	l.archive.SaveUndo(e.body, coins.AppendUndo(nil, spent))
	l.archive.SaveFilter(e.num, archive.Filter{Header: filterHeader(filter, chain.Hash{}), Bytes: filter})
	l.archive.Freeze(l.set, e.num, l.cfg.TxIndex, l.cfg.FilterIndex)
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
	if !kept || int(mark) >= len(l.tree.all) {
		return 0
	}
	return chain.Fork(l.tree.all[mark].node, l.set.Tip()).Height
}

func (l *Ledger) indexBlock(n *chain.HeaderNode, txs, filters bool) error {
	e := l.tree.byHash[n.Hash]
	s := &slot{e: e}
	var err error
	if s.block, err = l.readBlock(e.body); err != nil {
		return err
	}
	if filters {
		if s.spent, err = l.readUndo(e.body); err != nil {
			return err
		}
		if s.filter, err = buildFilter(s.block, s.spent); err != nil {
			return err
		}
	}
	return l.index(s, txs, filters)
}

// flushIndex writes what was indexed; complete says that the indexes have
// reached the tip.
func (l *Ledger) flushIndex(ctx context.Context, complete bool) error {
	e := l.tree.byHash[l.set.Tip().Hash]
	l.archive.Freeze(l.set, e.num, complete && l.cfg.TxIndex, complete && l.cfg.FilterIndex)
	return l.archive.Sync(ctx)
}
